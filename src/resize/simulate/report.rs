//! What came of it, strategy by strategy: as data, and as a table.

use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};

use super::world::{Time, World};
use super::{Setting, Strategy, Unfit};
use crate::resize::offer::Price;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub workload: String,
    pub setting: Setting,
    pub outcomes: Vec<Outcome>,
    /// Pods that wait for ever, under each strategy.
    #[serde(default)]
    pub unfit: Vec<Unfit>,
}

/// Under one strategy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    pub strategy: Strategy,
    /// How long pods waited for a node: half of them at most so long, and 99 of 100. Evicted pods wait again.
    pub wait_p50_seconds: f64,
    pub wait_p99_seconds: f64,
    /// Those that were there at the start do not count.
    pub machines_bought: u32,
    pub most_machines: u32,
    pub machine_hours: f64,
    /// Begun spans of all machines, in millionths.
    pub cost: Price,
    pub evictions: u32,
    /// Pods that still wait at the end.
    pub left_pending: u32,
}

impl Outcome {
    pub(super) fn of(strategy: Strategy, world: &World) -> Self {
        let mut waits = world.waits.clone();
        let pending = world.waiting.values().flatten();
        waits.extend(pending.map(|pod| world.now - world.pods[*pod].since));
        waits.sort_unstable();
        let spans = world
            .machines
            .iter()
            .map(|m| m.ended.unwrap_or(world.now) - m.bought);
        let cost = world
            .machines
            .iter()
            .map(|machine| world.billed_price(machine).0);
        let pending: usize = world
            .waiting
            .values()
            .map(std::collections::VecDeque::len)
            .sum();
        Self {
            strategy,
            wait_p50_seconds: seconds(quantile(&waits, 50)),
            wait_p99_seconds: seconds(quantile(&waits, 99)),
            machines_bought: world.bought,
            most_machines: most_at_once(world),
            machine_hours: seconds(spans.sum()) / 3600.0,
            cost: Price(cost.fold(0, u64::saturating_add)),
            evictions: world.evictions,
            left_pending: u32::try_from(pending).unwrap_or(u32::MAX),
        }
    }
}

impl fmt::Display for Report {
    /// A line for each strategy, and for each class that fits nowhere.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Setting { hours, seed, .. } = self.setting;
        writeln!(f, "{} for {hours} h, seed {seed}", self.workload)?;
        let head = [
            "POLICY",
            "COST",
            "MACHINE-HOURS",
            "BOUGHT",
            "MOST",
            "WAIT P50",
            "WAIT P99",
            "EVICTIONS",
            "PENDING",
        ];
        let mut rows = vec![head.map(str::to_owned)];
        rows.extend(self.outcomes.iter().map(cells));
        let width = |column: usize| {
            rows.iter()
                .map(|row| row[column].len())
                .max()
                .unwrap_or_default()
        };
        let widths: Vec<usize> = (0..head.len()).map(width).collect();
        for row in &rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                write!(line, "{cell:<width$}  ")?;
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        for Unfit { class, pods, why } in &self.unfit {
            let (pods, fit) = match pods {
                1 => ("1 pod".to_owned(), "fits"),
                _ => (format!("{pods} pods"), "fit"),
            };
            writeln!(f, "{pods} of class {class} {fit} on no machine type: {why}")?;
        }
        Ok(())
    }
}

fn cells(outcome: &Outcome) -> [String; 9] {
    [
        outcome.strategy.name().to_owned(),
        outcome.cost.to_string(),
        format!("{:.1}", outcome.machine_hours),
        outcome.machines_bought.to_string(),
        outcome.most_machines.to_string(),
        format!("{:.1}s", outcome.wait_p50_seconds),
        format!("{:.1}s", outcome.wait_p99_seconds),
        outcome.evictions.to_string(),
        outcome.left_pending.to_string(),
    ]
}

/// The smallest of the sorted times that so many of a hundred do not exceed.
fn quantile(sorted: &[Time], percent: usize) -> Time {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}

fn most_at_once(world: &World) -> u32 {
    let bought = world.machines.iter().map(|machine| (machine.bought, 1));
    let ended = world
        .machines
        .iter()
        .filter_map(|machine| Some((machine.ended?, -1)));
    let mut changes: Vec<(Time, i32)> = bought.chain(ended).collect();
    changes.sort_unstable();
    let mut there = 0;
    let counts = changes.iter().map(|(_, change)| {
        there += change;
        there
    });
    u32::try_from(counts.max().unwrap_or_default()).unwrap_or_default()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of a few years are far below 2^53"
)]
fn seconds(time: Time) -> f64 {
    time as f64 / 1000.0
}
