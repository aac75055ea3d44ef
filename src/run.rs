//! The use cases, as the verbs call them.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;
use crate::names::Names;
use crate::observe::Observed;
use crate::plan::{Plan, Resize};
use crate::progress::Event;
use crate::spec::Platform;

/// What every long run is given: where to report, when to stop, how long to wait at most.
#[derive(Debug, Clone)]
pub struct Work {
    pub events: UnboundedSender<Event>,
    pub cancel: CancellationToken,
    /// For the whole run; `None`: the verb's own deadlines.
    pub timeout: Option<Duration>,
}

/// Which platform the command line means.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// A spec; without one, the defaults under `name`.
    pub file: Option<&'a Path>,
    pub name: &'a str,
    /// Size of the only pool of the defaults.
    pub workers: Option<u32>,
    /// Whose catalogue is to be used.
    pub bundle: Option<&'a Path>,
}

/// What `scale` was asked to do.
#[derive(Debug, Clone, Copy)]
pub struct Scale<'a> {
    /// `None`: the only pool.
    pub pool: Option<&'a str>,
    pub resize: Resize,
    pub wait: bool,
    pub force: bool,
    pub dry_run: bool,
}

/// What `scale` did, or with `dry_run` would do.
#[derive(Debug, Serialize)]
pub struct Scaled {
    pub pool: String,
    pub plan: Plan,
    /// Nodes that joined and nodes that left.
    pub came: Vec<String>,
    pub went: Vec<String>,
}

/// What `down` did, and what it found when it looked again.
#[derive(Debug, Serialize)]
pub struct Removed {
    pub plan: Plan,
    /// Objects that are still there; empty proves that nothing is left.
    pub left: Vec<String>,
}

/// A smoke test's results.
#[derive(Debug, Serialize)]
pub struct Smoke {
    pub platform: String,
    pub cases: Vec<Case>,
}

/// One thing that a smoke test tried.
#[derive(Debug, Serialize)]
pub struct Case {
    pub name: String,
    pub seconds: f64,
    /// The whole error, if it failed.
    pub failure: Option<String>,
}

/// A platform whose time (`up --ttl`) was up.
#[derive(Debug, Serialize)]
pub struct Expired {
    pub platform: String,
    pub expired: Timestamp,
}

/// The platform that is meant; every problem of a spec is a usage error that names file, line and field.
pub fn platform(_request: &Request<'_>) -> Result<Platform> {
    not_wired()
}

/// Performs what is missing; returns what was performed.
pub async fn up(
    _platform: &Platform,
    _bundle: Option<&Path>,
    _expires: Option<Timestamp>,
    _work: Work,
) -> Result<Plan> {
    not_wired()
}

/// What `up` would perform.
pub async fn plan(_platform: &Platform, _bundle: Option<&Path>) -> Result<Plan> {
    not_wired()
}

/// Takes everything away and looks again.
pub async fn down(_names: &Names, _work: Work) -> Result<Removed> {
    not_wired()
}

/// What `down` would perform.
pub async fn plan_down(_names: &Names) -> Result<Plan> {
    not_wired()
}

/// What exists; `None` if nothing of that name does.
pub async fn status(_names: &Names) -> Result<Option<Observed>> {
    not_wired()
}

pub async fn scale(_names: &Names, _scale: Scale<'_>, _work: Work) -> Result<Scaled> {
    not_wired()
}

/// Brings a platform up, tries it, and takes it down again unless `keep`.
pub async fn smoke(
    _platform: &Platform,
    _bundle: Option<&Path>,
    _keep: bool,
    _work: Work,
) -> Result<Smoke> {
    not_wired()
}

/// Platforms whose time is up, oldest first.
pub async fn expired(_now: Timestamp) -> Result<Vec<Expired>> {
    not_wired()
}

fn not_wired<T>() -> Result<T> {
    Err(Failure::failed("not wired yet").into())
}
