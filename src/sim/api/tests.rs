use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::sim::store::Store;

/// An API over an empty cluster.
pub(super) fn api() -> Api {
    let clock = Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap());
    let registry = Registry::new(Store::in_memory(), clock, 1);
    Api::new(registry, clock, Access::Open)
}

/// Sends a request whose body is JSON, unless a header says otherwise.
pub(super) async fn send(
    api: &Api,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, String) {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request
        .body(Full::new(Bytes::from(body.to_owned())))
        .unwrap();
    let answer = api.clone().oneshot(request).await.unwrap();
    let code = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (code, String::from_utf8(body.into()).unwrap())
}

pub(super) async fn call(api: &Api, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let headers = match method {
        "PATCH" => [("content-type", "application/merge-patch+json")],
        _ => [("content-type", "application/json")],
    };
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let (code, text) = send(api, method, path, &headers, &body).await;
    (
        code,
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    )
}

pub(super) async fn get(api: &Api, path: &str) -> Value {
    let (code, value) = call(api, "GET", path, &Value::Null).await;
    assert_eq!(code, 200, "{path}: {value}");
    value
}

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

pub(super) async fn create_map(api: &Api, name: &str, labels: Value) -> Value {
    let map = json!({"metadata": {"name": name, "labels": labels}});
    let (code, created) = call(api, "POST", MAPS, &map).await;
    assert_eq!(code, 201, "{created}");
    created
}

#[tokio::test]
async fn an_object_lives_from_create_to_delete() {
    let api = api();
    let created = create_map(&api, "a", json!({})).await;
    assert_eq!(created["kind"], "ConfigMap");
    let path = format!("{MAPS}/a");
    let (code, patched) = call(&api, "PATCH", &path, &json!({"data": {"x": "1"}})).await;
    assert_eq!((code, &patched["data"]["x"]), (200, &json!("1")));
    let mut changed = get(&api, &path).await;
    changed["data"]["x"] = "2".into();
    let (code, updated) = call(&api, "PUT", &path, &changed).await;
    assert_eq!((code, &updated["data"]["x"]), (200, &json!("2")));
    let (code, stale) = call(&api, "PUT", &path, &changed).await;
    assert_eq!((code, &stale["reason"]), (409, &json!("Conflict")));
    let (code, status) = call(&api, "DELETE", &path, &Value::Null).await;
    assert_eq!((code, &status["status"]), (200, &json!("Success")));
    let (code, missing) = call(&api, "GET", &path, &Value::Null).await;
    assert_eq!(
        (code, &missing["message"]),
        (404, &json!("configmaps \"a\" not found"))
    );
}

#[tokio::test]
async fn what_is_not_there_is_told_in_the_real_servers_words() {
    let api = api();
    let not_found = "the server could not find the requested resource";
    let no_method = "the server does not allow this method on the requested resource";
    let no_page = "404 page not found\n";
    for (method, path, code, expected) in [
        ("GET", "/foo", 404, no_page),
        ("GET", "/apis/foo/v1/bars", 404, no_page),
        ("GET", "/apis/foo", 404, no_page),
        ("GET", "/healthz/", 404, no_page),
        ("GET", "/api/v1/foos", 404, not_found),
        ("GET", "/apis/apps/v9/deployments", 404, not_found),
        ("GET", "/apis/apps/v9", 404, not_found),
        ("GET", "/api/v1/pods/x", 404, not_found),
        ("GET", "/api/v1/namespaces/default/nodes", 404, not_found),
        (
            "GET",
            "/api/v1/namespaces/default/configmaps/x/status",
            404,
            not_found,
        ),
        (
            "GET",
            "/api/v1/namespaces/default/pods/x/log",
            404,
            not_found,
        ),
        ("POST", "/api/v1/pods", 405, no_method),
        ("POST", "/api/v1/namespaces/default/pods/x", 405, no_method),
        ("PUT", "/api/v1/namespaces/default/pods", 405, no_method),
        ("PATCH", "/api/v1/nodes", 405, no_method),
        ("DELETE", "/api/v1/pods", 405, no_method),
        ("DELETE", "/api/v1/namespaces", 405, no_method),
        ("OPTIONS", "/api/v1/pods", 405, no_method),
        ("HEAD", "/api/v1/pods", 405, ""),
        ("DELETE", "/version", 405, no_method),
        (
            "GET",
            "/api/v1/namespaces/default/pods/x/eviction",
            405,
            no_method,
        ),
    ] {
        let (answered, body) = call(&api, method, path, &Value::Null).await;
        let text = body["message"]
            .as_str()
            .or(body.as_str())
            .unwrap_or_default();
        assert_eq!((answered, text), (code, expected), "{method} {path}");
    }
}

#[tokio::test]
async fn only_the_holder_of_the_token_gets_in() {
    let api = Api {
        access: Access::with_token("secret"),
        ..api()
    };
    for (header, code) in [
        ("", 401),
        ("Bearer", 401),
        ("Bearer wrong", 401),
        ("Basic secret", 401),
        ("Bearer secret", 200),
    ] {
        for path in ["/healthz", "/api/v1/pods", "/version"] {
            let (answered, body) = send(&api, "GET", path, &[("authorization", header)], "").await;
            assert_eq!(answered, code, "{header} {path}: {body}");
        }
    }
    let (_, body) = call(&api, "GET", "/api/v1/pods", &Value::Null).await;
    assert_eq!(
        body,
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": "Unauthorized", "reason": "Unauthorized", "code": 401,
        })
    );
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_refused_and_change_nothing() {
    let api = api();
    let before = api.registry.store().revision();
    let unrecognized = "the object provided is unrecognized (must be of type ConfigMap): ";
    let parse = format!("{unrecognized}couldn't get version/kind; json parse error: ");
    for (content_type, body, code, expected) in [
        ("application/json", "{", 400, format!("{parse}unexpected end of JSON input ({{)")),
        ("application/json", "", 400, format!("{parse}unexpected end of JSON input (<empty>)")),
        (
            "application/json",
            "{a:1}",
            400,
            format!("{parse}invalid character 'a' looking for beginning of object key string ({{a:1}})"),
        ),
        (
            "application/json",
            "{\"a\":1}x",
            400,
            format!("{parse}invalid character 'x' after top-level value ({{\"a\":1}}x)"),
        ),
        (
            "application/json",
            "{\"kind\":\"Pod\",\"apiVersion\":\"v1\"}",
            400,
            "Pod in version \"v1\" cannot be handled as a ConfigMap: converting (v1.Pod) to (core.ConfigMap): unknown conversion".to_owned(),
        ),
        (
            "application/json",
            "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v2\"}",
            400,
            "ConfigMap in version \"v2\" cannot be handled as a ConfigMap: no kind \"ConfigMap\" is registered for version \"v2\" in scheme \"pkg/runtime/scheme.go:110\"".to_owned(),
        ),
        (
            "text/plain",
            "{}",
            415,
            "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf".to_owned(),
        ),
        (
            "application/vnd.kubernetes.protobuf",
            "xx",
            400,
            format!("{unrecognized}provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] (7878)"),
        ),
    ] {
        let headers = [("content-type", content_type)];
        let (answered, text) = send(&api, "POST", MAPS, &headers, body).await;
        let status: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((answered, status["message"].as_str().unwrap()), (code, expected.as_str()), "{body}");
    }
    let large = json!({"metadata": {"name": "a"}, "data": {"a": "x".repeat(3 * 1024 * 1024)}});
    let (code, status) = call(&api, "POST", MAPS, &large).await;
    assert_eq!(
        (code, &status["message"]),
        (413, &json!("Request entity too large: limit is 3145728"))
    );
    assert_eq!(api.registry.store().revision(), before);
}

#[tokio::test]
async fn patches_are_refused_by_media_type_and_form() {
    let api = api();
    create_map(&api, "a", json!({})).await;
    let path = format!("{MAPS}/a");
    for (media_type, body, code, expected) in [
        ("application/json", "{}", 415, "415: Unsupported Media Type"),
        (
            "application/merge-patch+json",
            "{",
            400,
            "error decoding patch: unexpected end of JSON input",
        ),
        (
            "application/merge-patch+json",
            "[]",
            400,
            "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}",
        ),
        (
            "application/json-patch+json",
            "{}",
            400,
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
        ),
        (
            "application/apply-patch+yaml",
            "{}",
            422,
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch",
        ),
    ] {
        let (answered, text) =
            send(&api, "PATCH", &path, &[("content-type", media_type)], body).await;
        let status: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (answered, status["message"].as_str().unwrap()),
            (code, expected),
            "{media_type} {body}"
        );
    }
}

#[tokio::test]
async fn yaml_is_taken_and_given() {
    let api = api();
    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: one}\n";
    let headers = [
        ("content-type", "application/yaml"),
        ("accept", "application/yaml"),
    ];
    let (code, text) = send(&api, "POST", MAPS, &headers, yaml).await;
    assert_eq!(code, 201, "{text}");
    let created: Value = serde_saphyr::from_str(&text).unwrap();
    assert_eq!(created["data"], json!({"x": "one"}));
}

#[tokio::test]
async fn a_collection_is_deleted_as_selected() {
    let api = api();
    create_map(&api, "a", json!({"x": "1"})).await;
    create_map(&api, "b", json!({})).await;
    let (code, deleted) = call(
        &api,
        "DELETE",
        &format!("{MAPS}?labelSelector=x"),
        &Value::Null,
    )
    .await;
    assert_eq!(
        (code, &deleted["items"][0]["metadata"]["name"]),
        (200, &json!("a"))
    );
    let left = get(&api, MAPS).await;
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn whoever_got_in_is_told_that_everything_is_allowed() {
    let api = api();
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let review = json!({"spec": {"resourceAttributes": {"verb": "create", "resource": "pods"}}});
    let (code, answer) = call(&api, "POST", path, &review).await;
    assert_eq!((code, &answer["status"]), (201, &json!({"allowed": true})));
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let (code, answer) = call(&api, "POST", path, &json!({})).await;
    assert_eq!(
        (code, &answer["status"]["userInfo"]["username"]),
        (201, &json!("sim:admin"))
    );
}
