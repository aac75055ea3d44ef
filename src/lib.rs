//! `bex-infra` brings up an infra cluster and an app cluster and keeps them the right size.
//!
//! # One shape
//!
//! Every use case is the same four stages:
//!
//! - [`spec`]: what the user wants. Parsed strictly, validated once; afterwards nobody reads the raw form. Pure.
//! - [`observe`]: what exists now. Reads everything, writes nothing, returns plain data.
//! - [`plan`]: `(spec, observed) -> Plan`. Pure and printable; every step carries its reason.
//! - [`execute`]: one `match` on the step. Performs, times, reports. Decides nothing.
//!
//! There is no state file: identity is a deterministic name plus an ownership label on the object itself
//! ([`names`]). To resume after a crash is to run `up` again; to undo is `down`.
//!
//! # Rooms and the import rule
//!
//! `spec`, `names`, `plan` and `render` are pure: they import no tokio, kube, bollard or `std::process`.
//! `observe` never writes, `execute` never decides. Only `cli` and `ui` print. Only `tools` and `substrate` start
//! processes or open sockets; only the substrate that it stands for knows `sim`. `tests/import_rule` holds this.
//!
//! # What is deliberately absent
//!
//! No mock library (outer edges are replaced: the Docker socket, the kube service, `PATH`), no plugin system, no
//! global state, and no second way to name a thing.

pub mod catalog;
pub mod cli;
pub mod execute;
pub mod failure;
pub mod hash;
pub mod home;
pub mod kubeconfig;
pub mod names;
pub mod observe;
pub mod plan;
pub mod progress;
pub mod quantity;
pub mod random;
pub mod render;
pub mod resize;
pub mod run;
pub mod scheduling;
pub mod service;
pub mod sim;
pub mod smoke;
pub mod spec;
pub mod substrate;
pub mod timestamp;
pub mod tools;
pub mod ui;
pub mod world;

/// A decision of the resize loop makes and drops hundreds of thousands of small objects, and takes a quarter less with this
/// allocator than with the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
