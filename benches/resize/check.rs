//! Whether a choice holds: its machines are made, and its pods are put onto them one by one, each asked about first.

use std::collections::BTreeMap;

use bex_infra::resize::grow::Growth;
use bex_infra::resize::workload::Situation;
use bex_infra::scheduling::{ClassId, HOSTNAME, Node, NodeId, Trial};

/// Pods that are to go to a node.
struct Due {
    class: ClassId,
    node: NodeId,
    pods: u32,
    turn: u8,
}

/// How choosy pods are: those that are spread by rules, those that count themselves, and those that look at hosts.
#[derive(Clone, Copy)]
struct Rules {
    spread: bool,
    itself: bool,
    hosts: bool,
}

/// Pods for which no order was found in which all rules hold as they are put where they were meant to go. Every machine
/// is there from the start. Zero proves the choice; more than that does not disprove it.
pub(crate) fn infeasible(situation: &mut Situation, growth: &Growth) -> u32 {
    let choosy = |rules: Rules| 2 - u8::from(rules.spread) - u8::from(rules.itself);
    let orders: [&dyn Fn(Rules) -> u8; 4] = [
        &|rules| if rules.hosts { 0 } else { 1 + choosy(rules) },
        &choosy,
        &|rules| 2 - choosy(rules),
        &|_| 0,
    ];
    let mut least = left_over_by_class(situation, growth);
    for order in orders {
        if least == 0 {
            break;
        }
        least = least.min(left_over(situation, growth, order));
    }
    least
}

/// Class by class: those of higher priority first, then the choosy ones.
fn left_over_by_class(situation: &mut Situation, growth: &Growth) -> u32 {
    let (mut trial, mut due) = set_up(situation, growth, &|_| 0);
    due.sort_by_cached_key(|due| {
        let (pod, rules) = (trial.content(due.class), rules(&trial, due.class));
        let turn = match rules {
            Rules { hosts: true, .. } => 0,
            Rules { itself: true, .. } => 1,
            _ if trial.ties(due.class).is_free() => 3,
            _ => 2,
        };
        (-i64::from(pod.priority), turn, due.class)
    });
    for class in due.chunk_by_mut(|a, b| a.class == b.class) {
        loop {
            let left = class.iter_mut().filter(|due| due.pods > 0);
            let placed = left.map(|due| due.is_placed(&mut trial));
            if placed.filter(|placed| *placed).count() == 0 {
                break;
            }
        }
    }
    due.retain(|due| due.pods > 0);
    while place_one(&mut trial, &mut due, 0) {}
    due.iter().map(|due| due.pods).sum()
}

fn left_over(situation: &mut Situation, growth: &Growth, order: &dyn Fn(Rules) -> u8) -> u32 {
    let (mut trial, mut due) = set_up(situation, growth, order);
    let zones = one_of_each_zone(&trial);
    for last in 0..=3 {
        while place_some(&mut trial, &mut due, last, &zones)
            || place_one(&mut trial, &mut due, last)
        {}
    }
    due.iter().map(|due| due.pods).sum()
}

/// All machines without their pods, and the pods that are to get there.
fn set_up<'s>(
    situation: &'s mut Situation,
    growth: &Growth,
    order: &dyn Fn(Rules) -> u8,
) -> (Trial<'s>, Vec<Due>) {
    let Situation {
        state,
        offers,
        waiting,
        ..
    } = situation;
    let asked: u32 = waiting.iter().map(|waiting| waiting.pods).sum();
    let mut trial = state.trial();
    let mut due: Vec<Due> = Vec::new();
    for placed in &growth.placed {
        due.push(Due {
            turn: order(rules(&trial, placed.class)),
            class: placed.class,
            node: placed.node,
            pods: placed.pods,
        });
    }
    for (number, machine) in growth.machines.iter().enumerate() {
        let offer = &offers[machine.offer];
        let mut content = offer.node.clone();
        content.name = format!("checked-{number}");
        let hostname = (HOSTNAME.to_owned(), content.name.clone());
        content.labels.extend([hostname]);
        let node = trial.set_node(content);
        for daemon in &offer.daemons {
            trial.place(*daemon, node);
        }
        let on = machine.pods.iter();
        due.extend(on.map(|(class, pods)| Due {
            turn: order(rules(&trial, *class)),
            class: *class,
            node,
            pods: *pods,
        }));
    }
    let helpless: u32 = growth.helpless.iter().map(|helpless| helpless.pods).sum();
    let known: u32 = due.iter().map(|due| due.pods).sum();
    assert_eq!(known + helpless, asked, "every pod is somewhere, once");
    (trial, due)
}

fn rules(trial: &Trial, class: ClassId) -> Rules {
    let pod = trial.content(class);
    let mut required = pod.spread.iter().filter(|rule| rule.required).peekable();
    Rules {
        spread: required.peek().is_some(),
        hosts: required.clone().any(|rule| rule.topology_key == HOSTNAME),
        itself: required.any(|rule| {
            let selector = rule.selector.as_ref();
            selector.is_some_and(|selector| selector.matches(&pod.labels))
        }),
    }
}

fn one_of_each_zone(trial: &Trial) -> Vec<NodeId> {
    let zone = |node: &Node| node.labels.get("topology.kubernetes.io/zone").cloned();
    let zones = trial.nodes().map(|(id, node)| (zone(node), id));
    zones.collect::<BTreeMap<_, _>>().into_values().collect()
}

/// One of each that fits now, if it is its turn and where it keeps zones even. False if none does.
fn place_some(trial: &mut Trial, due: &mut Vec<Due>, last: u8, zones: &[NodeId]) -> bool {
    let mut any = false;
    for due in due.iter_mut().filter(|due| due.turn <= last) {
        let crowds = zones.iter().map(|zone| trial.crowd(due.class, *zone));
        let emptiest = crowds.min().unwrap_or_default();
        if trial.crowd(due.class, due.node) <= emptiest && due.fits(trial) {
            trial.place(due.class, due.node);
            due.pods -= 1;
            any = true;
        }
    }
    due.retain(|due| due.pods > 0);
    any
}

/// One that fits now, wherever.
fn place_one(trial: &mut Trial, due: &mut Vec<Due>, last: u8) -> bool {
    let mut in_turn = due.iter_mut().filter(|due| due.turn <= last);
    let found = in_turn.find(|due| due.fits(trial));
    let any = found.is_some();
    if let Some(due) = found {
        trial.place(due.class, due.node);
        due.pods -= 1;
    }
    due.retain(|due| due.pods > 0);
    any
}

impl Due {
    /// Places one if it fits now.
    fn is_placed(&mut self, trial: &mut Trial) -> bool {
        let fits = self.fits(trial);
        if fits {
            trial.place(self.class, self.node);
            self.pods -= 1;
        }
        fits
    }

    fn fits(&self, trial: &Trial) -> bool {
        let inquiry = trial.ask(self.class);
        inquiry.is_ok_and(|inquiry| inquiry.fits(self.node).is_ok())
    }
}
