use serde_json::json;

use super::*;
use crate::sim::resources;

fn resource(kind: &str) -> std::sync::Arc<Resource> {
    let all = resources::built_in();
    let found = all.into_iter().find(|resource| &*resource.kind == kind);
    found.unwrap()
}

fn decoded(kind: &str, object: &Value) -> Value {
    let body = serde_json::to_vec(object).unwrap();
    decode(&resource(kind), &body, "Strict").unwrap().0
}

fn refusal(kind: &str, body: &str, field_validation: &str) -> String {
    decode(&resource(kind), body.as_bytes(), field_validation)
        .unwrap_err()
        .message
}

/// Bodies and the messages that a real kube-apiserver 1.34 gave for them.
#[test]
fn wrong_types_are_named_in_the_real_servers_words() {
    let cases = [
        (
            r#"{"spec":{"containers":{}}}"#,
            "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
        ),
        (
            r#"{"metadata":{"name":"a","labels":{"a":1}},"spec":{"containers":[{"name":3}]}}"#,
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        (
            r#"{"spec":{"containers":[{"name":3}]}}"#,
            "json: cannot unmarshal number into Go struct field Container.spec.containers.name of type string",
        ),
        (
            r#"{"spec":[]}"#,
            "json: cannot unmarshal array into Go struct field Pod.spec of type v1.PodSpec",
        ),
        (
            r#"{"spec":{"containers":[{"ports":[{"containerPort":3000000000}]}]}}"#,
            "json: cannot unmarshal number 3000000000 into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32",
        ),
        (
            r#"{"spec":{"containers":[{"ports":[{"containerPort":80.0}]}]}}"#,
            "json: cannot unmarshal number 80.0 into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32",
        ),
        (
            r#"{"spec":{"terminationGracePeriodSeconds":true}}"#,
            "json: cannot unmarshal bool into Go struct field PodSpec.spec.terminationGracePeriodSeconds of type int64",
        ),
        (
            r#"{"spec":{"containers":[{"resources":{"requests":{"cpu":"x"}}}]}}"#,
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        (
            r#"{"metadata":{"creationTimestamp":"yesterday"}}"#,
            "parsing time \"yesterday\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"yesterday\" as \"2006\"",
        ),
        (
            r#"{"metadata":{"ownerReferences":[{"controller":"x"}]}}"#,
            "json: cannot unmarshal string into Go struct field OwnerReference.metadata.ownerReferences.controller of type bool",
        ),
    ];
    for (body, because) in cases {
        let expected = format!("Pod in version \"v1\" cannot be handled as a Pod: {because}");
        assert_eq!(refusal("Pod", body, "Warn"), expected, "{body}");
    }
    assert_eq!(
        refusal("Secret", r#"{"data":{"a":"!!"}}"#, "Warn"),
        "Secret in version \"v1\" cannot be handled as a Secret: illegal base64 data at input byte 0"
    );
}

#[test]
fn a_body_that_is_no_object_of_the_kind_is_refused_in_the_real_servers_words() {
    let unrecognized = "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: ";
    let cases = [
        ("", "unexpected end of JSON input (<empty>)"),
        (
            r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a""#,
            r#"unexpected end of JSON input ({"apiVersion":"v1","kind":"Con ...)"#,
        ),
        (
            r#"{"apiVersion":"v1","kind":"ConfigMap",}"#,
            r#"invalid character '}' looking for beginning of object key string ({"apiVersion":"v1","kind":"Con ...)"#,
        ),
        (
            r#"{"apiVersion":"v1","kind":"ConfigMap"} x"#,
            r#"invalid character 'x' after top-level value ({"apiVersion":"v1","kind":"Con ...)"#,
        ),
        (
            "[]",
            r#"json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" } (5b5d)"#,
        ),
        (
            r#"{"apiVersion":3,"kind":"ConfigMap"}"#,
            r#"json: cannot unmarshal number into Go struct field .apiVersion of type string ({"apiVersion":3,"kind":"Config ...)"#,
        ),
    ];
    for (body, text) in cases {
        let expected = format!("{unrecognized}{text}");
        assert_eq!(refusal("ConfigMap", body, "Warn"), expected, "{body}");
    }
}

#[test]
fn a_body_of_another_kind_is_refused_in_the_real_servers_words() {
    let cases = [
        (
            ("v1", "Pod"),
            r#"Pod in version "v1" cannot be handled as a ConfigMap: converting (v1.Pod) to (core.ConfigMap): unknown conversion"#,
        ),
        (
            ("apps/v1", "ConfigMap"),
            r#"ConfigMap in version "v1" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for version "apps/v1" in scheme "pkg/runtime/scheme.go:110""#,
        ),
        (
            ("v1", "Foo"),
            r#"Foo in version "v1" cannot be handled as a ConfigMap: no kind "Foo" is registered for version "v1" in scheme "pkg/runtime/scheme.go:110""#,
        ),
    ];
    for ((version, kind), expected) in cases {
        let body = json!({"apiVersion": version, "kind": kind}).to_string();
        assert_eq!(refusal("ConfigMap", &body, "Warn"), expected);
    }
}

#[test]
fn unknown_and_duplicate_fields_are_listed_in_the_order_of_the_document() {
    let body = r#"{"apiVersion":"v1","kind":"Pod","foo":{},"metadata":{"name":"a","x":1},"spec":{"foo":1,"foo":2,
        "nodeName":"a","nodeName":"b","containers":[{"x":1,"name":"b","name":"c"},{"x":1,"y":2}],
        "nodeSelector":{"a":"b","a":"c"}}}"#;
    let list = r#"unknown field "foo", unknown field "metadata.x", unknown field "spec.foo", duplicate field "spec.nodeName", unknown field "spec.containers[0].x", duplicate field "spec.containers[0].name", unknown field "spec.containers[1].x", unknown field "spec.containers[1].y", duplicate field "spec.nodeSelector.a""#;
    assert_eq!(
        refusal("Pod", body, "Strict"),
        format!("Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: {list}")
    );
    let (object, warnings) = decode(&resource("Pod"), body.as_bytes(), "Warn").unwrap();
    assert_eq!(warnings.len(), 9);
    assert_eq!(object["spec"]["nodeName"], "b");
    assert_eq!(object.get("foo"), None);
}

#[test]
fn empty_values_are_shown_as_the_real_server_shows_them() {
    let pod = decoded(
        "Pod",
        &json!({"metadata": {"name": "a", "labels": {}}, "spec": {"nodeName": "", "volumes": null, "priority": 0,
            "containers": [{"name": "a", "args": [], "resources": {"requests": {"cpu": "1000m", "memory": 1.5}}}]}}),
    );
    assert_eq!(
        pod,
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "status": {},
            "spec": {"priority": 0, "containers": [
                {"name": "a", "resources": {"requests": {"cpu": "1", "memory": "1500m"}}}]}})
    );
}

/// As a real kube-apiserver 1.34 shows them in a pod's limits.
#[test]
fn quantities_get_their_canonical_form() {
    let cases = [
        ("1000m", "1"),
        ("0.5", "500m"),
        ("1.5Gi", "1536Mi"),
        ("1024Mi", "1Gi"),
        ("0.5Mi", "512Ki"),
        ("1500000", "1500k"),
        ("1e3", "1e3"),
        ("1E3", "1E3"),
        ("12e2", "1200"),
        ("0", "0"),
        ("0Gi", "0"),
        ("-1", "-1"),
        ("+1", "+1"),
        ("100k", "100k"),
        ("0.1n", "1m"),
        ("1.0000000001", "1001m"),
        ("0.0000000001Gi", "108m"),
        ("1e-3", "1e-3"),
        ("1.1Ki", "1126400m"),
        ("2000000000000000000", "2E"),
        ("1025", "1025"),
        (".5", "500m"),
        ("5.", "5."),
    ];
    for (text, canonical) in cases {
        assert_eq!(
            super::super::quantity::canonical(text),
            Ok(canonical.to_owned()),
            "{text}"
        );
    }
}

#[test]
fn times_are_kept_in_utc() {
    let lease = decoded(
        "Lease",
        &json!({"metadata": {"creationTimestamp": "2026-01-02T03:04:05.678+01:00"},
            "spec": {"renewTime": "2026-01-02T03:04:05.5Z"}}),
    );
    assert_eq!(
        lease["metadata"]["creationTimestamp"],
        "2026-01-02T02:04:05Z"
    );
    assert_eq!(lease["spec"]["renewTime"], "2026-01-02T03:04:05.500000Z");
}
