//! Machines: bought, drained, and what they have cost.

use std::collections::BTreeMap;

use super::{DRAIN, Event, Machine, Time, World, milliseconds};
use crate::random::Random;
use crate::resize::offer::Price;
use crate::scheduling::node::Taint;
use crate::scheduling::{Node, PodKey};

/// Whoever set it.
const SOFT_TAINT: &str = "unneeded";

impl World {
    pub(super) fn add_machine(&mut self, offer: usize) -> usize {
        let number = self.machines.len();
        let name = format!("machine-{number}");
        let mut node = self.offers[offer].node.clone();
        node.name.clone_from(&name);
        node.labels
            .extend([("kubernetes.io/hostname".to_owned(), name.clone())]);
        let node = {
            let mut trial = self.state.trial();
            let node = trial.set_node(node);
            trial.keep();
            node
        };
        for (place, daemon) in self.offers[offer].daemons.iter().enumerate() {
            self.state.place(&daemon_key(&name, place), *daemon, node);
        }
        self.machines.push(Machine {
            offer,
            node,
            name,
            bought: self.now,
            ready: false,
            cordoned: false,
            avoided: false,
            ended: None,
            pods: BTreeMap::new(),
        });
        number
    }

    /// Orders a machine, which joins after its boot time.
    pub(in crate::resize::simulate) fn buy(&mut self, offer: usize) -> usize {
        let machine = self.add_machine(offer);
        self.bought += 1;
        let seed = self.setting.seed.wrapping_add(u64::from(self.bought) << 32);
        let spread = Random::new(seed).log_normal(0.0, self.setting.boot_deviation);
        let boot = milliseconds(self.setting.boot_seconds * spread);
        self.plan(self.now + boot, Event::Joins(machine));
        machine
    }

    /// How many more of an offer can be had.
    pub(in crate::resize::simulate) fn left(&self, offer: usize) -> u32 {
        let there = self
            .alive()
            .filter(|machine| self.machines[*machine].offer == offer);
        let there = u32::try_from(there.count()).unwrap_or(u32::MAX);
        self.offers[offer].limit.saturating_sub(there)
    }

    /// Cordons a machine's node and evicts its pods; the machine ends when that is done.
    pub(in crate::resize::simulate) fn drain(&mut self, machine: usize) {
        self.cordon(machine);
        let pods = std::mem::take(&mut self.machines[machine].pods);
        for pod in pods.into_values().flatten() {
            self.pods[pod].machine = None;
            let key = self.pods[pod].key.clone();
            self.state.remove_pod(&key);
            self.evictions += 1;
            self.wait(pod);
        }
        self.plan(self.now + DRAIN, Event::Ends(machine));
        self.schedule();
    }

    /// Taints a machine's node so that new pods go elsewhere if they can, or takes the taint back.
    pub(in crate::resize::simulate) fn set_avoided(&mut self, machine: usize, avoided: bool) {
        let it = &mut self.machines[machine];
        it.avoided = avoided;
        let Some(mut node) = self.state.node(it.node).cloned() else {
            return;
        };
        node.taints.retain(|taint| taint.key != SOFT_TAINT);
        node.taints.extend(avoided.then(|| Taint::soft(SOFT_TAINT)));
        self.state.set_node(node);
    }

    fn cordon(&mut self, machine: usize) {
        self.machines[machine].cordoned = true;
        let cordoned = self
            .state
            .node(self.machines[machine].node)
            .map(Node::cordoned);
        if let Some(node) = cordoned {
            self.state.set_node(node);
        }
    }

    pub(super) fn end_machine(&mut self, machine: usize) {
        let it = &mut self.machines[machine];
        it.ended = Some(self.now);
        let (name, offer) = (it.name.clone(), it.offer);
        for place in 0..self.offers[offer].daemons.len() {
            self.state.remove_pod(&daemon_key(&name, place));
        }
        self.state.remove_node(&name);
    }

    /// Machines that have not ended, by number.
    pub(in crate::resize::simulate) fn alive(&self) -> impl Iterator<Item = usize> {
        let machines = self.machines.iter().enumerate();
        machines
            .filter(|(_, m)| m.ended.is_none())
            .map(|(number, _)| number)
    }

    /// Machines whose nodes are there and take pods.
    pub(in crate::resize::simulate) fn open(&self) -> impl Iterator<Item = usize> {
        self.alive().filter(|number| {
            let machine = &self.machines[*number];
            machine.ready && !machine.cordoned
        })
    }

    /// When the span that a machine has begun to pay for is over.
    pub(in crate::resize::simulate) fn paid_until(&self, machine: usize) -> Time {
        let bought = self.machines[machine].bought;
        bought + begun(self.now - bought, self.billed)
    }

    /// What a machine has cost, had it ended now at the latest.
    pub(in crate::resize::simulate) fn billed_price(&self, machine: &Machine) -> Price {
        let until = machine.ended.unwrap_or(self.now);
        let Price(hourly) = self.offers[machine.offer].price;
        let cost = u128::from(hourly) * u128::from(begun(until - machine.bought, self.billed));
        Price(u64::try_from(cost.div_ceil(3_600_000)).unwrap_or(u64::MAX))
    }
}

/// A span in whole parts, the begun one included.
fn begun(span: Time, part: Time) -> Time {
    if part == 0 {
        span
    } else {
        span.div_ceil(part).max(1) * part
    }
}

fn daemon_key(machine: &str, place: usize) -> PodKey {
    PodKey {
        namespace: "daemons".into(),
        name: format!("{machine}-{place}").into(),
    }
}
