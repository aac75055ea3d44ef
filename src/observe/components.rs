//! Which components the infra cluster has, and what keeps one from working.

mod trouble;

use std::collections::BTreeMap;

use anyhow::Result;
use futures::try_join;
use kube::{Client, ResourceExt};

use super::Installed;
use crate::catalog::manifest::{
    CERT_MANAGER, CORE_LABEL, MANAGED_LABEL, PROVIDER_LABEL, SHA256_ANNOTATION, VERSION_ANNOTATION,
};
use crate::names::STANDBY_ANNOTATION;
use crate::tools::kube::{DynamicObject, Objects, is_true};

pub use trouble::trouble;

/// The components by name, from clusterctl's inventory and cert-manager's Namespace. Ready means that a component has
/// Deployments and that all of them are Available.
pub async fn installed(client: &Client) -> Result<BTreeMap<String, Installed>> {
    let providers = Objects::new(
        client,
        "clusterctl.cluster.x-k8s.io/v1alpha3",
        "Provider",
        None,
    );
    let namespaces = Objects::new(client, "v1", "Namespace", None);
    let deployments = Objects::new(client, "apps/v1", "Deployment", None);
    let cert_manager = selector(CERT_MANAGER);
    let (providers, issuers, deployments) = try_join!(
        providers.list(""),
        namespaces.list(&cert_manager),
        deployments.list(MANAGED_LABEL),
    )?;
    let providers = providers.iter().map(|provider| {
        let version = provider.data["version"].as_str().unwrap_or_default();
        (provider.name_any(), version, provider)
    });
    let issuers = issuers.iter().map(|namespace| {
        let version = annotation(namespace, VERSION_ANNOTATION);
        (CERT_MANAGER.to_owned(), version, namespace)
    });
    let describe = |(name, version, object): (String, &str, &DynamicObject)| {
        let installed = Installed {
            version: version.to_owned(),
            sha256: annotation(object, SHA256_ANNOTATION).to_owned(),
            ready: ready(&deployments, &name),
            standby: of(&deployments, &name)
                .any(|it| it.annotations().contains_key(STANDBY_ANNOTATION)),
        };
        (name, installed)
    };
    Ok(providers.chain(issuers).map(describe).collect())
}

/// Selects the objects of a component by clusterctl's labels.
pub fn selector(component: &str) -> String {
    format!("{}={component}", label(component))
}

fn label(component: &str) -> &'static str {
    if component == CERT_MANAGER {
        CORE_LABEL
    } else {
        PROVIDER_LABEL
    }
}

fn of<'a>(
    deployments: &'a [DynamicObject],
    component: &'a str,
) -> impl Iterator<Item = &'a DynamicObject> {
    deployments.iter().filter(move |deployment| {
        let value = deployment.labels().get(label(component));
        value.is_some_and(|value| value == component)
    })
}

fn ready(deployments: &[DynamicObject], component: &str) -> bool {
    let mut own = of(deployments, component).peekable();
    own.peek().is_some() && own.all(|deployment| is_true(deployment, "Available"))
}

fn annotation<'a>(object: &'a DynamicObject, key: &str) -> &'a str {
    object.annotations().get(key).map_or("", String::as_str)
}
