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
