//! Rules, edges and properties of the choice of machines.

mod properties;
mod rules;
mod sure;
mod used_up;
mod usual;

use serde_json::{Value, json};

use super::{Demand, Effort, Growth, Waiting, grow, grow_by_preference};
use crate::names::INSTANCE_TYPE;
use crate::resize::offer::{Offer, Price};
use crate::scheduling::{ClassId, HOSTNAME, Node, NodeId, Pod, State, Trial};

const ZONE: &str = "topology.kubernetes.io/zone";

const EFFORT: Effort = Effort {
    improvements: 1_000,
    exact_up_to: 50,
    columns: 200,
};

/// A pod of this name in its label `app`, with what it asks for and more of its spec.
fn pod(app: &str, cpu: &str, memory: &str, spec: &Value) -> Pod {
    let mut spec = spec.clone();
    let requests = json!({"cpu": cpu, "memory": memory});
    spec["containers"] = json!([{"name": "a", "resources": {"requests": requests}}]);
    let meta = json!({"namespace": "default", "labels": {"app": app}});
    let pod = serde_json::from_value(json!({"metadata": meta, "spec": spec}));
    Pod::of(&pod.unwrap()).unwrap()
}

fn plain(app: &str, cpu: &str, memory: &str) -> Pod {
    pod(app, cpu, memory, &json!({}))
}

fn selector(app: &str) -> Value {
    json!({"matchLabels": {"app": app}})
}

fn apart_from(app: &str, key: &str) -> Value {
    let term = json!({"topologyKey": key, "labelSelector": selector(app)});
    json!({"affinity": {"podAntiAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [term],
    }}})
}

fn with(app: &str, key: &str) -> Value {
    let term = json!({"topologyKey": key, "labelSelector": selector(app)});
    json!({"affinity": {"podAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [term],
    }}})
}

fn spread(app: &str, key: &str) -> Value {
    json!({"topologySpreadConstraints": [{
        "maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": selector(app),
    }]})
}

fn node(name: &str, machine_type: &str, zone: &str, cpus: i64, gib: i64) -> Node {
    let labels = [
        (HOSTNAME, name),
        (INSTANCE_TYPE, machine_type),
        (ZONE, zone),
    ];
    let labels = labels.into_iter().filter(|(_, value)| !value.is_empty());
    let amounts = [("cpu", cpus * 1000), ("memory", gib << 30), ("pods", 110)];
    Node {
        name: name.to_owned(),
        labels: labels.map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
        allocatable: amounts
            .map(|(name, amount)| (name.to_owned(), amount))
            .into(),
        ..Node::default()
    }
}

fn offer(machine_type: &str, zone: &str, cpus: i64, gib: i64, price: u64) -> Offer {
    Offer {
        group: format!("{machine_type}-{zone}"),
        node: node("", machine_type, zone, cpus, gib),
        daemons: Vec::new(),
        price: Price(price),
        limit: 1000,
    }
}

/// Three sizes in these zones; the large ones cost a little less for what they hold.
fn offers(zones: &[&str]) -> Vec<Offer> {
    let sizes = [
        ("small", 2, 4, 20),
        ("medium", 4, 8, 38),
        ("large", 16, 32, 144),
    ];
    let all = zones.iter().flat_map(|zone| {
        sizes.map(|(name, cpus, gib, price)| offer(name, zone, cpus, gib, price * 1000))
    });
    all.collect()
}

/// A cluster, and who waits.
#[derive(Default)]
struct Case {
    state: State,
    waiting: Vec<Waiting>,
}

impl Case {
    fn waits(&mut self, pod: Pod, pods: u32) -> ClassId {
        let class = self.state.class(pod);
        self.waiting.push(Waiting { class, pods });
        class
    }

    fn node(&mut self, name: &str, zone: &str, cpus: i64, gib: i64) -> NodeId {
        self.state.set_node(node(name, "old", zone, cpus, gib));
        self.state.node_id(name).unwrap()
    }

    /// What is bought; that it holds is checked each time.
    fn grow(&mut self, offers: &[Offer]) -> Growth {
        let before = self.state.generation();
        let growth = grow(&mut self.state, &self.waiting, offers, EFFORT);
        assert_eq!(self.state.generation(), before);
        check(&mut self.state, &self.waiting, offers, &growth);
        growth
    }
}

/// Everybody is accounted for, limits hold, the price is right and every pod has its place by the rules of the state alone.
fn check(state: &mut State, waiting: &[Waiting], offers: &[Offer], growth: &Growth) {
    let mut counts: std::collections::BTreeMap<ClassId, i64> = std::collections::BTreeMap::new();
    for Waiting { class, pods } in waiting {
        *counts.entry(*class).or_default() += i64::from(*pods);
    }
    let on_machines = growth
        .machines
        .iter()
        .flat_map(|machine| machine.pods.iter().copied());
    let settled = growth
        .placed
        .iter()
        .map(|placed| (placed.class, placed.pods));
    let helpless = growth
        .helpless
        .iter()
        .map(|helpless| (helpless.class, helpless.pods));
    for (class, pods) in on_machines.chain(settled).chain(helpless) {
        assert!(pods > 0);
        *counts.entry(class).or_default() -= i64::from(pods);
    }
    assert!(counts.values().all(|count| *count == 0), "{counts:?}");
    for (place, offer) in offers.iter().enumerate() {
        let bought = growth
            .machines
            .iter()
            .filter(|machine| machine.offer == place);
        assert!(bought.count() <= offer.limit as usize);
    }
    let prices = growth
        .machines
        .iter()
        .map(|machine| offers[machine.offer].price.0);
    assert_eq!(prices.sum::<u64>(), growth.cost.0);
    assert!(
        growth.bound <= growth.cost,
        "{:?} > {:?}",
        growth.bound,
        growth.cost
    );
    replay(state, offers, growth);
}

/// Pods of a class that are to go to a node.
type Due = (ClassId, NodeId, u32);

/// Places everything in some order in which the rules allow it: first on what is there, then with all machines there.
fn replay(state: &mut State, offers: &[Offer], growth: &Growth) {
    let mut trial = state.trial();
    let settled = growth.placed.iter().map(|p| (p.class, p.node, p.pods));
    place_all(&mut trial, &settled.collect::<Vec<_>>());
    let mut left = Vec::new();
    for (number, machine) in growth.machines.iter().enumerate() {
        assert!(!machine.pods.is_empty());
        let offer = &offers[machine.offer];
        let mut node = offer.node.clone();
        node.name = format!("replayed-{number}");
        node.labels.insert(HOSTNAME.to_owned(), node.name.clone());
        let id = trial.set_node(node);
        for daemon in &offer.daemons {
            trial.place(*daemon, id);
        }
        left.extend(machine.pods.iter().map(|(class, pods)| (*class, id, *pods)));
    }
    place_all(&mut trial, &left);
}

/// Those who are spread over machines first, or those with rules about zones, or whoever comes.
fn place_all(trial: &mut Trial, due: &[Due]) {
    let orders: [fn(&crate::scheduling::Ties) -> u8; 3] = [
        |ties| {
            if ties.spreads {
                0
            } else {
                1 + u8::from(!ties.beyond) + u8::from(ties.is_free())
            }
        },
        |ties| u8::from(!ties.beyond) + u8::from(ties.is_free()),
        |_| 0,
    ];
    let begun = trial.changes();
    let mut refused = Vec::new();
    for order in orders {
        trial.back_to(begun);
        refused = place_in_turn(trial, due, order);
        if refused.is_empty() {
            return;
        }
    }
    let refused = refused.iter().map(|(class, id, pods)| {
        let name = &trial.node(*id).unwrap().name;
        let verdict = trial.ask(*class).unwrap().fits(*id);
        (trial.content(*class), name, pods, verdict)
    });
    panic!("{:#?}", refused.collect::<Vec<_>>());
}

/// Places all whose turn it is as far as the rules allow, then those of the next turn too; all of this for those of the
/// highest priority, then for the next ones too. Returns who is left.
fn place_in_turn(
    trial: &mut Trial,
    due: &[Due],
    turn: fn(&crate::scheduling::Ties) -> u8,
) -> Vec<Due> {
    let classes = due.iter().map(|(class, _, pods)| Waiting {
        class: *class,
        pods: *pods,
    });
    // In the order in which they were looked at.
    let (_, order, _) = super::wish::read(trial, &classes.collect::<Vec<_>>(), &Demand::new(), &[]);
    let rank = |class| order.iter().position(|wish| wish.class == class);
    let mut left = due.to_vec();
    left.sort_by_key(|(class, id, _)| (turn(&trial.ties(*class)), rank(*class), *id));
    let tiers = order.chunk_by(|a, b| a.priority == b.priority);
    let tiers = tiers.map(|tier| tier[0].priority);
    for (priority, last) in tiers.flat_map(|priority| (0..=3).map(move |last| (priority, last))) {
        while let Some(place) = left.iter().position(|(class, id, pods)| {
            let fits = || trial.ask(*class).is_ok_and(|ask| ask.fits(*id).is_ok());
            let due = trial.content(*class).priority >= priority;
            *pods > 0 && due && turn(&trial.ties(*class)) <= last && fits()
        }) {
            let (class, id, pods) = &mut left[place];
            trial.place(*class, *id);
            *pods -= 1;
        }
    }
    left.retain(|(_, _, pods)| *pods > 0);
    left
}
