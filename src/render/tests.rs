use std::iter;

use serde_json::json;

use super::templates::embedded;
use super::*;
use crate::catalog::Catalog;
use crate::names::APPLIED_HASH_ANNOTATION;
use crate::spec::{self, Rung, Sizes, Substrate};

fn platform() -> Platform {
    let catalog: Catalog =
        serde_saphyr::from_str(include_str!("../../tests/fixtures/catalog.yaml")).unwrap();
    spec::default(Substrate::Local, "bex", Some(2), &catalog).unwrap()
}

fn named<'a>(manifests: &'a [Manifest], kind: &str, name: &str) -> &'a Manifest {
    manifests
        .iter()
        .find(|manifest| manifest.kind() == kind && manifest.name().starts_with(name))
        .unwrap()
}

fn one(text: &str, values: &Value) -> Result<Value> {
    Templates::parse(iter::once(("t.yaml", text)))?.object("t.yaml", values)
}

#[test]
fn what_is_referred_to_comes_before_what_refers_to_it() {
    let manifests = app_cluster(&platform()).unwrap();
    let kinds: Vec<&str> = manifests.iter().map(Manifest::kind).collect();
    assert_eq!(
        kinds,
        [
            "ConfigMap",
            "DevCluster",
            "DevMachineTemplate",
            "KubeadmControlPlane",
            "Cluster",
            "MachineHealthCheck",
            "DevMachineTemplate",
            "KubeadmConfigTemplate",
            "MachineDeployment",
            "MachineHealthCheck",
        ]
    );
}

#[test]
fn a_pool_renders_the_same_alone_and_with_its_cluster() {
    let platform = platform();
    let all = app_cluster(&platform).unwrap();
    assert!(all.ends_with(&pool(&platform, &platform.pools[0]).unwrap()));
}

#[test]
fn another_node_image_is_another_template_and_a_rollout() {
    let before = app_cluster(&platform()).unwrap();
    let mut changed = platform();
    changed.catalog.images.node = "example.org/node:mine".into();
    let after = app_cluster(&changed).unwrap();
    for owner in ["bex-control-plane-", "bex-worker-0-"] {
        let old = named(&before, "DevMachineTemplate", owner);
        let new = named(&after, "DevMachineTemplate", owner);
        assert_ne!(old.name(), new.name());
    }
    let deployment = named(&after, "MachineDeployment", "bex-worker-0");
    let reference = &deployment.object["spec"]["template"]["spec"]["infrastructureRef"];
    assert_eq!(
        reference["name"],
        named(&after, "DevMachineTemplate", "bex-worker-0-").name()
    );
    assert_ne!(
        deployment.hash,
        named(&before, "MachineDeployment", "bex-worker-0").hash
    );
}

#[test]
fn kubeadm_waits_for_the_node_where_it_would_not_by_itself_and_knows_how() {
    let gates = |kubernetes: &str| {
        let mut platform = platform();
        platform.catalog.kubernetes = kubernetes.into();
        let manifests = app_cluster(&platform).unwrap();
        let control_plane = &named(&manifests, "KubeadmControlPlane", "bex").object;
        control_plane["spec"]["kubeadmConfigSpec"]["clusterConfiguration"]["featureGates"].clone()
    };
    for version in ["v1.34.4", "v1.35.0"] {
        assert_eq!(gates(version), json!({"NodeLocalCRISocket": false}));
    }
    for version in ["v1.33.7", "v1.36.0"] {
        assert_eq!(gates(version), Value::Null);
    }
}

#[test]
fn the_number_of_workers_is_never_applied_so_that_applying_never_takes_one_away() {
    for replicas in [None, Some(0), Some(3)] {
        let mut changed = platform();
        changed.pools[0].replicas = replicas;
        let manifests = pool(&changed, &changed.pools[0]).unwrap();
        let deployment = named(&manifests, "MachineDeployment", "bex");
        assert_eq!(deployment.object["spec"].get("replicas"), None);
    }
}

#[test]
fn each_rung_is_a_machine_deployment_that_says_what_it_is() {
    let mut platform = platform();
    platform.substrate = Substrate::Sim;
    let small = Rung::usual();
    let large = Rung {
        machine_type: "cpx32".into(),
        location: "nbg1".into(),
        ..small.clone()
    };
    platform.pools[0].sizes = Some(Sizes { min: 1, max: 5 });
    platform.pools[0].replicas = None;
    platform.pools[0].rungs = vec![small, large];
    let manifests = pool(&platform, &platform.pools[0]).unwrap();
    let second = named(&manifests, "MachineDeployment", "bex-worker-0-cpx32-nbg1");
    let mut annotations = second.object["metadata"]["annotations"].clone();
    annotations[APPLIED_HASH_ANNOTATION] = Value::Null;
    assert_eq!(
        annotations,
        json!({
            "infra.bex.co/applied-hash": null,
            "infra.bex.co/pool": "worker-0",
            "infra.bex.co/machine-type": "cpx32",
            "infra.bex.co/location": "nbg1",
            "infra.bex.co/rung": "1",
            "machineset.cluster.x-k8s.io/skip-preflight-checks": "ControlPlaneIsStable",
            "cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size": "0",
            "cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size": "5",
            "capacity.cluster-autoscaler.kubernetes.io/cpu": "4",
            "capacity.cluster-autoscaler.kubernetes.io/memory": "8Gi",
            "capacity.cluster-autoscaler.kubernetes.io/ephemeral-disk": "100Gi",
            "capacity.cluster-autoscaler.kubernetes.io/maxPods": "110",
            "capacity.cluster-autoscaler.kubernetes.io/labels": "node.kubernetes.io/instance-type=cpx32,\
                topology.kubernetes.io/region=nbg1,topology.kubernetes.io/zone=nbg1",
        })
    );
    let template = named(&manifests, "DevMachineTemplate", "bex-worker-0-cpx32-nbg1-");
    let labels = &template.object["spec"]["template"]["metadata"]["labels"];
    assert_eq!(labels["topology.kubernetes.io/zone"], "nbg1");
}

#[test]
fn the_hash_is_on_the_object_and_does_not_count_itself() {
    let mut object = json!({"metadata": {"name": "a", "labels": {"x": "y"}}});
    let first = Manifest::new(object.clone(), &platform().names);
    assert_eq!(
        first.object["metadata"]["annotations"][APPLIED_HASH_ANNOTATION],
        first.hash
    );
    object["spec"] = json!({});
    assert_ne!(Manifest::new(object, &platform().names).hash, first.hash);
}

#[test]
fn the_order_of_keys_does_not_change_a_hash() {
    let object = |text: &str| {
        let value = serde_json::from_str(text).unwrap();
        Manifest::new(value, &platform().names).hash
    };
    let (one, two) = (
        r#"{"metadata": {}, "a": 1, "b": 2}"#,
        r#"{"b": 2, "a": 1, "metadata": {}}"#,
    );
    assert_eq!(object(one), object(two));
}

#[test]
fn a_load_balancer_image_of_another_name_is_refused_with_its_name() {
    let mut platform = platform();
    platform.catalog.images.load_balancer = "envoyproxy/envoy:v1".into();
    assert_eq!(
        app_cluster(&platform).unwrap_err().to_string(),
        "load balancer image `envoyproxy/envoy:v1` is not named REPOSITORY/haproxy:TAG"
    );
}

#[test]
fn no_value_can_break_out_of_its_place() {
    let hostile = "a\"\nspec: {b: 1}\n---\n{{ x }} # ";
    let object = one(
        "metadata: {name: {{ name | json }}}",
        &json!({ "name": hostile }),
    )
    .unwrap();
    assert_eq!(object, json!({"metadata": {"name": hostile}}));
}

#[test]
fn a_missing_value_is_an_error_that_names_template_and_value() {
    let error = one(
        "metadata: {name: {{ nmae | json }}}",
        &json!({ "name": "a" }),
    )
    .unwrap_err();
    let chain = format!("{error:#}");
    assert!(chain.starts_with("rendering t.yaml"), "{chain}");
    assert!(chain.contains("nmae"), "{chain}");
}

#[test]
fn every_value_in_every_template_is_quoted() {
    for (name, source) in embedded(Substrate::Local) {
        // What is raw is somebody else's template.
        let ours = source
            .split("{% raw %}")
            .filter_map(|part| part.rsplit("{% endraw %}").next());
        for expression in ours.flat_map(|part| part.split("{{").skip(1)) {
            let expression = expression.split("}}").next().unwrap();
            assert!(expression.ends_with(" | json "), "{name}: {expression}");
        }
    }
}
