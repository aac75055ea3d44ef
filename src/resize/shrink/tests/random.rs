//! Whatever the cluster and the question: what is proposed can be done.

use super::*;
use crate::scheduling::pod::HostPort;

/// Numbers that look random (`SplitMix64`), the same for the same seed.
pub(super) struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`, which is not 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    pub(super) fn choice<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// True once in so many times.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

fn any_cluster(random: &mut Random) -> Cluster {
    let mut cluster = Cluster::default();
    let nodes = 2 + random.below(6);
    for number in 0..nodes {
        let node = any_node(random, number);
        cluster.node(node);
    }
    for candidate in &mut cluster.question.candidates {
        candidate.group = random.below(2);
        candidate.price = Price(u64::try_from(random.below(3)).unwrap());
    }
    cluster.question.may_go = (0..2).map(|_| *random.choice(&[0, 1, 2, 9])).collect();
    cluster.question.limit = *random.choice(&[1, 3, 9]);
    for _ in 0..random.below(14) {
        let (number, pod) = (random.below(nodes), any_pod(random));
        let leave = match random.below(20) {
            0 => Leave::Never(Obstacle::NoController),
            1 | 2 => Leave::WithNode,
            3 => Leave::Starting,
            _ => Leave::Moves,
        };
        cluster.run_as(number, pod, &leave);
    }
    for name in ["one", "two"] {
        if random.once_in(2) {
            let (app, allowed) = (
                *random.choice(&["web", "db"]),
                *random.choice(&[0, 1, 3, 9]),
            );
            cluster.budget(name, app, allowed);
        }
    }
    if random.once_in(3) {
        cluster.question.candidates.truncate(nodes - 1);
    }
    cluster
}

fn any_node(random: &mut Random, number: usize) -> Node {
    let mut node = node(number);
    let cpu = *random.choice(&[400, 800, 1200]);
    let pods = *random.choice(&[3, 10]);
    node.allocatable = amounts(&[("cpu", cpu), ("pods", pods)]);
    if !random.once_in(8) {
        let zone = (*random.choice(&["a", "b", "c"])).to_owned();
        node.labels.insert(ZONE.to_owned(), zone);
    }
    node.unschedulable = random.once_in(10);
    if random.once_in(10) {
        node.taints.push(Taint {
            key: "team".to_owned(),
            value: String::new(),
            effect: "NoSchedule".to_owned(),
        });
    }
    node
}

fn any_pod(random: &mut Random) -> Pod {
    let mut pod = asks(*random.choice(&[0, 50, 100, 200, 300]));
    let app = *random.choice(&["web", "db"]);
    pod.labels = labels(&[("app", app)]);
    pod.priority = *random.choice(&[0, 0, 7]);
    let other = *random.choice(&["web", "db"]);
    let key = *random.choice(&[HOST, ZONE]);
    match random.below(9) {
        0 => pod.anti_affinity = vec![term(other, key)],
        1 => pod.affinity = vec![term(other, key)],
        2 | 3 => pod.spread = vec![any_spread(random, other, key)],
        4 => pod.node_selector = labels(&[(ZONE, "a")]),
        5 => {
            pod.host_ports = vec![HostPort {
                ip: "0.0.0.0".to_owned(),
                protocol: "TCP".to_owned(),
                port: 80,
            }];
        }
        _ => {}
    }
    pod
}

fn any_spread(random: &mut Random, app: &str, key: &str) -> Spread {
    Spread {
        max_skew: *random.choice(&[1, 2]),
        min_domains: *random.choice(&[1, 2, 3]),
        selector: Some(selector(app)),
        honors_taints: random.once_in(2),
        honors_affinity: random.once_in(2),
        ..evenly(key)
    }
}

/// Nodes that went and those that stayed, in all cases together.
fn check(seeds: std::ops::Range<u64>) -> (usize, usize) {
    let (mut gone, mut kept) = (0, 0);
    for seed in seeds {
        let mut cluster = any_cluster(&mut Random(seed));
        let shrinkage = shrink(&mut cluster.state, &cluster.question);
        let faults = replay::faults(&cluster.state, &cluster.question, &shrinkage);
        assert!(faults.is_empty(), "seed {seed}: {faults:?}");
        gone += shrinkage.gone.len();
        kept += shrinkage.kept.len();
    }
    (gone, kept)
}

#[test]
fn what_is_proposed_can_be_done() {
    let (gone, kept) = check(0..2000);
    println!("seeds 0 to 1999: {gone} nodes go, {kept} stay");
    assert!(gone > 1000 && kept > 1000, "{gone} go, {kept} stay");
}

#[test]
#[ignore = "a million cases, for an optimized build"]
fn what_is_proposed_can_be_done_in_a_million_cases() {
    let parts = (0..4).map(|part| part * 250_000..(part + 1) * 250_000);
    let counts = std::thread::scope(|scope| {
        let parts: Vec<_> = parts.map(|seeds| scope.spawn(|| check(seeds))).collect();
        let counts = parts.into_iter().map(|part| part.join().unwrap());
        counts.collect::<Vec<_>>()
    });
    let gone: usize = counts.iter().map(|(gone, _)| gone).sum();
    let kept: usize = counts.iter().map(|(_, kept)| kept).sum();
    println!("seeds 0 to 999999: {gone} nodes go, {kept} stay");
}

#[test]
fn the_same_question_gets_the_same_answer() {
    for seed in 0..200 {
        let mut cluster = any_cluster(&mut Random(seed));
        let first = shrink(&mut cluster.state, &cluster.question);
        let again = shrink(&mut cluster.state, &cluster.question);
        assert_eq!(first, again, "seed {seed}");
    }
}
