//! What is to be done, with the reasons. Everything in it is by name: it can be printed, logged and compared.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::offer::Price;

mod text;

#[cfg(test)]
mod tests;

/// What is to be done now. Empty if everything is as it should be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Decision {
    /// Node groups that grow.
    pub grow: Vec<Grow>,
    /// Nodes that go.
    pub remove: Vec<Remove>,
    /// Machines that will never be nodes: sold out, or over their time to join.
    pub replace: Vec<Replace>,
    /// Nodes that new pods are to leave alone, or no longer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taint: Vec<SoftTaint>,
    /// Pods that nothing helps.
    pub helpless: Vec<Helpless>,
    /// Nodes that stay though they are little used, and why.
    pub kept: Vec<Kept>,
    /// What policy or safety held back.
    pub held: Vec<Held>,
    pub cost: Cost,
    /// When to decide again though nothing has changed: a paid hour ends, a window closes.
    pub again: Option<Timestamp>,
}

impl Decision {
    /// Whether nothing is to be done. What is only told, such as why a node stays, does not count.
    pub fn is_empty(&self) -> bool {
        self.grow.is_empty()
            && self.remove.is_empty()
            && self.replace.is_empty()
            && self.taint.is_empty()
    }
}

impl Cost {
    /// How much more than the bound the bought machines cost, as a share of it: 0.01 is one hundredth. Nothing if none
    /// are bought.
    pub fn gap(&self) -> Option<f64> {
        let (Price(bought), Price(bound)) = (self.bought, self.bound);
        // Exact up to prices of 2^53 millionths, which nobody pays.
        #[expect(clippy::cast_precision_loss, reason = "a share for people")]
        let share = bought as f64 / bound as f64 - 1.0;
        (bound > 0).then_some(share)
    }
}

/// A node group gets more machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grow {
    /// The MachineDeployment.
    pub group: String,
    pub from: u32,
    pub to: u32,
    pub machine_type: String,
    /// Of one machine.
    pub price: Price,
    /// `namespace/name` of the pods that it is for.
    pub pods: Vec<String>,
}

/// A node goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Remove {
    pub node: String,
    pub machine: String,
    pub group: String,
    /// Where its pods fit.
    pub moves: Vec<Move>,
    pub saves: Price,
    /// `empty`, or what share of it is asked for.
    pub reason: String,
}

/// A pod that is evicted, and a node that has room for it. The scheduler may choose another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    pub pod: String,
    pub to: String,
}

/// A Machine is deleted, so that its group gets another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replace {
    pub machine: String,
    pub group: String,
    pub reason: String,
    /// Its group shrinks by one: another rung of the ladder takes over.
    pub sold_out: bool,
}

/// A node that nobody needs gets a taint that makes pods prefer others, or loses it because it is needed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoftTaint {
    pub node: String,
    pub group: String,
    /// It gets the taint.
    pub set: bool,
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Helpless {
    /// `namespace/name`.
    pub pods: Vec<String>,
    /// The one constraint that stands in the way.
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub node: String,
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// A node group, or `all`.
    pub group: String,
    pub why: String,
}

/// Prices an hour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cost {
    pub before: Price,
    pub after: Price,
    /// What the machines that come cost.
    pub bought: Price,
    /// What they would cost at least, whatever was chosen.
    pub bound: Price,
    /// No price is known: each machine counts as one unit, which is not worth telling.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unpriced: bool,
}
