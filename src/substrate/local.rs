//! Docker containers on this machine.

pub mod clusters;
pub mod infra_node;
pub mod loop_image;
pub mod networking;
pub mod preflight;
pub mod prepared;
