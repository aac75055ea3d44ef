use std::fs;

use super::*;
use crate::failure::{Exit, report};

const GOOD: &str = "kubernetes: v1.34.4
images:
  node: kindest/node:v1.34.4
  loadBalancer: kindest/haproxy:v20230606-42a2262b
components:
  - name: cluster-api
    version: v1.13.0
    manifest: ./cluster-api/core.yaml
    metadata: https://example.com/metadata.yaml
";

fn load(text: &str) -> (tempfile::TempDir, Result<Catalog>) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("catalog.yaml");
    fs::write(&file, text).unwrap();
    let catalog = Catalog::load(&file);
    (dir, catalog)
}

fn refusal(text: &str) -> String {
    let report = report(&load(text).1.unwrap_err());
    assert_eq!(report.exit, Exit::Usage);
    report.message
}

#[test]
fn the_builtin_catalogue_is_complete() {
    let catalog = Catalog::builtin().unwrap();
    let names: Vec<_> = catalog.components.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "cert-manager",
            "cluster-api",
            "bootstrap-kubeadm",
            "control-plane-kubeadm",
            "infrastructure-docker"
        ]
    );
    assert!(catalog.images.node.ends_with(&catalog.kubernetes));
    assert!(
        catalog
            .components
            .iter()
            .all(|c| c.manifest.contains(&c.version))
    );
}

#[test]
fn relative_manifests_lie_beside_the_catalogue() {
    let (dir, catalog) = load(GOOD);
    let component = catalog.unwrap().components.remove(0);
    let manifest = dir.path().join("cluster-api/core.yaml");
    assert_eq!(component.manifest, manifest.display().to_string());
    assert_eq!(
        component.metadata.unwrap(),
        "https://example.com/metadata.yaml"
    );
}

#[test]
fn an_unknown_field_is_refused_with_file_and_line() {
    let message = refusal(&GOOD.replace("  node:", "  nodeImage:"));
    assert!(message.contains("catalog.yaml:3:"), "{message}");
    assert!(message.contains("nodeImage"), "{message}");
}

#[test]
fn malformed_values_are_refused_with_file_line_and_what_is_wanted() {
    for (from, to, line, wanted) in [
        (
            "kubernetes: v1.34.4",
            "kubernetes: 1.34.4",
            ":1:",
            "a version such as",
        ),
        (
            "kindest/node:v1.34.4",
            "kindest/node@sha256:00",
            ":3:",
            "without a digest",
        ),
        (
            "name: cluster-api",
            "name: ../cluster-api",
            ":6:",
            "lower-case letters",
        ),
        (
            "manifest:",
            "sha256: ABC\n    manifest:",
            ":8:",
            "64 lower-case hex digits",
        ),
    ] {
        let message = refusal(&GOOD.replace(from, to));
        assert!(
            message.contains(&format!("catalog.yaml{line}")),
            "{message}"
        );
        assert!(message.contains(wanted), "{message}");
    }
}

#[test]
fn a_component_listed_twice_is_refused() {
    let twice = "  - {name: cluster-api, version: v1.0.0, manifest: ./x.yaml}\n";
    assert!(refusal(&format!("{GOOD}{twice}")).contains("`cluster-api` is listed twice"));
}
