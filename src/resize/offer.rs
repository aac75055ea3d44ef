//! Machines that can be had, and their prices.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::scheduling::{ClassId, Node};

/// What a machine costs an hour, in millionths of the currency's unit.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Price(pub u64);

impl fmt::Display for Price {
    /// `0.0123`: of the unit, four digits behind the point.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(millionths) = self;
        let rounded = millionths.saturating_add(50) / 100;
        write!(f, "{}.{:04}", rounded / 10_000, rounded % 10_000)
    }
}

/// What a node group gains with one machine more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The node group: the name of its MachineDeployment.
    pub group: String,
    /// The node that the machine becomes, without pods: labels, taints, allocatable. Its name is empty.
    pub node: Node,
    /// A pod of each DaemonSet that runs on such a node.
    pub daemons: Vec<ClassId>,
    pub price: Price,
    /// How many can be had at most.
    pub limit: u32,
}
