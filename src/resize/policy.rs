//! What the loop may do.

pub mod values;

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
    /// How many nodes of one pool may go within a time; nothing: it does not matter.
    pub removal_budget: Option<RemovalBudget>,
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

/// So many nodes of one pool may go within a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovalBudget {
    pub nodes: Share,
    pub within: Duration,
}

/// A number of nodes, or a part of all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Share {
    Nodes(u32),
    Percent(u8),
}

impl Share {
    /// A part is rounded up, so that small pools can shrink, too.
    pub fn of(self, all: u32) -> u32 {
        match self {
            Self::Nodes(nodes) => nodes,
            Self::Percent(part) => {
                let nodes = (u64::from(all) * u64::from(part)).div_ceil(100);
                u32::try_from(nodes).unwrap_or(u32::MAX)
            }
        }
    }
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
            removal_budget: None,
            max_additions: 1000,
            settle: Duration::from_secs(30),
            quiet_hours: Vec::new(),
            max_unready_percent: 33,
            retry_sold_out: Duration::from_mins(5),
            boot_deadline: Duration::from_mins(10),
        }
    }
}

impl Policy {
    /// The document that means this policy, as `spec.resize` and a policy file have it. What is as usual is left out.
    pub fn document(&self) -> String {
        let usual = Self::default().fields();
        let fields = self.fields().into_iter().zip(usual);
        let unusual = fields.filter(|(field, usual)| field != usual);
        let lines = unusual.map(|((name, value), _)| format!("{name}: {value}\n"));
        lines.collect::<Vec<String>>().concat()
    }

    /// Names and values. An amount that is not given has none.
    fn fields(&self) -> [(&'static str, String); 13] {
        let money = |price: Option<Price>| price.map(values::write_money).unwrap_or_default();
        let length = values::write_duration;
        let budget = self.removal_budget.map(|budget| {
            let (nodes, within) = (values::write_share(budget.nodes), length(budget.within));
            format!("{{nodes: {nodes}, within: {within}}}")
        });
        let hours = self.quiet_hours.iter().copied().map(values::write_hours);
        let hours: Vec<String> = hours.map(|hours| format!("{hours:?}")).collect();
        [
            ("maxHourlyCost", money(self.max_hourly_cost)),
            ("maxMonthlyCost", money(self.max_monthly_cost)),
            ("priorityCutoff", self.priority_cutoff.to_string()),
            ("unneededFor", length(self.unneeded_for)),
            ("beforeNextHour", length(self.before_next_hour)),
            ("maxRemovals", self.max_removals.to_string()),
            ("removalBudget", budget.unwrap_or_default()),
            ("maxAdditions", self.max_additions.to_string()),
            ("settle", length(self.settle)),
            ("quietHours", format!("[{}]", hours.join(", "))),
            ("maxUnreadyPercent", self.max_unready_percent.to_string()),
            ("retrySoldOut", length(self.retry_sold_out)),
            ("bootDeadline", length(self.boot_deadline)),
        ]
    }
}
