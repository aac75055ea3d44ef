//! What differs from run to run becomes tokens: uids, revisions, times, generated names, addresses and ports.
//!
//! The same value is the same token wherever it comes again. A token says what it is of (`<revision 2 of a>` is the
//! second one seen of the object a), so that one difference does not shift the tokens of everything after it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::answers::Answer;

#[derive(Default)]
pub(crate) struct Normal {
    /// Tokens by value.
    tokens: BTreeMap<String, String>,
    /// How many there are of a kind.
    counts: BTreeMap<String, usize>,
}

impl Normal {
    pub(crate) fn answer(&mut self, answer: &mut Answer) {
        self.learn(&answer.body);
        self.value("", &mut answer.body);
    }

    /// Names what can be named by the object it belongs to.
    fn learn(&mut self, value: &Value) {
        let children: Box<dyn Iterator<Item = &Value>> = match value {
            Value::Object(object) => {
                self.learn_object(object);
                Box::new(object.values())
            }
            Value::Array(items) => Box::new(items.iter()),
            _ => return,
        };
        children.for_each(|child| self.learn(child));
    }

    fn learn_object(&mut self, object: &Map<String, Value>) {
        let text = |key| object.get(key).and_then(Value::as_str).unwrap_or_default();
        let (name, prefix) = (text("name"), text("generateName"));
        if !prefix.is_empty() && name.len() == prefix.len() + 5 && name.starts_with(prefix) {
            let prefix = self.text("", prefix);
            self.token(name, &format!("name from {prefix}"));
        }
        let (uid, revision) = (text("uid"), text("resourceVersion"));
        if is_uid(uid) && !name.is_empty() {
            let name = self.known(name);
            let uid = self.token(uid, &format!("uid of {name}"));
            self.token(
                revision,
                &format!("revision of {}", uid.trim_matches(['<', '>'])),
            );
        }
        if text("clusterIP").starts_with("10.") {
            self.token(text("clusterIP"), "address");
        }
    }

    fn known(&self, value: &str) -> String {
        self.tokens
            .get(value)
            .cloned()
            .unwrap_or_else(|| value.to_owned())
    }

    /// The token of a value: a new one if it has none.
    pub(crate) fn token(&mut self, value: &str, kind: &str) -> String {
        if value.is_empty() || self.tokens.contains_key(value) {
            return self.known(value);
        }
        let count = self.counts.entry(kind.to_owned()).or_default();
        *count += 1;
        let token = format!("<{kind} {count}>");
        self.tokens.insert(value.to_owned(), token.clone());
        token
    }

    fn value(&mut self, key: &str, value: &mut Value) {
        match value {
            Value::Object(object) => self.object(object),
            Value::Array(items) => {
                for item in items.iter_mut() {
                    self.value(key, item);
                }
                // Their order is that of a map in Go, or depends on whether a second passed between two calls.
                if matches!(key, "causes" | "managedFields") {
                    items.sort_by_key(Value::to_string);
                }
            }
            Value::String(text) => *text = self.text(key, text),
            Value::Number(_) if key == "nodePort" => *value = "<port>".into(),
            _ => {}
        }
    }

    fn object(&mut self, object: &mut Map<String, Value>) {
        if object.contains_key("items") || object.contains_key("rows") || is_bookmark(object) {
            forget_revision(object);
        }
        if object.contains_key("rows") {
            forget_ages(object);
        }
        for (key, value) in std::mem::take(object) {
            let mut value = value;
            self.value(&key, &mut value);
            object.insert(self.text("", &key), value);
        }
        if object.get("kind").is_some_and(|kind| kind == "Status") {
            forget_order(object);
        }
    }

    pub(crate) fn text(&self, key: &str, text: &str) -> String {
        match key {
            "resourceVersion" if !matches!(text, "" | "0") => {
                return self
                    .tokens
                    .get(text)
                    .cloned()
                    .unwrap_or_else(|| "<revision>".to_owned());
            }
            "continue" if !text.is_empty() => return "<continue>".to_owned(),
            "serverAddress" => return "<address>".to_owned(),
            _ => {}
        }
        let is_number = |value: &str| value.bytes().all(|byte| byte.is_ascii_digit());
        // A hash may look like a number, too, but is long.
        let is_revision = |value: &str, token: &str| is_number(value) && token.contains("revision");
        let tokens = self.tokens.iter();
        let tokens = tokens.filter(|(value, token)| !is_revision(value, token));
        // A name contains a hash: the longer one first.
        let mut tokens: Vec<(&String, &String)> = tokens.collect();
        tokens.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
        let text = tokens
            .into_iter()
            .fold(text.to_owned(), |text, (value, token)| {
                text.replace(value, token)
            });
        without_revisions(&without_own_revision(&without_times(&text)))
    }
}

fn is_uid(text: &str) -> bool {
    text.len() == UID.len() && looks_like(text, UID)
}

const UID: &str = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

/// The real server goes over maps in any order when it lists what is wrong: the causes have it in ours.
fn forget_order(status: &mut Map<String, Value>) {
    let causes = status
        .get("details")
        .and_then(|details| details.get("causes"));
    let several = causes
        .and_then(Value::as_array)
        .is_some_and(|causes| causes.len() > 1);
    let message = status
        .get("message")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let end = message.find("is invalid: [").or(message.find("conflicts"));
    if let Some(end) = end.filter(|_| several) {
        let message = format!("{} <causes>", &message[..end]);
        status.insert("message".to_owned(), message.into());
    }
}

fn is_bookmark(object: &Map<String, Value>) -> bool {
    object.get("type").is_some_and(|kind| kind == "BOOKMARK")
}

/// The real server is not alone with the calls: the revision of a list is that of any object.
fn forget_revision(object: &mut Map<String, Value>) {
    let holder = match object.get_mut("object") {
        Some(Value::Object(bookmark)) => bookmark,
        _ => object,
    };
    if let Some(revision) = holder
        .get_mut("metadata")
        .and_then(|metadata| metadata.get_mut("resourceVersion"))
        && revision != ""
    {
        *revision = "<revision>".into();
    }
}

/// `5s` in a cell of a table.
fn forget_ages(table: &mut Map<String, Value>) {
    let rows = table.get_mut("rows").and_then(Value::as_array_mut);
    let cells = rows
        .into_iter()
        .flatten()
        .filter_map(|row| row.get_mut("cells")?.as_array_mut());
    for cell in cells.flatten() {
        let age = cell.as_str().and_then(|text| text.strip_suffix('s'));
        if age.is_some_and(|age| age.parse::<u32>().is_ok()) {
            *cell = "<age>".into();
        }
    }
}

/// Only those of now: times that the calls contain stay.
fn without_times(text: &str) -> String {
    let text = replace(text, "202d-dd-ddTdd:dd:dd.ddddddZ", |_| {
        "<microtime>".to_owned()
    });
    replace(&text, "202d-dd-ddTdd:dd:ddZ", |_| "<time>".to_owned())
}

/// An object that is shown in a message, as the real server shows one that a patch makes invalid: how many revisions came
/// before differs, for the server is not alone with the calls.
fn without_own_revision(text: &str) -> String {
    let key = r#"resourceVersion\":\""#;
    let mut parts = text.split(key);
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        result += key;
        result += "<revision>";
        result += part.trim_start_matches(|letter: char| letter.is_ascii_digit());
    }
    result
}

/// Numbers in what the server says about revisions: `too old resource version: 1 (5)`.
fn without_revisions(text: &str) -> String {
    let says = ["resource version: ", "ResourceVersion in "];
    if text.len() > 200 || !says.iter().any(|words| text.contains(words)) {
        return text.to_owned();
    }
    let mut result = String::new();
    for letter in text.chars() {
        match letter {
            digit if digit.is_ascii_digit() => {
                if !result.ends_with('N') {
                    result.push('N');
                }
            }
            letter => result.push(letter),
        }
    }
    result
}

/// Replaces what looks like `pattern`: `x` is a hexadecimal digit, `d` a decimal one, others are themselves.
fn replace(text: &str, pattern: &str, mut with: impl FnMut(&str) -> String) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let candidate = rest.get(..pattern.len());
        if let Some(found) = candidate.filter(|candidate| looks_like(candidate, pattern)) {
            result += &with(found);
            rest = &rest[pattern.len()..];
        } else {
            result.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    result
}

fn looks_like(text: &str, pattern: &str) -> bool {
    text.chars()
        .zip(pattern.chars())
        .all(|(letter, expected)| match expected {
            'x' => letter.is_ascii_hexdigit(),
            'd' => letter.is_ascii_digit(),
            expected => letter == expected,
        })
}
