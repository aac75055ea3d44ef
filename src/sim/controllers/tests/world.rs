//! Two clusters with all controllers, a scheduler that takes the emptiest node, and verbs to act on them.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::sim::clock::Clock;
use crate::sim::controllers::all;
use crate::sim::engine::{Cluster, Context, Controller, Engine, Item};
use crate::sim::registry::{DeleteOptions, Registry, Subresource, Target, WriteOptions};
use crate::sim::scenario::Scenario;
use crate::sim::store::{Change, PageRequest, Store};

pub(super) struct World {
    pub(super) app: Registry,
    pub(super) engine: Engine,
}

impl World {
    /// With so many Ready nodes, `n0` first.
    pub(super) async fn new(nodes: usize) -> Self {
        Self::with(nodes, Scenario::default()).await
    }

    pub(super) async fn with(nodes: usize, scenario: Scenario) -> Self {
        Self::scheduled_by(Box::new(Binder::default()), nodes, scenario).await
    }

    pub(super) async fn scheduled_by(
        scheduler: Box<dyn Controller>,
        nodes: usize,
        scenario: Scenario,
    ) -> Self {
        let clock = Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap());
        let infra = Registry::new(Store::in_memory(), clock, scenario.seed);
        let app = Registry::new(Store::in_memory(), clock, scenario.seed + 1);
        let mut controllers = all();
        controllers.push(scheduler);
        let engine = Engine::new(infra, app.clone(), clock, scenario, controllers);
        let mut world = Self { app, engine };
        for index in 0..nodes {
            world.create(node(index));
        }
        world.pass(1).await;
        world
    }

    /// Lets so many seconds go by.
    pub(super) async fn pass(&mut self, seconds: u64) {
        let end = Instant::now() + Duration::from_secs(seconds);
        while let Some(next) = self.engine.run_until_idle().filter(|next| *next <= end) {
            tokio::time::sleep_until(next).await;
        }
        tokio::time::sleep_until(end).await;
    }

    pub(super) fn target(&self, resource: &str, name: &str) -> Target {
        let (plural, group) = resource.split_once('.').unwrap_or((resource, ""));
        let resource = self.app.resource(group, "v1", plural).unwrap();
        let namespace = if resource.namespaced { "default" } else { "" };
        Target::new(resource, namespace, name)
    }

    pub(super) fn create(&self, object: Value) -> Value {
        let text = |field: &str| object[field].as_str().unwrap().to_owned();
        let resource = self.app.kind(&text("apiVersion"), &text("kind")).unwrap();
        let mut target = self.target(&resource.group_resource(), "");
        if let Some(namespace) = object["metadata"]["namespace"].as_str() {
            target.namespace = namespace.to_owned();
        }
        let written = self.app.create(&target, object, &WriteOptions::default());
        serde_json::from_slice(&written.unwrap().json).unwrap()
    }

    pub(super) fn get(&self, resource: &str, name: &str) -> Option<Value> {
        let stored = self.app.get(&self.target(resource, name)).ok()?;
        Some(serde_json::from_slice(&stored.json).unwrap())
    }

    pub(super) fn list(&self, resource: &str) -> Vec<Value> {
        let page = PageRequest::default();
        let page = self.app.store().list(resource, None, &page).unwrap();
        let items = page.items.iter();
        items
            .map(|item| serde_json::from_slice(&item.json).unwrap())
            .collect()
    }

    /// Names of the pods that meet the test.
    pub(super) fn pods(&self, test: impl Fn(&Value) -> bool) -> Vec<String> {
        let pods = self.list("pods").into_iter().filter(test);
        pods.map(|pod| pod["metadata"]["name"].as_str().unwrap().to_owned())
            .collect()
    }

    pub(super) fn edit(&self, resource: &str, name: &str, change: impl Fn(&mut Value)) {
        let mut change = |object: &mut Value| {
            change(object);
            Ok(())
        };
        let target = self.target(resource, name);
        self.app
            .modify(&target, "test", &mut change)
            .unwrap()
            .unwrap();
    }

    pub(super) fn delete(&self, resource: &str, name: &str, propagation: &str) {
        let options = DeleteOptions {
            propagation: Some(propagation.to_owned()),
            ..DeleteOptions::default()
        };
        self.app
            .delete(&self.target(resource, name), &options)
            .unwrap();
    }

    pub(super) fn events(&self, reason: &str) -> Vec<String> {
        let events = self
            .list("events")
            .into_iter()
            .filter(|event| event["reason"] == reason);
        events
            .map(|event| event["message"].as_str().unwrap().to_owned())
            .collect()
    }
}

pub(super) fn is_ready(pod: &Value) -> bool {
    condition(pod, "Ready")["status"] == "True"
}

/// A condition of an object; null if it has none of that type.
pub(super) fn condition(object: &Value, of: &str) -> Value {
    let known = object["status"]["conditions"].as_array();
    let mut known = known.into_iter().flatten();
    known
        .find(|condition| condition["type"] == of)
        .cloned()
        .unwrap_or_default()
}

fn node(index: usize) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": format!("n{index}"), "labels": {"kubernetes.io/hostname": format!("n{index}")}},
        "spec": {"podCIDR": format!("10.{}.{}.0/24", index / 256, index % 256)},
        "status": {
            "addresses": [{"type": "InternalIP", "address": format!("192.168.0.{}", index % 250)}],
            "allocatable": {"cpu": "8", "memory": "16Gi", "pods": "110"},
        },
    })
}

pub(super) fn template(app: &str, image: &str) -> Value {
    json!({
        "metadata": {"labels": {"app": app}},
        "spec": {
            "terminationGracePeriodSeconds": 30,
            "containers": [{"name": "main", "image": image, "ports": [{"name": "http", "containerPort": 8080}]}],
        },
    })
}

pub(super) fn deployment(name: &str, replicas: u32) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "progressDeadlineSeconds": 600,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
            "selector": {"matchLabels": {"app": name}},
            "template": template(name, "web:1"),
        },
    })
}

/// Stands in for the scheduler: the node that the pod asks for, or the one with the fewest pods.
#[derive(Default)]
struct Binder {
    nodes: std::collections::BTreeMap<String, usize>,
}

impl Controller for Binder {
    fn name(&self) -> &'static str {
        "binder"
    }

    fn changed(&mut self, cluster: Cluster, change: &Change, context: &mut Context) {
        let key = change.key.clone();
        let item = Item { cluster, key };
        if item.is("nodes") {
            let name = item.key.name.to_string();
            match &change.after {
                Some(_) => drop(self.nodes.entry(name).or_default()),
                None => drop(self.nodes.remove(&name)),
            }
        } else if item.is("pods") && context.pods.of(&item).is_some_and(|pod| pod.node.is_none()) {
            context.enqueue(item);
        }
    }

    fn reconcile(&mut self, item: &Item, context: &mut Context) -> anyhow::Result<()> {
        let Some(pod) = context.read::<Value>(item)? else {
            return Ok(());
        };
        let target = pod.pointer(crate::sim::controllers::daemon_set::TARGET);
        let target = target.and_then(Value::as_str).map(str::to_owned);
        let emptiest = || {
            self.nodes
                .iter()
                .min_by_key(|(_, pods)| **pods)
                .map(|(node, _)| node.clone())
        };
        let Some(node) = target.or_else(emptiest) else {
            return Ok(());
        };
        *self.nodes.entry(node.clone()).or_default() += 1;
        let binding = json!({
            "apiVersion": "v1", "kind": "Binding",
            "metadata": {"name": &*item.key.name},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        });
        let target = context.target(item, Subresource::Binding)?;
        context
            .app
            .create(&target, binding, &WriteOptions::default())?;
        Ok(())
    }
}
