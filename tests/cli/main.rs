//! The command line as its users meet it: the real binary, in a home of its own, without a Docker daemon.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bundle;
mod daemon;
mod help;
mod lock;
mod output;
mod resize;
mod sandbox;
mod simulated;
mod spec;
mod terminal;
mod usage;
