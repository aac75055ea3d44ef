//! Field selectors: `spec.nodeName=node-1,status.phase!=Running`. Pure.
//!
//! Kubernetes knows a few fields for each kind and refuses all others; [`KNOWN`] has those of the built-in ones.

use crate::sim::resources::Resource;

/// All requirements must hold; none selects everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Selector(pub Vec<Requirement>);

/// What is asked of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Requirement {
    /// Where the value is; of several, the first one that is there counts.
    pub paths: Vec<Vec<String>>,
    /// What an absent field counts as.
    pub absent: &'static str,
    pub equal: bool,
    pub value: String,
}

/// Fields of a resource that can be selected by, next to name and namespace.
const KNOWN: &[(&str, &[&str])] = &[
    (
        "pods",
        &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ],
    ),
    ("nodes", &["spec.unschedulable"]),
    ("namespaces", &["status.phase"]),
    ("secrets", &["type"]),
    ("services", &["spec.clusterIP", "spec.type"]),
    ("jobs.batch", &["status.successful"]),
    (
        "events",
        &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
    ),
    (
        "events.events.k8s.io",
        &[
            "regarding.kind",
            "regarding.namespace",
            "regarding.name",
            "regarding.uid",
            "regarding.apiVersion",
            "regarding.resourceVersion",
            "regarding.fieldPath",
            "reason",
            "reportingController",
            "type",
        ],
    ),
];

impl Selector {
    /// The error is the real server's text.
    pub(super) fn parse(text: &str, resource: &Resource) -> Result<Self, String> {
        let terms = split(text).into_iter().filter(|term| !term.is_empty());
        let terms: Result<Vec<_>, String> = terms.map(|term| read(term, text)).collect();
        let mut requirements = Vec::new();
        for (field, equal, value) in terms? {
            if field.is_empty() && value.is_empty() {
                continue;
            }
            let (paths, absent) = places(field, resource)?;
            requirements.push(Requirement {
                paths,
                absent,
                equal,
                value,
            });
        }
        Ok(Self(requirements))
    }
}

impl Requirement {
    pub(super) fn holds(&self, found: &str) -> bool {
        (found == self.value) == self.equal
    }
}

/// Field, whether it is to be equal, value.
fn read<'a>(term: &'a str, all: &str) -> Result<(&'a str, bool, String), String> {
    let (field, equal, value) = divide(term)
        .ok_or_else(|| format!("invalid selector: '{all}'; can't understand '{term}'"))?;
    Ok((field, equal, unescape(value)?))
}

/// Where a field's value is in the object, and what its absence means.
fn places(field: &str, resource: &Resource) -> Result<(Vec<Vec<String>>, &'static str), String> {
    let known = KNOWN
        .iter()
        .find(|(name, _)| *name == resource.group_resource())
        .map(|(_, fields)| *fields);
    let everywhere = match field {
        "metadata.name" => true,
        "metadata.namespace" => resource.namespaced || known.is_none() && !resource.custom,
        _ => false,
    };
    if !everywhere && !known.is_some_and(|fields| fields.contains(&field)) {
        return Err(unknown(field, resource, known.is_some()));
    }
    let paths: &[&str] = match field {
        "source" => &["source.component", "reportingComponent"],
        "reportingComponent" => &["reportingComponent", "source.component"],
        "status.successful" => &["status.succeeded"],
        other => &[other],
    };
    let absent = match field {
        "spec.unschedulable" | "spec.hostNetwork" => "false",
        "status.successful" => "0",
        _ => "",
    };
    let steps = |path: &&str| path.split('.').map(str::to_owned).collect();
    Ok((paths.iter().map(steps).collect(), absent))
}

fn unknown(field: &str, resource: &Resource, has_own_fields: bool) -> String {
    match (&*resource.kind, has_own_fields || resource.custom) {
        ("Job", _) => format!("field label \"{field}\" not supported for Job"),
        (_, true) => format!("field label not supported: {field}"),
        (_, false) => format!(
            "\"{field}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
        ),
    }
}

/// At the commas that no backslash precedes.
fn split(text: &str) -> Vec<&str> {
    let mut escaped = false;
    text.split(|c| {
        let ends = c == ',' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    })
    .collect()
}

/// The same, with the value as it is written.
fn divide(term: &str) -> Option<(&str, bool, &str)> {
    let at = term.find('=')?;
    let (field, value) = (&term[..at], &term[at + 1..]);
    if let Some(field) = field.strip_suffix('!') {
        return Some((field, false, value));
    }
    Some((field, true, value.strip_prefix('=').unwrap_or(value)))
}

fn unescape(value: &str) -> Result<String, String> {
    let mut plain = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next() {
                Some(escaped @ ('\\' | ',' | '=')) => plain.push(escaped),
                Some(other) => {
                    return Err(format!(
                        "invalid field selector: invalid escape sequence: \\{other}"
                    ));
                }
                None => {
                    return Err("invalid field selector: invalid escape sequence: \\".to_owned());
                }
            },
            '=' => {
                return Err("invalid field selector: unescaped character in value: 61".to_owned());
            }
            plain_one => plain.push(plain_one),
        }
    }
    Ok(plain)
}
