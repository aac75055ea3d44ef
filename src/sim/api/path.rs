//! From the path of a URL to what it addresses. Pure.

#[cfg(test)]
mod tests;

use http::Uri;
use percent_encoding::percent_decode_str;

use crate::sim::status::Status;

/// What a path addresses; whether it exists is another question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Path {
    /// `/healthz`, `/livez`, `/readyz`, and the checks below them.
    Health,
    Version,
    /// `/api`, `/apis`, `/api/v1`, `/apis/apps`, `/apis/apps/v1`.
    Discovery,
    /// `/openapi/...`.
    OpenApi,
    Resource(Address),
    Unknown,
}

/// A collection, an object or a part of one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Address {
    pub group: String,
    pub version: String,
    /// Empty: none, or all of them.
    pub namespace: String,
    pub plural: String,
    /// Empty for a collection.
    pub name: String,
    /// `status`, `scale`, ...; empty for the object itself.
    pub subresource: String,
}

impl Address {
    pub(super) fn is_bindings(&self) -> bool {
        self.group.is_empty() && self.plural == "bindings" && self.name.is_empty()
    }
}

impl Path {
    pub(super) fn parse(path: &str) -> Self {
        let steps: Vec<String> = path.split('/').skip(1).map(decode).collect();
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        let steps = match steps.as_slice() {
            [steps @ .., ""] if matches!(steps.first(), Some(&("api" | "apis" | "version"))) => {
                steps
            }
            steps => steps,
        };
        match steps {
            ["healthz" | "livez" | "readyz"]
            | ["healthz" | "livez" | "readyz", "ping" | "log" | "etcd"] => Self::Health,
            ["version"] => Self::Version,
            ["openapi", ..] => Self::OpenApi,
            ["api" | "apis"] | ["api" | "apis", _] | ["apis", _, _] => Self::Discovery,
            ["api", version, rest @ ..] => resource("", version, rest),
            ["apis", group, version, rest @ ..] => resource(group, version, rest),
            _ => Self::Unknown,
        }
    }
}

/// `/api/v1/watch/...` is how watches were asked for before there was a parameter.
pub(super) fn without_watch(uri: Uri) -> Uri {
    let steps: Vec<&str> = uri.path().split('/').collect();
    let at = match steps.as_slice() {
        ["", "api", _, "watch", _, ..] => 3,
        ["", "apis", _, _, "watch", _, ..] => 4,
        _ => return uri,
    };
    let rest = [&steps[..at], &steps[at + 1..]].concat().join("/");
    let query = uri
        .query()
        .map_or(String::new(), |query| format!("{query}&"));
    format!("{rest}?{query}watch=true").parse().unwrap_or(uri)
}

/// Names that could be taken for a part of a path.
pub(super) fn check_name(name: &str) -> Result<(), Status> {
    let because = match name {
        "." | ".." => format!("may not be '{name}'"),
        name => match name.chars().find(|letter| matches!(letter, '/' | '%')) {
            Some(letter) => format!("may not contain '{letter}'"),
            None => return Ok(()),
        },
    };
    Err(Status::bad_request(format!(
        "Name parameter invalid: {name:?}: {because}"
    )))
}

fn decode(step: &str) -> String {
    percent_decode_str(step).decode_utf8_lossy().into_owned()
}

fn resource(group: &str, version: &str, steps: &[&str]) -> Path {
    let (namespace, steps) = match steps {
        // A namespace and its own subresources.
        ["namespaces"] | ["namespaces", _] | ["namespaces", _, "status" | "finalize"] => {
            ("", steps)
        }
        ["namespaces", namespace, rest @ ..] => (*namespace, rest),
        _ => ("", steps),
    };
    let (plural, name, subresource) = match steps {
        [plural] => (plural, "", ""),
        [plural, name] => (plural, *name, ""),
        [plural, name, subresource] => (plural, *name, *subresource),
        _ => return Path::Unknown,
    };
    Path::Resource(Address {
        group: group.to_owned(),
        version: version.to_owned(),
        namespace: namespace.to_owned(),
        plural: (*plural).to_owned(),
        name: name.to_owned(),
        subresource: subresource.to_owned(),
    })
}
