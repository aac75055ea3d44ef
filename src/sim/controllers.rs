//! Cluster behaviour, one controller a file, each with the shape of [`super::engine::Controller`].
//!
//! All of them work in both clusters: what is queued says which one it is in. What they decide by they keep in brief
//! (see [`super::pods`]); the objects themselves stay in the store.

mod children;
mod claim;
pub mod cluster_api;
mod conditions;
mod daemon_set;
mod deployment;
mod disruption;
mod endpoints;
mod event_ttl;
mod garbage;
mod history;
mod job;
mod kubelet;
mod namespace;
mod node_lifecycle;
mod numbers;
mod objects;
mod pod_gc;
mod protection;
mod replica_set;
pub mod scheduler;
mod selections;
mod selector;
mod service_account;
mod stateful_set;
mod taint_eviction;
mod template;

use super::engine::Controller;

/// All controllers but the scheduler and Cluster API's.
pub fn all() -> Vec<Box<dyn Controller>> {
    let mut all = manager();
    all.push(Box::new(kubelet::Kubelet::default()));
    all
}

/// What kube-controller-manager runs: without scheduler and kubelets, pods stay as they are made.
pub fn manager() -> Vec<Box<dyn Controller>> {
    vec![
        Box::new(namespace::NamespaceController::default()),
        Box::new(service_account::ServiceAccountsController),
        Box::new(node_lifecycle::NodeLifecycleController),
        Box::new(deployment::DeploymentController::default()),
        Box::new(replica_set::ReplicaSetController::default()),
        Box::new(stateful_set::StatefulSetController::default()),
        Box::new(daemon_set::DaemonSetController::default()),
        Box::new(job::JobController::default()),
        Box::new(endpoints::EndpointsController::default()),
        Box::new(disruption::DisruptionController::default()),
        Box::new(taint_eviction::TaintEvictionController::default()),
        Box::new(pod_gc::PodGarbageCollector::default()),
        Box::new(protection::ProtectionController::default()),
        Box::new(garbage::GarbageCollector::default()),
        Box::new(event_ttl::EventTtlController),
    ]
}

#[cfg(test)]
mod tests;
