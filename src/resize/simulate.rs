//! What a workload would cost under several policies, in virtual time. Pure.
//!
//! A simulation of discrete events: pods come and leave as the workload says, machines take their time to join, a
//! scheduler places pods, and a [`Strategy`] buys and removes machines. Boot times are the same for all strategies, machine
//! by machine; so is what a machine costs: begun hours at the price of its purchase.
//!
//! Simplified: pods belong to somebody who makes them again when they are evicted; a node is drained within half a minute;
//! machines that are on their way count as places for rules that spread pods.

mod budgets;
mod cluster_autoscaler;
mod first_fit;
mod karpenter;
mod ours;
mod policy;
mod report;
mod unfit;
mod world;

#[cfg(test)]
mod tests;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use super::workload::Workload;
pub use report::{Outcome, Report};
pub use unfit::Unfit;
use world::World;

/// Whose rules buy and remove machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// This engine: a request at once, the lowest price, removal before the next paid hour.
    BexInfra,
    /// Its documented rules and default flags, one node group a loop, the least waste.
    ClusterAutoscaler,
    /// Its documented rules and defaults: batches, the largest pods first, the cheapest type at launch, consolidation.
    Karpenter,
}

impl Strategy {
    pub const ALL: [Self; 3] = [Self::BexInfra, Self::ClusterAutoscaler, Self::Karpenter];

    pub fn name(self) -> &'static str {
        match self {
            Self::BexInfra => "bex-infra",
            Self::ClusterAutoscaler => "cluster-autoscaler",
            Self::Karpenter => "karpenter",
        }
    }
}

/// What is to be simulated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Setting {
    pub hours: f64,
    /// Of the boot times, and of when pods come that are said to come at random.
    pub seed: u64,
    /// A machine pays for begun spans of so long; 0: by the second.
    pub billed_seconds: u32,
    /// Half of all machines join within this.
    pub boot_seconds: f64,
    /// How much boot times differ: the deviation of their logarithm.
    pub boot_deviation: f64,
    pub strategies: Vec<Strategy>,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            hours: 24.0,
            seed: 1,
            billed_seconds: 3600,
            boot_seconds: 60.0,
            boot_deviation: 0.35,
            strategies: Strategy::ALL.to_vec(),
        }
    }
}

impl Setting {
    /// The error begins with the field that is wrong.
    pub fn check(&self) -> Result<()> {
        let hours = self.hours;
        ensure!(
            hours > 0.0 && hours <= 24.0 * 366.0,
            "hours: is {hours}; expected more than 0 and at most a year"
        );
        ensure!(
            !self.strategies.is_empty(),
            "strategies: is empty; name at least one"
        );
        let boot = self.boot_seconds;
        ensure!(
            (0.0..86_400.0).contains(&boot),
            "bootSeconds: is {boot}; expected 0 to a day"
        );
        let deviation = self.boot_deviation;
        ensure!(
            (0.0..=3.0).contains(&deviation),
            "bootDeviation: is {deviation}; expected 0 to 3"
        );
        Ok(())
    }
}

/// Plays the workload under each strategy. The same input gives the same report.
pub fn simulate(workload: &Workload, setting: &Setting) -> Result<Report> {
    setting.check()?;
    check_classes(workload)?;
    let workload = Workload {
        events: workload.all_events(setting.seed, setting.hours * 3600.0)?,
        arrivals: Vec::new(),
        ..workload.clone()
    };
    check_events(&workload)?;
    let play = |strategy: &Strategy| {
        let mut world = World::new(&workload, setting)?;
        policy::play(&mut world, *strategy);
        Ok(Outcome::of(*strategy, &world))
    };
    let outcomes: Result<Vec<Outcome>> = setting.strategies.iter().map(play).collect();
    Ok(Report {
        outcomes: outcomes?,
        unfit: unfit::unfit(&workload)?,
        workload: workload.name,
        setting: setting.clone(),
    })
}

/// Pods of all kinds are of a class that is there.
fn check_classes(workload: &Workload) -> Result<()> {
    let pending = workload.pending.iter().map(|it| it.class);
    let events = workload.events.iter().map(|it| it.class);
    let arrivals = workload.arrivals.iter().map(|it| it.class);
    let known = workload.classes.len();
    check_places("pending", pending, known)?;
    check_places("events", events, known)?;
    check_places("arrivals", arrivals, known)?;
    for (place, node) in workload.nodes.iter().enumerate() {
        let pods = node.pods.iter().map(|it| it.class);
        check_places(&format!("nodes[{place}].pods"), pods, known)?;
    }
    Ok(())
}

fn check_places(list: &str, classes: impl Iterator<Item = usize>, known: usize) -> Result<()> {
    for (place, class) in classes.enumerate() {
        ensure!(
            class < known,
            "{list}[{place}].class: is {class}, but `classes` has {known}, from 0 on"
        );
    }
    Ok(())
}

fn check_events(workload: &Workload) -> Result<()> {
    for (place, event) in workload.events.iter().enumerate() {
        let times = [Some(event.at_seconds), event.for_seconds];
        let sound = times
            .into_iter()
            .flatten()
            .all(|t| t >= 0.0 && t.is_finite());
        ensure!(sound, "events[{place}]: times are seconds, from 0 on");
    }
    Ok(())
}
