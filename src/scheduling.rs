//! Where a pod can run: the scheduler's required rules, shared by the embedded scheduler and the resize engine. Pure.
//!
//! [`State`] holds a cluster and is told of each change. Pods with the same content form a class ([`ClassId`]); a class
//! is asked about once ([`State::ask`]), and the [`Inquiry`] answers node by node, in the real scheduler's words. A
//! [`Trial`] tries changes and takes them back.
//!
//! The rules are those of the default plugins of kube-scheduler 1.34, in their order. `tests/scheduling_oracle.rs`
//! compares every verdict and its reason with the real plugins'.
//!
//! Left out: resource claims (DRA); volumes of clouds that Kubernetes itself turns into those of CSI drivers, where
//! attached volumes are counted; preemption. Other than the real one, a pod that only has a node promised does not count
//! for spread rules with an empty selector (those that run do not count there either), and its claims are those of its
//! own namespace even for pods with an inline disk.

mod apply;
mod classes;
mod convert;
mod fixed;
mod inquiry;
pub mod labels;
mod layout;
mod named;
pub mod node;
pub mod pod;
mod pods;
pub mod refusal;
mod resources;
mod score;
mod state;
mod storage;
mod tally;
mod ties;
mod trial;

pub use apply::RESOURCES;
pub use inquiry::Inquiry;
pub use node::Node;
pub use pod::Pod;
pub use pods::PodKey;
pub use refusal::{Diagnosis, NodeRule, Refusal};
pub use resources::Resources;

pub use state::{ClassId, NodeId, State};
pub use storage::{Attached, Handle};
pub use ties::{Apart, HOSTNAME, Ties};
pub use trial::{Destination, Trial};

#[cfg(test)]
mod tests;
