use serde_json::{Value, json};

use super::*;

/// Machines with 4 CPUs for 0.04 an hour and with 16 for 0.20; pods of one and of three CPUs.
fn workload(rest: &Value) -> Workload {
    let machine = |name: &str, cpu: u32, hourly: f64| {
        json!({
            "name": name, "hourly": hourly,
            "allocatable": {"cpu": cpu.to_string(), "memory": format!("{}Gi", 4 * cpu), "pods": "110"},
        })
    };
    let pod = |name: &str, cpu: u32| {
        let requests = json!({"cpu": cpu.to_string(), "memory": "1Gi"});
        json!({
            "metadata": {"name": name, "namespace": "default", "labels": {"app": name}},
            "spec": {"containers": [{"name": "c", "resources": {"requests": requests}}]},
        })
    };
    let mut workload = json!({
        "name": "test",
        "types": [machine("small", 4, 0.04), machine("large", 16, 0.20)],
        "classes": [pod("one", 1), pod("three", 3)],
    });
    for (key, value) in rest.as_object().unwrap() {
        workload[key] = value.clone();
    }
    serde_json::from_value(workload).unwrap()
}

/// Every machine joins after exactly a minute.
fn setting(hours: f64, strategy: Strategy) -> Setting {
    Setting {
        hours,
        boot_deviation: 0.0,
        strategies: vec![strategy],
        ..Setting::default()
    }
}

fn outcome(workload: &Workload, setting: &Setting) -> Outcome {
    simulate(workload, setting).unwrap().outcomes.remove(0)
}

#[test]
fn where_nothing_waits_nothing_is_bought() {
    for strategy in Strategy::ALL {
        let outcome = outcome(&workload(&json!({})), &setting(24.0, strategy));
        assert_eq!(
            (outcome.machines_bought, outcome.cost.0),
            (0, 0),
            "{strategy:?}"
        );
    }
}

#[test]
fn a_pod_for_half_an_hour_costs_one_hour_of_the_cheapest_machine() {
    let workload = workload(&json!({
        "events": [{"atSeconds": 60.0, "class": 0, "pods": 1, "forSeconds": 1800.0}],
    }));
    for strategy in Strategy::ALL {
        let outcome = outcome(&workload, &setting(3.0, strategy));
        assert_eq!(outcome.machines_bought, 1, "{strategy:?}");
        assert_eq!(outcome.cost.0, 40_000, "{strategy:?}: {outcome:?}");
        assert_eq!(
            (outcome.left_pending, outcome.evictions),
            (0, 0),
            "{strategy:?}"
        );
    }
}

#[test]
fn pods_wait_for_the_decision_and_the_boot() {
    let workload = workload(&json!({"pending": [{"class": 0, "pods": 4}]}));
    let wait = |strategy| outcome(&workload, &setting(1.0, strategy)).wait_p50_seconds;
    assert!((wait(Strategy::BexInfra) - 60.1).abs() < 1e-9);
    assert!((wait(Strategy::Karpenter) - 61.0).abs() < 1e-9);
    assert!((wait(Strategy::ClusterAutoscaler) - 62.0).abs() < 1e-9);
}

#[test]
fn billing_by_the_second_costs_what_a_machine_was_there() {
    let workload = workload(&json!({"pending": [{"class": 0, "pods": 1}]}));
    let setting = Setting {
        billed_seconds: 0,
        ..setting(2.0, Strategy::BexInfra)
    };
    let outcome = outcome(&workload, &setting);
    assert_eq!(outcome.cost.0, 80_000);
}

#[test]
fn a_begun_hour_is_paid_in_full() {
    let workload = workload(&json!({"pending": [{"class": 0, "pods": 1}]}));
    let outcome = outcome(&workload, &setting(2.5, Strategy::BexInfra));
    assert_eq!(outcome.cost.0, 3 * 40_000);
}

#[test]
fn a_node_that_is_not_needed_goes_before_its_next_hour() {
    let workload = workload(&json!({
        "nodes": [
            {"name": "a", "type": "small", "pods": [{"class": 0, "pods": 1}]},
            {"name": "b", "type": "small", "pods": [{"class": 0, "pods": 1}]},
        ],
    }));
    let outcome = outcome(&workload, &setting(10.0, Strategy::BexInfra));
    assert_eq!(outcome.cost.0, (10 + 1) * 40_000, "{outcome:?}");
    assert_eq!((outcome.evictions, outcome.left_pending), (1, 0));
}

#[test]
fn a_budget_of_none_keeps_every_node() {
    let workload = workload(&json!({
        "nodes": [
            {"name": "a", "type": "small", "pods": [{"class": 0, "pods": 1}]},
            {"name": "b", "type": "small", "pods": [{"class": 0, "pods": 1}]},
        ],
        "budgets": [{
            "metadata": {"name": "none", "namespace": "default"},
            "spec": {"maxUnavailable": 0, "selector": {"matchLabels": {"app": "one"}}},
        }],
    }));
    for strategy in Strategy::ALL {
        let outcome = outcome(&workload, &setting(5.0, strategy));
        assert_eq!(
            (outcome.evictions, outcome.cost.0),
            (0, 2 * 5 * 40_000),
            "{strategy:?}"
        );
    }
}

#[test]
fn karpenter_replaces_a_large_machine_by_a_cheaper_one() {
    let workload = workload(&json!({
        "nodes": [{"name": "a", "type": "large", "pods": [{"class": 0, "pods": 1}]}],
    }));
    let outcome = outcome(&workload, &setting(4.0, Strategy::Karpenter));
    assert_eq!((outcome.machines_bought, outcome.evictions), (1, 1));
    assert_eq!(outcome.cost.0, 200_000 + 4 * 40_000);
}

#[test]
fn a_pod_that_no_machine_holds_waits_until_the_end_and_costs_nothing() {
    let mut workload = workload(&json!({"pending": [{"class": 0, "pods": 1}]}));
    workload.types[0].limit = Some(0);
    workload.types[1].limit = Some(0);
    for strategy in Strategy::ALL {
        let outcome = outcome(&workload, &setting(1.0, strategy));
        assert_eq!(
            (outcome.left_pending, outcome.cost.0),
            (1, 0),
            "{strategy:?}"
        );
        assert!((outcome.wait_p99_seconds - 3600.0).abs() < 1e-9);
    }
}

#[test]
fn pods_that_no_machine_type_can_hold_are_told_with_the_reason() {
    let mut workload = workload(&json!({
        "pending": [{"class": 0, "pods": 1}],
        "events": [
            {"atSeconds": 60.0, "class": 1, "pods": 2},
            {"atSeconds": 90.0, "class": 1, "pods": 1, "forSeconds": 60.0},
        ],
    }));
    workload.types.truncate(1);
    workload.types[0].limit = Some(0);
    assert_eq!(told(&workload), Vec::<String>::new());
    let cpu = ("cpu".to_owned(), "2".to_owned());
    workload.types[0].allocatable.extend([cpu]);
    let why =
        "insufficient cpu: asks for 3 cores, the largest offer, machines of small, has 2 cores";
    let line = format!("3 pods of class three fit on no machine type: {why}");
    assert_eq!(told(&workload), [line]);
}

/// What stands below the table.
fn told(workload: &Workload) -> Vec<String> {
    let report = simulate(workload, &setting(1.0, Strategy::BexInfra)).unwrap();
    report
        .to_string()
        .lines()
        .skip(3)
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_pod_that_wants_to_be_with_one_that_comes_later_fits() {
    let mut workload = workload(&json!({"pending": [{"class": 0, "pods": 1}]}));
    let spec = workload.classes[0].spec.as_mut().unwrap();
    spec.affinity = serde_json::from_value(json!({"podAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "three"}}},
        ],
    }}))
    .unwrap();
    assert_eq!(told(&workload), Vec::<String>::new());
}

/// Pods that come with the time of day, most of them at noon, and stay for one to seven hours.
fn day() -> Workload {
    let event = |place: u32| {
        let hour = place / 6;
        json!({
            "atSeconds": f64::from(place) * 600.0,
            "class": place % 2,
            "pods": 1 + (12 - hour.abs_diff(12)) / 2,
            "forSeconds": f64::from(1 + place % 7) * 3600.0,
        })
    };
    let events: Vec<Value> = (0..144).map(event).collect();
    workload(&json!({"events": events}))
}

#[test]
fn the_same_seed_gives_the_same_report_and_another_one_another() {
    let workload = day();
    let setting = Setting {
        hours: 12.0,
        ..Setting::default()
    };
    let report = simulate(&workload, &setting).unwrap();
    assert_eq!(simulate(&workload, &setting).unwrap(), report);
    let other = Setting { seed: 2, ..setting };
    assert_ne!(
        simulate(&workload, &other).unwrap().outcomes,
        report.outcomes
    );
}

#[test]
fn over_a_day_every_pod_gets_its_node_and_ours_costs_the_least() {
    let report = simulate(&day(), &Setting::default()).unwrap();
    let [ours, autoscaler, karpenter] = &report.outcomes[..] else {
        unreachable!("three strategies were asked for")
    };
    for outcome in &report.outcomes {
        assert!(outcome.machines_bought > 10, "{report}");
        assert!(outcome.wait_p99_seconds < 600.0, "{report}");
    }
    assert!(
        ours.cost < autoscaler.cost && ours.cost < karpenter.cost,
        "{report}"
    );
    assert!(
        ours.wait_p50_seconds <= autoscaler.wait_p50_seconds,
        "{report}"
    );
}

/// Pods that live for 20 to 70 minutes, at random. Larger machines are cheaper for what they hold, as they mostly are.
fn short_lived() -> Workload {
    let arrivals = |class: u32, per_hour: u32| {
        json!({
            "class": class, "perHour": per_hour, "shortestSeconds": 1200.0, "longestSeconds": 4200.0,
        })
    };
    let mut workload = workload(&json!({"arrivals": [arrivals(0, 24), arrivals(1, 4)]}));
    workload.types[1].hourly = 0.14;
    workload
}

#[test]
fn where_pods_live_for_20_to_70_minutes_ours_is_not_dearer_and_none_waits_longer() {
    for seed in 1..=3 {
        let setting = Setting {
            hours: 12.0,
            seed,
            ..Setting::default()
        };
        let report = simulate(&short_lived(), &setting).unwrap();
        let [ours, others @ ..] = &report.outcomes[..] else {
            unreachable!("three strategies were asked for")
        };
        for other in others {
            assert!(ours.cost <= other.cost, "{report}");
            assert!(ours.wait_p50_seconds <= other.wait_p50_seconds, "{report}");
        }
    }
}

#[test]
fn new_pods_leave_a_node_alone_that_is_avoided_if_there_is_another() {
    let nodes: Vec<Value> = ["a", "b"]
        .map(|name| json!({"name": name, "type": "small"}))
        .to_vec();
    let event = |pods: u32| json!({"atSeconds": 60.0, "class": 0, "pods": pods});
    for (pods, there) in [(4, [0, 4]), (6, [2, 4])] {
        let workload = workload(&json!({"nodes": nodes, "events": [event(pods)]}));
        let mut world = World::new(&workload, &setting(1.0, Strategy::BexInfra)).unwrap();
        world.set_avoided(0, true);
        while world.advance() {}
        let on =
            |machine: usize| -> usize { world.machines[machine].pods.values().map(Vec::len).sum() };
        assert_eq!([on(0), on(1)], there);
    }
}

#[test]
fn the_report_is_a_table_with_a_line_for_each_policy() {
    let report = simulate(&workload(&json!({})), &Setting::default()).unwrap();
    let text = report.to_string();
    let names: Vec<&str> = text
        .lines()
        .skip(2)
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(names, ["bex-infra", "cluster-autoscaler", "karpenter"]);
}

#[test]
fn bad_input_is_refused_with_its_place() {
    let error = |workload: &Workload, setting: &Setting| {
        simulate(workload, setting).unwrap_err().to_string()
    };
    let nothing = workload(&json!({}));
    for hours in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9] {
        let text = error(
            &nothing,
            &Setting {
                hours,
                ..Setting::default()
            },
        );
        assert!(text.starts_with("hours: is"), "{text}");
    }
    let strategies = Vec::new();
    let text = error(
        &nothing,
        &Setting {
            strategies,
            ..Setting::default()
        },
    );
    assert!(text.starts_with("strategies"), "{text}");
    let events = |event: Value| workload(&json!({"events": [event]}));
    let text = error(
        &events(json!({"atSeconds": -1.0, "class": 0, "pods": 1})),
        &Setting::default(),
    );
    assert!(text.starts_with("events[0]: times"), "{text}");
    let text = error(
        &events(json!({"atSeconds": 1.0, "class": 7, "pods": 1})),
        &Setting::default(),
    );
    assert!(text.starts_with("events[0].class: is 7"), "{text}");
    let wrong = json!({"class": 7, "pods": 1, "perHour": 1.0, "shortestSeconds": 0.0, "longestSeconds": 0.0});
    let text = error(
        &workload(&json!({"arrivals": [wrong]})),
        &Setting::default(),
    );
    assert!(text.starts_with("arrivals[0].class: is 7"), "{text}");
    let pods = json!([{"class": 7, "pods": 1}]);
    let text = error(&workload(&json!({"pending": pods})), &Setting::default());
    assert!(text.starts_with("pending[0].class: is 7"), "{text}");
    let node = json!({"name": "a", "type": "small", "pods": pods});
    let text = error(&workload(&json!({"nodes": [node]})), &Setting::default());
    assert!(text.starts_with("nodes[0].pods[0].class: is 7"), "{text}");
    let nodes = workload(&json!({"nodes": [{"name": "a", "type": "huge"}]}));
    let text = format!("{:#}", simulate(&nodes, &Setting::default()).unwrap_err());
    assert!(
        text.contains("nodes[0] (a)") && text.contains("\"huge\""),
        "{text}"
    );
}
