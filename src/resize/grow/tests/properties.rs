//! What holds for every cluster and every wave of pods.

use proptest::prelude::*;

use super::*;

/// Sort, app, cores in tenths, GiB, pods, priority.
type Drawn = (u8, u8, u8, u8, u8, u8);

fn drawn() -> impl Strategy<Value = Drawn> {
    (0_u8..9, 0_u8..4, 1_u8..30, 0_u8..6, 1_u8..9, 0_u8..2)
}

/// The pods of an app have the same rules, though not all the same size or priority.
fn pod_of((sort, app, cpu, gib, _, priority): Drawn) -> Pod {
    let app = format!("app-{sort}-{app}");
    let spec = match sort {
        0 => apart_from(&app, HOSTNAME),
        1 => spread(&app, HOSTNAME),
        2 => spread(&app, ZONE),
        3 => with(&app, ZONE),
        4 => apart_from(&app, ZONE),
        5 => json!({"nodeSelector": {ZONE: "b"}}),
        _ => json!({}),
    };
    let cpu = format!("{}m", u32::from(cpu) * 100);
    Pod {
        priority: priority.into(),
        ..pod(&app, &cpu, &format!("{gib}Gi"), &spec)
    }
}

fn case(nodes: &[(u8, u8)], pods: &[Drawn]) -> Case {
    let mut case = Case::default();
    for (number, (zone, cpus)) in nodes.iter().enumerate() {
        let zone = ["a", "b", "c"][usize::from(zone % 3)];
        case.node(&format!("n{number}"), zone, i64::from(*cpus), 16);
    }
    for drawn in pods {
        case.waits(pod_of(*drawn), drawn.4.into());
    }
    case
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_choice_keeps_the_rules(
        nodes in prop::collection::vec((0_u8..3, 1_u8..9), 0..5),
        pods in prop::collection::vec(drawn(), 1..12),
        limit in 0_u32..12,
    ) {
        let mut case = case(&nodes, &pods);
        let mut offers = offers(&["a", "b", "c"]);
        for offer in offers.iter_mut().step_by(2) {
            offer.limit = limit;
        }
        let first = case.grow(&offers);
        prop_assert_eq!(first, case.grow(&offers));
    }

    #[test]
    fn without_limits_everybody_without_rules_is_helped(
        pods in prop::collection::vec((6_u8..9, 0_u8..4, 1_u8..30, 0_u8..6, 1_u8..200, 0_u8..2), 1..12),
    ) {
        let mut case = case(&[], &pods);
        let growth = case.grow(&offers(&["a"]));
        prop_assert!(growth.helpless.is_empty());
        prop_assert!(growth.cost.0 * 10 <= growth.bound.0 * 13, "{:?} {:?}", growth.cost, growth.bound);
    }

    #[test]
    fn nothing_is_bought_where_there_is_ample_room(pods in prop::collection::vec(drawn(), 1..8)) {
        let pods: Vec<Drawn> = pods.into_iter().map(|drawn| (8, drawn.1, drawn.2, drawn.3, drawn.4, drawn.5)).collect();
        let mut case = case(&[], &pods);
        for number in 0..80 {
            case.node(&format!("n{number}"), "a", 16, 64);
        }
        let growth = case.grow(&offers(&["a"]));
        prop_assert!(growth.machines.is_empty());
    }
}
