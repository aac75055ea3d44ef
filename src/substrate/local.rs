//! Docker containers on this machine.

pub mod infra_node;
pub mod preflight;
pub mod prepared;
