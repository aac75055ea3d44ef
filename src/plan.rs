//! `(spec, observed) -> Plan`: the steps that are missing, each with its reason. Pure, synchronous, printable.

use serde::Serialize;

/// Steps and which of them must be done before which. An empty plan means that nothing is to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    pub steps: Vec<Step>,
}

/// One step. `after` holds indices of earlier steps of the same plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    #[serde(flatten)]
    pub action: Action,
    /// Why the step is needed: "1 of 3 workers exist".
    pub reason: String,
    pub after: Vec<usize>,
}

/// What can be done, as data; execution has no choices left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action", rename_all = "camelCase")]
pub enum Action {
    Placeholder,
}
