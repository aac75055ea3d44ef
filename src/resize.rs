//! The resize loop: the right machines, at once, at the lowest price, and never a wrong one taken away.
//!
//! # One shape
//!
//! Observe, decide, act; all that decides is pure.
//!
//! - [`model`]: what is known of both clusters, told of each change; [`model::Model::decide`] makes a [`decision`] of it.
//! - [`offer`]: machines that can be had, what they cost and what they can hold; [`prices`]: the price list behind them.
//! - [`grow`]: machines for pods that wait, at the lowest price; [`bounds`]: what any choice would cost at least.
//! - [`shrink`]: nodes that can go, because every pod on them has another place.
//! - `burst`: how long a decision waits for more pods while they keep coming.
//! - [`trade`]: a larger machine than the pods ask for, where it lets smaller ones go.
//! - [`policy`]: what the loop may do: sizes, budgets, pace, quiet hours.
//! - [`history`]: the log of what was seen and decided, played back or drawn.
//! - [`workload`]: a cluster and what will happen to it, as a file; [`simulate`]: what that would cost, under which policy.
//! - [`live`]: the watches, the writes, the lease and the metrics: the only part that talks to a cluster.
//!
//! Where a pod fits is the business of [`crate::scheduling`], whose rules are the real scheduler's.

mod approximate;
pub mod bounds;
mod burst;
pub mod decision;
pub mod grow;
pub mod history;
pub mod live;
pub mod model;
pub mod offer;
pub mod policy;
pub mod prices;
pub mod shrink;
pub mod simulate;
pub mod trade;
pub mod workload;
