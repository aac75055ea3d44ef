//! What a real API server made of random writes, and what we make of them. See `record`.

use std::collections::HashMap;

use serde_json::Value;

use super::super::super::resources::Resource;
use super::super::super::status::Status;
use super::super::merge_patch::without_nulls;
use super::super::{Writer, apply, books, json, merge, own, settle, strategic};
use super::widget;

struct Step {
    line: Value,
    resource: Resource,
}

impl Step {
    /// `last` is what each kind's object was after the steps before.
    fn new(line: &str, last: &mut HashMap<String, Value>) -> Self {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let kind = line["kind"].as_str().unwrap().to_owned();
        if line.get("before").is_none() {
            line["before"] = last.get(&kind).cloned().unwrap_or_default();
        }
        let end = if line["code"].as_u64().unwrap() < 300 {
            "after"
        } else {
            "before"
        };
        last.insert(kind, line[end].clone());
        let resource = match line["kind"].as_str().unwrap() {
            "Widget" => widget::resource(),
            kind => widget::built_in(line["apiVersion"].as_str().unwrap(), kind),
        };
        Self { line, resource }
    }

    fn before(&self) -> Option<&Value> {
        Some(&self.line["before"]).filter(|before| !before.is_null())
    }

    fn code(&self) -> u64 {
        self.line["code"].as_u64().unwrap()
    }

    fn writer(&self) -> Writer {
        let text = |name: &str| self.line[name].as_str().unwrap().to_owned();
        let entries = self.line["after"]["metadata"]["managedFields"].as_array();
        let times = entries.into_iter().flatten();
        let latest = times.filter_map(|entry| entry["time"].as_str()).max();
        Writer {
            manager: text("manager"),
            api_version: text("apiVersion"),
            subresource: text("subresource"),
            time: latest.unwrap_or_default().to_owned(),
        }
    }

    /// The object that we make of it, less what defaults and validation would do.
    fn change(&self) -> Result<Value, Status> {
        let body = &self.line["body"];
        let before = self.before();
        match self.line["verb"].as_str().unwrap() {
            "apply" => {
                let force = self.line["force"] == true;
                apply(before, body, &self.resource, &self.writer(), force)
            }
            "json" => json(before.unwrap(), body),
            "merge" => Ok(merge(before.unwrap(), body)),
            "strategic" => strategic(before.unwrap(), body, &self.resource.schema),
            _ => Ok(body.clone()),
        }
    }

    fn difference(&self) -> Option<String> {
        match (self.change(), self.code()) {
            (Ok(ours), 200 | 201) => self.object_difference(ours),
            // Refused for what is none of this room's business: names, validation.
            (Ok(_), _) if self.line["verb"] != "apply" || self.code() == 422 => None,
            (Ok(_), _) => Some(format!("done, but was refused: {}", self.line["after"])),
            (Err(status), code) => {
                let (mut ours, mut theirs) = (status.to_json(), self.line["after"].clone());
                sort_causes(&mut ours);
                sort_causes(&mut theirs);
                let is_same = ours == theirs || code == 500 && complains_alike(&ours, &theirs);
                (!is_same).then(|| format!("ours:   {ours}\ntheirs: {theirs}"))
            }
        }
    }

    fn object_difference(&self, mut ours: Value) -> Option<String> {
        let theirs = &self.line["after"];
        let mut after = theirs.clone();
        books::take_stored(&mut after);
        let sent = books::take_stored(&mut ours);
        if !sent.is_null() {
            after["metadata"]["managedFields"] = sent.clone();
        }
        // What a request for a status says of the rest does not get far, but it is booked.
        if self.resource.custom && self.line["subresource"] == "status" {
            after = without_nulls(&ours);
            after["metadata"]["managedFields"] = sent;
        }
        if self.line["verb"] != "apply" {
            own(self.before(), &mut after, &self.resource, &self.writer());
        }
        if let Some(before) = self.before() {
            settle(before, &mut after);
        }
        let (mine, its) = (
            &after["metadata"]["managedFields"],
            &theirs["metadata"]["managedFields"],
        );
        if mine != its {
            return Some(format!("ours:   {mine}\ntheirs: {its}"));
        }
        if self.line["subresource"] != "" || self.line["verb"] == "update" {
            return None;
        }
        beyond(&ours, theirs, "")
    }
}

/// The first thing that is in ours but not in theirs, which has defaults and the server's own fields besides.
fn beyond(ours: &Value, theirs: &Value, path: &str) -> Option<String> {
    if matches!(
        path,
        ".metadata.resourceVersion" | ".metadata.generation" | ".status"
    ) {
        return None;
    }
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => ours.iter().find_map(|(name, value)| {
            let path = format!("{path}.{name}");
            match theirs.get(name) {
                Some(theirs) => beyond(value, theirs, &path),
                None if is_empty(value) || name.starts_with('$') => None,
                None => Some(format!("{path} is only in ours: {value}")),
            }
        }),
        (Value::Array(ours), Value::Array(theirs)) if ours.len() == theirs.len() => {
            let mut pairs = ours.iter().zip(theirs).enumerate();
            pairs.find_map(|(at, (ours, theirs))| beyond(ours, theirs, &format!("{path}[{at}]")))
        }
        (ours, theirs) if ours == theirs || is_empty(ours) && is_empty(theirs) => None,
        _ => Some(format!("{path}: ours {ours}, theirs {theirs}")),
    }
}

/// What normalisation drops.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::Object(fields) => fields.values().all(is_empty),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// The real server lists managers in no order.
fn sort_causes(status: &mut Value) {
    if let Some(Value::Array(causes)) = status.pointer_mut("/details/causes") {
        causes.sort_by_key(Value::to_string);
    }
}

/// The real server validates fields in no order and stops at the first that it does not know.
fn complains_alike(ours: &Value, theirs: &Value) -> bool {
    let text = |status: &Value| status["message"].as_str().unwrap().replace("errors:", "");
    let (ours, theirs) = (text(ours), text(theirs));
    let (_, all) = theirs.split_once("): ").unwrap_or_default();
    !all.is_empty() && all.lines().all(|line| ours.contains(line.trim()))
}

fn play(recorded: &str) {
    let mut last = HashMap::new();
    let mut wrong = Vec::new();
    for (at, line) in recorded.lines().enumerate() {
        let step = Step::new(line, &mut last);
        if let Some(difference) = step.difference() {
            wrong.push(format!("line {}: {}\n{difference}", at + 1, step.line));
        }
    }
    let count = recorded.lines().count();
    assert!(
        wrong.is_empty(),
        "{} of {count}:\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
}

#[test]
fn random_writes_end_as_on_a_real_server() {
    play(include_str!("recorded.jsonl"));
}

#[test]
#[ignore = "needs RECORDED: a file that `record` wrote"]
fn more_random_writes_end_as_on_a_real_server() {
    let path = std::env::var("RECORDED").unwrap();
    play(&std::fs::read_to_string(path).unwrap());
}
