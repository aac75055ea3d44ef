//! What the controller reads of Deployments and `ReplicaSets`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::numbers::IntOrPercent;
use crate::sim::controllers::objects::Object;
use crate::sim::controllers::selector::Selector;

pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
pub(super) const REVISION_HISTORY: &str = "deployment.kubernetes.io/revision-history";
pub(super) const DESIRED_REPLICAS: &str = "deployment.kubernetes.io/desired-replicas";
pub(super) const MAX_REPLICAS: &str = "deployment.kubernetes.io/max-replicas";

pub(super) type Deployment = Object<DeploymentSpec, DeploymentStatus>;
pub(super) type ReplicaSet = Object<ReplicaSetSpec, ReplicaSetStatus>;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DeploymentSpec {
    pub(super) replicas: Option<i64>,
    pub(super) paused: bool,
    pub(super) min_ready_seconds: i64,
    pub(super) progress_deadline_seconds: Option<i64>,
    pub(super) revision_history_limit: Option<usize>,
    pub(super) strategy: DeploymentStrategy,
    pub(super) selector: Selector,
    pub(super) template: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DeploymentStrategy {
    #[serde(rename = "type")]
    pub(super) of: Strategy,
    pub(super) rolling_update: RollingUpdate,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(super) enum Strategy {
    #[default]
    RollingUpdate,
    Recreate,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RollingUpdate {
    pub(super) max_surge: Option<IntOrPercent>,
    pub(super) max_unavailable: Option<IntOrPercent>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DeploymentStatus {
    pub(super) observed_generation: i64,
    pub(super) replicas: i64,
    pub(super) updated_replicas: i64,
    pub(super) ready_replicas: i64,
    pub(super) available_replicas: i64,
    pub(super) collision_count: Option<i64>,
    pub(super) conditions: Vec<Value>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ReplicaSetSpec {
    pub(super) replicas: Option<i64>,
    pub(super) min_ready_seconds: i64,
    pub(super) template: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ReplicaSetStatus {
    pub(super) observed_generation: i64,
    pub(super) replicas: i64,
    pub(super) ready_replicas: i64,
    pub(super) available_replicas: i64,
    pub(super) conditions: Vec<Value>,
}

impl Deployment {
    pub(super) fn replicas(&self) -> i64 {
        self.spec.replicas.unwrap_or(1)
    }

    /// Pods beyond `replicas` during a rolling update.
    pub(super) fn max_surge(&self) -> i64 {
        self.fenceposts().0
    }

    /// Pods that may be missing during a rolling update.
    pub(super) fn max_unavailable(&self) -> i64 {
        self.fenceposts().1.min(self.replicas())
    }

    /// Surge and unavailability; not both are zero, or nothing could ever move.
    fn fenceposts(&self) -> (i64, i64) {
        let strategy = &self.spec.strategy;
        if strategy.of == Strategy::Recreate {
            return (0, 0);
        }
        let of = |value: &Option<IntOrPercent>, up| {
            let value = value.as_ref();
            value.map_or(0, |value| value.of(self.replicas(), up))
        };
        let surge = of(&strategy.rolling_update.max_surge, true);
        match of(&strategy.rolling_update.max_unavailable, false) {
            0 if surge == 0 => (0, 1),
            unavailable => (surge, unavailable),
        }
    }

    /// The deadline for progress, if there is one.
    pub(super) fn deadline(&self) -> Option<i64> {
        let never = i64::from(i32::MAX);
        self.spec.progress_deadline_seconds.filter(|s| *s != never)
    }

    pub(super) fn is_complete(&self, status: &DeploymentStatus) -> bool {
        status.updated_replicas == self.replicas()
            && status.replicas == self.replicas()
            && status.available_replicas == self.replicas()
            && status.observed_generation >= self.metadata.generation
    }
}

impl ReplicaSet {
    pub(super) fn replicas(&self) -> i64 {
        self.spec.replicas.unwrap_or(1)
    }

    pub(super) fn revision(&self) -> i64 {
        self.number(REVISION).unwrap_or(0)
    }

    /// The Deployment's size when this set was last sized.
    pub(super) fn desired(&self) -> Option<i64> {
        self.number(DESIRED_REPLICAS)
    }

    /// The same with surge.
    pub(super) fn most(&self) -> Option<i64> {
        self.number(MAX_REPLICAS)
    }

    fn number(&self, annotation: &str) -> Option<i64> {
        self.metadata.annotations.get(annotation)?.parse().ok()
    }

    /// Nothing runs in it, and its controller has seen that nothing should.
    pub(super) fn is_empty(&self) -> bool {
        self.replicas() == 0
            && self.status.replicas == 0
            && self.metadata.generation <= self.status.observed_generation
    }
}

pub(super) fn size_annotations(desired: i64, most: i64) -> Map<String, Value> {
    let pairs = [(DESIRED_REPLICAS, desired), (MAX_REPLICAS, most)];
    let texts = pairs.map(|(key, number)| (key.to_owned(), number.to_string().into()));
    texts.into_iter().collect()
}

pub(super) fn annotate(object: &mut Value, annotations: &Map<String, Value>) {
    let known = &mut object["metadata"]["annotations"];
    if known.is_null() {
        *known = json!({});
    }
    for (key, value) in annotations {
        known[key] = value.clone();
    }
}
