//! Pods as their parts, put together.

use std::collections::{BTreeMap, HashMap};

use k8s_openapi::api::core::v1::{
    Affinity, Container, Pod, PodAffinity, PodAffinityTerm, PodAntiAffinity, PodSpec,
    ResourceRequirements, TopologySpreadConstraint,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

pub(super) use crate::names::INSTANCE_TYPE;
use crate::resize::workload::{Group, Workload};

pub(super) const ZONE: &str = "topology.kubernetes.io/zone";
pub(super) const HOSTNAME: &str = "kubernetes.io/hostname";
pub(super) const NAMESPACE: &str = "default";

/// Pods as they come, equal ones together.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    places: HashMap<String, usize>,
    classes: Vec<Pod>,
    pending: Vec<Group>,
}

impl Crowd {
    /// The place of the pod's class.
    pub(super) fn class(&mut self, pod: Pod) -> usize {
        let content = serde_json::to_string(&pod).unwrap_or_default();
        let place = *self.places.entry(content).or_insert(self.classes.len());
        if place == self.classes.len() {
            self.classes.push(pod);
            self.pending.push(Group {
                class: place,
                pods: 0,
            });
        }
        place
    }

    pub(super) fn wait(&mut self, pod: Pod, pods: u32) {
        let class = self.class(pod);
        self.pending[class].pods += pods;
    }

    /// Those that wait last come first: no order is to be counted on.
    pub(super) fn reverse(&mut self) {
        self.pending.reverse();
    }

    /// Puts them into a workload, those that wait as well as those that were only made known.
    pub(super) fn into_workload(mut self, name: String) -> Workload {
        self.pending.retain(|group| group.pods > 0);
        Workload {
            name,
            classes: self.classes,
            pending: self.pending,
            ..Workload::default()
        }
    }
}

/// A pod of one container.
pub(super) fn pod(label: (&str, &str), cpu_m: u32, memory_mi: u32) -> Pod {
    let requests = BTreeMap::from([
        ("cpu".to_owned(), Quantity(format!("{cpu_m}m"))),
        ("memory".to_owned(), Quantity(format!("{memory_mi}Mi"))),
    ]);
    Pod {
        metadata: ObjectMeta {
            namespace: Some(NAMESPACE.to_owned()),
            labels: Some(labels(label)),
            ..ObjectMeta::default()
        },
        spec: Some(PodSpec {
            containers: vec![Container {
                name: "app".to_owned(),
                image: Some("app:1".to_owned()),
                resources: Some(ResourceRequirements {
                    requests: Some(requests),
                    ..ResourceRequirements::default()
                }),
                ..Container::default()
            }],
            ..PodSpec::default()
        }),
        status: None,
    }
}

pub(super) fn spec(pod: &mut Pod) -> &mut PodSpec {
    pod.spec.get_or_insert_default()
}

/// Pods with the label are at most one more in one domain than in another.
pub(super) fn spread(mut pod: Pod, key: &str, label: (&str, &str)) -> Pod {
    spec(&mut pod).topology_spread_constraints = Some(vec![TopologySpreadConstraint {
        max_skew: 1,
        topology_key: key.to_owned(),
        when_unsatisfiable: "DoNotSchedule".to_owned(),
        label_selector: Some(selector(label)),
        ..TopologySpreadConstraint::default()
    }]);
    pod
}

/// It has to be where pods with the label are.
pub(super) fn with(mut pod: Pod, key: &str, label: (&str, &str)) -> Pod {
    affinity(&mut pod).pod_affinity = Some(PodAffinity {
        required_during_scheduling_ignored_during_execution: Some(vec![term(key, label)]),
        ..PodAffinity::default()
    });
    pod
}

/// It must not be where pods with the label are.
pub(super) fn without(mut pod: Pod, key: &str, label: (&str, &str)) -> Pod {
    affinity(&mut pod).pod_anti_affinity = Some(PodAntiAffinity {
        required_during_scheduling_ignored_during_execution: Some(vec![term(key, label)]),
        ..PodAntiAffinity::default()
    });
    pod
}

pub(super) fn affinity(pod: &mut Pod) -> &mut Affinity {
    spec(pod).affinity.get_or_insert_default()
}

pub(super) fn term(key: &str, label: (&str, &str)) -> PodAffinityTerm {
    PodAffinityTerm {
        label_selector: Some(selector(label)),
        topology_key: key.to_owned(),
        ..PodAffinityTerm::default()
    }
}

pub(super) fn selector(label: (&str, &str)) -> LabelSelector {
    LabelSelector {
        match_labels: Some(labels(label)),
        ..LabelSelector::default()
    }
}

pub(super) fn labels((key, value): (&str, &str)) -> BTreeMap<String, String> {
    BTreeMap::from([(key.to_owned(), value.to_owned())])
}
