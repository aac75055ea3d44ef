//! The examples that people copy: each one is valid, and what the simplest one makes is known to the letter.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use bex_infra::catalog::Catalog;
use bex_infra::render::{self, Manifest};
use bex_infra::spec::{self, Platform};

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

#[test]
fn every_example_is_valid_and_renders() {
    let mut seen = 0;
    for entry in fs::read_dir(examples()).unwrap() {
        let file = entry.unwrap().path();
        if file
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
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
    }
    assert!(seen >= 2, "no examples in {}", examples().display());
}

#[test]
fn the_simplest_example_renders_to_the_letter() {
    let manifests = render::app_cluster(&platform(&examples().join("local.yaml"))).unwrap();
    insta::assert_snapshot!(yaml(&manifests));
}
