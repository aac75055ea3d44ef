//! Workloads for measurements, made from a seed: the same numbers give the same file, to the letter. Pure.
//!
//! Their shapes are those that autoscalers are measured with elsewhere, or that hurt them: [`diverse`] pods are
//! Karpenter's own benchmark.

mod build;
mod catalog;
mod diverse;
mod hard;
mod steady;
mod usual;

pub use catalog::{Family, catalog};
pub use diverse::{diverse, preferring};
pub use hard::{Hardship, hard};
pub use steady::{removable, steady, wave};
pub use usual::{Shape, usual};

#[cfg(test)]
mod tests;
