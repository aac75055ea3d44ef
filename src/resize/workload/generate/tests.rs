use super::*;
use crate::resize::workload::Workload;

/// Sums of the files are kept, so that figures of different days are about the same workload.
fn sum(workload: &Workload) -> String {
    let text = serde_json::to_string(workload).unwrap();
    crate::hash::short(text.as_bytes())
}

fn waiting(workload: &Workload) -> u32 {
    workload.pending.iter().map(|group| group.pods).sum()
}

#[test]
fn the_same_seed_makes_the_same_file_for_ever() {
    assert_eq!(sum(&diverse(500, 42)), "ff63445aba7be6d4");
    assert_eq!(
        sum(&usual(Shape::Web, 500, Vec::new(), 42)),
        "67c9616102a592ad"
    );
    assert_eq!(sum(&hard(Hardship::Volumes, 500, 42)), "b7f96a3e3c48c861");
    assert_eq!(sum(&steady(100)), "3dee46d6a911949c");
    assert_ne!(sum(&diverse(500, 1)), sum(&diverse(500, 42)));
}

#[test]
fn a_fifth_of_diverse_pods_must_be_alone() {
    let workload = diverse(503, 42);
    assert_eq!(waiting(&workload), 503);
    let alone = workload.pending.iter().filter(|group| {
        let spec = workload.classes[group.class].spec.as_ref().unwrap();
        let affinity = spec.affinity.as_ref();
        affinity.is_some_and(|affinity| affinity.pod_anti_affinity.is_some())
    });
    assert_eq!(alone.map(|group| group.pods).sum::<u32>(), 100);
    assert_eq!(workload.types.len(), 400 * 5);
}

#[test]
fn every_generated_file_can_be_taken_over() {
    let mut all = vec![
        diverse(50, 1),
        preferring(50, 1),
        removable(10),
        tangled(30, 1),
        wave(50, 1000),
    ];
    all.extend(Hardship::ALL.map(|hardship| hard(hardship, 1000, 1)));
    for workload in all {
        let text = serde_json::to_string(&workload).unwrap();
        let read: Workload = serde_json::from_str(&text).unwrap();
        assert!(read == workload, "{}", workload.name);
        let situation = read.situation().unwrap();
        let pods: u32 = situation.waiting.iter().map(|waiting| waiting.pods).sum();
        assert_eq!(pods, waiting(&workload), "{}", workload.name);
    }
}

#[test]
fn hard_pods_are_as_many_as_asked_for() {
    for hardship in Hardship::ALL {
        assert_eq!(waiting(&hard(hardship, 5000, 1)), 5000, "{hardship:?}");
    }
}

#[test]
fn every_disk_is_wanted_by_one_pod_and_every_other_one_is_somewhere() {
    let workload = hard(Hardship::Disks, 100, 1);
    let of = |kind: &str| {
        workload
            .objects
            .iter()
            .filter(|object| object["kind"] == kind)
            .count()
    };
    assert_eq!(
        (of("PersistentVolumeClaim"), of("PersistentVolume")),
        (100, 50)
    );
    assert_eq!(workload.pending.len(), 100);
}

#[test]
fn of_a_type_that_is_scarce_twenty_machines_are_left_at_most() {
    let prices = crate::resize::prices::PriceList::named("hetzner").unwrap();
    let family = Family {
        prefixes: &["cx", "cpx"],
        location: "fsn1",
        sold_out_too: true,
    };
    let types = few_left(catalog(&prices, family), &["cx"], 1);
    let scarce: Vec<_> = types
        .iter()
        .filter(|of| of.name.starts_with("cx"))
        .collect();
    assert!(!scarce.is_empty() && scarce.len() < types.len());
    assert!(
        scarce
            .iter()
            .all(|of| of.limit.is_some_and(|limit| limit <= 20))
    );
    assert!(
        types
            .iter()
            .all(|of| of.name.starts_with("cx") || of.limit.is_none())
    );
}

#[test]
fn nodes_of_a_tangled_cluster_hold_what_is_on_them() {
    let workload = tangled(300, 1);
    let situation = workload.situation().unwrap();
    let pods = |node: &crate::resize::workload::Node| -> u32 {
        node.pods.iter().map(|group| group.pods).sum()
    };
    assert!(workload.nodes.iter().map(pods).sum::<u32>() > 600);
    for (id, node) in situation.state.nodes() {
        assert!(situation.state.fullness(id) <= 1000, "{}", node.name);
    }
    let stuck = workload
        .classes
        .iter()
        .filter(|pod| pod.metadata.owner_references.is_none());
    assert_eq!(stuck.count(), 1);
}

#[test]
fn a_steady_cluster_keeps_its_own_rules() {
    let workload = steady(100);
    let pods = |node: &crate::resize::workload::Node| {
        node.pods.iter().map(|group| group.pods).sum::<u32>()
    };
    assert!(workload.nodes.iter().all(|node| pods(node) == 10));
    assert_eq!(workload.budgets.len(), 200);
    // An app that must not share a host has at most one pod on each.
    let alone = |class: usize| class % 10 == 3;
    let groups = workload.nodes.iter().flat_map(|node| &node.pods);
    assert!(
        groups
            .filter(|group| alone(group.class))
            .all(|group| group.pods == 1)
    );
    let situation = workload.situation().unwrap();
    let (class, nodes) = (situation.waiting[0].class, situation.state.len());
    assert!(!situation.state.feasible(class).is_empty() && nodes == 100);
}

#[test]
fn a_wave_needs_every_node() {
    for nodes in [50, 100] {
        let workload = wave(nodes, 100);
        let state = workload.situation().unwrap().state;
        let room = state.nodes().map(|(id, _)| state.free(id)["cpu"] / 200);
        assert_eq!((waiting(&workload), room.sum::<i64>()), (100, 100));
    }
}

#[test]
fn pods_that_arrive_come_in_the_order_of_their_times() {
    for arrival in Arrival::ALL {
        let workload = arriving(arrival, 1);
        let times: Vec<f64> = workload
            .events
            .iter()
            .map(|event| event.at_seconds)
            .collect();
        assert!(times.is_sorted(), "{arrival:?}");
        let (pods, last) = (times.len(), times.last().copied().unwrap_or_default());
        match arrival {
            Arrival::Second => assert!(pods == 1000 && last < 1.0, "{last}"),
            Arrival::Stream => assert!(pods == 3000 && (55.0..65.0).contains(&last), "{last}"),
            Arrival::Deployments => assert!(pods == 200 && last < 0.2, "{last}"),
            Arrival::Slow => assert!(pods == 200 && last < 2.0, "{last}"),
            Arrival::Controller => assert!(pods == 200 && (8.0..9.0).contains(&last), "{last}"),
        }
    }
}

#[test]
fn sizes_of_pods_have_the_shape_they_are_named_after() {
    let cpu = |workload: &Workload| {
        let mut all = Vec::new();
        for group in &workload.pending {
            let class = &workload.classes[group.class];
            let pod = crate::scheduling::Pod::of(class).unwrap();
            all.extend((0..group.pods).map(|_| pod.requests["cpu"]));
        }
        all.sort_unstable();
        all
    };
    let web = cpu(&usual(Shape::Web, 2000, Vec::new(), 7));
    assert!((250..=400).contains(&web[1000]), "median {}", web[1000]);
    assert!(*web.last().unwrap() > 2000 && *web.last().unwrap() <= 8000);
    let trace = cpu(&usual(Shape::Trace, 2000, Vec::new(), 7));
    assert!(
        (2800..=3000).contains(&trace[1000]),
        "median {}",
        trace[1000]
    );
}
