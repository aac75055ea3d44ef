//! Who is where: the cluster as it is, changed step by step.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node, Pod};

use super::fits::fits;
use super::volumes::Volumes;
use super::world::{World, id, is_finished, node_name, node_of};

#[derive(Debug, Clone)]
pub(crate) struct Places {
    nodes: BTreeMap<String, Node>,
    pods: BTreeMap<String, (Pod, String)>,
    pub(super) volumes: Volumes,
}

impl Places {
    pub(crate) fn of(world: &World) -> Self {
        let nodes = world.nodes.iter().cloned();
        let nodes = nodes.map(|node| (node_name(&node).to_owned(), node));
        let mut places = Self {
            nodes: nodes.collect(),
            pods: BTreeMap::new(),
            volumes: Volumes::of(world),
        };
        for pod in world.pods.iter().filter(|pod| !is_finished(pod)) {
            if !node_of(pod).is_empty() {
                places.put(pod, node_of(pod));
            }
        }
        places
    }

    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.values()
    }

    pub(crate) fn on(&self, node: &str) -> impl Iterator<Item = &Pod> {
        let all = self.pods.values();
        all.filter(move |(_, place)| place == node)
            .map(|(pod, _)| pod)
    }

    /// All pods whose nodes are there.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Pod, &Node)> {
        let all = self.pods.values();
        all.filter_map(|(pod, place)| Some((pod, self.nodes.get(place)?)))
    }

    pub(crate) fn add(&mut self, node: Node) {
        self.nodes.insert(node_name(&node).to_owned(), node);
    }

    pub(crate) fn put(&mut self, pod: &Pod, node: &str) {
        self.pods.insert(id(pod), (pod.clone(), node.to_owned()));
    }

    pub(crate) fn take(&mut self, pod: &str) {
        self.pods.remove(pod);
    }

    /// Disks of the pod that nobody knows of yet are made where it comes to run.
    pub(crate) fn make_disks(&mut self, pod: &Pod) {
        self.volumes.make(pod);
    }

    /// The node stays where domains are counted, but takes nobody any more.
    pub(crate) fn close(&mut self, node: &str) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.spec.get_or_insert_default().unschedulable = Some(true);
        }
    }

    pub(crate) fn fits(&self, pod: &Pod, node: &str) -> Result<(), String> {
        let node = self.nodes.get(node).ok_or("it is not there")?;
        fits(self, pod, node)
    }
}
