//! What lets a node go and what keeps it.

use super::*;
use crate::scheduling::pod::{HostPort, Toleration};

#[test]
fn empty_nodes_go_all_of_them() {
    let mut cluster = Cluster::of(3);
    assert_eq!(cluster.gone(), [0, 1, 2]);
    assert_eq!(cluster.shrink().saved, Price(30));
}

#[test]
fn a_node_whose_pods_fit_elsewhere_goes_and_the_moves_say_where_to() {
    let mut cluster = Cluster::of(2);
    let class = cluster.run(0, asks(400));
    cluster.run(0, asks(400));
    cluster.run(1, asks(200));
    let shrinkage = cluster.shrink();
    let moves = [(class, cluster.id(1), 2)];
    let [gone] = &shrinkage.gone[..] else {
        panic!("{shrinkage:?}")
    };
    assert_eq!((gone.candidate, &gone.moves[..]), (0, &moves[..]));
}

#[test]
fn a_node_whose_pods_do_not_fit_stays_and_the_scheduler_says_why() {
    let mut cluster = Cluster::of(2);
    let class = cluster.run(0, asks(600));
    cluster.run(1, asks(600));
    let words = "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable";
    let why = Why::NoPlace(class, words.to_owned());
    assert_eq!(cluster.why(0), Some(why));
    assert_eq!(cluster.gone(), Vec::<usize>::new());
}

#[test]
fn a_pod_that_was_moved_moves_again_if_its_new_node_goes_too() {
    let mut cluster = Cluster::of(3);
    for number in 0..3 {
        cluster.run(number, asks(300));
    }
    let shrinkage = cluster.shrink();
    assert_eq!(shrinkage.gone.len(), 2);
}

#[test]
fn nodes_that_are_no_candidates_are_filled_first() {
    let mut cluster = Cluster::of(4);
    cluster.run(0, asks(100));
    cluster.run(3, asks(100));
    cluster.candidates(&[0, 1, 2]);
    let shrinkage = cluster.shrink();
    assert_eq!(shrinkage.gone.len(), 3);
    assert_eq!(shrinkage.gone[0].moves[0].1, cluster.id(3));
}

#[test]
fn pods_that_belong_to_the_node_hold_nothing_up() {
    let mut cluster = Cluster::of(1);
    cluster.run_as(0, asks(100), &Leave::WithNode);
    assert_eq!(cluster.gone(), [0]);
}

#[test]
fn obstacles_keep_a_node_and_are_named() {
    let obstacles = [
        Obstacle::NoController,
        Obstacle::LocalStorage("cache".to_owned()),
        Obstacle::Annotation("karpenter.sh/do-not-disrupt=true".to_owned()),
        Obstacle::System,
        Obstacle::Unreadable("requests".to_owned()),
    ];
    for obstacle in obstacles {
        let mut cluster = Cluster::of(2);
        cluster.run(0, asks(100));
        let class = cluster.run_as(0, asks(200), &Leave::Never(obstacle.clone()));
        assert_eq!(cluster.why(0), Some(Why::Obstacle(class, obstacle)));
        assert_eq!(cluster.gone(), [1]);
    }
}

#[test]
fn what_a_budget_allows_is_summed_over_all_nodes() {
    let mut cluster = Cluster::of(4);
    for number in 0..3 {
        cluster.run(number, asks(100));
    }
    cluster.budget("web", "web", 2);
    let shrinkage = cluster.shrink();
    assert_eq!(cluster.gone(), [0, 1, 3]);
    let why = &shrinkage.kept[0].why;
    assert!(matches!(why, Why::NoPlace(..) | Why::Budget(..)), "{why:?}");
    cluster.candidates(&[0, 1, 2]);
    let shrinkage = cluster.shrink();
    let why = &shrinkage.kept[0].why;
    assert!(
        matches!(why, Why::Budget(_, name) if name == "default/web"),
        "{why:?}"
    );
}

#[test]
fn a_budget_of_zero_keeps_the_node() {
    let mut cluster = Cluster::of(2);
    let class = cluster.run(0, asks(100));
    cluster.budget("web", "web", 0);
    let why = Why::Budget(class, "default/web".to_owned());
    assert_eq!(cluster.why(0), Some(why));
}

#[test]
fn a_pod_that_several_budgets_cover_is_never_evicted() {
    let mut cluster = Cluster::of(2);
    let class = cluster.run(0, asks(100));
    cluster.budget("one", "web", 9);
    cluster.budget("two", "web", 9);
    assert_eq!(cluster.why(0), Some(Why::SeveralBudgets(class)));
}

#[test]
fn no_budget_is_asked_about_pods_that_do_not_run_yet_or_that_it_does_not_select() {
    let mut cluster = Cluster::of(2);
    cluster.run_as(0, asks(100), &Leave::Starting);
    cluster.run(
        0,
        Pod {
            labels: labels(&[("app", "db")]),
            ..asks(100)
        },
    );
    cluster.run(
        0,
        Pod {
            namespace: "shop".to_owned(),
            ..asks(100)
        },
    );
    cluster.budget("web", "web", 0);
    assert_eq!(cluster.gone(), [0]);
}

#[test]
fn groups_keep_their_minimum_and_the_limit_holds_over_all() {
    let mut cluster = Cluster::of(5);
    for candidate in &mut cluster.question.candidates[3..] {
        candidate.group = 1;
    }
    cluster.question.may_go = vec![1, 2];
    assert_eq!(cluster.gone(), [0, 3, 4]);
    assert_eq!(cluster.why(1), Some(Why::Minimum));
    cluster.question.limit = 2;
    assert_eq!(cluster.gone(), [0, 3]);
    cluster.question.may_go = Vec::new();
    assert_eq!(cluster.gone(), Vec::<usize>::new());
}

#[test]
fn cordoned_nodes_take_no_pods_even_of_those_that_tolerate_it_but_may_go() {
    let mut cluster = Cluster::of(2);
    let tolerant = Pod {
        tolerations: vec![Toleration {
            key: String::new(),
            exists: true,
            value: String::new(),
            effect: String::new(),
        }],
        ..asks(100)
    };
    cluster.run(0, tolerant.clone());
    cluster.run(1, tolerant);
    cluster.change(1, |node| node.unschedulable = true);
    assert_eq!(cluster.gone(), [1]);
}

#[test]
fn taints_selectors_and_ports_are_minded() {
    let team = Taint {
        key: "team".to_owned(),
        value: String::new(),
        effect: "NoSchedule".to_owned(),
    };
    let mut cluster = Cluster::of(2);
    cluster.run(0, asks(100));
    cluster.change(1, |node| node.taints = vec![team]);
    assert_eq!(cluster.gone(), [1]);

    let mut cluster = Cluster::of(2);
    cluster.run(
        0,
        Pod {
            node_selector: labels(&[(HOST, "n0")]),
            ..asks(100)
        },
    );
    assert_eq!(cluster.gone(), [1]);

    let mut cluster = Cluster::of(3);
    let port = HostPort {
        ip: "0.0.0.0".to_owned(),
        protocol: "TCP".to_owned(),
        port: 80,
    };
    for number in 0..2 {
        cluster.run(
            number,
            Pod {
                host_ports: vec![port.clone()],
                ..asks(100)
            },
        );
    }
    assert_eq!(cluster.gone().len(), 1);
}

#[test]
fn anti_affinity_is_minded_both_ways() {
    let shy = Pod {
        anti_affinity: vec![term("web", HOST)],
        ..asks(100)
    };
    let mut cluster = Cluster::of(2);
    cluster.run(0, shy.clone());
    cluster.run(1, asks(100));
    assert_eq!(cluster.gone(), Vec::<usize>::new());
    cluster.node(node(2));
    assert_eq!(cluster.gone().len(), 1);
}

#[test]
fn affinity_of_those_who_stay_is_not_judged_and_of_those_who_move_it_is() {
    let follower = Pod {
        labels: labels(&[("app", "follower")]),
        affinity: vec![term("web", HOST)],
        ..asks(100)
    };
    let mut cluster = Cluster::of(3);
    cluster.run(0, asks(100));
    cluster.run(0, follower);
    cluster.run(1, asks(950));
    cluster.candidates(&[0]);
    // The one that it follows moves to the empty node, and it does so too, though it is asked first.
    assert_eq!(cluster.gone(), [0]);
    cluster.question.candidates[0].pods[0].leave = Leave::WithNode;
    assert_eq!(
        cluster.gone(),
        Vec::<usize>::new(),
        "the only room is where nobody is that it follows"
    );
}

#[test]
fn a_node_that_goes_still_counts_as_a_domain_where_taints_are_ignored() {
    let spread = |honors_taints: bool| {
        let mut cluster = Cluster::of(3);
        let even = Pod {
            spread: vec![Spread {
                honors_taints,
                ..evenly(HOST)
            }],
            ..asks(100)
        };
        for number in 0..3 {
            cluster.run(number, even.clone());
        }
        cluster.gone().len()
    };
    assert_eq!(spread(false), 0, "the empty one would be next");
    assert_eq!(spread(true), 2);
}

#[test]
fn a_zone_that_spread_rules_need_is_not_emptied() {
    let mut cluster = Cluster::default();
    for (number, zone) in ["a", "a", "b"].iter().enumerate() {
        let mut node = node(number);
        node.labels.insert(ZONE.to_owned(), (*zone).to_owned());
        cluster.node(node);
    }
    let even = Pod {
        spread: vec![evenly(ZONE)],
        ..asks(100)
    };
    cluster.run(0, even.clone());
    cluster.run(2, even);
    assert_eq!(cluster.gone(), [0]);
}

#[test]
fn a_rule_that_needs_more_domains_than_remain_keeps_the_node() {
    let removable = |min_domains: usize| {
        let mut cluster = Cluster::of(2);
        let even = Spread {
            min_domains,
            ..evenly(HOST)
        };
        cluster.run(
            0,
            Pod {
                spread: vec![even],
                ..asks(100)
            },
        );
        // As long as the node is there, its domain is not empty.
        cluster.run_as(0, asks(100), &Leave::WithNode);
        cluster.run(1, asks(100));
        cluster.candidates(&[0]);
        cluster.gone().len()
    };
    assert_eq!(removable(1), 1);
    assert_eq!(removable(2), 0);
}

#[test]
fn those_of_higher_priority_choose_first_then_the_larger() {
    let mut cluster = Cluster::of(3);
    let low = cluster.run(0, asks(500));
    let high = cluster.run(
        0,
        Pod {
            priority: 5,
            ..asks(100)
        },
    );
    cluster.run(2, asks(600));
    cluster.candidates(&[0]);
    let shrinkage = cluster.shrink();
    let places = [(high, cluster.id(2), 1), (low, cluster.id(1), 1)];
    assert_eq!(shrinkage.gone[0].moves, places);
}

#[test]
fn the_dearer_of_two_that_cannot_both_go_goes() {
    let mut cluster = Cluster::of(2);
    cluster.run(0, asks(300));
    cluster.run(1, asks(400));
    cluster.question.candidates[1].price = Price(20);
    assert_eq!(cluster.gone(), [1]);
}
