//! Installs cert-manager and the Cluster API providers, as concurrently as correctness allows.

mod probes;
mod ready;

use anyhow::{Context, Result};
use futures::future::try_join_all;
use kube::Client;
use serde_json::Value;
use tokio::time::Instant;
use tokio::try_join;

use crate::catalog::Component;
use crate::catalog::manifest::{self, CERT_MANAGER, Phases};
use crate::progress::Reporter;
use crate::tools::kube::{DynamicObject, Objects, Verdict, apply, is_true, not_true};

pub use ready::wait_ready;

/// Applies components, each with the text of its manifest, and returns when all objects are there; whether the
/// controllers work is for [`wait_ready`] to find out. Applying the same again changes nothing.
///
/// Everything goes to the server at once but for one order: a provider's Deployment mounts the Secret of its
/// Certificate, and a kubelet that does not find it backs off for seconds. So Deployments follow their Certificates,
/// which follow cert-manager's webhook; that it works is found by trying.
pub async fn install(
    client: &Client,
    components: &[(Component, String)],
    reporter: &Reporter,
    deadline: Instant,
) -> Result<()> {
    let loaded = load(components).await?;
    let (issuers, providers): (Vec<_>, Vec<_>) =
        loaded.iter().partition(|(name, _)| name == CERT_MANAGER);
    reporter.note("applying definitions");
    let definition = manifest::inventory_definition()?;
    try_join!(
        try_join_all(
            issuers
                .iter()
                .map(|(_, phases)| install_one(client, phases, reporter, deadline))
        ),
        apply(client, &definition, deadline),
        try_join_all(
            providers
                .iter()
                .map(|(_, phases)| install_one(client, phases, reporter, deadline))
        ),
    )
    .map(drop)
}

/// Reads the manifests, each on a thread of its own: they are megabytes of YAML.
async fn load(components: &[(Component, String)]) -> Result<Vec<(String, Phases)>> {
    let tasks = components.iter().map(|(component, text)| async {
        let (component, text) = (component.clone(), text.clone());
        let name = component.name.clone();
        let phases = tokio::task::spawn_blocking(move || manifest::load(&component, &text));
        Ok((name, phases.await.context("reading manifests")??))
    });
    try_join_all(tasks).await
}

async fn install_one(
    client: &Client,
    phases: &Phases,
    reporter: &Reporter,
    deadline: Instant,
) -> Result<()> {
    apply(client, &phases.foundations, deadline).await?;
    try_join!(apply(client, &phases.rest, deadline), async {
        apply(client, &phases.certificates, deadline).await?;
        issued(client, &phases.certificates, reporter, deadline).await
    })?;
    apply(client, &phases.workloads, deadline).await?;
    apply(client, &phases.inventory, deadline).await
}

/// Waits until every Certificate among the objects has its Secret.
async fn issued(
    client: &Client,
    objects: &[Value],
    reporter: &Reporter,
    deadline: Instant,
) -> Result<()> {
    let certificates = objects
        .iter()
        .filter(|object| object["kind"] == "Certificate");
    let waits = certificates.map(|certificate| async {
        let text = |pointer: &str| {
            certificate
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let objects = Objects::new(
            client,
            text("/apiVersion"),
            "Certificate",
            Some(text("/metadata/namespace")),
        );
        let name = text("/metadata/name");
        let what = format!("{} to be issued", objects.title(name));
        let judge = |seen: Option<&DynamicObject>| match seen {
            Some(seen) if is_true(seen, "Ready") => Verdict::Done,
            Some(seen) => Verdict::Waiting(format!("certificate {name}: {}", not_true(seen))),
            None => Verdict::Waiting(format!("certificate {name} is not there")),
        };
        objects.wait(name, &what, deadline, reporter, judge).await
    });
    try_join_all(waits).await.map(drop)
}
