//! The examples that people copy: each one is valid, and what the simplest one makes is known to the letter.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use bex_infra::catalog::Catalog;
use bex_infra::render::{self, Manifest};
use bex_infra::resize::policy::Policy;
use bex_infra::resize::prices::PriceList;
use bex_infra::resize::simulate::{Setting, simulate};
use bex_infra::resize::workload::{Workload, catalog};
use bex_infra::spec::{self, Platform};
use k8s_openapi::api::apps::v1::Deployment;

/// A catalogue that never changes, so that the examples render the same with every release.
fn catalog() -> Catalog {
    serde_saphyr::from_str(include_str!("fixtures/catalog.yaml")).unwrap()
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

fn platform(file: &Path) -> Platform {
    let text = fs::read_to_string(file).unwrap();
    let name = file.file_name().unwrap().to_string_lossy();
    spec::parse(&text, &name, &catalog()).unwrap()
}

fn yaml(manifests: &[Manifest]) -> String {
    let documents: Vec<String> = manifests
        .iter()
        .map(|manifest| serde_saphyr::to_string(&manifest.object).unwrap())
        .collect();
    documents.join("---\n")
}

/// The YAML files among the examples, with their texts.
fn files() -> Vec<(PathBuf, String)> {
    let files = fs::read_dir(examples()).unwrap();
    let files = files.map(|entry| entry.unwrap().path());
    let yaml = files.filter(|file| file.extension().is_some_and(|of| of == "yaml"));
    yaml.map(|file| {
        let text = fs::read_to_string(&file).unwrap();
        (file, text)
    })
    .collect()
}

#[test]
fn every_platform_is_valid_and_renders() {
    let mut seen = 0;
    for (file, text) in files() {
        if !text.contains("\nkind: Platform\n") {
            continue;
        }
        let manifests = render::app_cluster(&platform(&file)).unwrap();
        assert!(
            manifests
                .iter()
                .any(|manifest| manifest.kind() == "Cluster"),
            "{}",
            file.display()
        );
        seen += 1;
    }
    assert!(seen >= 4, "{seen} platforms in {}", examples().display());
}

#[test]
fn every_app_is_a_deployment_that_asks_for_something() {
    let mut seen = 0;
    for (file, text) in files() {
        if !text.contains("\nkind: Deployment\n") {
            continue;
        }
        let app: Deployment = serde_saphyr::from_str(&text).unwrap();
        let pods = app.spec.unwrap().template.spec.unwrap();
        let requests = pods.containers[0].resources.as_ref().unwrap();
        assert!(requests.requests.is_some(), "{}", file.display());
        seen += 1;
    }
    assert!(seen >= 1, "no App in {}", examples().display());
}

#[test]
fn the_example_of_a_policy_says_what_is_usual() {
    let text = fs::read_to_string(examples().join("policy.yaml")).unwrap();
    assert_eq!(
        spec::policy(&text, "policy.yaml").unwrap(),
        Policy::default()
    );
}

#[test]
fn the_example_of_a_workload_and_those_of_the_bench_can_be_simulated() {
    can_be_simulated(&examples().join("workload.yaml"));
    let others = examples().join("../benches/workloads");
    for file in fs::read_dir(others).unwrap() {
        can_be_simulated(&file.unwrap().path());
    }
}

fn can_be_simulated(file: &Path) {
    let text = fs::read_to_string(file).unwrap();
    let mut workload: Workload = serde_saphyr::from_str(&text).unwrap();
    workload.types = catalog::types(&PriceList::named("hetzner").unwrap());
    let setting = Setting {
        hours: 1.0,
        ..Setting::default()
    };
    let report = simulate(&workload, &setting).unwrap();
    assert_eq!(report.outcomes.len(), setting.strategies.len());
    assert!(
        report
            .outcomes
            .iter()
            .all(|outcome| outcome.machines_bought > 0),
        "{report}"
    );
}

#[test]
fn the_simplest_example_renders_to_the_letter() {
    let manifests = render::app_cluster(&platform(&examples().join("local.yaml"))).unwrap();
    insta::assert_snapshot!(yaml(&manifests));
}
