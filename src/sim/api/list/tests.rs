use serde_json::{Value, json};

use crate::sim::api::Api;
use crate::sim::api::tests::{api, call, create_map, get, send};
use crate::sim::status::Status;
use crate::sim::store::{Key, Outcome, Stored};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|item| item["metadata"]["name"].as_str().unwrap())
        .collect()
}

/// An API with objects of these names; every second one has the label `even`.
async fn with_maps(wanted: &[&str]) -> Api {
    let api = api();
    for (index, name) in wanted.iter().enumerate() {
        let labels = if index % 2 == 0 {
            json!({"even": "yes"})
        } else {
            json!({})
        };
        create_map(&api, name, labels).await;
    }
    api
}

#[tokio::test]
async fn items_of_built_in_kinds_do_not_tell_their_kind() {
    let api = with_maps(&["a"]).await;
    call(
        &api,
        "PATCH",
        &format!("{MAPS}/a"),
        &json!({"data": {"k": "v"}}),
    )
    .await;
    let list = get(&api, MAPS).await;
    assert_eq!(
        (&list["kind"], &list["apiVersion"]),
        (&json!("ConfigMapList"), &json!("v1"))
    );
    let item = list["items"][0].as_object().unwrap();
    assert_eq!(item.keys().collect::<Vec<_>>(), ["data", "metadata"]);
    let one = get(&api, &format!("{MAPS}/a")).await;
    assert_eq!(one["kind"], "ConfigMap");
}

#[tokio::test]
async fn pages_show_the_state_of_the_first_one() {
    let api = with_maps(&["a", "b", "c"]).await;
    let first = get(&api, &format!("{MAPS}?limit=2")).await;
    assert_eq!(
        (names(&first), &first["metadata"]["remainingItemCount"]),
        (vec!["a", "b"], &json!(1))
    );
    create_map(&api, "d", json!({})).await;
    call(&api, "DELETE", &format!("{MAPS}/c"), &Value::Null).await;
    let token = first["metadata"]["continue"].as_str().unwrap();
    let second = get(&api, &format!("{MAPS}?limit=2&continue={token}")).await;
    assert_eq!(names(&second), ["c"]);
    assert_eq!(
        second["metadata"]["resourceVersion"],
        first["metadata"]["resourceVersion"]
    );
    assert!(second["metadata"].get("continue").is_none());
}

#[tokio::test]
async fn pages_of_selected_objects_are_full_and_do_not_count_the_rest() {
    let api = with_maps(&["a", "b", "c", "d", "e", "f"]).await;
    let first = get(&api, &format!("{MAPS}?limit=2&labelSelector=even")).await;
    assert_eq!(names(&first), ["a", "c"]);
    assert!(first["metadata"].get("remainingItemCount").is_none());
    let token = first["metadata"]["continue"].as_str().unwrap();
    let second = get(
        &api,
        &format!("{MAPS}?limit=2&labelSelector=even&continue={token}"),
    )
    .await;
    assert_eq!(names(&second), ["e"]);
}

#[tokio::test]
async fn fields_select_what_they_say_and_unknown_ones_are_refused() {
    let api = with_maps(&["a", "b"]).await;
    for (selector, expected) in [
        ("metadata.name=a", vec!["a"]),
        ("metadata.name!=a", vec!["b"]),
        ("metadata.name==a,metadata.namespace=default", vec!["a"]),
        ("metadata.namespace=other", vec![]),
    ] {
        let list = get(&api, &format!("{MAPS}?fieldSelector={selector}")).await;
        assert_eq!(names(&list), expected, "{selector}");
    }
    for (path, message) in [
        (
            "/api/v1/configmaps?fieldSelector=foo=b",
            "\"foo\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
        ),
        (
            "/api/v1/pods?fieldSelector=spec.foo=x",
            "field label not supported: spec.foo",
        ),
        (
            "/api/v1/pods?fieldSelector=spec.nodeName",
            "invalid selector: 'spec.nodeName'; can't understand 'spec.nodeName'",
        ),
        (
            "/api/v1/pods?fieldSelector=a=b,c",
            "invalid selector: 'a=b,c'; can't understand 'c'",
        ),
    ] {
        let (code, status) = call(&api, "GET", path, &Value::Null).await;
        assert_eq!(
            (code, status["message"].as_str().unwrap()),
            (400, message),
            "{path}"
        );
    }
}

#[tokio::test]
async fn parameters_that_do_not_go_together_are_refused() {
    let api = api();
    let forbidden = "ListOptions.meta.k8s.io \"\" is invalid: ";
    for (query, code, message) in [
        ("limit=x", 400, "strconv.ParseInt: parsing \"x\": invalid syntax".to_owned()),
        (
            "resourceVersion=x",
            400,
            "invalid resource version: resourceVersion: Invalid value: \"x\": strconv.ParseUint: parsing \"x\": invalid syntax".to_owned(),
        ),
        (
            "resourceVersionMatch=Exact",
            422,
            format!("{forbidden}resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"),
        ),
        (
            "resourceVersion=1&resourceVersionMatch=foo",
            422,
            format!("{forbidden}resourceVersionMatch: Unsupported value: \"foo\": supported values: \"Exact\", \"NotOlderThan\", \"\""),
        ),
        (
            "sendInitialEvents=true",
            422,
            format!("{forbidden}sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"),
        ),
        (
            "continue=abc",
            400,
            "invalid continue token: continue key is not valid: invalid character 'i' looking for beginning of value".to_owned(),
        ),
        (
            "continue=eyJ2IjoiZm9vIn0",
            400,
            "invalid continue token: continue key is not valid: server does not recognize this encoded version foo".to_owned(),
        ),
    ] {
        let (answered, status) = call(&api, "GET", &format!("{MAPS}?{query}"), &Value::Null).await;
        assert_eq!((answered, status["message"].as_str().unwrap()), (code, message.as_str()), "{query}");
    }
}

#[tokio::test]
async fn a_revision_that_is_yet_to_come_is_a_timeout() {
    let api = api();
    let path = format!("{MAPS}?resourceVersion=99999999");
    let (code, status) = call(&api, "GET", &path, &Value::Null).await;
    assert_eq!((code, &status["reason"]), (504, &json!("Timeout")));
    assert_eq!(status["details"]["retryAfterSeconds"], 1);
}

#[tokio::test]
async fn an_exact_revision_shows_the_past() {
    let api = with_maps(&["a"]).await;
    let then = get(&api, MAPS).await["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .to_owned();
    create_map(&api, "b", json!({})).await;
    let past = get(
        &api,
        &format!("{MAPS}?resourceVersion={then}&resourceVersionMatch=Exact"),
    )
    .await;
    assert_eq!(names(&past), ["a"]);
    let not_older = get(
        &api,
        &format!("{MAPS}?resourceVersion={then}&resourceVersionMatch=NotOlderThan"),
    )
    .await;
    assert_eq!(names(&not_older), ["a", "b"]);
}

#[tokio::test]
async fn metadata_alone_is_shown_when_asked_for() {
    let api = with_maps(&["a"]).await;
    let one = [(
        "accept",
        "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
    )];
    let many = [(
        "accept",
        "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
    )];
    let (_, text) = send(&api, "GET", &format!("{MAPS}/a"), &one, "").await;
    let shown: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&shown["kind"], &shown["metadata"]["name"]),
        (&json!("PartialObjectMetadata"), &json!("a"))
    );
    let (_, text) = send(&api, "GET", MAPS, &many, "").await;
    let shown: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(shown["items"][0]["kind"], "PartialObjectMetadata");
    let (code, text) = send(&api, "GET", MAPS, &one, "").await;
    assert_eq!(code, 406);
    assert!(
        text.contains("but the requested object is a list (*core.ConfigMapList)"),
        "{text}"
    );
}

/// Writes pods of 3 kB straight into the store.
pub(in crate::sim::api) fn fill(api: &Api, count: usize) {
    let filler = "x".repeat(2800);
    for index in 0..count {
        let key = Key {
            resource: "pods".into(),
            namespace: format!("ns-{}", index % 100).into(),
            name: format!("pod-{index}").into(),
        };
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": &*key.name}, "spec": {"x": filler},
        });
        let put = |_: Option<&Stored>, _| Ok::<_, Status>(Outcome::Put(pod.to_string().into()));
        api.registry.store().write(&key, put).unwrap();
    }
}

/// Run in release; prints the figure that the README has.
#[tokio::test]
#[ignore = "measures; wants a release build"]
async fn a_hundred_thousand_pods_are_listed_in_a_third_of_a_second() {
    use http_body_util::BodyExt;
    use tower::ServiceExt;
    let api = api();
    fill(&api, 100_000);
    let begun = std::time::Instant::now();
    let request =
        http::Request::get("/api/v1/pods").body(http_body_util::Empty::<bytes::Bytes>::new());
    let answer = api.oneshot(request.unwrap()).await.unwrap();
    let mut body = answer.into_body();
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        bytes += frame.unwrap().into_data().unwrap().len();
    }
    let took = begun.elapsed();
    println!("100,000 pods, {bytes} bytes: {took:?}");
    assert!(took.as_millis() < 300, "{took:?}");
}
