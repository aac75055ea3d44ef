//! From the body of a request to an object of a kind, as the real server's decoder does it.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::reader::Reader;
use super::{Schemas, defaults, scalar, syntax};
use crate::sim::resources::Resource;
use crate::sim::status::Status;

/// An object with its schema's defaults in it, without what the schema does not know.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    pub object: Value,
    /// `unknown field "spec.foo"`, `duplicate field "spec.foo"`.
    pub problems: Vec<String>,
}

impl Decoded {
    /// What `fieldValidation` makes of the problems: warnings, nothing, or (`Err`) the text of a failure.
    pub fn judge(&self, field_validation: &str) -> Result<Vec<String>, String> {
        match field_validation {
            "Ignore" => Ok(Vec::new()),
            "Strict" if !self.problems.is_empty() => {
                let list = self.problems.join(", ");
                Err(format!("strict decoding error: {list}"))
            }
            _ => Ok(self.problems.clone()),
        }
    }
}

/// Reads the body of a creation or an update. The second part of the answer are warnings.
pub fn decode(
    resource: &Resource,
    body: &[u8],
    field_validation: &str,
) -> Result<(Value, Vec<String>), Status> {
    let decoded = if let Some(decoded) = decode_at_once(resource, body) {
        Ok(decoded)
    } else {
        check_head(resource, body)?;
        let decoded = read(resource, &mut serde_json::Deserializer::from_slice(body));
        decoded.unwrap_or_else(|error| Err(error.to_string()))
    };
    let judged = decoded.and_then(|decoded| {
        let warnings = decoded.judge(field_validation)?;
        Ok((decoded.object, warnings))
    });
    judged.map_err(|text| unusable(resource, &text))
}

/// Reads a body in one go; nothing, if anything is wrong with it: what that is takes a second look.
fn decode_at_once(resource: &Resource, body: &[u8]) -> Option<Decoded> {
    let mut from = serde_json::Deserializer::from_slice(body);
    let mut reader = Reader::new(&resource.schema.schemas);
    let object = reader.read(resource.schema.root, resource.custom, &mut from);
    let object = object
        .ok()
        .filter(|object| says_what_it_is(resource, object))?;
    from.end().ok()?;
    reader
        .failure
        .is_none()
        .then(|| finish(resource, object, reader.problems))
}

/// Objects of built-in kinds may leave out what the path says already.
fn says_what_it_is(resource: &Resource, object: &Value) -> bool {
    let says = |field: &str, expected: &str| match object.get(field) {
        Some(given) => given == expected || given == "" && !resource.custom,
        None => !resource.custom,
    };
    object.is_object()
        && says("apiVersion", &resource.api_version())
        && says("kind", &resource.kind)
}

/// Brings an object that was made by a patch into the shape of its kind. An error is a text for the patch's Status.
pub fn convert(resource: &Resource, object: Value) -> Result<Decoded, String> {
    read(resource, object).unwrap_or_else(|error| Err(error.to_string()))
}

/// `Err`: broken JSON. `Ok(Err)`: not an object of this kind.
fn read<'de, D: serde::Deserializer<'de>>(
    resource: &Resource,
    from: D,
) -> Result<Result<Decoded, String>, D::Error> {
    let schemas: &Schemas = &resource.schema.schemas;
    let root = resource.schema.root;
    let mut reader = Reader::new(schemas);
    let object = reader.read(root, resource.custom, from)?;
    Ok(match reader.failure {
        Some(failure) => Err(failure),
        None => Ok(finish(resource, object, reader.problems)),
    })
}

/// Names the kind and fills in the defaults.
fn finish(resource: &Resource, mut object: Value, mut problems: Vec<String>) -> Decoded {
    if object.is_null() {
        object = serde_json::Map::new().into();
    }
    object["apiVersion"] = resource.api_version().into();
    if !resource.custom {
        object["kind"] = (*resource.kind).into();
    }
    defaults::fill(&resource.schema.schemas, resource.schema.root, &mut object);
    if resource.custom {
        problems.sort_by_key(|problem| pruned_later(problem));
    }
    Decoded { object, problems }
}

/// For objects of defined kinds: duplicates are found first, then unknown metadata, then the rest in order.
fn pruned_later(problem: &str) -> (u8, String) {
    if problem.starts_with("duplicate") {
        (0, String::new())
    } else if problem.starts_with("unknown field \"metadata.") {
        (1, String::new())
    } else {
        (2, problem.to_owned())
    }
}

/// What a body says it is.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Head {
    api_version: Option<Value>,
    kind: Option<Value>,
}

/// Whether the body is JSON, and of the right kind as far as it says so.
fn check_head(resource: &Resource, body: &[u8]) -> Result<(), Status> {
    let head = head(body).map_err(|text| {
        let shown = syntax::beginning(body);
        Status::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): {text} ({shown})",
            resource.kind
        ))
    })?;
    let expected = resource.api_version();
    if resource.custom {
        let found = text(head.api_version.as_ref(), "");
        return if found == expected {
            Ok(())
        } else {
            Err(Status::bad_request(format!(
                "the API version in the data ({found}) does not match the expected API version ({expected})"
            )))
        };
    }
    let api_version = text(head.api_version.as_ref(), &expected);
    let kind = text(head.kind.as_ref(), &resource.kind);
    if (api_version, kind) == (&expected, &resource.kind) {
        return Ok(());
    }
    Err(other_kind(resource, api_version, kind))
}

fn text<'a>(value: Option<&'a Value>, otherwise: &'a str) -> &'a str {
    let text = value.and_then(Value::as_str);
    text.filter(|text| !text.is_empty()).unwrap_or(otherwise)
}

fn head(body: &[u8]) -> Result<Head, String> {
    let broken = |text: &str| format!("couldn't get version/kind; json parse error: {text}");
    serde_json::from_slice::<IgnoredAny>(body)
        .map_err(|error| broken(&syntax::error(&error, body)))?;
    let head = match body.trim_ascii_start().first() {
        Some(b'{') => serde_json::from_slice(body).unwrap_or_default(),
        Some(b'n') => Head::default(),
        _ => return Err(broken(&no_object(body))),
    };
    for (name, value) in [("apiVersion", &head.api_version), ("kind", &head.kind)] {
        if let Some(value) = value.as_ref().filter(|value| !value.is_string()) {
            let found = scalar::kind(value);
            return Err(broken(&format!(
                "json: cannot unmarshal {found} into Go struct field .{name} of type string"
            )));
        }
    }
    match text(head.api_version.as_ref(), "") {
        version if version.matches('/').count() > 1 => {
            Err(format!("unexpected GroupVersion string: {version}"))
        }
        _ => Ok(head),
    }
}

fn no_object(body: &[u8]) -> String {
    let found: Value = serde_json::from_slice(body).unwrap_or_default();
    let found = scalar::kind(&found);
    format!(
        r#"json: cannot unmarshal {found} into Go value of type struct {{ APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }}"#
    )
}

fn other_kind(resource: &Resource, api_version: &str, kind: &str) -> Status {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let own = resource.group.split('.').next();
    let own = own.filter(|group| !group.is_empty()).unwrap_or("core");
    let wanted = &resource.kind;
    let because = if super::schema(api_version, kind).is_some() {
        format!("converting ({version}.{kind}) to ({own}.{wanted}): unknown conversion")
    } else {
        let known = if group.is_empty() {
            version
        } else {
            api_version
        };
        format!(
            "no kind \"{kind}\" is registered for version \"{known}\" in scheme \"pkg/runtime/scheme.go:110\""
        )
    };
    Status::bad_request(format!(
        "{kind} in version \"{version}\" cannot be handled as a {wanted}: {because}"
    ))
}

fn unusable(resource: &Resource, because: &str) -> Status {
    let (kind, version) = (&resource.kind, &resource.version);
    Status::bad_request(format!(
        "{kind} in version \"{version}\" cannot be handled as a {kind}: {because}"
    ))
}

#[cfg(test)]
mod tests;
