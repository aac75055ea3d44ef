//! Objects of a component as clusterctl leaves them, in the order of installation.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use super::{Provider, containers, text, trust};
use crate::catalog::Component;

/// The component that issues the certificates of all others.
pub const CERT_MANAGER: &str = "cert-manager";

/// SHA-256 of the manifest that is installed: on the Provider object, and on cert-manager's Namespace. It is set when
/// everything else is applied; an interrupted installation has none, or that of the version before.
pub const SHA256_ANNOTATION: &str = "infra.bex.co/manifest-sha256";

/// clusterctl's label of cert-manager's objects (`cert-manager`) and of the inventory (`inventory`).
pub const CORE_LABEL: &str = "clusterctl.cluster.x-k8s.io/core";

/// clusterctl's label of a provider's objects: the component's name.
pub const PROVIDER_LABEL: &str = "cluster.x-k8s.io/provider";

/// clusterctl's label of every object that it may manage.
pub const MANAGED_LABEL: &str = "clusterctl.cluster.x-k8s.io";
/// Version of cert-manager, on each of its objects.
pub const VERSION_ANNOTATION: &str = "cert-manager.clusterctl.cluster.x-k8s.io/version";

/// A component's objects, by the time at which they can be applied.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Phases {
    /// Namespaces and definitions of kinds.
    pub foundations: Vec<Value>,
    /// What needs cert-manager's webhook: Issuers and Certificates.
    pub certificates: Vec<Value>,
    /// What needs nothing but the foundations: RBAC, Services, webhook configurations, cert-manager's Deployments.
    pub rest: Vec<Value>,
    /// Deployments that mount the Secrets of `certificates`.
    pub workloads: Vec<Value>,
    /// What says that the component is installed.
    pub inventory: Vec<Value>,
}

/// Labels the objects of the manifest with that SHA-256 as clusterctl does, takes out CA bundles, leaves images to the node,
/// and sorts.
pub fn prepare(component: &Component, sha256: &str, mut objects: Vec<Value>) -> Result<Phases> {
    for object in &mut objects {
        mark(component, object)?;
        trust::drop_bundles(object);
        containers::adapt(component, object);
        choose_key(object);
    }
    let inventory = inventory(component, sha256, &objects)?;
    let mut phases = Phases {
        inventory,
        ..Phases::default()
    };
    for object in objects {
        phases.file(object);
    }
    if phases.certificates.is_empty() {
        phases.rest.append(&mut phases.workloads);
    }
    Ok(phases)
}

/// The definition of the Provider kind.
pub fn inventory_definition() -> Result<Vec<Value>> {
    super::parse(include_str!("../../../clusterapi/inventory-crd.yaml"))
        .context("reading clusterapi/inventory-crd.yaml")
}

impl Phases {
    /// All objects, in the order of installation.
    pub fn objects(&self) -> impl Iterator<Item = &Value> {
        [
            &self.foundations,
            &self.certificates,
            &self.rest,
            &self.workloads,
            &self.inventory,
        ]
        .into_iter()
        .flatten()
    }

    fn file(&mut self, object: Value) {
        let phase = match text(&object, "/kind") {
            "Namespace" | "CustomResourceDefinition" => &mut self.foundations,
            "Deployment" => &mut self.workloads,
            _ if text(&object, "/apiVersion").starts_with("cert-manager.io/") => {
                &mut self.certificates
            }
            _ => &mut self.rest,
        };
        phase.push(object);
    }
}

/// Adds the labels and annotations by which clusterctl knows its own. It knows no other components.
fn mark(component: &Component, object: &mut Value) -> Result<()> {
    if Provider::of(component).is_some() {
        label(object, MANAGED_LABEL, "")?;
        label(object, PROVIDER_LABEL, &component.name)?;
    } else if component.name == CERT_MANAGER {
        label(object, MANAGED_LABEL, "")?;
        label(object, CORE_LABEL, CERT_MANAGER)?;
        annotate(object, VERSION_ANNOTATION, &component.version)?;
    }
    Ok(())
}

fn label(object: &mut Value, key: &str, value: &str) -> Result<()> {
    metadata(object, "labels")?.insert(key.to_owned(), value.into());
    Ok(())
}

fn annotate(object: &mut Value, key: &str, value: &str) -> Result<()> {
    metadata(object, "annotations")?.insert(key.to_owned(), value.into());
    Ok(())
}

/// `metadata.labels` or `metadata.annotations`, made if absent or null.
fn metadata<'a>(object: &'a mut Value, field: &str) -> Result<&'a mut Map<String, Value>> {
    let name = text(object, "/metadata/name").to_owned();
    let map = &mut object["metadata"][field];
    if map.is_null() {
        *map = json!({});
    }
    map.as_object_mut()
        .with_context(|| format!("metadata.{field} of `{name}` is not a map"))
}

/// What says that a component is installed: a provider's Provider object, or cert-manager's Namespace once more.
fn inventory(component: &Component, sha256: &str, objects: &[Value]) -> Result<Vec<Value>> {
    let provider = Provider::of(component);
    if provider.is_none() && component.name != CERT_MANAGER {
        return Ok(Vec::new());
    }
    let namespace = namespace(objects)?;
    let mut object = match provider {
        Some(provider) => provider_object(component, &provider, text(namespace, "/metadata/name")),
        None => namespace.clone(),
    };
    annotate(&mut object, SHA256_ANNOTATION, sha256)?;
    Ok(vec![object])
}

/// The one namespace that the manifest makes.
fn namespace(objects: &[Value]) -> Result<&Value> {
    let mut namespaces = objects
        .iter()
        .filter(|object| text(object, "/kind") == "Namespace");
    match (namespaces.next(), namespaces.next()) {
        (Some(namespace), None) => Ok(namespace),
        (None, _) => bail!("no Namespace in it; it must make its own"),
        (Some(_), Some(_)) => bail!("more than one Namespace in it; it must make only its own"),
    }
}

fn provider_object(component: &Component, provider: &Provider, namespace: &str) -> Value {
    json!({
        "apiVersion": "clusterctl.cluster.x-k8s.io/v1alpha3",
        "kind": "Provider",
        "metadata": {
            "name": provider.label,
            "namespace": namespace,
            "labels": {MANAGED_LABEL: "", PROVIDER_LABEL: provider.label, CORE_LABEL: "inventory"},
        },
        "providerName": provider.name,
        "type": provider.kind,
        "version": component.version,
    })
}

/// Certificates that leave their keys to cert-manager get those that are made at once; its RSA keys take it seconds.
fn choose_key(object: &mut Value) {
    let issued = text(object, "/apiVersion").starts_with("cert-manager.io/");
    if issued && text(object, "/kind") == "Certificate" && object["spec"]["privateKey"].is_null() {
        object["spec"]["privateKey"] =
            json!({"algorithm": "ECDSA", "size": 256, "encoding": "PKCS8"});
    }
}
