//! Tera templates of `clusterapi/` and `overlays/` to Kubernetes objects. Pure.

mod group;
mod manifest;
mod resize;
mod templates;

use anyhow::{Context, Result};
use serde_json::{Value, json};

pub use manifest::Manifest;
pub use resize::{Program, resize};
use templates::Templates;

use crate::names::{NAMESPACE, Names};
use crate::spec::{Group, Platform, Pool, Rung};
use group::{annotations, machine};

/// All Cluster API objects of the app cluster, in the order of application: what is referred to comes first.
pub fn app_cluster(platform: &Platform) -> Result<Vec<Manifest>> {
    let templates = Templates::of(platform.substrate)?;
    let mut manifests = cluster(platform, &templates)?;
    for pool in &platform.pools {
        manifests.extend(workers(platform, pool, &templates)?);
    }
    Ok(manifests)
}

/// The objects of one pool: templates, `MachineDeployment` and `MachineHealthCheck` of each of its groups.
pub fn pool(platform: &Platform, pool: &Pool) -> Result<Vec<Manifest>> {
    workers(platform, pool, &Templates::of(platform.substrate)?)
}

fn cluster(platform: &Platform, templates: &Templates) -> Result<Vec<Manifest>> {
    let names = &platform.names;
    let load_balancer = load_balancer_config(names, templates)?;
    let infrastructure = templates.object(
        "infrastructure.yaml",
        &json!({
            "name": names.app_cluster(),
            "namespace": NAMESPACE,
            "load_balancer": image_of_load_balancer(&platform.catalog.images.load_balancer)?,
            "load_balancer_config": names.load_balancer(),
        }),
    )?;
    let machine_template = machine_template(platform, &names.control_plane(), None, templates)?;
    let control_plane = templates.object(
        "control-plane.yaml",
        &json!({
            "name": names.control_plane(),
            "namespace": NAMESPACE,
            "replicas": platform.control_plane_replicas,
            "kubernetes": platform.catalog.kubernetes,
            "machine_template": manifest::reference(&machine_template),
        }),
    )?;
    let cluster = templates.object(
        "cluster.yaml",
        &json!({
            "name": names.app_cluster(),
            "namespace": NAMESPACE,
            "pods": platform.network.pods,
            "services": platform.network.services,
            "control_plane": names.control_plane(),
            "infrastructure": manifest::reference(&infrastructure),
        }),
    )?;
    let selector = json!({ "cluster.x-k8s.io/control-plane": "" });
    let health_check = health_check(platform, &names.control_plane(), &selector, templates)?;
    let objects = [
        infrastructure,
        machine_template,
        control_plane,
        cluster,
        health_check,
    ];
    Ok(stamped(platform, load_balancer.into_iter().chain(objects)))
}

/// Where the substrate's load balancer wants one.
fn load_balancer_config(names: &Names, templates: &Templates) -> Result<Option<Value>> {
    const TEMPLATE: &str = "load-balancer.yaml";
    if !templates.contains(TEMPLATE) {
        return Ok(None);
    }
    let values = json!({"name": names.load_balancer(), "namespace": NAMESPACE});
    templates.object(TEMPLATE, &values).map(Some)
}

fn workers(platform: &Platform, pool: &Pool, templates: &Templates) -> Result<Vec<Manifest>> {
    let mut manifests = Vec::new();
    for group in pool.groups() {
        manifests.extend(workers_of(platform, pool, &group, templates)?);
    }
    Ok(manifests)
}

fn workers_of(
    platform: &Platform,
    pool: &Pool,
    group: &Group<'_>,
    templates: &Templates,
) -> Result<Vec<Manifest>> {
    let name = platform.names.pool(&group.name);
    let machine_template = machine_template(platform, &name, group.rung, templates)?;
    let bootstrap = templates.object(
        "bootstrap.yaml",
        &json!({ "name": name, "namespace": NAMESPACE }),
    )?;
    let bootstrap = manifest::named_by_hash(bootstrap);
    let values = json!({
        "name": name,
        "namespace": NAMESPACE,
        "annotations": annotations(platform.substrate, pool, group),
        "cluster": platform.names.app_cluster(),
        "kubernetes": platform.catalog.kubernetes,
        "machine_template": manifest::reference(&machine_template),
        "bootstrap": manifest::reference(&bootstrap),
    });
    let deployment = templates.object("pool.yaml", &values)?;
    let selector = json!({ "cluster.x-k8s.io/deployment-name": name });
    let health_check = health_check(platform, &name, &selector, templates)?;
    Ok(stamped(
        platform,
        [machine_template, bootstrap, deployment, health_check],
    ))
}

fn machine_template(
    platform: &Platform,
    name: &str,
    rung: Option<&Rung>,
    templates: &Templates,
) -> Result<Value> {
    let machine = machine(rung);
    let values = json!({
        "name": name,
        "namespace": NAMESPACE,
        "node_image": platform.catalog.images.node,
        "labels": machine.labels,
        "annotations": machine.capacity,
    });
    Ok(manifest::named_by_hash(
        templates.object("machine-template.yaml", &values)?,
    ))
}

fn health_check(
    platform: &Platform,
    name: &str,
    selector: &Value,
    templates: &Templates,
) -> Result<Value> {
    templates.object(
        "machine-health-check.yaml",
        &json!({
            "name": name,
            "namespace": NAMESPACE,
            "cluster": platform.names.app_cluster(),
            "selector": selector,
        }),
    )
}

fn stamped(platform: &Platform, objects: impl IntoIterator<Item = Value>) -> Vec<Manifest> {
    objects
        .into_iter()
        .map(|object| Manifest::new(object, &platform.names))
        .collect()
}

/// Repository and tag as Cluster API's Docker provider wants them: it puts `/haproxy:` between them itself.
fn image_of_load_balancer(image: &str) -> Result<Value> {
    let (repository, tag) = image.rsplit_once("/haproxy:").with_context(|| {
        format!("load balancer image `{image}` is not named REPOSITORY/haproxy:TAG")
    })?;
    Ok(json!({ "repository": repository, "tag": tag }))
}

#[cfg(test)]
mod tests;
