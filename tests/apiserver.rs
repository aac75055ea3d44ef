//! Apply, read and wait against a real API server.
//!
//! Run with `BEX_TEST_BIN=DIR BEX_CATALOG=FILE cargo test --test apiserver -- --ignored`: DIR holds etcd, kube-apiserver
//! and kubeadm, FILE is a catalogue whose manifests are paths.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/apiserver.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::time::Duration;

use bex_infra::catalog::{Catalog, manifest};
use bex_infra::progress::Reporter;
use bex_infra::tools::kube::{self, Client, DynamicObject, Objects, Verdict, is_true};
use serde_json::{Value, json};
use support::{ApiServer, soon};
use tokio::sync::mpsc;
use tokio::time::Instant;

fn reporter() -> Reporter {
    Reporter::new(0, mpsc::unbounded_channel().0)
}

fn config_map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}, "data": {"a": "1"}})
}

/// The objects of every component but the webhook configurations: no webhook runs here.
fn manifests() -> Vec<Value> {
    let file = PathBuf::from(std::env::var("BEX_CATALOG").unwrap());
    let catalog: Catalog =
        serde_saphyr::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let directory = file.parent().unwrap_or(Path::new("."));
    let mut objects = manifest::inventory_definition().unwrap();
    for component in &catalog.components {
        let text = std::fs::read_to_string(directory.join(&component.manifest)).unwrap();
        let phases = manifest::load(component, &text).unwrap();
        // cert-manager's Namespace comes twice, with and without the mark of its installation.
        let mut of_component: Vec<Value> = phases.objects().cloned().collect();
        of_component
            .retain(|object| object["kind"] != "Namespace" || !phases.inventory.contains(object));
        objects.extend(of_component);
    }
    objects.retain(|object| {
        !object["kind"]
            .as_str()
            .unwrap_or_default()
            .ends_with("WebhookConfiguration")
    });
    objects
}

/// Resource versions of all objects of some kinds.
async fn versions(client: &Client) -> Vec<(String, Option<String>)> {
    let kinds = [
        ("v1", "Namespace"),
        ("v1", "Service"),
        ("apps/v1", "Deployment"),
        ("rbac.authorization.k8s.io/v1", "ClusterRole"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        ("cert-manager.io/v1", "Certificate"),
        ("clusterctl.cluster.x-k8s.io/v1alpha3", "Provider"),
    ];
    let mut versions = Vec::new();
    for (api_version, kind) in kinds {
        let labelled = Objects::new(client, api_version, kind, None)
            .list("clusterctl.cluster.x-k8s.io")
            .await
            .unwrap();
        assert!(!labelled.is_empty(), "no {kind}");
        versions.extend(labelled.into_iter().map(|object| {
            let metadata = object.metadata;
            (
                format!("{kind} {}", metadata.name.unwrap_or_default()),
                metadata.resource_version,
            )
        }));
    }
    versions
}

/// Waits until the server has written the status of all definitions, which changes their resource versions.
async fn established(client: &Client) {
    let definitions = Objects::new(
        client,
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        None,
    );
    let judge = |seen: &[DynamicObject]| match seen
        .iter()
        .find(|definition| !is_true(definition, "Established"))
    {
        Some(definition) => Verdict::Waiting(definition.metadata.name.clone().unwrap_or_default()),
        None => Verdict::Done,
    };
    definitions
        .wait_list("", "definitions", soon(), &reporter(), judge)
        .await
        .unwrap();
}

#[tokio::test]
#[ignore = "needs BEX_TEST_BIN and BEX_CATALOG"]
async fn all_manifests_apply_in_one_batch_and_a_second_time_change_nothing() {
    let server = ApiServer::start().await;
    let objects = manifests();
    kube::apply(&server.client, &objects, soon()).await.unwrap();
    established(&server.client).await;
    let before = versions(&server.client).await;
    kube::apply(&server.client, &objects, soon()).await.unwrap();
    assert_eq!(versions(&server.client).await, before);
}

#[tokio::test]
#[ignore = "needs BEX_TEST_BIN"]
async fn errors_name_the_object_and_the_cause_at_once_unless_time_may_help() {
    let server = ApiServer::start().await;
    let started = Instant::now();

    let mut invalid = config_map("a");
    invalid["kind"] = "Service".into();
    let error = kube::apply(&server.client, &[invalid], soon())
        .await
        .unwrap_err();
    assert!(
        format!("{error:#}").starts_with("applying Service default/a: "),
        "{error:#}"
    );

    let mut lost = config_map("a");
    lost["metadata"]["namespace"] = "nowhere".into();
    let error = kube::apply(&server.client, &[lost], soon())
        .await
        .unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        "applying ConfigMap nowhere/a: namespaces \"nowhere\" not found"
    );
    assert!(started.elapsed() < Duration::from_secs(10));

    let mut unknown = config_map("a");
    unknown["apiVersion"] = "nothing.example/v1".into();
    let deadline = Instant::now() + Duration::from_secs(1);
    let error = kube::apply(&server.client, &[unknown], deadline)
        .await
        .unwrap_err();
    assert!(
        format!("{error:#}").starts_with("applying ConfigMap default/a: "),
        "{error:#}"
    );
    assert!(Instant::now() + Duration::from_millis(600) >= deadline);
}

#[tokio::test]
#[ignore = "needs BEX_TEST_BIN"]
async fn an_object_is_read_patched_and_deleted() {
    let server = ApiServer::start().await;
    let maps = Objects::new(&server.client, "v1", "ConfigMap", Some("default"));
    assert!(maps.get("a").await.unwrap().is_none());
    maps.delete("a").await.unwrap();
    kube::accepts(&server.client, &config_map("a"))
        .await
        .unwrap();
    assert!(maps.get("a").await.unwrap().is_none());

    kube::apply(&server.client, &[config_map("a")], soon())
        .await
        .unwrap();
    let patched = maps
        .patch_merge("a", &json!({"data": {"b": "2"}}))
        .await
        .unwrap();
    assert_eq!(patched.data["data"], json!({"a": "1", "b": "2"}));
    assert_eq!(maps.list("").await.unwrap().len(), 1);
    maps.delete("a").await.unwrap();
    assert!(maps.get("a").await.unwrap().is_none());

    let unknown = Objects::new(&server.client, "nothing.example/v1", "Thing", None);
    assert!(unknown.list("").await.unwrap().is_empty());
}

#[tokio::test]
#[ignore = "needs BEX_TEST_BIN"]
async fn a_wait_sees_changes_and_says_what_was_missing_when_time_is_up() {
    let server = ApiServer::start().await;
    let maps = Objects::new(&server.client, "v1", "ConfigMap", Some("default"));
    let (events, mut notes) = mpsc::unbounded_channel();
    let reporter_of_notes = Reporter::new(0, events);
    let exists = |seen: Option<&DynamicObject>| match seen {
        Some(_) => Verdict::Done,
        None => Verdict::Waiting("it is not there".to_owned()),
    };
    let wait = maps.wait("a", "ConfigMap a", soon(), &reporter_of_notes, exists);
    let create = async {
        notes.recv().await.unwrap();
        kube::apply(&server.client, &[config_map("a")], soon()).await
    };
    let (seen, created) = tokio::join!(wait, create);
    created.unwrap();
    assert_eq!(seen.unwrap().unwrap().data["data"]["a"], "1");

    let two = |seen: &[DynamicObject]| match seen.len() {
        2.. => Verdict::Done,
        few => Verdict::Waiting(format!("{few} of 2 exist")),
    };
    let deadline = Instant::now() + Duration::from_secs(1);
    let error = maps
        .wait_list("", "2 ConfigMaps", deadline, &reporter(), two)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "waited 1 s for 2 ConfigMaps: 1 of 2 exist"
    );
}

#[tokio::test]
#[ignore = "needs BEX_TEST_BIN"]
async fn a_server_with_another_certificate_is_refused_at_once() {
    let server = ApiServer::start().await;
    let other = ApiServer::start().await;
    let mut kubeconfig: Value = serde_json::from_str(&server.kubeconfig).unwrap();
    let foreign: Value = serde_json::from_str(&other.kubeconfig).unwrap();
    let authority = "certificate-authority";
    kubeconfig["clusters"][0]["cluster"][authority] =
        foreign["clusters"][0]["cluster"][authority].clone();
    let client = kube::client(&kubeconfig.to_string()).await.unwrap();
    let started = Instant::now();
    let error = kube::server_ready(&client, soon()).await.unwrap_err();
    assert!(format!("{error:#}").contains("certificate"), "{error:#}");
    assert!(started.elapsed() < Duration::from_secs(10));
}
