//! The stock kubectl against the embedded Kubernetes.
//!
//! Run with `BEX_TEST_BIN=DIR cargo test --test kubectl -- --ignored`: DIR holds kubectl.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cluster;
mod reading;
mod rollouts;
mod writing;
