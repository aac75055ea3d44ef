//! `DaemonSets`: the pods that every node gets of them.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::{Pod as CorePod, Toleration};

use crate::scheduling::{ClassId, Node, Pod, State};

/// Taints that `DaemonSets` do not mind.
const TOLERATED: [(&str, &str); 6] = [
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];

/// And this one, if they use the network of the node.
const NETWORK_UNAVAILABLE: &str = "node.kubernetes.io/network-unavailable";

/// Classes of their pods, by namespace and name.
#[derive(Debug, Default)]
pub(super) struct Daemons {
    classes: BTreeMap<(String, String), ClassId>,
}

impl Daemons {
    /// Takes over a DaemonSet. True if its pods are others now.
    pub(super) fn apply(
        &mut self,
        state: &mut State,
        id: (String, String),
        set: Option<&DaemonSet>,
    ) -> anyhow::Result<bool> {
        let set = set.filter(|set| set.metadata.deletion_timestamp.is_none());
        let Some(set) = set else {
            return Ok(self.classes.remove(&id).is_some());
        };
        let class = state.class(Pod::of(&pod(set))?);
        Ok(self.classes.insert(id, class) != Some(class))
    }

    /// Those that run on such a node.
    pub(super) fn on(&self, state: &State, node: &Node) -> Vec<ClassId> {
        let classes = self.classes.values().copied();
        classes
            .filter(|class| {
                let pod = state.content(*class);
                pod.selects_node(&node.name, &node.labels)
                    && pod.untolerated(&node.taints).is_none()
            })
            .collect()
    }

    pub(super) fn classes(&self) -> impl Iterator<Item = ClassId> {
        self.classes.values().copied()
    }
}

/// A pod of the set, as its controller makes it.
fn pod(set: &DaemonSet) -> CorePod {
    let template = set.spec.as_ref().map(|spec| spec.template.clone());
    let template = template.unwrap_or_default();
    let mut pod = CorePod {
        metadata: template.metadata.unwrap_or_default(),
        spec: template.spec,
        status: None,
    };
    pod.metadata.namespace.clone_from(&set.metadata.namespace);
    if let Some(spec) = &mut pod.spec {
        let network = (spec.host_network == Some(true)).then_some(NETWORK_UNAVAILABLE);
        let tolerated = TOLERATED.into_iter();
        let tolerated = tolerated.chain(network.map(|key| (key, "NoSchedule")));
        let tolerations = spec.tolerations.get_or_insert_default();
        tolerations.extend(tolerated.map(|(key, effect)| Toleration {
            key: Some(key.to_owned()),
            operator: Some("Exists".to_owned()),
            effect: Some(effect.to_owned()),
            ..Toleration::default()
        }));
    }
    pod
}
