//! Which machines can go, and whether every pod on them has another place. Pure.

use serde::Serialize;

/// Machines chosen to go, and the pods that would have no place afterwards.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Removal {
    pub machines: Vec<String>,
    /// Why these machines: "fewest pods, all of which fit elsewhere".
    pub reason: String,
    pub homeless: Vec<Homeless>,
}

/// A pod without a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Homeless {
    /// `namespace/name`.
    pub pod: String,
    pub why: String,
}
