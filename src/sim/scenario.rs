//! How long things take and what goes wrong, from a seed.

use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Latencies in milliseconds and failures. The default is a brisk cluster where nothing fails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Scenario {
    pub seed: u64,
    /// From a Machine to its Ready node.
    pub node_boot_ms: Range,
    /// From a pod's binding to Running.
    pub pod_start_ms: Range,
    /// From a pod's deletion to its end, at most its grace period.
    pub pod_stop_ms: Range,
    /// How long pods of Jobs run that do not say so themselves (`sim.infra.bex.co/run-seconds`).
    pub job_run_ms: Range,
    /// How often nodes renew their Leases; 0: only when they join, stop and come back. Thousands of nodes would write
    /// more Leases than everything else together.
    pub lease_renew_seconds: u32,
    pub faults: Faults,
}

/// What goes wrong.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Faults {
    /// Of a hundred machines this many boot and never join.
    pub machines_never_join_percent: u8,
    /// Machine types that cannot be had.
    pub sold_out: Vec<SoldOut>,
    /// Watches end after this long, as those of a busy API server do. 0: only when they ask for it.
    pub drop_watches_after_ms: u64,
}

/// A machine type that cannot be had, from the start of the simulation on or for a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SoldOut {
    /// As the machine template names it.
    pub machine_type: String,
    #[serde(default)]
    pub from_seconds: u64,
    /// For ever if it is absent.
    #[serde(default)]
    pub to_seconds: Option<u64>,
}

/// Uniform between the two, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    pub from: u64,
    pub to: u64,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            seed: 0,
            node_boot_ms: Range { from: 100, to: 300 },
            pod_start_ms: Range { from: 20, to: 80 },
            pod_stop_ms: Range { from: 10, to: 50 },
            job_run_ms: Range { from: 100, to: 500 },
            lease_renew_seconds: 0,
            faults: Faults::default(),
        }
    }
}

impl Scenario {
    /// Reads YAML. Unknown fields, ranges that end before they begin and percentages above 100 are errors.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let wrong = |why: String| {
            Failure::usage(format!("the scenario is wrong: {why}"))
                .hint("every field has a default: leave out what does not matter")
        };
        let scenario: Self =
            serde_saphyr::from_str(text).map_err(|error| wrong(error.to_string()))?;
        scenario.check().map_err(wrong)?;
        Ok(scenario)
    }

    fn check(&self) -> Result<(), String> {
        let ranges = [
            ("nodeBootMs", self.node_boot_ms),
            ("podStartMs", self.pod_start_ms),
            ("podStopMs", self.pod_stop_ms),
            ("jobRunMs", self.job_run_ms),
        ];
        if let Some((name, Range { from, to })) = ranges.iter().find(|(_, r)| r.from > r.to) {
            return Err(format!(
                "{name} begins at {from} and ends before it, at {to}"
            ));
        }
        let percent = self.faults.machines_never_join_percent;
        if percent > 100 {
            return Err(format!(
                "faults.machinesNeverJoinPercent is {percent}, more than 100"
            ));
        }
        let ends = |sold: &&SoldOut| sold.to_seconds.is_some_and(|to| to <= sold.from_seconds);
        if let Some(sold) = self.faults.sold_out.iter().find(ends) {
            let machine_type = &sold.machine_type;
            return Err(format!(
                "{machine_type} is sold out until before it begins to be"
            ));
        }
        Ok(())
    }

    /// Whether this machine type cannot be had, so many seconds after the start.
    pub fn is_sold_out(&self, machine_type: &str, seconds: u64) -> bool {
        self.faults.sold_out.iter().any(|sold| {
            sold.machine_type == machine_type
                && sold.from_seconds <= seconds
                && sold.to_seconds.is_none_or(|to| seconds < to)
        })
    }
}

#[cfg(test)]
mod tests;
