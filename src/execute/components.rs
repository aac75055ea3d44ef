//! Installs cert-manager and the Cluster API providers, as concurrently as correctness allows.

mod certificates;
mod probes;
mod ready;

use anyhow::{Context, Result};
use futures::future::try_join_all;
use kube::Client;
use serde_json::Value;
use tokio::time::Instant;
use tokio::try_join;

use crate::catalog::Component;
use crate::catalog::manifest::{self, CERT_MANAGER, Phases, text};
use crate::failure::Failure;
use crate::observe::components::trouble;
use crate::progress::Reporter;
use crate::tools::kube::{DynamicObject, Objects, RequestError, Verdict, apply, condition};

use certificates::{Secrets, secrets};

pub use ready::wait_ready;

/// Applies components, each with the text of its manifest, and returns when all objects are there; whether the
/// controllers work is for [`wait_ready`] to find out. Applying the same again changes nothing.
///
/// Everything goes to the server at once but for two orders. No pod is made before `services` is done: before pods can reach
/// the API server. And a provider's Deployment mounts the Secret of its Certificate; a kubelet that does not find it backs
/// off for seconds. Where such a Secret cannot be made here, Deployments follow their Certificates, which follow
/// cert-manager's webhook; that it works is found by trying.
pub async fn install(
    client: &Client,
    components: &[(Component, String)],
    services: impl Future<Output = Result<()>>,
    reporter: &Reporter,
    deadline: Instant,
) -> Result<()> {
    let loaded = load(client, components).await?;
    let (issuers, providers): (Vec<_>, Vec<_>) =
        loaded.iter().partition(|it| it.component == CERT_MANAGER);
    reporter.note("applying manifests");
    let inventory = manifest::inventory_definition()?;
    try_join!(
        services,
        lay_foundations(client, &issuers, deadline),
        lay_foundations(client, &providers, deadline),
        apply(client, &inventory, deadline),
    )?;
    try_join!(
        build(client, &issuers, reporter, deadline),
        build(client, &providers, reporter, deadline),
    )
    .map(drop)
}

/// What is to be applied for a component.
struct Loaded {
    component: String,
    phases: Phases,
    secrets: Secrets,
}

/// Reads the manifests, each on a thread of its own: they are megabytes of YAML.
async fn load(client: &Client, components: &[(Component, String)]) -> Result<Vec<Loaded>> {
    let tasks = components.iter().map(|(component, text)| async {
        let (component, text) = (component.clone(), text.clone());
        let name = component.name.clone();
        let phases = tokio::task::spawn_blocking(move || manifest::load(&component, &text));
        let mut phases = phases.await.context("reading manifests")??;
        let secrets = secrets(client, &phases.certificates).await?;
        phases.trust(&secrets.bundles);
        Ok(Loaded {
            component: name,
            phases,
            secrets,
        })
    });
    try_join_all(tasks).await
}

async fn lay_foundations(client: &Client, components: &[&Loaded], deadline: Instant) -> Result<()> {
    let foundations = components
        .iter()
        .map(|it| apply(client, &it.phases.foundations, deadline));
    try_join_all(foundations).await.map(drop)
}

/// Applies what stands on the foundations.
async fn build(
    client: &Client,
    components: &[&Loaded],
    reporter: &Reporter,
    deadline: Instant,
) -> Result<()> {
    let installations = components
        .iter()
        .map(|it| build_one(client, it, reporter, deadline));
    try_join_all(installations).await.map(drop)
}

async fn build_one(
    client: &Client,
    Loaded {
        phases, secrets, ..
    }: &Loaded,
    reporter: &Reporter,
    deadline: Instant,
) -> Result<()> {
    try_join!(
        apply(client, &secrets.new, deadline),
        apply(client, &phases.rest, deadline),
    )?;
    let certified = certify(client, &phases.certificates, reporter, deadline);
    if secrets.complete {
        try_join!(certified, apply(client, &phases.workloads, deadline))?;
    } else {
        certified.await?;
        apply(client, &phases.workloads, deadline).await?;
    }
    apply(client, &phases.inventory, deadline).await
}

/// Applies Issuers and Certificates and waits for the Secrets.
async fn certify(
    client: &Client,
    objects: &[Value],
    reporter: &Reporter,
    deadline: Instant,
) -> Result<()> {
    let certified = async {
        apply(client, objects, deadline).await?;
        let certificates = objects
            .iter()
            .filter(|object| object["kind"] == "Certificate");
        try_join_all(certificates.map(|object| issued(client, object, reporter, deadline))).await
    };
    match certified.await {
        Ok(_) => Ok(()),
        Err(error) => Err(blame(client, CERT_MANAGER, error).await),
    }
}

/// What goes wrong while a component is waited for is best explained by its pods.
async fn blame(client: &Client, component: &str, error: anyhow::Error) -> anyhow::Error {
    let passes = error
        .downcast_ref::<RequestError>()
        .is_none_or(|request| request.heals);
    if !passes {
        return error;
    }
    let failure = Failure::failed(format!("{component} does not work")).because(error);
    let lines = trouble(client, component).await;
    lines.into_iter().fold(failure, Failure::hint).into()
}

/// Waits until a Certificate has its Secret.
async fn issued(
    client: &Client,
    certificate: &Value,
    reporter: &Reporter,
    deadline: Instant,
) -> Result<()> {
    let name = text(certificate, "/metadata/name");
    let objects = Objects::new(
        client,
        text(certificate, "/apiVersion"),
        "Certificate",
        Some(text(certificate, "/metadata/namespace")),
    );
    let what = format!("{} to be issued", objects.title(name));
    let judge = |seen: Option<&DynamicObject>| match seen.and_then(|seen| condition(seen, "Ready"))
    {
        Some(ready) if ready.is_well() => Verdict::Done,
        Some(ready) => Verdict::Waiting(format!("certificate {name}: {}", ready.message)),
        None => Verdict::Waiting(format!(
            "certificate {name}: cert-manager has not seen it yet"
        )),
    };
    objects
        .wait(name, &what, deadline, reporter, judge)
        .await
        .map(drop)
}
