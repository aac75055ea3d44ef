//! Bad specs: each problem at its place, exit code 2, and nothing touched.

use crate::sandbox::Sandbox;

const HEAD: &str = "\
apiVersion: infra.bex.co/v1alpha1
kind: Platform
metadata: {name: bex}
spec:
  substrate: local
";

/// What `up -f platform.yaml` says of a file with this text.
fn said_of(text: &str) -> String {
    let sandbox = Sandbox::new();
    sandbox.write("platform.yaml", text);
    let done = sandbox.run(&["up", "-f", "platform.yaml"]);
    assert_eq!(done.code, Some(2), "{}", done.stderr);
    assert_eq!(done.stdout, "");
    sandbox.assert_untouched();
    done.stderr
}

/// The same of a good head with `lines` below `spec`.
fn said_of_spec(lines: &str) -> String {
    said_of(&format!("{HEAD}{lines}"))
}

#[test]
fn an_unknown_field_is_refused_with_what_was_meant() {
    insta::assert_snapshot!(said_of_spec("  pool: []\n"), @"
    error: platform.yaml:6:3: spec.pool: unknown field; expected substrate, kubernetes, controlPlane, pools, network, resize, catalog
    hint: `spec.pool`: did you mean `pools`?
    ");
}

#[test]
fn a_wrong_type_is_refused() {
    insta::assert_snapshot!(said_of_spec("  pools: [{name: a, replicas: many}]\n"), @"
    error: platform.yaml:6:31: spec.pools[0].replicas: expected a whole number, found the string `many`
    ");
}

#[test]
fn an_impossible_count_is_refused() {
    insta::assert_snapshot!(said_of_spec("  pools: [{name: a, replicas: -1}]\n"), @"
    error: platform.yaml:6:31: spec.pools[0].replicas: must be 0 to 500, found -1
    ");
}

#[test]
fn two_pools_of_one_name_are_refused() {
    let pools = "  pools:\n    - {name: a}\n    - {name: a}\n";
    insta::assert_snapshot!(said_of_spec(pools), @"
    error: platform.yaml:8:14: spec.pools[1].name: `a` is also the name of spec.pools[0]
    ");
}

#[test]
fn a_kubernetes_version_that_the_providers_do_not_support_is_refused() {
    insta::assert_snapshot!(said_of_spec("  kubernetes: v1.20.0\n"), @"
    error: platform.yaml:6:15: spec.kubernetes: Cluster API v1.13.4 does not support Kubernetes v1.20.0; it supports v1.32 to v1.36
    ");
}

#[test]
fn text_that_is_no_yaml_is_refused_where_it_breaks() {
    insta::assert_snapshot!(said_of_spec("  pools: [{name: a}\n"), @"
    error: platform.yaml:6:10: unclosed bracket '['
    ");
}

#[test]
fn an_empty_file_is_refused() {
    insta::assert_snapshot!(said_of(""), @"
    error: platform.yaml: holds no document; expected one `Platform`
    ");
}

#[test]
fn a_second_document_is_refused() {
    insta::assert_snapshot!(said_of_spec("---\na: 1\n"), @"
    error: platform.yaml:7:1: a second document; expected one per file
    ");
}

#[test]
fn a_file_that_is_no_text_is_refused() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path().join("platform.yaml"), [0xff, 0xfe, 0x00]).unwrap();
    let done = sandbox.run(&["up", "-f", "platform.yaml"]);
    assert_eq!(done.code, Some(2));
    insta::assert_snapshot!(done.stderr, @"
    error: cannot read platform.yaml
    caused by: stream did not contain valid UTF-8
    ");
}

#[test]
fn every_problem_is_told_at_once() {
    let lines = "  kubernetes: 1.34\n  pools: [{name: A}, {name: b, replicas: 1000}]\n  sise: 3\n";
    insta::assert_snapshot!(said_of_spec(lines), @"
    error: platform.yaml:6:15: spec.kubernetes: expected a string, found the number 1.34
    platform.yaml:7:18: spec.pools[0].name: `A` is not a name; expected lower-case letters, digits and `-`, first a letter, last no `-`
    platform.yaml:7:42: spec.pools[1].replicas: must be 0 to 500, found 1000
    platform.yaml:8:3: spec.sise: unknown field; expected substrate, kubernetes, controlPlane, pools, network, resize, catalog
    ");
}

#[test]
fn every_verb_that_takes_a_spec_refuses_a_bad_one() {
    for verb in [
        "up",
        "down",
        "plan",
        "status",
        "render",
        "doctor",
        "kubeconfig",
        "smoke",
    ] {
        let sandbox = Sandbox::new();
        sandbox.write("platform.yaml", &format!("{HEAD}  pool: []\n"));
        let done = sandbox.run(&[verb, "-f", "platform.yaml"]);
        assert_eq!(done.code, Some(2), "{verb}: {}", done.stderr);
        assert!(
            done.stderr.contains("platform.yaml:6:3: spec.pool"),
            "{verb}: {}",
            done.stderr
        );
        sandbox.assert_untouched();
    }
}
