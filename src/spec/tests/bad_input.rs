//! Every bad input and exactly what is said about it.

use super::super::{Substrate, default};
use super::{base, document, refused};

/// Each case: what follows `spec:` and the lines of the message without the file's name.
#[test]
fn a_bad_field_is_told_with_its_place_and_path() {
    for (spec, expected) in FIELDS {
        let spec = format!("  substrate: local\n{spec}");
        assert_eq!(
            refused(&document(&spec)).message,
            prefixed(expected),
            "{spec}"
        );
    }
}

/// The same on a simulated platform.
#[test]
fn a_bad_machine_type_is_told_with_its_place_and_path() {
    for (pool, expected) in MACHINES {
        let spec = format!("  substrate: sim\n  pools: [{{name: a, {pool}}}]");
        assert_eq!(
            refused(&document(&spec)).message,
            prefixed(expected),
            "{spec}"
        );
    }
}

#[test]
fn two_groups_of_one_name_are_refused() {
    let spec = "  substrate: sim
  pools:
    - {name: a-sim-4x8-sim-1}
    - name: a
      max: 3
      machineTypes: [{type: cpx22, location: fsn1}, {type: sim-4x8, location: sim-1}]";
    assert_eq!(
        refused(&document(spec)).message,
        prefixed(
            "8:7: spec.pools[1]: its MachineDeployment would be named `bex-a-sim-4x8-sim-1` like one of spec.pools[0]"
        )
    );
}

#[test]
fn a_bad_document_is_told_with_its_place() {
    for (text, expected) in DOCUMENTS {
        assert_eq!(refused(text).message, prefixed(expected), "{text}");
    }
}

#[test]
fn a_bad_name_is_refused() {
    for (name, expected) in NAMES {
        let message = default(Substrate::Local, name, None, &base())
            .unwrap_err()
            .to_string();
        assert_eq!(message, format!("--name: {expected}"));
    }
}

#[test]
fn a_near_miss_is_answered_with_what_was_meant() {
    for (spec, expected) in HINTS {
        assert_eq!(refused(&document(spec)).hints, [*expected], "{spec}");
    }
}

fn prefixed(lines: &str) -> String {
    let lines: Vec<String> = lines.lines().map(|line| format!("p.yaml:{line}")).collect();
    lines.join("\n")
}

const MACHINES: &[(&str, &str)] = &[
    (
        "machineTypes: cpx22",
        "6:35: spec.pools[0].machineTypes: expected a list, found the string `cpx22`",
    ),
    (
        "machineTypes: [{type: cpx22}]",
        "6:36: spec.pools[0].machineTypes[0].location: is missing",
    ),
    (
        "machineTypes: [{type: cpx222, location: fsn1}]",
        "6:43: spec.pools[0].machineTypes[0].type: there is no machine type `cpx222`; did you mean `cpx22`?",
    ),
    (
        "machineTypes: [{type: sim-4x8, location: fsn1}]",
        "6:62: spec.pools[0].machineTypes[0].location: sim-4x8 cannot be had in `fsn1`; expected sim-1",
    ),
    (
        "max: 3, machineTypes: [{type: cpx22, location: fsn1}, {type: cpx22, location: fsn1}]",
        "6:75: spec.pools[0].machineTypes[1]: is the same as the one with number 1",
    ),
    (
        "machineTypes: [{type: cpx22, location: fsn1}, {type: cpx32, location: fsn1}]",
        "6:35: spec.pools[0].machineTypes: only the resize loop takes another type than the first; that needs `max`",
    ),
];

const FIELDS: &[(&str, &str)] = &[
    (
        "  poolz: []",
        "6:3: spec.poolz: unknown field; expected substrate, kubernetes, controlPlane, pools, network, resize, catalog",
    ),
    (
        "  pools: 3",
        "6:10: spec.pools: expected a list, found the number 3",
    ),
    (
        "  pools: []",
        "6:10: spec.pools: is empty; at least one pool is needed, and its replicas may be 0",
    ),
    (
        "  pools: [worker]",
        "6:11: spec.pools[0]: expected a mapping, found the string `worker`",
    ),
    (
        "  pools: [{replicas: 1}]",
        "6:11: spec.pools[0].name: is missing",
    ),
    (
        "  pools: [{name: a, replicas: -1}]",
        "6:31: spec.pools[0].replicas: must be 0 to 500, found -1",
    ),
    (
        "  pools: [{name: a, replicas: 501}]",
        "6:31: spec.pools[0].replicas: must be 0 to 500, found 501",
    ),
    (
        "  pools: [{name: a, replicas: 99999999999999999999}]",
        "6:31: spec.pools[0].replicas: expected a whole number, found the number 100000000000000000000",
    ),
    (
        "  pools: [{name: a, replicas: \"3\"}]",
        "6:31: spec.pools[0].replicas: expected a whole number, found the string `3`",
    ),
    (
        "  pools: [{name: a, replicas: 1.5}]",
        "6:31: spec.pools[0].replicas: expected a whole number, found the number 1.5",
    ),
    (
        "  pools: [{name: 7}]",
        "6:18: spec.pools[0].name: expected a string, found the number 7",
    ),
    (
        "  pools: [{name: control-plane}]",
        "6:18: spec.pools[0].name: `control-plane` is not a pool of workers; choose another name",
    ),
    (
        "  pools: [{name: this-name-is-too-long}]",
        "6:18: spec.pools[0].name: `this-name-is-too-long` has 21 characters; at most 20 are possible",
    ),
    (
        "  pools:\n    - name: a\n    - name: b\n    - name: a",
        "9:13: spec.pools[2].name: `a` is also the name of spec.pools[0]",
    ),
    (
        "  pools: [{name: a, min: 2}]",
        "6:26: spec.pools[0].min: says nothing without `max`, up to which the pool may grow",
    ),
    (
        "  pools: [{name: a, min: 3, max: 2}]",
        "6:26: spec.pools[0].min: 3 is more than `max`, which is 2",
    ),
    (
        "  pools: [{name: a, min: 0, max: 2}]",
        "6:26: spec.pools[0].min: must be 1 to 500, found 0",
    ),
    (
        "  pools: [{name: a, max: 501}]",
        "6:26: spec.pools[0].max: must be 1 to 500, found 501",
    ),
    (
        "  pools: [{name: a, max: 0}]",
        "6:26: spec.pools[0].max: must be 1 to 500, found 0",
    ),
    (
        "  pools: [{name: a, replicas: 2, max: 3}]",
        "6:31: spec.pools[0].replicas: the resize loop sizes a pool that has `max`; say `min` instead",
    ),
    (
        "  pools: [{name: a, machineTypes: [{type: cpx22, location: fsn1}]}]",
        "6:35: spec.pools[0].machineTypes: containers are all of one size; leave it out on substrate local",
    ),
    (
        "  controlPlane: {replicas: 2}",
        "6:28: spec.controlPlane.replicas: must be 1, 3 or 5, so that etcd keeps a majority; found 2",
    ),
    (
        "  controlPlane: {replicas: -1}",
        "6:28: spec.controlPlane.replicas: must be 1, 3 or 5, so that etcd keeps a majority; found -1",
    ),
    (
        "  kubernetes: 1.34",
        "6:15: spec.kubernetes: expected a string, found the number 1.34",
    ),
    (
        "  kubernetes: 1.34.4",
        "6:15: spec.kubernetes: `1.34.4` lacks its `v`; write v1.34.4",
    ),
    (
        "  kubernetes: v1.34",
        "6:15: spec.kubernetes: `v1.34` is not a version; expected one such as v1.34.4",
    ),
    (
        "  kubernetes: v1.30.4",
        "6:15: spec.kubernetes: Cluster API v1.13.0 does not support Kubernetes v1.30.4; it supports v1.32 to v1.35",
    ),
    (
        "  kubernetes: v1.36.0",
        "6:15: spec.kubernetes: Cluster API v1.13.0 does not support Kubernetes v1.36.0; it supports v1.32 to v1.35",
    ),
    (
        "  network: {pods: 10.244.0.0}",
        "6:19: spec.network.pods: `10.244.0.0` is not a range of IPv4 addresses; expected one such as 10.244.0.0/16",
    ),
    (
        "  network: {pods: 10.244.0.1/16}",
        "6:19: spec.network.pods: `10.244.0.1/16` has bits beyond its prefix; did you mean 10.244.0.0/16?",
    ),
    (
        "  network: {pods: \"fd00::/48\"}",
        "6:19: spec.network.pods: `fd00::/48` is not a range of IPv4 addresses; expected one such as 10.244.0.0/16",
    ),
    (
        "  network: {pods: 10.0.0.0/25}",
        "6:19: spec.network.pods: `10.0.0.0/25` is out of bounds; its prefix must be /8 to /24",
    ),
    (
        "  network: {services: 10.0.0.0/8}",
        "6:23: spec.network.services: `10.0.0.0/8` is out of bounds; its prefix must be /12 to /28",
    ),
    (
        "  network: {pods: 10.0.0.0/8}",
        "6:12: spec.network: pods 10.0.0.0/8 and services 10.96.0.0/16 overlap",
    ),
    (
        "  catalog: {images: {node: \"kindest/node@sha256:0123\"}}",
        "6:28: spec.catalog.images.node: `kindest/node@sha256:0123` has a digest, which is never found among loaded images; name it by its tag alone",
    ),
    (
        "  catalog: {images: {node: docker.io/kindest/node:v1.34.4}}",
        "6:28: spec.catalog.images.node: `docker.io/kindest/node:v1.34.4` is not as Docker lists it; write kindest/node:v1.34.4",
    ),
    (
        "  catalog: {images: {node: kindest/node}}",
        "6:28: spec.catalog.images.node: `kindest/node` has no tag; expected NAME:TAG",
    ),
    (
        "  catalog: {images: {node: \"example.org:5000/node\"}}",
        "6:28: spec.catalog.images.node: `example.org:5000/node` has no tag; expected NAME:TAG",
    ),
    (
        "  catalog: {images: {node: \"a b:c\"}}",
        "6:28: spec.catalog.images.node: `a b:c` is not the name of an image; expected NAME:TAG",
    ),
    (
        "  catalog: {images: {node: kindest/node:v1.33.1}}",
        "6:28: spec.catalog.images.node: holds Kubernetes v1.33.1, but the platform is to run v1.34.4",
    ),
    (
        "  catalog: {images: {loadBalancer: envoyproxy/envoy:v1}}",
        "6:36: spec.catalog.images.loadBalancer: `envoyproxy/envoy:v1` must be named REPOSITORY/haproxy:TAG",
    ),
    (
        "  catalog: {components: [{name: cluster-apo}]}",
        "6:33: spec.catalog.components[0].name: unknown component `cluster-apo`; the catalogue has cert-manager, cluster-api, infrastructure-docker",
    ),
    (
        "  catalog: {components: [{name: cluster-api, version: v1.13.2}]}",
        "6:26: spec.catalog.components[0].manifest: is missing",
    ),
    (
        "  catalog: {components: [{name: cluster-api, manifest: \"https://a\"}]}",
        "6:26: spec.catalog.components[0].sha256: is missing",
    ),
    (
        "  catalog: {components: [{name: cluster-api, manifest: ./a.yaml, sha256: ABC}]}",
        "6:56: spec.catalog.components[0].manifest: `./a.yaml` is not a URL; expected https:// or file:///",
    ),
    (
        "  catalog: {components: [{name: cluster-api}, {name: cluster-api}]}",
        "6:47: spec.catalog.components[1]: `cluster-api` is overridden twice",
    ),
    (
        "  substrate: local",
        "6:3: duplicate mapping key: substrate not allowed here",
    ),
    (
        "  <<: {kubernetes: v1.34.4}",
        "6:3: merge key not allowed here",
    ),
    ("  kubernetes: *nowhere", "6:15: reference to unknown value"),
    (
        "  kubernetes: !secret v1.34.4",
        "6:23: unsupported tag `!secret`",
    ),
    (
        "  kubernetes: \"v1\\e[31m\"",
        "6:15: spec.kubernetes: `v1\\u{1b}[31m` is not a version; expected one such as v1.34.4",
    ),
];

const DOCUMENTS: &[(&str, &str)] = &[
    ("", " holds no document; expected one `Platform`"),
    ("# nothing\n", " holds no document; expected one `Platform`"),
    ("---\n", " holds no document; expected one `Platform`"),
    ("- a\n", "1:1: expected a mapping, found a list"),
    ("kind: Platform\nspec: {}\n", "1:1: apiVersion: is missing"),
    (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nstatus: {}\n",
        "1:13: apiVersion: expected `infra.bex.co/v1alpha1`, found `apps/v1`\n2:7: kind: expected `Platform`, found `Deployment`",
    ),
    (
        "apiVersion: infra.bex.co/v1alpha1\nkind: Platform\n",
        "1:1: metadata: is missing\n1:1: spec: is missing",
    ),
    (
        "apiVersion: infra.bex.co/v1alpha1\nkind: Platform\nmetadata: {}\nspec: {substrate: hetzner}\n",
        "3:11: metadata.name: is missing\n4:19: spec.substrate: unknown substrate `hetzner`; expected local or sim",
    ),
    (
        "apiVersion: infra.bex.co/v1alpha1\nkind: Platform\nmetadata: {name: a}\nspec: {substrate: local}\n---\na: 1\n",
        "6:1: a second document; expected one per file",
    ),
    ("a: [1\nb: 2\n", "2:2: illegal placement of ':' indicator"),
    (
        "a:\n\t- b\n",
        "2:2: tabs disallowed within this context (block indentation)",
    ),
    (
        "a: &a [x, x]\nb: &b [*a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c]\ne: &e [*d, *d, *d, *d, *d]\nf: [*e, *e, *e, *e, *e]\n",
        "6:5: YAML document too large or too complex: total_replayed_events=5001 > 5000",
    ),
];

const NAMES: &[(&str, &str)] = &[
    (
        "",
        "`` is not a name; expected lower-case letters, digits and `-`, first a letter, last no `-`",
    ),
    (
        "Bex",
        "`Bex` is not a name; expected lower-case letters, digits and `-`, first a letter, last no `-`",
    ),
    (
        "bex.co",
        "`bex.co` is not a name; expected lower-case letters, digits and `-`, first a letter, last no `-`",
    ),
    (
        "0bex",
        "`0bex` is not a name; expected lower-case letters, digits and `-`, first a letter, last no `-`",
    ),
    (
        "bex-",
        "`bex-` is not a name; expected lower-case letters, digits and `-`, first a letter, last no `-`",
    ),
    (
        "a2345678901234567890123456789012345678901",
        "`a2345678901234567890123456789012345678901` has 41 characters; at most 40 are possible",
    ),
    (
        "bex-mgmt",
        "`bex-mgmt` must not end in -mgmt; it is the name of the infra cluster of a platform `bex`",
    ),
];

const HINTS: &[(&str, &str)] = &[
    (
        "  substrate: locl",
        "`spec.substrate`: did you mean `local`?",
    ),
    (
        "  substrate: local\n  network: {service: 10.96.0.0/16}",
        "`spec.network.service`: did you mean `services`?",
    ),
    (
        "  substrate: local\n  catalog: {components: [{name: certmanager}]}",
        "component `certmanager`: did you mean `cert-manager`?",
    ),
    (
        "  substrate: local\n  catalog: {images: {node: kindest/node:v1.33.1}}",
        "set spec.kubernetes to v1.33.1; the node image follows it",
    ),
];
