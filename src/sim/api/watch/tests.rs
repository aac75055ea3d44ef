use http_body_util::{BodyExt, Empty};
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::ServiceExt;

use super::*;
use crate::sim::api::Api;
use crate::sim::api::tests::{api, call, create_map, get};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// A watch as its client sees it.
struct Client {
    body: Body,
    frames: std::collections::VecDeque<Value>,
}

async fn open(api: &Api, query: &str) -> Client {
    open_as(api, query, "application/json").await
}

async fn open_as(api: &Api, query: &str, accept: &str) -> Client {
    let request = http::Request::get(format!("{MAPS}?watch=1&{query}")).header("accept", accept);
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let answer = api.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    Client {
        body: answer.into_body(),
        frames: std::collections::VecDeque::new(),
    }
}

impl Client {
    /// The next frame; nothing at the end of the watch.
    async fn next(&mut self) -> Option<Value> {
        while self.frames.is_empty() {
            let bytes = self.body.frame().await?.unwrap().into_data().unwrap();
            let lines = bytes
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty());
            self.frames
                .extend(lines.map(|line| serde_json::from_slice::<Value>(line).unwrap()));
        }
        self.frames.pop_front()
    }

    /// Type and name of the next frame.
    async fn told(&mut self) -> (String, String) {
        let frame = self.next().await.unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (
            text(&frame["type"]),
            text(&frame["object"]["metadata"]["name"]),
        )
    }
}

fn told(of: &str, name: &str) -> (String, String) {
    (of.to_owned(), name.to_owned())
}

async fn revision(api: &Api) -> String {
    get(api, MAPS).await["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn change(api: &Api, name: &str, change: Value) {
    let (code, answer) = call(api, "PATCH", &format!("{MAPS}/{name}"), &change).await;
    assert_eq!(code, 200, "{answer}");
}

async fn delete(api: &Api, name: &str) {
    let (code, answer) = call(api, "DELETE", &format!("{MAPS}/{name}"), &Value::Null).await;
    assert_eq!(code, 200, "{answer}");
}

#[tokio::test(start_paused = true)]
async fn changes_after_a_revision_come_in_their_order() {
    let api = api();
    create_map(&api, "old", json!({})).await;
    let since = revision(&api).await;
    create_map(&api, "a", json!({})).await;
    change(&api, "a", json!({"data": {"x": "1"}})).await;
    delete(&api, "a").await;
    let mut watch = open(&api, &format!("resourceVersion={since}")).await;
    for expected in ["ADDED", "MODIFIED", "DELETED"] {
        assert_eq!(watch.told().await, told(expected, "a"));
    }
    create_map(&api, "b", json!({})).await;
    assert_eq!(watch.told().await, told("ADDED", "b"));
}

#[tokio::test(start_paused = true)]
async fn without_a_revision_the_present_state_comes_first() {
    let api = api();
    create_map(&api, "a", json!({})).await;
    for query in ["", "resourceVersion=0"] {
        assert_eq!(
            open(&api, query).await.told().await,
            told("ADDED", "a"),
            "{query}"
        );
    }
    let mut watch = open(
        &api,
        "allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan",
    )
    .await;
    assert_eq!(watch.told().await, told("ADDED", "a"));
    let bookmark = watch.next().await.unwrap();
    assert_eq!(bookmark["type"], "BOOKMARK");
    assert_eq!(
        bookmark["object"]["metadata"]["annotations"],
        json!({"k8s.io/initial-events-end": "true"})
    );
    assert_eq!(
        bookmark["object"]["metadata"]["resourceVersion"],
        revision(&api).await
    );
}

#[tokio::test(start_paused = true)]
async fn an_object_that_stops_matching_is_deleted_to_its_watcher() {
    let api = api();
    let since = revision(&api).await;
    let mut watch = open(&api, &format!("resourceVersion={since}&labelSelector=x=1")).await;
    create_map(&api, "other", json!({})).await;
    create_map(&api, "a", json!({"x": "1"})).await;
    assert_eq!(watch.told().await, told("ADDED", "a"));
    change(&api, "a", json!({"metadata": {"labels": {"x": "2"}}})).await;
    let deleted = watch.next().await.unwrap();
    assert_eq!(deleted["type"], "DELETED");
    assert_eq!(
        deleted["object"]["metadata"]["labels"],
        json!({"x": "1"}),
        "its last state that matched"
    );
    assert_eq!(
        deleted["object"]["metadata"]["resourceVersion"],
        revision(&api).await
    );
    change(&api, "a", json!({"data": {"unseen": "1"}})).await;
    change(&api, "a", json!({"metadata": {"labels": {"x": "1"}}})).await;
    assert_eq!(watch.told().await, told("ADDED", "a"));
    delete(&api, "a").await;
    assert_eq!(watch.told().await, told("DELETED", "a"));
}

#[tokio::test(start_paused = true)]
async fn idle_watchers_are_told_once_a_minute_how_far_they_are() {
    let api = api();
    let since = revision(&api).await;
    let begun = Instant::now();
    let mut watch = open(
        &api,
        &format!("resourceVersion={since}&allowWatchBookmarks=true"),
    )
    .await;
    for minute in 1..=2 {
        let bookmark = watch.next().await.unwrap();
        assert_eq!(bookmark["type"], "BOOKMARK");
        assert_eq!(
            bookmark["object"]["metadata"],
            json!({"resourceVersion": since})
        );
        assert_eq!(begun.elapsed().as_secs(), minute * 60);
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_ends_when_its_time_is_up() {
    let api = api();
    let begun = Instant::now();
    let mut watch = open(
        &api,
        &format!("resourceVersion={}&timeoutSeconds=7", revision(&api).await),
    )
    .await;
    assert_eq!(watch.next().await, None);
    assert_eq!(begun.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn tables_tell_their_columns_in_the_first_frame_only() {
    let api = api();
    create_map(&api, "a", json!({})).await;
    create_map(&api, "b", json!({})).await;
    let accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    let mut watch = open_as(&api, "", accept).await;
    let first = watch.next().await.unwrap();
    assert_eq!(first["object"]["columnDefinitions"][0]["name"], "Name");
    assert_eq!(first["object"]["rows"][0]["cells"], json!(["a", 0, "0s"]));
    let second = watch.next().await.unwrap();
    assert_eq!(second["object"]["columnDefinitions"], Value::Null);
}

#[tokio::test]
async fn a_revision_that_is_no_number_is_refused() {
    let api = api();
    let path = format!("{MAPS}?watch=1&resourceVersion=abc");
    let (code, status) = call(&api, "GET", &path, &Value::Null).await;
    assert_eq!(code, 500);
    assert_eq!(
        status["message"],
        "resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\": invalid syntax"
    );
}

/// Run in release; prints the figure that the README has.
#[tokio::test]
#[ignore = "measures; wants a release build"]
async fn twenty_thousand_changes_a_second_reach_one_watcher() {
    let api = api();
    let since = api.registry.store().revision();
    let begun = std::time::Instant::now();
    crate::sim::api::list::tests::fill(&api, 20_000);
    let written = begun.elapsed();
    let path = format!("/api/v1/pods?watch=1&resourceVersion={since}");
    let request = http::Request::get(path)
        .body(Empty::<Bytes>::new())
        .unwrap();
    let mut body = api.oneshot(request).await.unwrap().into_body();
    let begun = std::time::Instant::now();
    let mut frames = 0;
    while frames < 20_000 {
        let bytes = body.frame().await.unwrap().unwrap().into_data().unwrap();
        frames += bytes.split(|byte| *byte == b'\n').count() - 1;
    }
    let took = begun.elapsed();
    println!("20,000 changes: written in {written:?}, watched in {took:?}");
    assert!(took.as_millis() < 1000, "{took:?}");
}
