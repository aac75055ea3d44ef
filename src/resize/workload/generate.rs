//! Workloads for measurements, made from a seed: the same numbers give the same file, to the letter. Pure.
//!
//! Their shapes are those that autoscalers are measured with elsewhere, or that hurt them: [`diverse`] pods are
//! Karpenter's own benchmark.

mod arrivals;
mod build;
mod catalog;
mod diverse;
mod hard;
mod steady;
mod tangled;
mod usual;

pub use arrivals::{Arrival, arriving};
pub use catalog::{Family, catalog, few_left};
pub use diverse::{diverse, preferring};
pub use hard::{Hardship, hard};
pub use steady::{removable, steady, wave};
pub use tangled::tangled;
pub use usual::{Shape, usual};

#[cfg(test)]
mod tests;
