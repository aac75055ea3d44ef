//! Whether a choice holds: its machines are made, and its pods are put onto them one by one, each asked about first.

use bex_infra::resize::grow::Growth;
use bex_infra::resize::workload::Situation;
use bex_infra::scheduling::{ClassId, NodeId, Trial};

/// Pods that are to go to a node.
struct Due {
    class: ClassId,
    node: NodeId,
    pods: u32,
    turn: u8,
}

/// Pods for which no order was found in which all rules hold as they are put where they were meant to go. Every machine
/// is there from the start. Zero proves the choice; more than that does not disprove it.
pub(crate) fn infeasible(situation: &mut Situation, growth: &Growth) -> u32 {
    let orders: [fn(u8) -> u8; 3] = [|_| 0, |turn| turn, |turn| 2 - turn];
    let left = orders.map(|order| left_over(situation, growth, order));
    left.into_iter().min().unwrap_or_default()
}

fn left_over(situation: &mut Situation, growth: &Growth, order: fn(u8) -> u8) -> u32 {
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
            turn: order(turn(&trial, placed.class)),
            class: placed.class,
            node: placed.node,
            pods: placed.pods,
        });
    }
    for (number, machine) in growth.machines.iter().enumerate() {
        let offer = &offers[machine.offer];
        let mut content = offer.node.clone();
        content.name = format!("checked-{number}");
        let hostname = ("kubernetes.io/hostname".to_owned(), content.name.clone());
        content.labels.extend([hostname]);
        let node = trial.set_node(content);
        for daemon in &offer.daemons {
            trial.place(*daemon, node);
        }
        let on = machine.pods.iter();
        due.extend(on.map(|(class, pods)| Due {
            turn: order(turn(&trial, *class)),
            class: *class,
            node,
            pods: *pods,
        }));
    }
    let helpless: u32 = growth.helpless.iter().map(|helpless| helpless.pods).sum();
    let known: u32 = due.iter().map(|due| due.pods).sum();
    assert_eq!(known + helpless, asked, "every pod is somewhere, once");
    for last in 0..=2 {
        while place_some(&mut trial, &mut due, last) {}
    }
    due.iter().map(|due| due.pods).sum()
}

/// Who comes first: pods of rules that spread them are choosier than others, and most of all if they count themselves.
fn turn(trial: &Trial, class: ClassId) -> u8 {
    let pod = trial.content(class);
    let mut required = pod.spread.iter().filter(|rule| rule.required).peekable();
    let spread = required.peek().is_some();
    let itself = required.any(|rule| {
        let selector = rule.selector.as_ref();
        selector.is_some_and(|selector| selector.matches(&pod.labels))
    });
    2 - u8::from(spread) - u8::from(itself)
}

/// One of each that fits now, if it is its turn. False if none does.
fn place_some(trial: &mut Trial, due: &mut Vec<Due>, last: u8) -> bool {
    let mut any = false;
    for due in due.iter_mut().filter(|due| due.turn <= last) {
        let fits = |trial: &Trial| {
            let inquiry = trial.ask(due.class);
            inquiry.is_ok_and(|inquiry| inquiry.fits(due.node).is_ok())
        };
        if fits(trial) {
            trial.place(due.class, due.node);
            due.pods -= 1;
            any = true;
        }
    }
    due.retain(|due| due.pods > 0);
    any
}
