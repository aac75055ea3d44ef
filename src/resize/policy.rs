//! What the loop may do.

pub mod file;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::offer::Price;

/// Bounds of everything the loop does, the sizes of node groups aside: those are theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Policy {
    /// All machines together, an hour.
    pub max_hourly_cost: Option<Price>,
    /// All machines together, as if they ran for a month of 730 hours.
    pub max_monthly_cost: Option<Price>,
    /// Pods of lower priority neither make machines come nor keep them.
    pub priority_cutoff: i32,
    /// How long a node has to be unneeded before it goes, where machines are not billed by the hour.
    pub unneeded_for: Duration,
    /// A machine that is billed by the hour goes so long before its next hour begins.
    pub before_next_hour: Duration,
    /// Machines that may go at once, over all groups.
    pub max_removals: u32,
    /// Machines that may come in one decision, over all groups.
    pub max_additions: u32,
    /// A node group that gained machines keeps all of its machines for so long.
    pub settle: Duration,
    /// Nothing is removed in these hours.
    pub quiet_hours: Vec<QuietHours>,
    /// Nothing is changed when more of a hundred nodes than this are not Ready, and more than three.
    pub max_unready_percent: u8,
    /// A rung of the ladder that failed is tried again after this.
    pub retry_sold_out: Duration,
    /// Until as many machines of a type have joined as it takes to know better, a machine has so long to join.
    pub boot_deadline: Duration,
}

/// From one time of day to another, UTC, in minutes; over midnight if it ends before it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    pub from: u16,
    pub to: u16,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            max_hourly_cost: None,
            max_monthly_cost: None,
            priority_cutoff: -10,
            unneeded_for: Duration::from_secs(30),
            before_next_hour: Duration::from_mins(4),
            max_removals: 100,
            max_additions: 1000,
            settle: Duration::from_secs(30),
            quiet_hours: Vec::new(),
            max_unready_percent: 33,
            retry_sold_out: Duration::from_mins(5),
            boot_deadline: Duration::from_mins(10),
        }
    }
}
