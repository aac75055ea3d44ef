//! From the path of a URL to what it addresses. Pure.

#[cfg(test)]
mod tests;

use percent_encoding::percent_decode_str;

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
