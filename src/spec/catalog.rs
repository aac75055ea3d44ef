//! The catalogue's overrides: `spec.kubernetes` and `spec.catalog` on top of the catalogue that a platform starts from.

use super::problems::nearest;
use super::reader::{Field, Object, Reader};
use super::values;
use crate::catalog::support::{self, Version};
use crate::catalog::{Catalog, Component};

/// The node image whose tag is the version of the Kubernetes in it.
const VERSIONED_NODE_IMAGE: &str = "kindest/node";

/// `base` with the overrides of `spec`, which stands in `field`.
pub(super) fn overridden(
    field: &Field<'_>,
    spec: &Object<'_>,
    base: &Catalog,
    reader: &mut Reader,
) -> Option<Catalog> {
    let mut catalog = base.clone();
    let version = spec.get("kubernetes");
    if let Some(kubernetes) = version
        .as_ref()
        .and_then(|field| reader.checked(field, support::parse))
    {
        use_kubernetes(&mut catalog, kubernetes);
    }
    if let Some(overrides) = spec.get("catalog") {
        let object = reader.object(&overrides, &["images", "components"])?;
        images(&object, &mut catalog, reader);
        components(&object, &mut catalog, reader);
    }
    forget_infra_node(&mut catalog, base);
    if let Err(message) = support::check(&catalog) {
        reader.wrong(version.as_ref().unwrap_or(field), message);
    }
    Some(catalog)
}

/// The node image follows where its tag says which Kubernetes is in it.
fn use_kubernetes(catalog: &mut Catalog, version: Version) {
    catalog.kubernetes = version.to_string();
    if catalog.images.node.split(':').next() == Some(VERSIONED_NODE_IMAGE) {
        catalog.images.node = format!("{VERSIONED_NODE_IMAGE}:{version}");
    }
}

/// A prepared infra node holds Kubernetes and the components as they are in its own catalogue.
fn forget_infra_node(catalog: &mut Catalog, base: &Catalog) {
    let same = catalog.kubernetes == base.kubernetes
        && catalog.images.node == base.images.node
        && catalog.components == base.components;
    if !same && catalog.images.infra_node == base.images.infra_node {
        catalog.images.infra_node = None;
    }
}

fn images(object: &Object<'_>, catalog: &mut Catalog, reader: &mut Reader) -> Option<()> {
    let images = reader.object(
        &object.get("images")?,
        &["node", "loadBalancer", "infraNode"],
    )?;
    if let Some(node) = images.get("node") {
        catalog.images.node = reader.checked(&node, values::image)?;
        node_version(&node, catalog, reader);
    }
    if let Some(load_balancer) = images.get("loadBalancer") {
        catalog.images.load_balancer =
            reader.checked(&load_balancer, values::load_balancer_image)?;
    }
    if let Some(infra_node) = images.get("infraNode") {
        catalog.images.infra_node = Some(reader.checked(&infra_node, values::image)?);
    }
    Some(())
}

/// A node image of another Kubernetes would fail minutes later, in kubeadm.
fn node_version(field: &Field<'_>, catalog: &Catalog, reader: &mut Reader) {
    let Some((VERSIONED_NODE_IMAGE, tag)) = catalog.images.node.split_once(':') else {
        return;
    };
    if Version::parse(tag).is_some() && tag != catalog.kubernetes {
        let message = format!(
            "holds Kubernetes {tag}, but the platform is to run {}",
            catalog.kubernetes
        );
        let hint = format!("set spec.kubernetes to {tag}; the node image follows it");
        reader.wrong_with_hint(field, message, Some(hint));
    }
}

fn components(object: &Object<'_>, catalog: &mut Catalog, reader: &mut Reader) -> Option<()> {
    let mut seen = Vec::new();
    for field in reader.list(&object.get("components")?)? {
        let Some(name) = component(&field, catalog, reader) else {
            continue;
        };
        if seen.contains(&name) {
            reader.wrong(&field, format!("`{name}` is overridden twice"));
        }
        seen.push(name);
    }
    Some(())
}

/// Overrides one component and returns its name.
fn component(field: &Field<'_>, catalog: &mut Catalog, reader: &mut Reader) -> Option<String> {
    let object = reader.object(
        field,
        &["name", "version", "manifest", "metadata", "sha256"],
    )?;
    let name_field = reader.required(&object, "name")?;
    let name = reader.string(&name_field)?;
    let Some(index) = catalog
        .components
        .iter()
        .position(|component| component.name == name)
    else {
        unknown(&name_field, name, catalog, reader);
        return None;
    };
    belong_together(&object, reader);
    override_fields(&object, &mut catalog.components[index], reader);
    Some(name.to_owned())
}

fn unknown(field: &Field<'_>, name: &str, catalog: &Catalog, reader: &mut Reader) {
    let known: Vec<&str> = catalog
        .components
        .iter()
        .map(|component| component.name.as_str())
        .collect();
    let hint = nearest(name, known.iter().copied())
        .map(|meant| format!("component `{name}`: did you mean `{meant}`?"));
    let message = format!(
        "unknown component `{name}`; the catalogue has {}",
        known.join(", ")
    );
    reader.wrong_with_hint(field, message, hint);
}

/// A version is a manifest, and a manifest has a checksum: one without the other would be the catalogue's.
fn belong_together(object: &Object<'_>, reader: &mut Reader) {
    for (given, needed) in [
        ("version", "manifest"),
        ("manifest", "sha256"),
        ("sha256", "manifest"),
    ] {
        if object.get(given).is_some() && object.get(needed).is_none() {
            reader.required(object, needed);
            return;
        }
    }
}

fn override_fields(
    object: &Object<'_>,
    component: &mut Component,
    reader: &mut Reader,
) -> Option<()> {
    if let Some(field) = object.get("version") {
        component.version = reader.checked(&field, support::parse)?.to_string();
    }
    if let Some(field) = object.get("manifest") {
        component.manifest = reader.checked(&field, values::manifest_url)?;
    }
    if let Some(field) = object.get("metadata") {
        component.metadata = Some(reader.checked(&field, values::manifest_url)?);
    }
    if let Some(field) = object.get("sha256") {
        component.sha256 = Some(reader.checked(&field, values::sha256)?);
    }
    Some(())
}
