//! Whether the components work: their webhooks answer, and the CAs they need are in place.

use std::time::Duration;

use anyhow::{Context, Result};
use futures::future::try_join_all;
use kube::Client;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::blame;
use super::probes::probe;
use crate::catalog::Component;
use crate::catalog::manifest::PROVIDER_LABEL;
use crate::failure::Failure;
use crate::observe::components::selector;
use crate::progress::Reporter;
use crate::tools::kube::{
    DynamicObject, Objects, RequestError, Verdict, accepts, is_true, not_true,
};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Waits until the webhooks of all components answer: a Deployment that is Available says little, its Service may
/// still lead nowhere. Without webhooks that are known here, until the Deployments are Available.
pub async fn wait_ready(
    client: &Client,
    components: &[Component],
    reporter: &Reporter,
    deadline: Instant,
) -> Result<()> {
    try_join_all(
        components
            .iter()
            .map(|component| ready(client, component, reporter, deadline)),
    )
    .await?;
    conversions(client, reporter, deadline).await
}

async fn ready(
    client: &Client,
    component: &Component,
    reporter: &Reporter,
    deadline: Instant,
) -> Result<()> {
    let name = &component.name;
    match probe(name) {
        Some(object) => match answers(client, &object, reporter, deadline, name).await {
            Ok(()) => Ok(()),
            Err(error) => Err(blame(client, name, error).await),
        },
        None => available(client, name, reporter, deadline).await,
    }
}

/// Asks until there is an answer, the question is wrong, or time is up. That an object is invalid is an answer too: the
/// server checks its schema after the webhook has been asked.
async fn answers(
    client: &Client,
    object: &Value,
    reporter: &Reporter,
    deadline: Instant,
    name: &str,
) -> Result<()> {
    let mut pause = FIRST_PAUSE;
    loop {
        let error = match accepts(client, object).await {
            Ok(())
            | Err(RequestError {
                code: Some(422), ..
            }) => return Ok(()),
            Err(error) => error,
        };
        if !error.heals || Instant::now() + pause >= deadline {
            return Err(error).with_context(|| format!("asking the webhooks of {name}"));
        }
        let text = error.to_string();
        let cause = text.rsplit(": ").next().unwrap_or(&text);
        reporter.note(format!("webhooks of {name}: {cause}"));
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn available(
    client: &Client,
    name: &str,
    reporter: &Reporter,
    deadline: Instant,
) -> Result<()> {
    let deployments = Objects::new(client, "apps/v1", "Deployment", None);
    let what = format!("the Deployments of {name} to be Available");
    let judge = |seen: &[DynamicObject]| {
        let waiting = seen
            .iter()
            .find(|deployment| !is_true(deployment, "Available"));
        waiting.map_or(Verdict::Done, |deployment| {
            Verdict::Waiting(format!("{name}: {}", not_true(deployment)))
        })
    };
    deployments
        .wait_list(&selector(name), &what, deadline, reporter, judge)
        .await
        .map(drop)
}

/// Waits until every definition with a conversion webhook trusts it. cert-manager gets to them one by one.
async fn conversions(client: &Client, reporter: &Reporter, deadline: Instant) -> Result<()> {
    let definitions = Objects::new(
        client,
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        None,
    );
    let mut pause = FIRST_PAUSE;
    loop {
        let all = definitions.list(PROVIDER_LABEL).await?;
        let Some(name) = all
            .iter()
            .find(|definition| lacks_ca(definition))
            .map(kube::ResourceExt::name_any)
        else {
            return Ok(());
        };
        if Instant::now() + pause >= deadline {
            let title = definitions.title(&name);
            return Err(Failure::failed(format!(
                "cert-manager has given {title} no CA for its conversion webhook"
            ))
            .into());
        }
        reporter.note(format!("CA of {name}"));
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn lacks_ca(definition: &DynamicObject) -> bool {
    let client = definition
        .data
        .pointer("/spec/conversion/webhook/clientConfig");
    client.is_some_and(|client| client["caBundle"].as_str().unwrap_or_default().is_empty())
}
