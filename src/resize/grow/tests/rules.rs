//! Each rule and edge by itself.

use super::*;

#[test]
fn nothing_is_bought_when_all_fits() {
    let mut case = Case::default();
    case.node("n0", "a", 4, 8);
    case.node("n1", "a", 4, 8);
    case.waits(plain("web", "1", "1Gi"), 8);
    let growth = case.grow(&offers(&["a"]));
    assert_eq!((growth.machines.len(), growth.placed.len()), (0, 2));
}

#[test]
fn what_does_not_fit_gets_the_cheapest_machine() {
    let mut case = Case::default();
    case.node("n0", "a", 4, 8);
    case.waits(plain("web", "1", "1Gi"), 5);
    let growth = case.grow(&offers(&["a"]));
    assert_eq!(growth.machines.len(), 1);
    assert_eq!(growth.cost, Price(20_000));
}

#[test]
fn those_of_higher_priority_get_the_room_that_is_there() {
    let mut case = Case::default();
    case.node("n0", "a", 1, 2);
    let low = case.waits(plain("low", "1", "1Gi"), 1);
    let high = Pod {
        priority: 10,
        ..plain("high", "1", "1Gi")
    };
    let high = case.waits(high, 1);
    let growth = case.grow(&offers(&["a"]));
    assert_eq!(growth.placed[0].class, high);
    assert_eq!(growth.machines[0].pods, [(low, 1)]);
}

#[test]
fn those_of_higher_priority_get_the_machines_that_can_be_had() {
    let mut case = Case::default();
    let low = case.waits(plain("low", "4", "8Gi"), 1);
    let high = Pod {
        priority: 10,
        ..plain("high", "3", "1Gi")
    };
    let high = case.waits(high, 1);
    let only = Offer {
        limit: 1,
        ..offer("medium", "a", 4, 8, 10)
    };
    let growth = case.grow(&[only]);
    assert_eq!(growth.machines[0].pods, [(high, 1)]);
    assert_eq!(growth.helpless[0].class, low);
    let why = &growth.helpless[0].why;
    assert_eq!(why, "limit reached: no more medium of medium-a can be had");
}

#[test]
fn a_mixture_of_sizes_is_bought_where_it_is_cheapest() {
    let mut case = Case::default();
    case.waits(plain("web", "1", "2Gi"), 18);
    let growth = case.grow(&offers(&["a"]));
    assert_eq!(growth.cost, Price(164_000));
    assert_eq!(growth.machines.len(), 2);
}

#[test]
fn pods_that_keep_apart_get_a_machine_each() {
    let mut case = Case::default();
    case.waits(pod("db", "500m", "1Gi", &apart_from("db", HOSTNAME)), 5);
    case.waits(plain("web", "500m", "1Gi"), 5);
    let growth = case.grow(&offers(&["a"]));
    assert_eq!(growth.machines.len(), 5);
    assert_eq!(growth.cost, Price(100_000));
}

#[test]
fn groups_that_keep_apart_share_machines() {
    let mut case = Case::default();
    case.waits(pod("db", "500m", "1Gi", &apart_from("db", HOSTNAME)), 5);
    case.waits(pod("mq", "500m", "1Gi", &apart_from("mq", HOSTNAME)), 4);
    let ports = json!({"hostNetwork": true});
    let mut edge = pod("edge", "500m", "1Gi", &ports);
    edge.host_ports.push(crate::scheduling::pod::HostPort {
        ip: "0.0.0.0".to_owned(),
        protocol: "TCP".to_owned(),
        port: 443,
    });
    case.waits(edge, 3);
    let growth = case.grow(&offers(&["a"]));
    assert_eq!(growth.machines.len(), 5);
}

#[test]
fn pods_are_spread_over_the_zones_on_offer() {
    let mut case = Case::default();
    case.waits(pod("web", "1", "2Gi", &spread("web", ZONE)), 9);
    let offers = offers(&["a", "b", "c"]);
    let growth = case.grow(&offers);
    let mut zones: Vec<&str> = growth
        .machines
        .iter()
        .map(|m| &*offers[m.offer].node.labels[ZONE])
        .collect();
    zones.sort_unstable();
    zones.dedup();
    assert_eq!(zones, ["a", "b", "c"]);
    assert!(growth.helpless.is_empty());
}

#[test]
fn zones_keep_even_with_what_runs_already() {
    let mut case = Case::default();
    let class = case.waits(pod("web", "4", "8Gi", &spread("web", ZONE)), 3);
    let node = case.node("n0", "a", 4, 8);
    let mut trial = case.state.trial();
    trial.place(class, node);
    trial.keep();
    let offers = offers(&["a", "b"]);
    let growth = case.grow(&offers);
    let zones = growth
        .machines
        .iter()
        .map(|m| &*offers[m.offer].node.labels[ZONE]);
    assert_eq!(zones.filter(|zone| *zone == "b").count(), 2);
    assert!(growth.helpless.is_empty());
}

#[test]
fn pods_that_want_to_be_together_get_one_zone() {
    let mut case = Case::default();
    case.waits(pod("web", "2", "4Gi", &with("web", ZONE)), 20);
    let offers = offers(&["a", "b", "c"]);
    let growth = case.grow(&offers);
    let mut zones: Vec<&str> = growth
        .machines
        .iter()
        .map(|m| &*offers[m.offer].node.labels[ZONE])
        .collect();
    zones.dedup();
    assert_eq!(zones.len(), 1);
    assert!(growth.helpless.is_empty());
}

#[test]
fn pods_follow_others_onto_their_machines() {
    let mut case = Case::default();
    case.waits(plain("db", "1", "2Gi"), 4);
    case.waits(pod("cache", "1", "2Gi", &with("db", HOSTNAME)), 4);
    let growth = case.grow(&offers(&["a"]));
    assert!(growth.helpless.is_empty());
    assert!(growth.cost <= Price(80_000), "{growth:?}");
}

#[test]
fn groups_that_want_one_node_each_are_not_torn_apart() {
    let mut case = Case::default();
    for group in 0..20 {
        let app = format!("group-{group}");
        case.waits(pod(&app, "500m", "1Gi", &with(&app, HOSTNAME)), 10);
    }
    let growth = case.grow(&offers(&["a"]));
    assert!(growth.helpless.is_empty());
}

#[test]
fn replicas_spread_over_nodes_share_machines_evenly() {
    let mut case = Case::default();
    case.waits(pod("web", "1", "2Gi", &spread("web", HOSTNAME)), 32);
    let growth = case.grow(&offers(&["a"]));
    assert!(growth.helpless.is_empty());
    assert!(growth.cost <= Price(320_000), "{:?}", growth.cost);
}

#[test]
fn pods_that_are_spread_are_spread_over_machines_that_came_for_others_too() {
    let mut case = Case::default();
    for app in ["web", "api", "mail"] {
        case.waits(pod(app, "1", "2Gi", &spread(app, HOSTNAME)), 20);
    }
    case.waits(pod("edge", "1500m", "1Gi", &spread("edge", HOSTNAME)), 3);
    let growth = case.grow(&offers(&["a"]));
    assert!(growth.helpless.is_empty());
}

#[test]
fn those_of_higher_priority_are_spread_over_machines_that_come_for_others_too() {
    let mut case = Case::default();
    let high = Pod {
        priority: 10,
        ..pod("web", "1", "1Gi", &spread("web", HOSTNAME))
    };
    case.waits(high, 4);
    case.waits(plain("db", "3", "4Gi"), 2);
    // That nobody can help somebody makes the others' choice no worse.
    let huge = case.waits(plain("huge", "100", "1Gi"), 1);
    let growth = case.grow(&[offer("medium", "a", 4, 8, 10)]);
    assert_eq!(growth.helpless.len(), 1, "{growth:?}");
    assert_eq!(growth.helpless[0].class, huge);
}

#[test]
fn pods_are_spread_beside_those_of_higher_priority_that_come_before_them() {
    let mut case = Case::default();
    let first = Pod {
        priority: 10,
        ..plain("web", "1", "1Gi")
    };
    let first = case.waits(first, 3);
    let second = case.waits(pod("web", "1", "1Gi", &spread("web", HOSTNAME)), 3);
    let growth = case.grow(&[offer("medium", "a", 4, 8, 10)]);
    assert_eq!(growth.helpless, []);
    let counts = growth.machines.iter().map(|machine| {
        let of = |class| {
            machine
                .pods
                .iter()
                .find(|(it, _)| *it == class)
                .map_or(0, |it| it.1)
        };
        (of(first), of(second))
    });
    let least = counts.clone().map(|(first, second)| first + second).min();
    // Each of them came to a machine that had no more pods than another one.
    let even = |(first, second): (u32, u32)| second == 0 || Some(first + second - 1) <= least;
    assert!(counts.clone().all(even), "{growth:?}");
}

#[test]
fn pods_that_are_spread_use_the_machines_of_those_that_keep_apart() {
    let mut case = Case::default();
    case.waits(pod("db", "500m", "1Gi", &apart_from("db", HOSTNAME)), 12);
    case.waits(pod("web", "1", "2Gi", &spread("web", HOSTNAME)), 12);
    case.waits(pod("zoned", "1", "2Gi", &spread("web", ZONE)), 12);
    case.waits(plain("web", "500m", "1Gi"), 30);
    let sizes = (1..=16).map(|cpus| {
        offer(
            "of-one-series",
            "a",
            cpus,
            2 * cpus,
            10_000 * cpus.unsigned_abs(),
        )
    });
    let growth = case.grow(&sizes.collect::<Vec<_>>());
    assert_eq!(growth.machines.len(), 12);
    assert!(growth.helpless.is_empty());
}

#[test]
fn daemons_take_their_room_first() {
    let mut case = Case::default();
    let daemon = case.state.class(plain("agent", "500m", "1Gi"));
    case.waits(plain("web", "2", "1Gi"), 1);
    let offers: Vec<Offer> = offers(&["a"])
        .into_iter()
        .map(|offer| Offer {
            daemons: vec![daemon],
            ..offer
        })
        .collect();
    let growth = case.grow(&offers);
    assert_eq!(growth.cost, Price(38_000));
}

#[test]
fn limits_of_offers_hold() {
    let mut case = Case::default();
    case.waits(plain("web", "2", "4Gi"), 10);
    let mut offers = offers(&["a"]);
    offers[2].limit = 0;
    offers[0].limit = 3;
    let growth = case.grow(&offers);
    assert!(growth.helpless.is_empty());
    offers[1].limit = 2;
    let growth = case.grow(&offers);
    assert_eq!(growth.helpless[0].pods, 3);
}

#[test]
fn a_pod_that_is_too_large_is_told_so() {
    let mut case = Case::default();
    case.waits(plain("huge", "40", "1Gi"), 2);
    case.waits(plain("vast", "1", "10Ti"), 1);
    let growth = case.grow(&offers(&["a"]));
    assert!(growth.machines.is_empty());
    let why: Vec<&str> = growth.helpless.iter().map(|h| &*h.why).collect();
    let expected = [
        "insufficient cpu: asks for 40 cores, the largest offer, large of large-a, has 16 cores",
        "insufficient memory: asks for 10240 GiB, the largest offer, large of large-a, has 32 GiB",
    ];
    assert_eq!(why, expected);
}

#[test]
fn a_taint_an_unknown_zone_and_gates_are_named() {
    let mut case = Case::default();
    case.waits(plain("web", "1", "1Gi"), 1);
    let mut tainted = offers(&["a"]);
    for offer in &mut tainted {
        let taint = crate::scheduling::node::Taint {
            key: "dedicated".to_owned(),
            value: "ci".to_owned(),
            effect: "NoSchedule".to_owned(),
        };
        offer.node.taints.push(taint);
    }
    let growth = case.grow(&tainted);
    let expected =
        "untolerated taint: every offer has one; small of small-a has dedicated=ci:NoSchedule";
    assert_eq!(growth.helpless[0].why, expected);
    let mut case = Case::default();
    case.waits(
        pod("web", "1", "1Gi", &json!({"nodeSelector": {ZONE: "mars"}})),
        1,
    );
    case.waits(
        pod(
            "web",
            "1",
            "1Gi",
            &json!({"schedulingGates": [{"name": "wait"}]}),
        ),
        1,
    );
    let growth = case.grow(&offers(&["a", "b"]));
    let why: Vec<&str> = growth.helpless.iter().map(|h| &*h.why).collect();
    let expected = [
        "node selector topology.kubernetes.io/zone=mars: offers have a, b",
        "waiting for scheduling gates: [wait]",
    ];
    assert_eq!(why, expected);
}

#[test]
fn pods_without_requests_count_against_the_number_of_pods() {
    let mut case = Case::default();
    let class = case.state.class(Pod {
        namespace: "default".to_owned(),
        ..Pod::default()
    });
    case.waiting.push(Waiting { class, pods: 221 });
    let growth = case.grow(&offers(&["a"]));
    assert_eq!(growth.machines.len(), 3);
}

#[test]
fn more_pods_that_keep_apart_by_zone_than_zones_are_told_so() {
    let mut case = Case::default();
    case.waits(pod("db", "1", "1Gi", &apart_from("db", ZONE)), 4);
    let growth = case.grow(&offers(&["a", "b", "c"]));
    assert_eq!((growth.machines.len(), growth.helpless[0].pods), (3, 1));
    assert!(
        growth.helpless[0].why.starts_with("pod anti-affinity"),
        "{:?}",
        growth.helpless
    );
}

#[test]
fn without_offers_nobody_is_helped() {
    let mut case = Case::default();
    case.waits(plain("web", "1", "1Gi"), 2);
    let growth = case.grow(&[]);
    assert_eq!(growth.helpless[0].pods, 2);
}
