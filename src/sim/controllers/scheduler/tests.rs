use serde_json::{Value, json};

use super::*;
use crate::sim::clock::Clock;
use crate::sim::engine::Engine;
use crate::sim::registry::{DeleteOptions, Registry, Subresource, Target, WriteOptions};
use crate::sim::scenario::Scenario;
use crate::sim::store::{PageRequest, Store};

/// A cluster with the scheduler as its only controller.
struct World {
    app: Registry,
    engine: Engine,
}

impl World {
    fn new() -> Self {
        let clock = Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap());
        let registry = || Registry::new(Store::in_memory(), clock, 7);
        let (infra, app) = (registry(), registry());
        let scheduler = Box::new(Scheduler::new(Cluster::App));
        let scenario = Scenario::default();
        let engine = Engine::new(infra, app.clone(), clock, scenario, vec![scheduler]);
        Self { app, engine }
    }

    fn with_nodes(nodes: usize, allocatable: &Value) -> Self {
        let world = Self::new();
        for number in 0..nodes {
            world.add_node(&format!("n{number}"), allocatable);
        }
        world
    }

    fn add_node(&self, name: &str, allocatable: &Value) {
        let node = json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
            "status": {"allocatable": allocatable, "capacity": allocatable},
        });
        let target = self.target(&node);
        self.create(node);
        // What the node lifecycle controller does when the node is ready.
        self.app
            .modify(&target, "test", &mut |node| {
                node["spec"]["taints"] = json!([]);
                Ok(())
            })
            .unwrap();
    }

    fn add_pod(&self, name: &str, mut spec: Value) {
        spec["containers"][0]["name"] = "app".into();
        spec["containers"][0]["image"] = "app:1".into();
        if let Some(priority) = spec["priority"].as_i64() {
            spec["priorityClassName"] = self.priority_class(priority).into();
        }
        self.create(json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "default", "labels": {"app": "web"}},
            "spec": spec,
        }));
    }

    /// Pods get their priority from a class only.
    fn priority_class(&self, value: i64) -> String {
        let name = format!("priority{value}");
        let class = json!({
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
            "metadata": {"name": name}, "value": value,
        });
        let target = self.target(&class);
        if self.app.get(&target).is_err() {
            self.create(class);
        }
        name
    }

    fn create(&self, object: Value) {
        let target = self.target(&object);
        self.app
            .create(&target, object, &WriteOptions::default())
            .unwrap();
    }

    fn target(&self, object: &Value) -> Target {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let resource = self
            .app
            .kind(text("/apiVersion").unwrap(), text("/kind").unwrap());
        let namespace = text("/metadata/namespace").unwrap_or_default();
        Target::new(
            resource.unwrap(),
            namespace,
            text("/metadata/name").unwrap(),
        )
    }

    fn pod(&self, name: &str) -> Target {
        self.target(&json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "default"}}))
    }

    fn delete_pod(&self, name: &str) {
        let options = DeleteOptions {
            grace_period_seconds: Some(0),
            ..DeleteOptions::default()
        };
        self.app.delete(&self.pod(name), &options).unwrap();
    }

    fn change_node(&self, name: &str, mut change: impl FnMut(&mut Value)) {
        let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}});
        let mut change = |node: &mut Value| {
            change(node);
            Ok(())
        };
        self.app
            .modify(&self.target(&node), "test", &mut change)
            .unwrap();
    }

    fn settle(&mut self) {
        self.engine.run_until_idle();
    }

    fn read(&self, name: &str) -> Value {
        serde_json::from_slice(&self.app.get(&self.pod(name)).unwrap().json).unwrap()
    }

    fn node_of(&self, pod: &str) -> Option<String> {
        let pod = self.read(pod);
        pod["spec"]["nodeName"].as_str().map(str::to_owned)
    }

    fn scheduled(&self, pod: &str) -> Value {
        let pod = self.read(pod);
        let conditions = pod["status"]["conditions"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let condition = conditions.into_iter().find(|c| c["type"] == "PodScheduled");
        condition.unwrap_or_default()
    }

    fn events(&self, pod: &str) -> Vec<(String, String)> {
        let page = self
            .app
            .store()
            .list("events", None, &PageRequest::default())
            .unwrap();
        let events = page
            .items
            .iter()
            .map(|event| -> Value { serde_json::from_slice(&event.json).unwrap() });
        let about = events.filter(|event| event["involvedObject"]["name"] == pod);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        about
            .map(|event| (text(&event["reason"]), text(&event["message"])))
            .collect()
    }
}

fn small() -> Value {
    json!({"cpu": "1", "memory": "1Gi", "pods": "110"})
}

fn asks(cpu: &str) -> Value {
    json!({"containers": [{"resources": {"requests": {"cpu": cpu}}}]})
}

#[tokio::test(start_paused = true)]
async fn a_pod_gets_a_node_that_has_room_for_it() {
    let mut world = World::with_nodes(2, &small());
    world.add_pod("a", asks("800m"));
    world.add_pod("b", asks("800m"));
    world.settle();
    let mut nodes = [world.node_of("a").unwrap(), world.node_of("b").unwrap()];
    nodes.sort();
    assert_eq!(nodes, ["n0", "n1"]);
    assert_eq!(world.scheduled("a")["status"], "True");
    let (reason, message) = world.events("a").remove(0);
    assert_eq!(reason, "Scheduled");
    assert!(message.starts_with("Successfully assigned default/a to n"));
}

#[tokio::test(start_paused = true)]
async fn a_pod_without_a_node_says_why_in_the_real_schedulers_words() {
    let mut world = World::with_nodes(3, &small());
    world.change_node("n2", |node| node["spec"]["unschedulable"] = true.into());
    world.add_pod("a", asks("2"));
    world.settle();
    let why = "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu. preemption: 0/3 nodes are \
               available: 3 Preemption is not helpful for scheduling.";
    let condition = world.scheduled("a");
    assert_eq!(condition["status"], "False");
    assert_eq!(condition["reason"], "Unschedulable");
    assert_eq!(condition["message"], why);
    assert_eq!(
        world.events("a"),
        [("FailedScheduling".to_owned(), why.to_owned())]
    );
}

#[tokio::test(start_paused = true)]
async fn without_nodes_there_is_nothing_to_say_about_nodes() {
    let mut world = World::new();
    world.add_pod("a", asks("1"));
    world.settle();
    let message = "no nodes available to schedule pods";
    assert_eq!(world.scheduled("a")["message"], message);
}

#[tokio::test(start_paused = true)]
async fn a_parked_pod_is_tried_again_when_there_is_room_and_not_before() {
    let mut world = World::with_nodes(1, &small());
    world.add_pod("a", asks("800m"));
    world.settle();
    world.add_pod("b", asks("800m"));
    world.settle();
    let tried = |world: &World| world.events("b").len();
    assert_eq!((world.node_of("b"), tried(&world)), (None, 1));
    world.add_node(
        "tiny",
        &json!({"cpu": "100m", "memory": "1Gi", "pods": "110"}),
    );
    world.settle();
    assert_eq!((world.node_of("b"), tried(&world)), (None, 1));
    world.delete_pod("a");
    world.settle();
    assert_eq!(world.node_of("b").as_deref(), Some("n0"));
}

#[tokio::test(start_paused = true)]
async fn of_many_parked_pods_as_many_go_as_a_new_node_has_room_for() {
    let mut world = World::with_nodes(0, &small());
    let names: Vec<String> = (0..10).map(|number| format!("p{number}")).collect();
    for name in &names {
        world.add_pod(name, asks("300m"));
    }
    world.settle();
    world.add_node("n0", &small());
    world.settle();
    let placed = names.iter().filter(|name| world.node_of(name).is_some());
    assert_eq!(placed.collect::<Vec<_>>(), ["p0", "p1", "p2"]);
}

#[tokio::test(start_paused = true)]
async fn what_becomes_free_goes_to_the_highest_priority() {
    let mut world = World::with_nodes(1, &small());
    world.add_pod("first", asks("1"));
    world.settle();
    for (name, priority) in [("low", -1), ("high", 1000), ("middle", 10)] {
        let mut spec = asks("1");
        spec["priority"] = priority.into();
        world.add_pod(name, spec);
    }
    world.settle();
    world.delete_pod("first");
    world.settle();
    let nodes = ["low", "high", "middle"].map(|name| world.node_of(name).is_some());
    assert_eq!(nodes, [false, true, false]);
}

#[tokio::test(start_paused = true)]
async fn pods_of_others_gated_pods_and_pods_on_their_way_out_are_left_alone() {
    let mut world = World::with_nodes(1, &small());
    let mut other = asks("100m");
    other["schedulerName"] = "mine".into();
    world.add_pod("other", other);
    let mut gated = asks("100m");
    gated["schedulingGates"] = json!([{"name": "example.com/wait"}]);
    world.add_pod("gated", gated);
    world.settle();
    assert_eq!(
        (world.node_of("other"), world.node_of("gated")),
        (None, None)
    );
    let mut open = |pod: &mut Value| {
        pod["spec"]
            .as_object_mut()
            .unwrap()
            .remove("schedulingGates");
        Ok(())
    };
    world
        .app
        .modify(&world.pod("gated"), "test", &mut open)
        .unwrap();
    world.settle();
    assert_eq!(world.node_of("gated").as_deref(), Some("n0"));
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_wants_company_is_tried_again_when_it_comes() {
    let mut world = World::with_nodes(2, &small());
    let mut fond = asks("100m");
    fond["affinity"] = json!({"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "db"}}},
    ]}});
    world.add_pod("fond", fond);
    world.settle();
    assert_eq!(world.node_of("fond"), None);
    world.create(json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "db", "namespace": "default", "labels": {"app": "db"}},
        "spec": {"containers": [{"name": "db", "image": "db:1"}]},
    }));
    world.settle();
    assert!(world.node_of("db").is_some());
    assert_eq!(world.node_of("fond"), world.node_of("db"));
}

#[tokio::test(start_paused = true)]
async fn a_promised_node_comes_first_and_is_kept_from_others() {
    let mut world = World::with_nodes(1, &small());
    let mut promised = asks("1");
    promised["priority"] = 10.into();
    promised["schedulerName"] = "later".into();
    world.add_pod("promised", promised);
    let mut nominate = |pod: &mut Value| {
        pod["status"]["nominatedNodeName"] = "n0".into();
        Ok(())
    };
    let mut target = world.pod("promised");
    target.subresource = Subresource::Status;
    world.app.modify(&target, "test", &mut nominate).unwrap();
    world.add_pod("other", asks("500m"));
    world.settle();
    assert_eq!(world.node_of("other"), None);
    world.delete_pod("promised");
    world.settle();
    assert_eq!(world.node_of("other").as_deref(), Some("n0"));
}

#[tokio::test(start_paused = true)]
async fn ten_replicas_are_spread_evenly_over_the_nodes() {
    let mut world = World::with_nodes(5, &small());
    for number in 0..10 {
        world.add_pod(&format!("p{number}"), asks("100m"));
    }
    world.settle();
    let mut counts = HashMap::new();
    for number in 0..10 {
        *counts
            .entry(world.node_of(&format!("p{number}")).unwrap())
            .or_insert(0) += 1;
    }
    assert_eq!(counts.into_values().collect::<Vec<i32>>(), [2; 5]);
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_nodes() {
    let run = || {
        let mut world = World::with_nodes(7, &small());
        for number in 0..50 {
            world.add_pod(
                &format!("p{number}"),
                asks(["50m", "100m", "300m"][number % 3]),
            );
        }
        world.settle();
        world.engine.trace_hash()
    };
    assert_eq!(run(), run());
}
