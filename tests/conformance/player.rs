//! Plays calls and takes down what is answered.

use std::collections::BTreeMap;
use std::time::Duration;

use bex_infra::tools::kube::Client;
use http::{Request, Response};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout_at};

use crate::answers::Answer;
use crate::normal::Normal;
use crate::script::{Call, Script};

/// Longer than any call takes on a machine that is not broken.
const PATIENCE: Duration = Duration::from_secs(6);

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

/// Waits until the server has made what it makes at its start.
pub(crate) async fn ready(client: &Client) {
    for path in [
        "/api/v1/namespaces/default",
        "/api/v1/namespaces/kube-node-lease",
        "/api/v1/namespaces/default/services/kubernetes",
        "/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical",
    ] {
        let call = Call {
            verb: "WAIT".to_owned(),
            path: path.to_owned(),
            ..Call::default()
        };
        perform(client, &call, String::new()).await;
    }
}

/// The normalised answers, in the order of the calls.
pub(crate) async fn play(script: &Script, client: &Client) -> Vec<Answer> {
    let mut names: BTreeMap<String, Value> = BTreeMap::new();
    let mut normal = Normal::default();
    let mut answers = Vec::new();
    for call in &script.calls {
        let call = Call {
            path: fill_in(&call.path, &names),
            body: fill_in(&call.body, &names),
            ..call.clone()
        };
        let body = parse_body(&call);
        let mut answer = perform(client, &call, body).await;
        if let Some(name) = &call.name {
            names.insert(name.clone(), answer.body.clone());
        }
        normal.answer(&mut answer);
        answers.push(answer);
    }
    answers
}

/// Puts values of earlier answers in the place of `$(name/pointer)`.
pub(crate) fn fill_in(text: &str, names: &BTreeMap<String, Value>) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("$(") {
        let (reference, after) = after.split_once(')').expect("a closing bracket");
        let (name, pointer) = reference.split_once('/').expect("a name and a pointer");
        let value = names
            .get(name)
            .and_then(|answer| answer.pointer(&format!("/{pointer}")));
        filled.push_str(before);
        match value {
            Some(Value::String(text)) => filled.push_str(text),
            Some(value) => filled.push_str(&value.to_string()),
            None => filled.push_str("absent"),
        }
        rest = after;
    }
    filled + rest
}

pub(crate) fn parse_body(call: &Call) -> String {
    if let Some(raw) = call.body.strip_prefix('|') {
        return raw.trim().to_owned();
    }
    if call.body.is_empty() {
        return String::new();
    }
    let value: Value = serde_saphyr::from_str(&call.body)
        .unwrap_or_else(|error| panic!("{}: {error}", call.label));
    value.to_string()
}

pub(crate) fn request(call: &Call, body: String) -> Request<Body> {
    let (method, content) = match &*call.verb {
        "JSON" => ("PATCH", "application/json-patch+json"),
        "MERGE" => ("PATCH", "application/merge-patch+json"),
        "STRATEGIC" => ("PATCH", "application/strategic-merge-patch+json"),
        "APPLY" => ("PATCH", "application/apply-patch+yaml"),
        "WATCH" | "TABLE" | "WAIT" => ("GET", ""),
        method => (method, "application/json"),
    };
    let mut request = Request::builder().method(method).uri(&call.path);
    let given = |name: &str| {
        call.headers
            .iter()
            .any(|header| header.0.eq_ignore_ascii_case(name))
    };
    if !body.is_empty() && !given("Content-Type") {
        request = request.header("Content-Type", content);
    }
    if call.verb == "TABLE" {
        request = request.header("Accept", TABLE);
    } else if !given("Accept") {
        request = request.header("Accept", "application/json");
    }
    for (name, value) in &call.headers {
        request = request.header(name, value);
    }
    request.body(Body::from(body.into_bytes())).unwrap()
}

pub(crate) async fn perform(client: &Client, call: &Call, body: String) -> Answer {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let sent = client.send(request(call, body.clone()));
        let Ok(response) = timeout_at(deadline, sent).await else {
            return silence();
        };
        let answer = read(response.unwrap(), call.events, deadline).await;
        if call.verb != "WAIT" || answer.status == 200 || Instant::now() > deadline {
            return answer;
        }
        sleep(Duration::from_millis(50)).await;
    }
}

fn silence() -> Answer {
    Answer {
        status: 0,
        kind: String::new(),
        warnings: Vec::new(),
        body: json!("no answer came"),
    }
}

async fn read(response: Response<Body>, events: usize, deadline: Instant) -> Answer {
    let (head, body) = response.into_parts();
    let header = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap());
    let kind = header("content-type").unwrap_or_default().to_owned();
    let texts = head.headers.get_all("warning").iter();
    let warnings = texts
        .map(|text| text.to_str().unwrap().to_owned())
        .collect();
    let watches = events > 0 && head.status == 200;
    let body = if watches {
        read_events(body, events, deadline).await
    } else {
        let bytes = timeout_at(deadline, body.collect());
        let bytes = bytes
            .await
            .expect("an answer that ends")
            .unwrap()
            .to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    };
    Answer {
        status: head.status.as_u16(),
        kind,
        warnings,
        body,
    }
}

async fn read_events(mut body: Body, events: usize, deadline: Instant) -> Value {
    let mut text = Vec::new();
    let count = |text: &[u8]| text.split(|byte| *byte == b'\n').count() - 1;
    let mut end = None;
    while count(&text) < events && end.is_none() {
        match timeout_at(deadline, body.frame()).await {
            Ok(Some(frame)) => text.extend_from_slice(&frame.unwrap().into_data().unwrap()),
            Ok(None) => end = Some("the stream ended"),
            Err(_) => end = Some("nothing more came"),
        }
    }
    let text = String::from_utf8(text).unwrap();
    let lines = text.split_inclusive('\n').take(events);
    let mut seen: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).unwrap_or(Value::String(line.to_owned())))
        .collect();
    seen.extend(end.map(|end| json!(end)));
    Value::Array(seen)
}
