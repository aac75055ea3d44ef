//! A cluster and what happens to it, as a file: what the bench, the simulation and the peers in `tests/peers` read. Pure.
//!
//! Pods, budgets and `DaemonSets` are Kubernetes' own objects, so that every reader understands them alike.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::{Pod, Taint};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use serde::{Deserialize, Serialize};
use serde_json::Value;

mod arrivals;
pub mod catalog;
pub mod generate;
mod situation;

pub use arrivals::Arrivals;
pub use situation::Situation;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Workload {
    pub name: String,
    pub types: Vec<Type>,
    /// Different pods; everything else names them by their place here.
    pub classes: Vec<Pod>,
    /// Pods that wait at the start.
    #[serde(default)]
    pub pending: Vec<Group>,
    #[serde(default)]
    pub nodes: Vec<Node>,
    #[serde(default)]
    pub budgets: Vec<PodDisruptionBudget>,
    #[serde(default)]
    pub daemon_sets: Vec<DaemonSet>,
    /// Namespaces, storage classes, claims, volumes and what else decides where pods fit.
    #[serde(default)]
    pub objects: Vec<Value>,
    /// In the order of their times.
    #[serde(default)]
    pub events: Vec<Event>,
    /// Pods that come at random besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arrivals: Vec<Arrivals>,
}

/// A machine that can be had in one place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Type {
    /// Unique, like `cpx32-fsn1`.
    pub name: String,
    /// Of the currency's unit.
    pub hourly: f64,
    /// What pods can have of it: quantities.
    pub allocatable: BTreeMap<String, String>,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    #[serde(default)]
    pub taints: Vec<Taint>,
    #[serde(default)]
    pub limit: Option<u32>,
}

/// So many pods of a class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    pub class: usize,
    pub pods: u32,
}

/// A node that is there at the start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Node {
    pub name: String,
    /// The name of its type.
    #[serde(rename = "type")]
    pub machine_type: String,
    #[serde(default)]
    pub pods: Vec<Group>,
}

/// Pods that come, and stay for as long as it says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Event {
    pub at_seconds: f64,
    pub class: usize,
    pub pods: u32,
    /// For ever if it is absent.
    #[serde(default)]
    pub for_seconds: Option<f64>,
}
