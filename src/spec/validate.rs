//! The shape of a `Platform` document: which fields there are, what they may hold, and what they mean together.

use ipnet::Ipv4Net;

use super::catalog;
use super::document::Node;
use super::pools::pools;
use super::problems::nearest;
use super::reader::{Field, Object, Reader};
use super::resize::resize;
use super::values;
use super::{CONTROL_PLANE_SIZES, DEFAULT_PODS, DEFAULT_SERVICES};
use super::{Network, Platform, Substrate};
use crate::catalog::Catalog;
use crate::names::Names;

const API_VERSION: &str = "infra.bex.co/v1alpha1";

/// `None` only if the reader has noted why.
pub(super) fn platform(root: &Node, base: &Catalog, reader: &mut Reader) -> Option<Platform> {
    let document = reader.root(root, &["apiVersion", "kind", "metadata", "spec"])?;
    // Of a document of another kind every field would be unknown; what it should be is enough.
    let unknown = reader.problems.len();
    let version = constant(&document, "apiVersion", API_VERSION, reader);
    let kind = constant(&document, "kind", "Platform", reader);
    if version.and(kind).is_none() {
        reader.problems.drain(..unknown);
        return None;
    }
    let name = metadata(&document, reader);
    let field = reader.required(&document, "spec")?;
    let spec = reader.object(
        &field,
        &[
            "substrate",
            "kubernetes",
            "controlPlane",
            "pools",
            "network",
            "resize",
            "catalog",
        ],
    )?;
    let substrate = substrate(&spec, reader);
    let control_plane_replicas = control_plane(&spec, reader);
    let pools = pools(&spec, name.as_deref(), substrate, reader);
    let network = network(&spec, reader);
    let resize = resize(&spec, reader);
    let catalog = catalog::overridden(&field, &spec, base, reader);
    Some(Platform {
        names: Names::new(name?),
        substrate: substrate?,
        catalog: catalog?,
        network: network?,
        control_plane_replicas: control_plane_replicas?,
        pools: pools?,
        resize: resize?,
    })
}

fn constant(object: &Object<'_>, name: &str, expected: &str, reader: &mut Reader) -> Option<()> {
    let field = reader.required(object, name)?;
    reader.checked(&field, |text| match text {
        _ if text == expected => Ok(()),
        _ => Err(format!("expected `{expected}`, found `{text}`")),
    })
}

fn metadata(document: &Object<'_>, reader: &mut Reader) -> Option<String> {
    let field = reader.required(document, "metadata")?;
    let metadata = reader.object(&field, &["name"])?;
    let name = reader.required(&metadata, "name")?;
    reader.checked(&name, values::platform_name)
}

fn substrate(spec: &Object<'_>, reader: &mut Reader) -> Option<Substrate> {
    let field = reader.required(spec, "substrate")?;
    let text = reader.string(&field)?;
    let known = Substrate::ALL
        .into_iter()
        .find(|known| known.name() == text);
    if known.is_none() {
        let names = Substrate::ALL.map(Substrate::name);
        let hint =
            nearest(text, names).map(|meant| format!("`spec.substrate`: did you mean `{meant}`?"));
        let expected = names.join(" or ");
        let message = format!("unknown substrate `{text}`; expected {expected}");
        reader.wrong_with_hint(&field, message, hint);
    }
    known
}

fn control_plane(spec: &Object<'_>, reader: &mut Reader) -> Option<u32> {
    let Some(field) = spec.get("controlPlane") else {
        return Some(1);
    };
    let Some(replicas) = reader.object(&field, &["replicas"])?.get("replicas") else {
        return Some(1);
    };
    let number = reader.whole_number(&replicas)?;
    let size = CONTROL_PLANE_SIZES
        .into_iter()
        .find(|size| number == i128::from(*size));
    if size.is_none() {
        reader.wrong(
            &replicas,
            format!("must be 1, 3 or 5, so that etcd keeps a majority; found {number}"),
        );
    }
    size
}

fn network(spec: &Object<'_>, reader: &mut Reader) -> Option<Network> {
    let Some(field) = spec.get("network") else {
        return Some(Network::default());
    };
    let object = reader.object(&field, &["pods", "services"])?;
    let pods = range(object.get("pods"), DEFAULT_PODS, values::pod_range, reader);
    let services = range(
        object.get("services"),
        DEFAULT_SERVICES,
        values::service_range,
        reader,
    );
    let (pods, services) = (pods?, services?);
    if pods.contains(&services) || services.contains(&pods) {
        reader.wrong(
            &field,
            format!("pods {pods} and services {services} overlap"),
        );
    }
    Some(Network {
        pods: pods.to_string(),
        services: services.to_string(),
    })
}

fn range(
    field: Option<Field<'_>>,
    default: Ipv4Net,
    check: fn(&str) -> Result<Ipv4Net, String>,
    reader: &mut Reader,
) -> Option<Ipv4Net> {
    match field {
        Some(field) => reader.checked(&field, check),
        None => Some(default),
    }
}
