//! Server-side apply of many objects at once.

use std::collections::HashMap;

use anyhow::{Context, Result};
use futures::{StreamExt, TryStreamExt, stream};
use kube::Client;
use kube::api::{ApiResource, Patch, PatchParams};
use serde_json::Value;
use tokio::time::Instant;

use super::error::{RequestError, once, retry};
use super::objects::{Objects, resource};
use crate::names::FIELD_MANAGER;

/// Requests under way at the same time.
const CONCURRENCY: usize = 16;

/// Applies complete objects as field manager [`FIELD_MANAGER`], taking over fields that others own. Namespaces and
/// definitions go first, the rest in no particular order. What heals by itself (a webhook that does not answer yet, a
/// kind that is not served yet, a server that restarts) is retried until the deadline; anything else fails at once.
pub async fn apply(client: &Client, objects: &[Value], deadline: Instant) -> Result<()> {
    let plurals = plurals(objects);
    let (foundations, rest): (Vec<_>, Vec<_>) =
        objects.iter().partition(|object| is_foundation(object));
    for batch in [foundations, rest] {
        let requests: Vec<_> = batch
            .into_iter()
            .map(|object| apply_one(client, object, &plurals, deadline))
            .collect();
        stream::iter(requests)
            .buffer_unordered(CONCURRENCY)
            .try_collect::<()>()
            .await?;
    }
    Ok(())
}

/// Asks the server once whether it would accept an object, admission webhooks included; changes nothing.
pub async fn accepts(client: &Client, object: &Value) -> Result<(), RequestError> {
    let target = Target::of(client, object, &HashMap::new());
    let parameters = PatchParams::apply(FIELD_MANAGER).force().dry_run();
    once(
        target
            .objects
            .api
            .patch_metadata(target.name, &parameters, &Patch::Apply(object)),
    )
    .await
    .map(drop)
}

async fn apply_one(
    client: &Client,
    object: &Value,
    plurals: &HashMap<(&str, &str), &str>,
    deadline: Instant,
) -> Result<()> {
    let target = Target::of(client, object, plurals);
    let parameters = PatchParams::apply(FIELD_MANAGER).force();
    // Metadata alone is the answer: a definition would come back with its whole schema.
    let patch = Patch::Apply(object);
    let attempt = || {
        target
            .objects
            .api
            .patch_metadata(target.name, &parameters, &patch)
    };
    retry(deadline, attempt)
        .await
        .map(drop)
        .with_context(|| format!("applying {}", target.objects.title(target.name)))
}

/// Where an object is applied.
struct Target<'a> {
    objects: Objects,
    name: &'a str,
}

impl<'a> Target<'a> {
    /// An object without kind or name is the server's to refuse; its error names what is missing.
    fn of(client: &Client, object: &'a Value, plurals: &HashMap<(&str, &str), &str>) -> Self {
        let kind = text(object, "/kind");
        let mut resource: ApiResource = resource(text(object, "/apiVersion"), kind);
        if let Some(plural) = plurals.get(&(resource.group.as_str(), kind)) {
            (*plural).clone_into(&mut resource.plural);
        }
        let namespace = object
            .pointer("/metadata/namespace")
            .and_then(Value::as_str);
        Self {
            objects: Objects::of(client, &resource, namespace),
            name: text(object, "/metadata/name"),
        }
    }
}

/// Plurals by group and kind, of the definitions among the objects.
fn plurals(objects: &[Value]) -> HashMap<(&str, &str), &str> {
    let definitions = objects
        .iter()
        .filter(|object| text(object, "/kind") == "CustomResourceDefinition");
    definitions
        .map(|definition| {
            let kind = (
                text(definition, "/spec/group"),
                text(definition, "/spec/names/kind"),
            );
            (kind, text(definition, "/spec/names/plural"))
        })
        .collect()
}

fn is_foundation(object: &Value) -> bool {
    matches!(
        text(object, "/kind"),
        "Namespace" | "CustomResourceDefinition"
    )
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
