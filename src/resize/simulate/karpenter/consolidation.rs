//! What could be removed, or replaced by something cheaper: empty nodes, then several at once, then one.

use std::cmp::Reverse;

use super::super::budgets;
use super::super::first_fit::{Offers, fill_all, nodes, request};
use super::super::world::World;
use super::provisioning::cheapest;
use crate::resize::grow::Waiting;
use crate::scheduling::{ClassId, NodeId};

/// At most so many nodes are looked at together.
const TOGETHER: usize = 100;

/// Machines that go, and the offer that replaces them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    pub machines: Vec<usize>,
    pub replacement: Option<usize>,
}

/// `going`: machines that are part of a command already.
pub(super) fn find(world: &mut World, going: &[usize]) -> Option<Command> {
    let open: Vec<usize> = world
        .open()
        .filter(|machine| !going.contains(machine))
        .collect();
    // The budget of a node pool: a tenth of its nodes, rounded up.
    let budget = open.len().div_ceil(10).min(TOGETHER);
    let (empty, mut used): (Vec<usize>, Vec<usize>) =
        open.iter().partition(|machine| pods(world, **machine) == 0);
    if !empty.is_empty() {
        let machines = empty.into_iter().take(budget).collect();
        return Some(Command {
            machines,
            replacement: None,
        });
    }
    let evictable = evictable(world);
    used.retain(|machine| evictable.contains(machine));
    used.sort_by_key(|machine| pods(world, *machine));
    several(world, &used[..used.len().min(budget)]).or_else(|| one(world, &used))
}

/// The longest beginning of the list of which all can go, by halving.
fn several(world: &mut World, machines: &[usize]) -> Option<Command> {
    let (mut low, mut high) = (2, machines.len());
    let mut best = None;
    while low <= high {
        let middle = usize::midpoint(low, high);
        if let Some(command) = plan(world, &machines[..middle]) {
            best = Some(command);
            low = middle + 1;
        } else {
            high = middle - 1;
        }
    }
    best
}

fn one(world: &mut World, machines: &[usize]) -> Option<Command> {
    let mut machines = machines.iter();
    machines.find_map(|machine| plan(world, &[*machine]))
}

/// Machines whose pods fit on the others and at most one new machine that costs less.
pub(super) fn plan(world: &mut World, machines: &[usize]) -> Option<Command> {
    let offers = Offers::of(world);
    let left: Vec<u32> = (0..offers.0.len()).map(|offer| world.left(offer)).collect();
    let price = |machine: &usize| offers.0[world.machines[*machine].offer].price.0;
    let price: u64 = machines.iter().map(price).sum();
    let rest = rest(world, machines);
    let command = |replacement| Command {
        machines: machines.to_vec(),
        replacement,
    };
    if rest.is_empty() {
        return Some(command(None));
    }
    let offer = cheapest(&world.state, &offers, &left, &rest)?;
    (offers.0[offer].price.0 < price).then(|| command(Some(offer)))
}

/// Pods of these machines that do not fit on the others.
fn rest(world: &mut World, machines: &[usize]) -> Vec<(ClassId, u32)> {
    let moving = moving(world, machines);
    let gone: Vec<NodeId> = machines.iter().map(|m| world.machines[*m].node).collect();
    let mut there = nodes(world);
    there.retain(|node| !gone.contains(node));
    let mut trial = world.state.trial();
    for (node, class, pods) in &moving {
        trial.take_many(*class, *node, *pods);
    }
    let mut rest = Vec::new();
    for (_, class, pods) in moving {
        let pods = fill_all(&mut trial, &there, Waiting { class, pods });
        rest.extend((pods > 0).then_some((class, pods)));
    }
    rest
}

/// Pods of these machines, the largest in front.
fn moving(world: &World, machines: &[usize]) -> Vec<(NodeId, ClassId, u32)> {
    let mut moving = Vec::new();
    for machine in machines {
        let it = &world.machines[*machine];
        let pods = it
            .pods
            .iter()
            .map(|(class, pods)| (it.node, *class, count(pods.len())));
        moving.extend(pods.filter(|(_, _, pods)| *pods > 0));
    }
    let size = |class| {
        let of = |name| request(&world.state, class, name);
        (of("cpu"), of("memory"))
    };
    moving.sort_by_key(|(_, class, _)| Reverse(size(*class)));
    moving
}

/// Machines with no pod whose budget is used up, or that two budgets cover.
fn evictable(world: &World) -> Vec<usize> {
    let budgets = budgets::allowed(world);
    let free = |class: &ClassId| {
        let content = world.state.content(*class);
        let mut covering = budgets.iter().filter(|budget| {
            budget.namespace == content.namespace && budget.selector.matches(&content.labels)
        });
        covering.next().is_none_or(|budget| budget.allowed > 0) && covering.next().is_none()
    };
    let movable = |machine: &usize| {
        let pods = world.machines[*machine].pods.iter();
        pods.filter(|(_, pods)| !pods.is_empty())
            .all(|(class, _)| free(class))
    };
    world.open().filter(movable).collect()
}

fn pods(world: &World, machine: usize) -> usize {
    world.machines[machine].pods.values().map(Vec::len).sum()
}

fn count(pods: usize) -> u32 {
    u32::try_from(pods).unwrap_or(u32::MAX)
}
