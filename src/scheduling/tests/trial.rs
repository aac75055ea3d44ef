//! What is tried, and that nothing of it is left.

use super::*;
use crate::random::Random;

/// Names of nodes: those that are there at first, and some that are not.
const NODES: [&str; 4] = ["n0", "n1", "n2", "n3"];

#[test]
fn whatever_is_tried_is_taken_back() {
    for seed in 0..300 {
        let mut cluster = Cluster::with_zones(&["a", "b"]);
        let port = json!({"containers": [{"name": "c", "ports": [{"hostPort": 80}]}]});
        let classes = [
            cluster.class(apart(json!({"topologyKey": ZONE, "labelSelector": web()}))),
            cluster.class(spread(evenly(ZONE))),
            cluster.class(pod(json!({}))),
            cluster.class(pod(port)),
        ];
        cluster.run("web", pod(json!({})), "n0");
        cluster.run("stray", pod(json!({})), "n2");
        let before = seen(&cluster.0, &classes);
        let mut random = Random::new(seed);
        let mut trial = cluster.0.trial();
        let mut placed = vec![(classes[2], NodeId(0))];
        try_things(&mut trial, &mut random, &classes, &mut placed);
        let (half, then) = (trial.changes(), seen(&trial, &classes));
        try_things(&mut trial, &mut random, &classes, &mut placed);
        trial.back_to(half);
        assert_eq!(seen(&trial, &classes), then, "seed {seed}, half way");
        drop(trial);
        assert_eq!(seen(&cluster.0, &classes), before, "seed {seed}");
    }
}

/// Nodes come, change and go; pods are put on them and taken off again.
fn try_things(
    trial: &mut Trial,
    random: &mut Random,
    classes: &[ClassId],
    placed: &mut Vec<(ClassId, NodeId)>,
) {
    for _ in 0..20 {
        let name = random.pick(&NODES);
        match (random.below(4), trial.node_id(name)) {
            (0, Some(node)) => trial.remove_node(node),
            (1, _) => {
                let zone = random.pick(&["a", "b", "c"]);
                trial.set_node(node(name, zone));
            }
            (2, _) => {
                if let Some((class, node)) = placed.pop() {
                    trial.take(class, node);
                }
            }
            (_, Some(node)) => {
                let class = random.pick(classes);
                trial.place(class, node);
                placed.push((class, node));
            }
            _ => {}
        }
    }
}

fn node(name: &str, zone: &str) -> node::Node {
    let labels = [(ZONE, zone), (HOST, name)];
    let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned()));
    node::Node {
        name: name.to_owned(),
        labels: labels.into(),
        allocatable: [("cpu".to_owned(), 4000), ("pods".to_owned(), 10)].into(),
        ..node::Node::default()
    }
}

/// What is free on each node, and why each class does not fit there.
fn seen(state: &State, classes: &[ClassId]) -> Vec<String> {
    let nodes: Vec<NodeId> = state.nodes().map(|(id, _)| id).collect();
    let free = nodes
        .iter()
        .map(|id| format!("{id:?} {:?}", state.free(*id)));
    let verdicts = classes.iter().map(|class| {
        let inquiry = state.ask(*class).unwrap();
        let verdicts: Vec<_> = nodes.iter().map(|id| inquiry.fits(*id)).collect();
        format!("{class:?} {verdicts:?}")
    });
    free.chain(verdicts).collect()
}
