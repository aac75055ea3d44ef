//! Nodes that are entries in the memory of a process of ours: [`crate::sim`] in the background.

mod guard;
pub mod preflight;
mod resize;
pub mod serve;
mod server;
#[cfg(test)]
mod tests;

pub use guard::{Guard, holder};
pub use server::{Server, State};
