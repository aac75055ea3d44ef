#![expect(clippy::needless_pass_by_value, reason = "json! makes values")]

mod claims;
mod company;
mod trial;

use serde_json::{Value, json};

use super::*;

const ZONE: &str = "topology.kubernetes.io/zone";
const HOST: &str = "kubernetes.io/hostname";

/// A cluster in which everything is told by its JSON.
#[derive(Default)]
struct Cluster(State);

impl Cluster {
    /// Nodes `n0`, `n1`, ... in these zones.
    fn with_zones(zones: &[&str]) -> Self {
        let mut cluster = Self::default();
        for (number, zone) in zones.iter().enumerate() {
            let name = format!("n{number}");
            let labels = json!({ZONE: zone, HOST: name});
            cluster.add(
                "nodes",
                json!({
                    "metadata": {"name": name, "labels": labels},
                    "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "10"}},
                }),
            );
        }
        cluster
    }

    fn add(&mut self, resource: &str, object: Value) {
        let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
        let json = object.to_string();
        let json = Some(json.as_bytes());
        self.0
            .apply(resource, text("namespace"), text("name"), json)
            .unwrap();
    }

    fn run(&mut self, name: &str, mut pod: Value, node: &str) {
        pod["spec"]["nodeName"] = node.into();
        self.apply_pod(name, pod);
    }

    fn promise(&mut self, name: &str, mut pod: Value, node: &str) {
        pod["status"]["nominatedNodeName"] = node.into();
        self.apply_pod(name, pod);
    }

    fn apply_pod(&mut self, name: &str, pod: Value) {
        let pod = serde_json::from_value(pod).unwrap();
        self.0.apply_pod(&key(name), &pod).unwrap();
    }

    fn class(&mut self, pod: Value) -> ClassId {
        self.0
            .class(Pod::of(&serde_json::from_value(pod).unwrap()).unwrap())
    }

    fn node(&self, name: &str) -> NodeId {
        self.0.node_id(name).unwrap()
    }

    /// Names of the nodes where the pod fits.
    fn feasible(&mut self, pod: Value) -> Vec<String> {
        let class = self.class(pod);
        let nodes = self.0.feasible(class).into_iter();
        nodes
            .map(|id| self.0.node(id).unwrap().name.clone())
            .collect()
    }

    fn diagnosis(&mut self, pod: Value) -> Option<String> {
        let class = self.class(pod);
        self.0
            .diagnose_pod(&key("asked"), class)
            .map(|diagnosis| diagnosis.to_string())
    }
}

fn key(name: &str) -> PodKey {
    PodKey {
        namespace: "default".into(),
        name: name.into(),
    }
}

fn pod(spec: Value) -> Value {
    let mut pod =
        json!({"metadata": {"namespace": "default", "labels": {"app": "web"}}, "spec": spec});
    if pod["spec"]["containers"].is_null() {
        pod["spec"]["containers"] = json!([{"name": "a"}]);
    }
    pod
}

fn asks(amounts: Value) -> Value {
    json!([{"name": "a", "resources": {"requests": amounts}}])
}

fn web() -> Value {
    json!({"matchLabels": {"app": "web"}})
}

fn apart(term: Value) -> Value {
    pod(json!({"affinity": {"podAntiAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [term],
    }}}))
}

fn together(term: Value) -> Value {
    pod(json!({"affinity": {"podAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [term],
    }}}))
}

fn spread(constraint: Value) -> Value {
    pod(json!({"topologySpreadConstraints": [constraint]}))
}

fn evenly(key: &str) -> Value {
    json!({"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": web()})
}

#[test]
fn all_resources_that_are_short_are_named() {
    let mut cluster = Cluster::with_zones(&["a"]);
    let containers = asks(json!({"cpu": "5", "memory": "9Gi", "example.com/gpu": "1"}));
    let why = cluster.diagnosis(pod(json!({"containers": containers})));
    let expected = "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient example.com/gpu, 1 Insufficient memory. \
                    preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.";
    assert_eq!(why.unwrap(), expected);
}

#[test]
fn pods_without_requests_still_count() {
    let mut cluster = Cluster::with_zones(&["a"]);
    for number in 0..10 {
        cluster.run(&format!("p{number}"), pod(json!({})), "n0");
    }
    let expected = "0/1 nodes are available: 1 Too many pods. preemption: 0/1 nodes are available: 1 No preemption \
                    victims found for incoming pod.";
    assert_eq!(cluster.diagnosis(pod(json!({}))).unwrap(), expected);
}

#[test]
fn a_pod_that_is_being_resized_counts_with_the_larger_of_both() {
    let mut cluster = Cluster::with_zones(&["a"]);
    let mut resized = pod(json!({"containers": asks(json!({"cpu": "1"}))}));
    resized["status"] = json!({"containerStatuses": [{
        "name": "a", "ready": true, "restartCount": 0, "image": "", "imageID": "",
        "resources": {"requests": {"cpu": "2"}}, "allocatedResources": {"cpu": "3"},
    }]});
    cluster.run("resized", resized, "n0");
    let asks = |cpu: &str| pod(json!({"containers": asks(json!({"cpu": cpu}))}));
    assert_eq!(cluster.feasible(asks("1")), ["n0"]);
    assert!(cluster.feasible(asks("1100m")).is_empty());
}

#[test]
fn a_cordoned_node_takes_pods_that_tolerate_its_taint() {
    let mut cluster = Cluster::with_zones(&["a"]);
    let mut node = cluster.0.node(cluster.node("n0")).unwrap().clone();
    node.unschedulable = true;
    cluster.0.set_node(node);
    assert!(cluster.feasible(pod(json!({}))).is_empty());
    let key = "node.kubernetes.io/unschedulable";
    let daemon = pod(json!({"tolerations": [{"key": key, "operator": "Exists"}]}));
    assert_eq!(cluster.feasible(daemon), ["n0"]);
}

#[test]
fn a_term_with_a_value_that_no_label_can_have_holds_nowhere_but_spoils_no_other_term() {
    let mut cluster = Cluster::with_zones(&["a"]);
    let wrong = json!({"matchExpressions": [{"key": ZONE, "operator": "NotIn", "values": ["-3"]}]});
    let right = json!({"matchExpressions": [{"key": ZONE, "operator": "In", "values": ["a"]}]});
    let affinity = |terms: Value| {
        pod(json!({"affinity": {"nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms},
        }}}))
    };
    assert!(cluster.feasible(affinity(json!([wrong]))).is_empty());
    assert_eq!(cluster.feasible(affinity(json!([wrong, right]))), ["n0"]);
}

#[test]
fn a_port_on_one_address_conflicts_with_the_same_on_all() {
    let port = |ip: &str| {
        let port = json!({"containerPort": 80, "hostPort": 80, "hostIP": ip});
        pod(json!({"containers": [{"name": "a", "ports": [port]}]}))
    };
    let mut cluster = Cluster::with_zones(&["a"]);
    cluster.run("one", port("10.0.0.1"), "n0");
    assert_eq!(cluster.feasible(port("10.0.0.2")), ["n0"]);
    assert!(cluster.feasible(port("10.0.0.1")).is_empty());
    assert!(cluster.feasible(port("")).is_empty());
}

#[test]
fn room_is_kept_for_a_promised_pod_against_those_of_lower_priority_only() {
    let mut cluster = Cluster::with_zones(&["a"]);
    let asks =
        |priority: i32| pod(json!({"priority": priority, "containers": asks(json!({"cpu": "3"}))}));
    cluster.promise("promised", asks(10), "n0");
    assert!(cluster.diagnosis(asks(0)).is_some());
    assert_eq!(cluster.diagnosis(asks(11)), None);
    cluster.0.remove_pod(&key("promised"));
    assert_eq!(cluster.diagnosis(asks(0)), None);
}

#[test]
fn like_the_real_one_it_overlooks_the_anti_affinity_of_a_promised_pod() {
    let mut cluster = Cluster::with_zones(&["a", "b"]);
    cluster.promise(
        "shy",
        apart(json!({"topologyKey": ZONE, "labelSelector": web()})),
        "n0",
    );
    assert_eq!(cluster.diagnosis(pod(json!({}))), None);
}

#[test]
fn a_trial_leaves_nothing_behind() {
    let mut cluster = Cluster::with_zones(&["a", "b"]);
    let shy = cluster.class(apart(json!({"topologyKey": ZONE, "labelSelector": web()})));
    let even = cluster.class(spread(evenly(ZONE)));
    let (n0, n1) = (cluster.node("n0"), cluster.node("n1"));
    let before = cluster.0.generation();
    let mut trial = cluster.0.trial();
    trial.place(shy, n0);
    assert_eq!(trial.feasible(shy), [n1]);
    trial.remove_node(n1);
    assert!(trial.feasible(even).is_empty());
    trial.take(shy, n0);
    assert_eq!(trial.feasible(even), [n0]);
    drop(trial);
    assert_eq!(cluster.0.feasible(shy), [n0, n1]);
    assert_eq!(cluster.0.feasible(even), [n0, n1]);
    assert_eq!(cluster.0.generation(), before);
}

#[test]
fn classes_without_pods_are_forgotten_and_their_numbers_used_again() {
    let mut cluster = Cluster::with_zones(&["a", "b"]);
    cluster.run(
        "shy",
        apart(json!({"topologyKey": ZONE, "labelSelector": web()})),
        "n0",
    );
    for number in 0..100 {
        let mut job = pod(json!({}));
        job["metadata"]["labels"]["job"] = number.to_string().into();
        cluster.run("job", job, "n1");
    }
    assert_eq!(cluster.0.classes(), 101);
    cluster.0.forget_unused_classes(|_| false);
    assert_eq!(cluster.0.classes(), 2);
    let other = cluster.class(pod(json!({"priority": 1})));
    assert_eq!(cluster.0.feasible(other), [cluster.node("n1")]);
}
