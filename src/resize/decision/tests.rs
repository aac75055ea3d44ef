use super::*;

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("{prefix}-{number}"))
        .collect()
}

/// A node whose pods fit on `bex-worker-c`.
fn remove(node: &str, pods: &[&str], reason: &str) -> Remove {
    let moves = pods.iter().map(|pod| Move {
        pod: (*pod).into(),
        to: "bex-worker-c".into(),
    });
    Remove {
        node: node.into(),
        machine: node.into(),
        group: "bex-worker".into(),
        moves: moves.collect(),
        saves: Price(27_400),
        reason: reason.into(),
    }
}

fn full() -> Decision {
    Decision {
        grow: vec![Grow {
            group: "bex-worker".into(),
            from: 3,
            to: 5,
            machine_type: "cpx22".into(),
            price: Price(27_400),
            pods: names("default/web", 12),
        }],
        remove: vec![
            remove("bex-worker-a", &["default/db-0"], "5 % is asked for"),
            remove("bex-worker-b", &[], "empty"),
        ],
        replace: vec![Replace {
            machine: "bex-big-1".into(),
            group: "bex-big".into(),
            reason: "ccx33 is sold out in fsn1".into(),
            sold_out: true,
        }],
        taint: vec![
            SoftTaint {
                node: "bex-worker-d".into(),
                group: "bex-worker".into(),
                set: true,
                reason: "nobody needs it".into(),
            },
            SoftTaint {
                node: "bex-worker-e".into(),
                group: "bex-worker".into(),
                set: false,
                reason: "it is needed again".into(),
            },
        ],
        helpless: vec![Helpless {
            pods: vec!["default/huge".into()],
            why: "insufficient memory: asks for 10 TiB".into(),
        }],
        kept: names("bex-worker", 5)
            .into_iter()
            .map(|node| Kept {
                node,
                why: "default/bare has no controller".into(),
            })
            .collect(),
        held: vec![Held {
            group: "bex-spare".into(),
            why: "owned by cluster-autoscaler".into(),
        }],
        cost: Cost {
            before: Price(150_000),
            after: Price(204_800),
            bought: Price(54_800),
            bound: Price(54_000),
            unpriced: false,
        },
        again: Some("2026-11-21T12:00:00.5Z".parse().unwrap()),
    }
}

const FULL: &str = "\
GROW         MACHINES   TYPE    EACH/H   FOR
bex-worker   3 -> 5     cpx22   0.0274   12 pods: default/web-0, default/web-1, default/web-2 and 9 more

REMOVE         GROUP        SAVES/H   WHY                ITS PODS FIT ON
bex-worker-a   bex-worker   0.0274    5 % is asked for   1 pod: default/db-0 on bex-worker-c
bex-worker-b   bex-worker   0.0274    empty              -

REPLACE     GROUP     WHY
bex-big-1   bex-big   ccx33 is sold out in fsn1; another offer takes its place

TAINT          GROUP        WHY
bex-worker-d   bex-worker   nobody needs it
bex-worker-e   bex-worker   it is needed again

NO HELP FOR           WHY
1 pod: default/huge   insufficient memory: asks for 10 TiB

KEPT                                                           WHY
5 nodes: bex-worker-0, bex-worker-1, bex-worker-2 and 2 more   default/bare has no controller

HELD BACK   WHY
bex-spare   owned by cluster-autoscaler

Costs 0.1500 -> 0.2048 an hour; what is bought 0.0548, at least 0.0540 (1.5 % above the bound).
Decides again at 2026-11-21T12:00:00Z.";

#[test]
fn without_prices_nothing_is_said_of_costs() {
    let mut decision = full();
    decision.cost.unpriced = true;
    let text = decision.to_string();
    assert!(
        text.contains("3 -> 5     cpx22   -        12 pods"),
        "{text}"
    );
    assert!(!text.contains("an hour"), "{text}");
}

#[test]
fn a_decision_reads_as_tables_with_its_reasons() {
    let text = full().to_string();
    assert_eq!(text, FULL, "\n{text}");
}

#[test]
fn nothing_to_do_is_said_in_a_line_and_reasons_still_follow() {
    let mut decision = Decision::default();
    assert_eq!(
        decision.to_string(),
        "Nothing to do.\n\nCosts 0.0000 an hour."
    );
    decision.held = full().held;
    let text = decision.to_string();
    assert!(decision.is_empty());
    assert!(text.starts_with("Nothing to do.\n\nHELD BACK"), "{text}");
}

#[test]
fn long_lists_are_cut_unless_all_is_asked_for() {
    let mut decision = full();
    let one = decision.remove[1].clone();
    decision.remove = vec![one; 30];
    let text = decision.to_string();
    assert!(text.contains("... and 10 more"), "{text}");
    let whole = format!("{decision:#}");
    assert_eq!(whole.matches("empty").count(), 30);
    assert!(whole.contains("default/web-11"), "{whole}");
}

#[test]
fn any_action_makes_a_decision_more_than_empty() {
    let (grow, remove, replace, taint) = {
        let full = full();
        (full.grow, full.remove, full.replace, full.taint)
    };
    let empty = Decision::default;
    assert!(empty().is_empty());
    assert!(!Decision { grow, ..empty() }.is_empty());
    assert!(!Decision { remove, ..empty() }.is_empty());
    assert!(!Decision { replace, ..empty() }.is_empty());
    assert!(!Decision { taint, ..empty() }.is_empty());
}

#[test]
fn a_decision_survives_the_way_through_json() {
    let decision = full();
    let json = serde_json::to_string(&decision).unwrap();
    assert_eq!(
        serde_json::from_str::<Decision>(&json).unwrap(),
        decision,
        "{json}"
    );
    assert_eq!(
        serde_json::from_str::<Decision>("{}").unwrap(),
        Decision::default()
    );
}

#[test]
fn the_gap_needs_something_bought() {
    assert_eq!(Cost::default().gap(), None);
    let cost = full().cost;
    let gap = cost.gap().unwrap();
    assert!((gap - 0.0148).abs() < 0.0001, "{gap}");
}

#[test]
fn the_summary_of_a_decision_is_one_line() {
    assert_eq!(
        full().summary(),
        "grow bex-worker 3 -> 5 (cpx22) for 12 pods; remove 2 nodes: bex-worker-a, bex-worker-b; replace bex-big-1: \
         ccx33 is sold out in fsn1; keep new pods off 1 node: bex-worker-d; let pods come again to 1 node: bex-worker-e; \
         no help for 1 pod; held back bex-spare: owned by cluster-autoscaler"
    );
    assert_eq!(Decision::default().summary(), "nothing to do");
}
