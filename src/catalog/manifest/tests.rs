use serde_json::json;

use super::*;

fn component(name: &str) -> Component {
    let yaml = format!(
        "{{name: {name}, version: v1.13.0, manifest: m.yaml, sha256: '{}'}}",
        "0".repeat(64)
    );
    serde_saphyr::from_str(&yaml).unwrap()
}

fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

const PROVIDER: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: manager, namespace: capd-system}
spec:
  template:
    spec:
      containers:
        - name: manager
          image: capd:${TAG:=v1}
          imagePullPolicy: Always
          readinessProbe: {httpGet: {path: /readyz}, initialDelaySeconds: 5, periodSeconds: 5}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: serving, namespace: capd-system}
---
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: validate, labels: null, annotations: {cert-manager.io/inject-ca-from: capd-system/serving}}
webhooks: [{name: a, clientConfig: {caBundle: Cg==, service: {name: s}}}]
---
apiVersion: v1
kind: Namespace
metadata: {name: capd-system}
";

#[test]
fn variables_take_values_then_defaults() {
    let text = "a: ${A:=1} ${B=2} ${C:-3} ${ D } ${E:=}";
    let out = substitute(text, &values(&[("A", "x"), ("B", ""), ("D", "y")])).unwrap();
    assert_eq!(out, "a: x 2 3 y ");
}

#[test]
fn a_doubled_dollar_is_a_literal_variable() {
    let text = "$${A} $$ $A $(B) cost: 5$";
    assert_eq!(
        substitute(text, &values(&[])).unwrap(),
        "${A} $$ $A $(B) cost: 5$"
    );
}

#[test]
fn a_missing_variable_is_named_with_its_line() {
    let error = substitute("a: 1\nb: ${TOKEN}\n", &values(&[])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 2: variable `TOKEN` has neither a value nor a default"
    );
}

#[test]
fn an_unknown_expansion_is_refused() {
    let error = substitute("${A^^}", &values(&[("A", "x")])).unwrap_err();
    assert!(
        error.to_string().contains("`${A^^}` is not understood"),
        "{error}"
    );
    assert_eq!(
        substitute("a\n${A", &values(&[])).unwrap_err().to_string(),
        "line 2: `${` without `}`"
    );
}

#[test]
fn lists_are_unrolled_and_empty_documents_skipped() {
    let list = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n---\n# none\n";
    let objects = parse(list).unwrap();
    assert_eq!(
        objects,
        [json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})]
    );
}

#[test]
fn an_object_without_a_name_is_refused() {
    let error = parse("apiVersion: v1\nkind: ConfigMap\n").unwrap_err();
    assert_eq!(error.to_string(), "object 1 has no metadata.name");
}

#[test]
fn a_provider_is_sorted_into_phases_and_labelled_as_by_clusterctl() {
    let phases = load(&component("infrastructure-docker"), PROVIDER).unwrap();
    let kinds = |objects: &[Value]| {
        objects
            .iter()
            .map(|o| text(o, "/kind").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds(&phases.foundations), ["Namespace"]);
    assert_eq!(kinds(&phases.certificates), ["Certificate"]);
    assert_eq!(kinds(&phases.rest), ["ValidatingWebhookConfiguration"]);
    assert_eq!(kinds(&phases.workloads), ["Deployment"]);
    for object in phases.objects() {
        let labels = &object["metadata"]["labels"];
        assert_eq!(labels["clusterctl.cluster.x-k8s.io"], "");
        assert_eq!(labels["cluster.x-k8s.io/provider"], "infrastructure-docker");
    }
    assert_eq!(
        phases.inventory,
        [json!({
            "apiVersion": "clusterctl.cluster.x-k8s.io/v1alpha3",
            "kind": "Provider",
            "metadata": {
                "name": "infrastructure-docker",
                "namespace": "capd-system",
                "labels": {
                    "clusterctl.cluster.x-k8s.io": "",
                    "clusterctl.cluster.x-k8s.io/core": "inventory",
                    "cluster.x-k8s.io/provider": "infrastructure-docker",
                },
                "annotations": {"infra.bex.co/manifest-sha256": sha256(PROVIDER.as_bytes())},
            },
            "providerName": "docker",
            "type": "InfrastructureProvider",
            "version": "v1.13.0",
        })]
    );
}

#[test]
fn containers_are_pulled_if_absent_and_probed_every_second_with_the_same_patience() {
    let phases = load(&component("infrastructure-docker"), PROVIDER).unwrap();
    let container = phases.workloads[0]
        .pointer("/spec/template/spec/containers/0")
        .unwrap();
    assert_eq!(container["image"], "capd:v1");
    assert_eq!(container["imagePullPolicy"], "IfNotPresent");
    assert_eq!(
        container["readinessProbe"],
        json!({"httpGet": {"path": "/readyz"}, "periodSeconds": 1, "failureThreshold": 15})
    );
}

#[test]
fn the_controllers_of_cluster_api_itself_take_over_soon() {
    let manifest = PROVIDER.replace(
        "          image:",
        "          args: [--leader-elect]\n          image:",
    );
    let arguments = |name: &str| {
        let phases = load(&component(name), &manifest).unwrap();
        let arguments = phases.workloads[0].pointer("/spec/template/spec/containers/0/args");
        arguments.unwrap().clone()
    };
    assert_eq!(
        arguments("control-plane-kubeadm"),
        json!(["--leader-elect", "--leader-elect-retry-period=1s"])
    );
    assert_eq!(
        arguments("infrastructure-hetzner"),
        json!(["--leader-elect"])
    );
}

#[test]
fn ca_bundles_are_left_to_cert_manager() {
    let phases = load(&component("infrastructure-docker"), PROVIDER).unwrap();
    assert_eq!(
        phases.rest[0]["webhooks"][0]["clientConfig"],
        json!({"service": {"name": "s"}})
    );
}

#[test]
fn webhooks_are_trusted_by_the_bundle_of_their_certificate_alone() {
    let bundle = |certificate: &str| {
        let mut phases = load(&component("infrastructure-docker"), PROVIDER).unwrap();
        phases.trust(&values(&[(certificate, "QQ==")]));
        phases.rest[0]["webhooks"][0]["clientConfig"]["caBundle"].clone()
    };
    assert_eq!(bundle("capd-system/serving"), "QQ==");
    assert_eq!(bundle("capi-system/serving"), Value::Null);
}

#[test]
fn cert_manager_is_marked_as_installed_only_at_the_end() {
    let manifest = "apiVersion: v1\nkind: Namespace\nmetadata: {name: cert-manager}\n";
    let phases = load(&component("cert-manager"), manifest).unwrap();
    let version = json!({"cert-manager.clusterctl.cluster.x-k8s.io/version": "v1.13.0"});
    assert_eq!(phases.foundations[0]["metadata"]["annotations"], version);
    assert_eq!(
        phases.foundations[0]["metadata"]["labels"]["clusterctl.cluster.x-k8s.io/core"],
        "cert-manager"
    );
    let mark = &phases.inventory[0]["metadata"]["annotations"][SHA256_ANNOTATION];
    assert_eq!(*mark, sha256(manifest.as_bytes()));
}

#[test]
fn what_clusterctl_does_not_know_stays_as_it_is() {
    let manifest =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {shell: '${HOME}'}\n";
    let phases = load(&component("metrics-server"), manifest).unwrap();
    assert_eq!(phases.rest, parse(manifest).unwrap());
    assert!(phases.inventory.is_empty());
}

#[test]
fn a_provider_without_a_namespace_is_refused() {
    let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    let error = load(&component("cluster-api"), manifest).unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        "reading the manifest of cluster-api v1.13.0: no Namespace in it; it must make its own"
    );
}

#[test]
fn images_of_all_containers_are_listed_once() {
    let manifest = "
apiVersion: batch/v1
kind: CronJob
metadata: {name: a}
spec: {jobTemplate: {spec: {template: {spec: {initContainers: [{image: b:1}], containers: [{image: a:1}]}}}}}
---
apiVersion: v1
kind: Pod
metadata: {name: b}
spec: {containers: [{image: a:1}]}
";
    let images = images(&parse(manifest).unwrap());
    assert_eq!(images.into_iter().collect::<Vec<_>>(), ["a:1", "b:1"]);
}

#[test]
fn the_inventory_definition_is_the_one_that_clusterctl_looks_for() {
    let definition = &inventory_definition().unwrap()[0];
    assert_eq!(
        text(definition, "/metadata/name"),
        "providers.clusterctl.cluster.x-k8s.io"
    );
    assert_eq!(text(definition, "/spec/versions/0/name"), "v1alpha3");
}

#[test]
fn a_providers_controllers_look_at_an_object_as_often_as_it_changes() {
    let manifest = PROVIDER.replace("${TAG:=v1}", "${EXP_RECONCILER_RATE_LIMITING:=true}");
    let phases = load(&component("infrastructure-docker"), &manifest).unwrap();
    let images = images(&phases.workloads);
    assert_eq!(images, ["capd:false".to_owned()].into());
}
