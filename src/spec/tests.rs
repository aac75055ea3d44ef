use proptest::prelude::*;

use super::*;
use crate::failure::{Exit, Report, report};

mod bad_input;
mod resize;

fn base() -> Catalog {
    serde_saphyr::from_str(include_str!("../../tests/fixtures/catalog.yaml")).unwrap()
}

/// A document with `spec` under `spec:`, whose first line is line 5.
fn document(spec: &str) -> String {
    format!(
        "apiVersion: infra.bex.co/v1alpha1\nkind: Platform\nmetadata: {{name: bex}}\nspec:\n{spec}"
    )
}

fn parsed(spec: &str) -> Platform {
    parse(&document(spec), "p.yaml", &base()).unwrap()
}

fn refused(text: &str) -> Report {
    report(&parse(text, "p.yaml", &base()).unwrap_err().into())
}

#[test]
fn a_minimal_document_means_the_same_as_no_document() {
    assert_eq!(
        parsed("  substrate: local"),
        default(Substrate::Local, "bex", None, &base()).unwrap()
    );
}

#[test]
fn every_field_reaches_the_platform() {
    let platform = parsed(
        "  substrate: local
  controlPlane: {replicas: 3}
  pools:
    - {name: worker-0, replicas: 0}
    - {name: gpu}
  network: {pods: 10.8.0.0/14, services: 10.4.0.0/16}",
    );
    assert_eq!(platform.names.platform(), "bex");
    assert_eq!(platform.control_plane_replicas, 3);
    assert_eq!(
        platform.network,
        Network {
            pods: "10.8.0.0/14".into(),
            services: "10.4.0.0/16".into()
        }
    );
    let pools: Vec<_> = platform
        .pools
        .iter()
        .map(|pool| (pool.name.as_str(), pool.replicas))
        .collect();
    assert_eq!(pools, [("worker-0", Some(0)), ("gpu", None)]);
}

#[test]
fn a_pool_with_a_maximum_is_the_resize_loops() {
    let platform = parsed("  substrate: local\n  pools: [{name: web, max: 5}, {name: batch}]");
    let [web, batch] = platform.pools.as_slice() else {
        panic!("{:?}", platform.pools)
    };
    assert_eq!(web.sizes, Some(Sizes { min: 1, max: 5 }));
    assert_eq!(batch.sizes, None);
}

#[test]
fn each_rung_of_a_ladder_is_a_group_and_the_first_one_holds_the_minimum() {
    let platform = parsed(
        "  substrate: sim
  pools:
    - name: web
      min: 2
      max: 9
      machineTypes:
        - {type: cpx22, location: fsn1}
        - {type: cpx32, location: nbg1}",
    );
    let groups: Vec<(String, usize, Option<Sizes>)> = platform.pools[0]
        .groups()
        .into_iter()
        .map(|group| (group.name, group.place, group.sizes))
        .collect();
    assert_eq!(
        groups,
        [
            ("web".to_owned(), 0, Some(Sizes { min: 2, max: 9 })),
            (
                "web-cpx32-nbg1".to_owned(),
                1,
                Some(Sizes { min: 0, max: 9 })
            )
        ]
    );
    let size = platform.pools[0].rungs[1].size;
    assert_eq!((size.cpus, size.memory_mib), (4, 8192));
}

#[test]
fn the_usual_simulated_machine_can_be_named() {
    let platform = parsed(
        "  substrate: sim\n  pools: [{name: a, machineTypes: [{type: sim-4x8, location: sim-1}]}]",
    );
    assert_eq!(platform.pools[0].rungs, [Rung::usual()]);
}

#[test]
fn the_node_image_follows_the_kubernetes_version() {
    let platform = parsed("  substrate: local\n  kubernetes: v1.33.7");
    assert_eq!(platform.catalog.kubernetes, "v1.33.7");
    assert_eq!(platform.catalog.images.node, "kindest/node:v1.33.7");
}

#[test]
fn a_node_image_of_ones_own_is_left_alone() {
    let platform = parsed(
        "  substrate: local
  kubernetes: v1.33.7
  catalog: {images: {node: \"example.org:5000/node:mine\"}}",
    );
    assert_eq!(platform.catalog.images.node, "example.org:5000/node:mine");
}

#[test]
fn a_prepared_infra_node_serves_only_the_catalogue_that_it_was_prepared_for() {
    let mut base = base();
    base.images.infra_node = Some("kindest/node:v1.34.4-infra".into());
    let infra_node = |spec: &str| {
        parse(&document(spec), "p.yaml", &base)
            .unwrap()
            .catalog
            .images
            .infra_node
    };
    assert_eq!(infra_node("  substrate: local"), base.images.infra_node);
    assert_eq!(
        infra_node("  substrate: local\n  kubernetes: v1.33.7"),
        None
    );
    let own =
        "  {substrate: local, kubernetes: v1.33.7, catalog: {images: {infraNode: \"mine:1\"}}}";
    assert_eq!(infra_node(own), Some("mine:1".into()));
}

#[test]
fn a_component_is_overridden_in_its_place() {
    let sum = "a".repeat(64);
    let platform = parsed(&format!(
        "  substrate: local
  catalog:
    components:
      - {{name: cert-manager, version: v1.20.0, manifest: \"file:///cm.yaml\", sha256: {sum}}}",
    ));
    let mut expected = base();
    expected.components[0].version = "v1.20.0".into();
    expected.components[0].manifest = "file:///cm.yaml".into();
    expected.components[0].sha256 = Some(sum);
    assert_eq!(platform.catalog, expected);
}

#[test]
fn a_field_without_a_value_is_a_field_that_is_absent() {
    assert_eq!(
        parsed("  substrate: local\n  pools:\n  network:"),
        default(Substrate::Local, "bex", None, &base()).unwrap()
    );
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_file() {
    let report = refused(&document(
        "  substrat: local
  pools:
    - {name: Worker, replicas: 501}
    - {name: b, replica: 1}",
    ));
    assert_eq!(
        report.message,
        "p.yaml:5:3: spec.substrat: unknown field; expected substrate, kubernetes, controlPlane, pools, network, resize, catalog
p.yaml:5:3: spec.substrate: is missing
p.yaml:7:14: spec.pools[0].name: `Worker` is not a name; expected lower-case letters, digits and `-`, first a letter, \
         last no `-`
p.yaml:7:32: spec.pools[0].replicas: must be 0 to 500, found 501
p.yaml:8:17: spec.pools[1].replica: unknown field; expected name, replicas, min, max, machineTypes"
    );
    assert_eq!(
        report.hints,
        [
            "`spec.substrat`: did you mean `substrate`?",
            "`spec.pools[1].replica`: did you mean `replicas`?"
        ]
    );
    assert_eq!(report.exit, Exit::Usage);
}

#[test]
fn a_name_given_on_the_command_line_is_held_to_the_same_rules() {
    assert_eq!(
        default(Substrate::Local, "bex-mgmt", None, &base())
            .unwrap_err()
            .to_string(),
        "--name: `bex-mgmt` must not end in -mgmt; it is the name of the infra cluster of a platform `bex`"
    );
    assert_eq!(
        default(Substrate::Local, "bex", Some(501), &base())
            .unwrap_err()
            .to_string(),
        "--workers: must be 0 to 500, found 501"
    );
}

#[test]
fn a_catalogue_that_does_not_fit_together_is_refused() {
    let mut catalog = base();
    catalog.kubernetes = "v1.30.0".into();
    assert_eq!(
        default(Substrate::Local, "bex", None, &catalog)
            .unwrap_err()
            .to_string(),
        "catalogue: Cluster API v1.13.0 does not support Kubernetes v1.30.0; it supports v1.32 to v1.35"
    );
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic_and_every_error_names_the_file(text in "\\PC{0,200}|[-a-z:{}\\[\\]&*!|>\"'#%@, \n]{0,200}") {
        prop_assert!(parse(&text, "p.yaml", &base()).unwrap_err().to_string().starts_with("p.yaml:"));
    }

    #[test]
    fn a_broken_specification_is_never_accepted_by_halves(spec in "[-a-z0-9:{}\\[\\], \n]{0,200}") {
        match parse(&document(&spec), "p.yaml", &base()) {
            Ok(platform) => prop_assert!(!platform.pools.is_empty()),
            Err(failure) => prop_assert!(failure.to_string().lines().all(|line| line.starts_with("p.yaml:"))),
        }
    }
}
