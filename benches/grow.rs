//! How fast machines are chosen, and how close to the lower bound they cost: `cargo bench --bench grow [-- S1 S3 ...]`.
//!
//! One thread, generated input with fixed seeds. Prints a Markdown table for each scenario.

#![expect(clippy::print_stdout, reason = "its output is a table")]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures for people, and sizes drawn at random"
)]

use std::time::{Duration, Instant};

use bex_infra::resize::grow::{Effort, Growth, Waiting, grow};
use bex_infra::resize::offer::{Offer, Price};
use bex_infra::scheduling::labels::{Requirement, Selector};
use bex_infra::scheduling::pod::{Peers, PodTerm, Spread};
use bex_infra::scheduling::{HOSTNAME, Node, Pod, PodKey, State};

const ZONE: &str = "topology.kubernetes.io/zone";
const MIB: i64 = 1 << 20;

/// The first choice, without a search for better ones.
const QUICK: Effort = Effort {
    improvements: 0,
    exact_up_to: 0,
    columns: 0,
};
const CAREFUL: Effort = Effort {
    improvements: 2_000,
    exact_up_to: 50,
    columns: 2_000,
};

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with('-'))
        .collect();
    let scenarios: [(&str, fn()); 4] = [("S1", s1), ("S3", s3), ("S4", s4), ("S5", s5)];
    for (name, run) in scenarios {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            run();
        }
    }
}

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap_or_default()
    }

    fn among<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let (a, b) = (1.0 - self.unit(), self.unit());
        (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
    }
}

fn pod(millicores: i64, mib: i64) -> Pod {
    let requests = [("cpu", millicores), ("memory", mib * MIB)];
    Pod {
        namespace: "default".to_owned(),
        requests: requests
            .map(|(name, amount)| (name.to_owned(), amount))
            .into(),
        ..Pod::default()
    }
}

fn labelled(mut pod: Pod, key: &str, value: &str) -> Pod {
    pod.labels.insert(key.to_owned(), value.to_owned());
    pod
}

fn selector(key: &str, value: &str) -> Selector {
    Selector(vec![Requirement::equals(key, value)])
}

fn spread(mut pod: Pod, by: &str, key: &str, value: &str) -> Pod {
    pod.spread.push(Spread {
        topology_key: by.to_owned(),
        max_skew: 1,
        min_domains: 1,
        required: true,
        selector: Some(selector(key, value)),
        honors_affinity: true,
        honors_taints: false,
    });
    pod
}

fn term(by: &str, key: &str, value: &str) -> PodTerm {
    PodTerm {
        peers: Peers {
            namespaces: ["default".to_owned()].into(),
            namespace_selector: None,
            selector: Some(selector(key, value)),
        },
        topology_key: by.to_owned(),
    }
}

/// Karpenter's own mix: five sorts, a fifth each.
fn diverse(state: &mut State, pods: usize) -> Vec<Waiting> {
    let mut random = Random(42);
    let mut waiting = Vec::new();
    for number in 0..pods {
        let letter = |random: &mut Random| random.among(&["a", "b", "c", "d", "e", "f", "g"]);
        let (own, other) = (letter(&mut random), letter(&mut random));
        let cpu = random.among(&[100, 250, 500, 1000, 1500]);
        let pod = pod(cpu, random.among(&[100, 256, 512, 1024, 2048, 4096]));
        let label = "my-label";
        let pod = match number * 5 / pods {
            1 => spread(labelled(pod, label, own), ZONE, label, other),
            2 => spread(labelled(pod, label, own), HOSTNAME, label, other),
            3 => {
                let mut pod = labelled(pod, "my-affininity", own);
                pod.affinity.push(term(ZONE, "my-affininity", own));
                pod
            }
            4 => {
                let mut pod = labelled(pod, "app", "nginx");
                pod.anti_affinity.push(term(HOSTNAME, "app", "nginx"));
                pod
            }
            _ => labelled(pod, label, own),
        };
        let class = state.class(pod);
        waiting.push(Waiting { class, pods: 1 });
    }
    waiting
}

fn node(name: &str, machine_type: &str, zone: &str, amounts: [(&str, i64); 3]) -> Node {
    let labels = [
        ("node.kubernetes.io/instance-type", machine_type),
        (ZONE, zone),
        ("kubernetes.io/arch", "amd64"),
        ("kubernetes.io/os", "linux"),
        (HOSTNAME, name),
    ];
    Node {
        name: name.to_owned(),
        labels: labels.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        allocatable: amounts
            .map(|(name, amount)| (name.to_owned(), amount))
            .into(),
        ..Node::default()
    }
}

fn offer(machine_type: &str, zone: &str, amounts: [(&str, i64); 3], price: u64) -> Offer {
    Offer {
        group: format!("{machine_type}-{zone}"),
        node: node("", machine_type, zone, amounts),
        daemons: Vec::new(),
        price: Price(price),
        limit: u32::MAX,
    }
}

/// Karpenter's fake types.
fn fake_offers() -> Vec<Offer> {
    let mut offers = Vec::new();
    for cpus in 1..=400_i64 {
        let memory = (2 * cpus) << 30;
        let amounts = [
            ("cpu", cpus * 1000 - 100),
            ("memory", memory - 10 * MIB),
            ("pods", 10 * cpus),
        ];
        let price = (cpus as f64 * 0.1 + memory as f64 / 1e10) * 1e6;
        for zone in ["test-zone-1", "test-zone-2", "test-zone-3"] {
            let name = format!("fake-{cpus}");
            offers.push(offer(&name, zone, amounts, price.round().abs() as u64));
        }
    }
    offers
}

/// CPUs, GiB and euros a month. Reserved: 250m, 400 MiB and 5 % of the memory.
fn hetzner(types: &[(&str, i64, i64, f64)]) -> Vec<Offer> {
    let offer = |(name, cpus, gib, monthly): &(&str, i64, i64, f64)| {
        let amounts = [
            ("cpu", cpus * 1000 - 250),
            ("memory", (gib << 30) * 95 / 100 - 400 * MIB),
            ("pods", 110),
        ];
        offer(
            name,
            "fsn1",
            amounts,
            (monthly / 730.0 * 1e6).ceil().abs() as u64,
        )
    };
    types.iter().map(offer).collect()
}

const CPX: [(&str, i64, i64, f64); 6] = [
    ("cpx12", 1, 2, 12.49),
    ("cpx22", 2, 4, 20.49),
    ("cpx32", 4, 8, 36.49),
    ("cpx42", 8, 16, 70.49),
    ("cpx52", 12, 24, 101.49),
    ("cpx62", 16, 32, 130.99),
];
const CCX: [(&str, i64, i64, f64); 6] = [
    ("ccx13", 2, 8, 43.99),
    ("ccx23", 4, 16, 86.99),
    ("ccx33", 8, 32, 139.49),
    ("ccx43", 16, 64, 276.99),
    ("ccx53", 32, 128, 534.49),
    ("ccx63", 48, 192, 854.49),
];
const CX: [(&str, i64, i64, f64); 8] = [
    ("cx23", 2, 4, 6.49),
    ("cx33", 4, 8, 9.49),
    ("cx43", 8, 16, 16.99),
    ("cx53", 16, 32, 30.49),
    ("cax11", 2, 4, 6.99),
    ("cax21", 4, 8, 11.49),
    ("cax31", 8, 16, 21.99),
    ("cax41", 16, 32, 41.99),
];

/// The median of several runs, and what came out.
fn timed(
    runs: usize,
    state: &mut State,
    waiting: &[Waiting],
    offers: &[Offer],
    effort: Effort,
) -> (Duration, Growth) {
    let mut times = Vec::new();
    let mut growth = Growth::default();
    for _ in 0..runs {
        let begun = Instant::now();
        growth = grow(state, waiting, offers, effort);
        times.push(begun.elapsed());
    }
    times.sort();
    (times[runs / 2], growth)
}

fn gap(growth: &Growth) -> f64 {
    (growth.cost.0 as f64 / growth.bound.0 as f64 - 1.0) * 100.0
}

fn helpless(growth: &Growth) -> u32 {
    growth.helpless.iter().map(|helpless| helpless.pods).sum()
}

fn s1() {
    println!(
        "| S1: pods | classes | ms | nodes | cost/h | above the bound | helpless |\n|---|---|---|---|---|---|---|"
    );
    for pods in [500, 5_000, 20_000, 100_000] {
        let mut state = State::new();
        let waiting = diverse(&mut state, pods);
        let offers = fake_offers();
        let (time, growth) = timed(5, &mut state, &waiting, &offers, QUICK);
        println!(
            "| {pods} | {} | {:.1} | {} | {} | {:.1} % | {} |",
            state.classes(),
            time.as_secs_f64() * 1e3,
            growth.machines.len(),
            growth.cost,
            gap(&growth),
            helpless(&growth)
        );
    }
}

/// Draws a pod.
type Mix = fn(&mut Random) -> Pod;

fn generic(random: &mut Random) -> Pod {
    let cpu = random.among(&[100, 250, 500, 1000, 1500]);
    pod(cpu, random.among(&[100, 256, 512, 1024, 2048, 4096]))
}

fn web(random: &mut Random) -> Pod {
    let cpu = (5.7 + 0.9 * random.normal()).exp().clamp(10.0, 15_000.0);
    let memory = (6.4 + random.normal()).exp().clamp(16.0, 28_000.0);
    pod(cpu.round() as i64, memory.round() as i64)
}

fn s3() {
    println!(
        "| S3: mix | types | pods | ms | quick: above the bound | ms | careful | nodes |\n|---|---|---|---|---|---|---|---|"
    );
    let mixes: [(&str, Mix); 2] = [("generic", generic), ("web", web)];
    let catalogs = [
        ("cpx", CPX.to_vec()),
        ("cpx+ccx", [&CPX[..], &CCX].concat()),
        ("all", [&CPX[..], &CCX, &CX].concat()),
    ];
    for (mix, draw) in mixes {
        for (types, catalog) in &catalogs {
            for pods in [50, 500, 5_000, 50_000] {
                let mut state = State::new();
                let mut random = Random(7);
                let waiting = (0..pods).map(|_| Waiting {
                    class: state.class(draw(&mut random)),
                    pods: 1,
                });
                let waiting: Vec<Waiting> = waiting.collect();
                let offers = hetzner(catalog);
                let (quick, first) = timed(3, &mut state, &waiting, &offers, QUICK);
                let (careful, best) = timed(1, &mut state, &waiting, &offers, CAREFUL);
                let above = (first.cost.0 as f64 / best.bound.0 as f64 - 1.0) * 100.0;
                println!(
                    "| {mix} | {types} | {pods} | {:.1} | {above:.2} % | {:.1} | {:.2} % | {} |",
                    quick.as_secs_f64() * 1e3,
                    careful.as_secs_f64() * 1e3,
                    gap(&best),
                    best.machines.len(),
                );
            }
        }
    }
}

const APPS: usize = 500;

/// Of ten apps, one is spread over zones and two keep apart on nodes.
fn app(number: usize) -> Pod {
    let name = format!("app-{number}");
    let pod = labelled(pod(200, 512), "app", &name);
    match number % 10 {
        0 => spread(pod, ZONE, "app", &name),
        1 | 2 => {
            let mut pod = pod;
            pod.anti_affinity.push(term(HOSTNAME, "app", &name));
            pod
        }
        _ => pod,
    }
}

/// Ten pods on each node; `cpus` decide whether there is room for more.
fn running(nodes: usize, cpus: i64) -> State {
    let mut state = State::new();
    let zones = ["a", "b", "c"];
    for number in 0..nodes {
        let amounts = [("cpu", cpus), ("memory", 32 << 30), ("pods", 110)];
        state.set_node(node(
            &format!("n{number}"),
            "old",
            zones[number % 3],
            amounts,
        ));
    }
    for number in 0..nodes * 10 {
        let class = state.class(app(number % APPS));
        let name = format!("n{}", number * 7 % nodes);
        if let Some(node) = state.node_id(&name) {
            let key = PodKey {
                namespace: "default".into(),
                name: format!("p{number}").into(),
            };
            state.place(&key, class, node);
        }
    }
    state
}

fn s4() {
    println!(
        "| S4: nodes | room | one pod p50 us | p99 us | wave of 10,000 ms | bought |\n|---|---|---|---|---|---|"
    );
    for (nodes, cpus) in [(1_000, 8_000), (10_000, 8_000), (10_000, 2_000)] {
        let mut state = running(nodes, cpus);
        let offers = hetzner(&CPX);
        let mut times = Vec::new();
        for round in 0..1000 {
            let class = state.class(app(round % APPS));
            let waiting = [Waiting { class, pods: 1 }];
            let begun = Instant::now();
            let growth = grow(&mut state, &waiting, &offers, QUICK);
            times.push(begun.elapsed());
            assert_eq!(helpless(&growth), 0);
        }
        times.sort();
        let wave: Vec<Waiting> = (0..APPS)
            .map(|number| Waiting {
                class: state.class(app(number)),
                pods: 20,
            })
            .collect();
        let (wave, growth) = timed(5, &mut state, &wave, &offers, QUICK);
        println!(
            "| {nodes} | {} | {} | {} | {:.1} | {} |",
            cpus > 2_000,
            times[500].as_micros(),
            times[990].as_micros(),
            wave.as_secs_f64() * 1e3,
            growth.machines.len(),
        );
    }
}

/// Pods by their number.
type Draw = fn(usize) -> Pod;

const SORTS: [(&str, Draw); 6] = [
    ("cliques of 50", |number| clique(number / 50)),
    ("cliques of 2,000", |number| clique(number / 2_000)),
    ("three zones", |number| {
        let name = format!("z{}", number % 50);
        spread(labelled(pod(250, 512), "app", &name), ZONE, "app", &name)
    }),
    ("spread over nodes", |number| {
        let name = format!("h{}", number % 50);
        spread(
            labelled(pod(250, 512), "app", &name),
            HOSTNAME,
            "app",
            &name,
        )
    }),
    ("followers", |number| {
        let name = format!("f{}", number % 250);
        let mut pod = labelled(pod(100, 256), "app", &name);
        pod.affinity.push(term(HOSTNAME, "app", &name));
        pod
    }),
    ("host ports", |number| {
        let mut pod = pod(250, 512);
        pod.host_ports.push(bex_infra::scheduling::pod::HostPort {
            ip: "0.0.0.0".to_owned(),
            protocol: "TCP".to_owned(),
            port: 30_000 + i32::try_from(number % 20).unwrap_or_default(),
        });
        pod
    }),
];

fn s5() {
    println!(
        "| S5: 5,000 pods | us each | nodes | above the bound | helpless |\n|---|---|---|---|---|"
    );
    for (name, draw) in SORTS {
        let mut state = State::new();
        let waiting = (0..5_000).map(|number| Waiting {
            class: state.class(draw(number)),
            pods: 1,
        });
        let waiting: Vec<Waiting> = waiting.collect();
        let zones = ["a", "b", "c"];
        let offers: Vec<Offer> = zones
            .iter()
            .flat_map(|zone| {
                hetzner(&CPX).into_iter().map(move |mut offer| {
                    offer
                        .node
                        .labels
                        .insert(ZONE.to_owned(), (*zone).to_owned());
                    offer
                })
            })
            .collect();
        let (time, growth) = timed(3, &mut state, &waiting, &offers, QUICK);
        println!(
            "| {name} | {:.2} | {} | {:.1} % | {} |",
            time.as_secs_f64() * 1e6 / 5e3,
            growth.machines.len(),
            gap(&growth),
            helpless(&growth)
        );
    }
}

fn clique(number: usize) -> Pod {
    let name = format!("c{number}");
    let mut pod = labelled(pod(250, 512), "app", &name);
    pod.anti_affinity.push(term(HOSTNAME, "app", &name));
    pod
}
