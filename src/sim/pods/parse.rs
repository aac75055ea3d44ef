//! From a pod's JSON to what is kept of it. Everything else is skipped and not even copied.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::{Host, JOB_TRACKING, Labels, Owner, Phase, Pod, Run};

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow, default)]
    spec: Spec<'a>,
    #[serde(borrow, default)]
    status: Status<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(borrow)]
    uid: Cow<'a, str>,
    creation_timestamp: Timestamp,
    deletion_timestamp: Option<Timestamp>,
    #[serde(default)]
    labels: Labels,
    #[serde(borrow, default)]
    annotations: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    #[serde(borrow, default)]
    owner_references: Vec<Reference<'a>>,
    #[serde(borrow, default)]
    finalizers: Vec<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference<'a> {
    #[serde(borrow)]
    api_version: Cow<'a, str>,
    kind: Cow<'a, str>,
    name: Cow<'a, str>,
    uid: Cow<'a, str>,
    #[serde(default)]
    controller: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec<'a> {
    #[serde(borrow)]
    node_name: Cow<'a, str>,
    #[serde(borrow)]
    hostname: Cow<'a, str>,
    #[serde(borrow)]
    subdomain: Cow<'a, str>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status<'a> {
    phase: Option<Phase>,
    #[serde(borrow, rename = "podIP")]
    pod_ip: Cow<'a, str>,
    #[serde(borrow)]
    conditions: Vec<Condition<'a>>,
    container_statuses: Vec<Container>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Condition<'a> {
    #[serde(borrow, rename = "type")]
    of: Cow<'a, str>,
    #[serde(borrow)]
    status: Cow<'a, str>,
    last_transition_time: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    #[serde(default)]
    restart_count: u32,
}

pub(super) fn pod(json: &[u8]) -> serde_json::Result<Pod> {
    let raw: Raw = serde_json::from_slice(json)?;
    let Raw {
        metadata,
        spec,
        status,
    } = raw;
    let ready = status.conditions.iter().find(|c| c.of == "Ready");
    let cost = number(&metadata, "controller.kubernetes.io/pod-deletion-cost");
    let run = run(&metadata);
    let host = (!spec.subdomain.is_empty()).then(|| Host {
        name: spec.hostname.into_owned(),
        subdomain: spec.subdomain.into_owned(),
    });
    let tracked = metadata.finalizers.iter().any(|f| f == JOB_TRACKING);
    let owner = metadata.owner_references.into_iter().find(|r| r.controller);
    Ok(Pod {
        uid: metadata.uid.into(),
        labels: Arc::new(metadata.labels),
        owner: owner.map(|owner| Arc::new(owner.into())),
        node: (!spec.node_name.is_empty()).then(|| spec.node_name.into()),
        phase: status.phase.unwrap_or(Phase::Pending),
        ready: ready.is_some_and(|ready| ready.status == "True"),
        ready_since: ready.and_then(|ready| ready.last_transition_time),
        created: metadata.creation_timestamp,
        deleted: metadata.deletion_timestamp,
        deletion_cost: cost.unwrap_or(0),
        restarts: status
            .container_statuses
            .iter()
            .map(|c| c.restart_count)
            .sum(),
        ip: (!status.pod_ip.is_empty()).then(|| status.pod_ip.into()),
        tracked,
        run,
        host: host.map(Box::new),
    })
}

fn run(metadata: &Metadata) -> Option<Box<Run>> {
    let seconds: f64 = number(metadata, "sim.infra.bex.co/run-seconds")?;
    let length = Duration::try_from_secs_f64(seconds).ok()?;
    Some(Box::new(Run {
        milliseconds: u64::try_from(length.as_millis()).ok()?,
        exit_code: number(metadata, "sim.infra.bex.co/exit-code").unwrap_or(0),
    }))
}

fn number<T: FromStr>(metadata: &Metadata, annotation: &str) -> Option<T> {
    metadata.annotations.get(annotation)?.parse().ok()
}

impl From<Reference<'_>> for Owner {
    fn from(reference: Reference<'_>) -> Self {
        Self {
            api_version: reference.api_version.into_owned(),
            kind: reference.kind.into_owned(),
            name: reference.name.into_owned(),
            uid: reference.uid.into_owned(),
        }
    }
}
