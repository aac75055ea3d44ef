//! The simulated cluster: what happens in it, and who gets which place.

mod machines;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use anyhow::{Context, Result};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;

use super::Setting;
use crate::resize::offer::Offer;
use crate::resize::workload::{Situation, Workload};
use crate::scheduling::{ClassId, NodeId, PodKey, State};

/// Milliseconds since the start.
pub(super) type Time = u64;

pub(super) const SECOND: Time = 1000;
/// Between the eviction of a node's pods and the end of its machine.
pub(super) const DRAIN: Time = 30 * SECOND;

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    Comes {
        class: ClassId,
        pods: u32,
        stays: Option<Time>,
    },
    Leaves(usize),
    Joins(usize),
    Ends(usize),
    /// The strategy wants to be asked.
    Wake,
}

#[derive(Debug)]
pub(super) struct Machine {
    pub offer: usize,
    pub node: NodeId,
    pub name: String,
    pub bought: Time,
    pub ready: bool,
    /// It takes no more pods.
    pub cordoned: bool,
    /// It has a taint that makes pods prefer others.
    pub avoided: bool,
    pub ended: Option<Time>,
    /// Numbers of its pods, daemons aside.
    pub pods: BTreeMap<ClassId, Vec<usize>>,
}

#[derive(Debug)]
pub(super) struct Pod {
    pub class: ClassId,
    pub key: PodKey,
    /// When it began to wait; it may have run before.
    pub since: Time,
    pub machine: Option<usize>,
    pub gone: bool,
}

#[derive(Debug)]
pub(super) struct World {
    pub state: State,
    pub offers: Vec<Offer>,
    pub disruption_budgets: Vec<PodDisruptionBudget>,
    pub now: Time,
    pub end: Time,
    pub billed: Time,
    pub machines: Vec<Machine>,
    pub pods: Vec<Pod>,
    /// Pods that wait, the one that came first in front.
    pub waiting: BTreeMap<ClassId, VecDeque<usize>>,
    /// How many times a pod began to wait.
    pub arrivals: u64,
    /// How long pods waited that wait no more.
    pub waits: Vec<Time>,
    pub evictions: u32,
    pub bought: u32,
    events: BinaryHeap<Reverse<(Time, u64, Event)>>,
    /// Keeps events of the same time in the order in which they were planned.
    planned: u64,
    setting: Setting,
}

impl World {
    pub(super) fn new(workload: &Workload, setting: &Setting) -> Result<Self> {
        let empty = Workload {
            nodes: Vec::new(),
            pending: Vec::new(),
            ..workload.clone()
        };
        let situation = empty.situation()?;
        let mut world = Self {
            state: situation.state.clone(),
            offers: situation.offers.clone(),
            disruption_budgets: workload.budgets.clone(),
            now: 0,
            end: milliseconds(setting.hours * 3600.0),
            billed: Time::from(setting.billed_seconds) * SECOND,
            machines: Vec::new(),
            pods: Vec::new(),
            waiting: BTreeMap::new(),
            arrivals: 0,
            waits: Vec::new(),
            evictions: 0,
            bought: 0,
            events: BinaryHeap::new(),
            planned: 0,
            setting: setting.clone(),
        };
        world.begin(workload, &situation)?;
        Ok(world)
    }

    fn begin(&mut self, workload: &Workload, situation: &Situation) -> Result<()> {
        for (place, node) in workload.nodes.iter().enumerate() {
            let here = || format!("nodes[{place}] ({})", node.name);
            let offer = self
                .offers
                .iter()
                .position(|offer| offer.group == node.machine_type);
            let offer = offer.with_context(|| format!("there is no type {:?}", node.machine_type));
            let machine = self.add_machine(offer.with_context(here)?);
            self.machines[machine].ready = true;
            for group in &node.pods {
                let class = situation.classes[group.class];
                for _ in 0..group.pods {
                    let pod = self.add_pod(class, None);
                    self.put(pod, machine);
                }
            }
        }
        self.waits.clear();
        self.plan(0, Event::Wake);
        for group in &workload.pending {
            self.plan(
                0,
                Event::Comes {
                    class: situation.classes[group.class],
                    pods: group.pods,
                    stays: None,
                },
            );
        }
        for event in &workload.events {
            let class = situation.classes[event.class];
            let stays = event.for_seconds.map(milliseconds);
            let comes = Event::Comes {
                class,
                pods: event.pods,
                stays,
            };
            self.plan(milliseconds(event.at_seconds), comes);
        }
        Ok(())
    }

    pub(super) fn plan(&mut self, at: Time, event: Event) {
        self.planned += 1;
        self.events.push(Reverse((at, self.planned, event)));
    }

    /// Goes on to the next time at which anything happens, and lets all of that happen. False at the end.
    pub(super) fn advance(&mut self) -> bool {
        let Some(Reverse((at, _, _))) = self
            .events
            .peek()
            .copied()
            .filter(|next| next.0.0 < self.end)
        else {
            self.now = self.end;
            return false;
        };
        self.now = at;
        while let Some(Reverse((_, _, event))) =
            self.events.peek().copied().filter(|next| next.0.0 == at)
        {
            self.events.pop();
            self.happen(event);
        }
        self.schedule();
        true
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Comes { class, pods, stays } => {
                for _ in 0..pods {
                    let pod = self.add_pod(class, stays);
                    self.wait(pod);
                }
            }
            Event::Leaves(pod) => self.remove_pod(pod),
            Event::Joins(machine) => self.machines[machine].ready = true,
            Event::Ends(machine) => self.end_machine(machine),
            Event::Wake => {}
        }
    }

    fn add_pod(&mut self, class: ClassId, stays: Option<Time>) -> usize {
        let number = self.pods.len();
        let namespace = self.state.content(class).namespace.as_str().into();
        let name = format!("pod-{number}").into();
        self.pods.push(Pod {
            class,
            key: PodKey { namespace, name },
            since: self.now,
            machine: None,
            gone: false,
        });
        if let Some(stays) = stays {
            self.plan(self.now + stays, Event::Leaves(number));
        }
        number
    }

    fn wait(&mut self, pod: usize) {
        self.arrivals += 1;
        self.pods[pod].since = self.now;
        let class = self.pods[pod].class;
        self.waiting.entry(class).or_default().push_back(pod);
    }

    fn put(&mut self, pod: usize, machine: usize) {
        let of = &mut self.pods[pod];
        of.machine = Some(machine);
        self.waits.push(self.now - of.since);
        self.state
            .place(&of.key, of.class, self.machines[machine].node);
        let there = self.machines[machine].pods.entry(of.class).or_default();
        there.push(pod);
    }

    fn take(&mut self, pod: usize) {
        let of = &mut self.pods[pod];
        self.state.remove_pod(&of.key);
        if let Some(machine) = of.machine.take() {
            let there = self.machines[machine].pods.entry(of.class).or_default();
            there.retain(|other| *other != pod);
        }
    }

    fn remove_pod(&mut self, pod: usize) {
        let of = &mut self.pods[pod];
        of.gone = true;
        if of.machine.is_some() {
            self.take(pod);
            return;
        }
        self.waits.push(self.now - of.since);
        if let Some(waiting) = self.waiting.get_mut(&of.class) {
            waiting.retain(|other| *other != pod);
        }
        self.waiting.retain(|_, pods| !pods.is_empty());
    }

    /// Pods that wait go onto nodes that are ready, where the scheduler's scores are highest.
    fn schedule(&mut self) {
        let classes: Vec<ClassId> = self.waiting.keys().copied().collect();
        for class in classes {
            while let Some(pod) = self.waiting.get(&class).and_then(VecDeque::front).copied() {
                let Some(machine) = self.best_machine(class) else {
                    break;
                };
                self.waiting.entry(class).or_default().pop_front();
                self.put(pod, machine);
            }
        }
        self.waiting.retain(|_, pods| !pods.is_empty());
    }

    fn best_machine(&self, class: ClassId) -> Option<usize> {
        let inquiry = self.state.ask(class).ok()?;
        let open = self.machines.iter().enumerate();
        let open = open.filter(|(_, m)| m.ready && !m.cordoned && m.ended.is_none());
        let fitting = open.filter(|(_, machine)| inquiry.fits(machine.node).is_ok());
        // Of equal ones the first.
        let best =
            fitting.max_by_key(|(number, machine)| (inquiry.score(machine.node), Reverse(*number)));
        best.map(|(number, _)| number)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative, and at most a few years"
)]
fn milliseconds(seconds: f64) -> Time {
    (seconds * 1000.0).round() as Time
}
