//! Bodies of requests: read to an end, decoded, and checked to be of the kind that the path asks for.

pub(super) mod go;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::Value;
use tokio::time::timeout;

use super::{errors, protobuf};
use crate::sim::resources::{self, Resource};
use crate::sim::schema;
use crate::sim::status::Status;

/// As the real server has it.
const LIMIT: usize = 3 * 1024 * 1024;

/// The generated Go clients send built-in kinds so.
pub(super) const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// For a client that begins a body and does not end it.
const PATIENCE: Duration = Duration::from_mins(1);

pub(super) async fn read<B>(body: B) -> Result<Bytes, Status>
where
    B: http_body::Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match timeout(PATIENCE, Limited::new(body, LIMIT).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let message = format!("Request entity too large: limit is {LIMIT}");
            Err(Status::too_large(message))
        }
        Ok(Err(error)) => Err(Status::bad_request(error.to_string())),
        Err(_) => Err(Status::failure(
            408,
            "Timeout",
            "the body of the request did not end",
        )),
    }
}

/// The media type of a request, without parameters.
pub(super) fn media_type(headers: &HeaderMap) -> &str {
    let text = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    text.unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
}

/// The object of a POST or PUT for `resource`, which is told as `kind` where a subresource has a kind of its own.
pub(super) fn object(
    bytes: &Bytes,
    headers: &HeaderMap,
    resource: &Resource,
    kind: &Kind<'_>,
    validation: &str,
) -> Result<Read, Status> {
    let is_whole = kind.kind == &*resource.kind;
    if is_whole && matches!(media_type(headers), "" | "application/json") {
        let read = schema::decode(resource, bytes, validation);
        let named = |object: &Value| object["kind"] == *resource.kind;
        if !read.as_ref().is_ok_and(|(object, _)| named(object)) {
            // What the real server's generic decoder says comes first.
            let value = decode(bytes, headers, kind)?;
            if resource.custom {
                check_custom(&value, bytes, resource)?;
            }
        }
        let (object, warnings) = read?;
        return Ok(Read {
            object,
            shaped: true,
            warnings,
        });
    }
    let value = decode(bytes, headers, kind)?;
    let object = if resource.custom && is_whole {
        check_custom(&value, bytes, resource)?;
        value
    } else {
        check_built_in(value, kind)?
    };
    Ok(Read {
        object,
        shaped: false,
        warnings: Vec::new(),
    })
}

/// The object of a body, and what its writer is to be told.
pub(super) struct Read {
    pub object: Value,
    /// Whether it has the shape of its kind.
    pub shaped: bool,
    pub warnings: Vec<String>,
}

/// The body of a POST that stores nothing.
pub(super) fn review(bytes: &Bytes, headers: &HeaderMap, kind: &Kind<'_>) -> Result<Value, Status> {
    check_built_in(decode(bytes, headers, kind)?, kind)
}

fn decode(bytes: &Bytes, headers: &HeaderMap, kind: &Kind<'_>) -> Result<Value, Status> {
    match media_type(headers) {
        "" | "application/json" => decode_json(bytes, kind.kind),
        "application/yaml" => decode_yaml(bytes, kind.kind),
        PROTOBUF => decode_protobuf(bytes, kind.kind),
        _ => Err(errors::unknown_format()),
    }
}

/// Kind and `apiVersion` that a body is expected to have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind<'a> {
    pub api_version: &'a str,
    pub kind: &'a str,
}

fn decode_json(bytes: &Bytes, kind: &str) -> Result<Value, Status> {
    let unrecognized = |error: String| {
        Status::bad_request(format!(
            "the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; \
             json parse error: {error} ({})",
            go::summary(bytes)
        ))
    };
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| unrecognized(go::json_error(bytes, &error)))?;
    if value.is_null() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    if !value.is_object() {
        return Err(unrecognized(format!(
            "json: cannot unmarshal {} into Go value of type struct {{ APIVersion string \
             \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}",
            go::type_name(&value)
        )));
    }
    Ok(value)
}

fn decode_protobuf(bytes: &Bytes, kind: &str) -> Result<Value, Status> {
    protobuf::decode(bytes).map_err(|error| {
        Status::bad_request(format!(
            "the object provided is unrecognized (must be of type {kind}): {error} ({})",
            go::summary(bytes)
        ))
    })
}

fn decode_yaml(bytes: &Bytes, kind: &str) -> Result<Value, Status> {
    let unrecognized = |error: String| {
        Status::bad_request(format!(
            "the object provided is unrecognized (must be of type {kind}): {error} ({})",
            go::summary(bytes)
        ))
    };
    let value = yaml(bytes).map_err(unrecognized)?;
    if !value.is_object() {
        return Err(unrecognized(
            "couldn't get version/kind; json parse error".to_owned(),
        ));
    }
    Ok(value)
}

/// Any YAML, and with it any JSON. The error is one line.
pub(super) fn yaml(bytes: &Bytes) -> Result<Value, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| format!("yaml: {error}"))
}

/// Built-in kinds may leave out what the path says already.
fn check_built_in(mut value: Value, expected: &Kind<'_>) -> Result<Value, Status> {
    let given = |field: &str| value[field].as_str().unwrap_or_default().to_owned();
    let (mut api_version, mut kind) = (given("apiVersion"), given("kind"));
    if kind.is_empty() {
        expected.kind.clone_into(&mut kind);
    }
    if api_version.is_empty() {
        expected.api_version.clone_into(&mut api_version);
    }
    if (api_version.as_str(), kind.as_str()) != (expected.api_version, expected.kind) {
        return Err(wrong_kind(&api_version, &kind, expected));
    }
    value["apiVersion"] = api_version.into();
    value["kind"] = kind.into();
    Ok(value)
}

fn wrong_kind(api_version: &str, kind: &str, expected: &Kind<'_>) -> Status {
    let wanted = expected.kind;
    let because = if is_built_in(api_version, kind) {
        let (from, to) = (
            go::package(api_version),
            go::internal_package(expected.api_version),
        );
        format!("converting ({from}.{kind}) to ({to}.{wanted}): unknown conversion")
    } else {
        format!(
            "no kind \"{kind}\" is registered for version \"{api_version}\" in scheme \"pkg/runtime/scheme.go:110\""
        )
    };
    Status::bad_request(format!(
        "{kind} in version \"{}\" cannot be handled as a {wanted}: {because}",
        go::package(api_version)
    ))
}

fn is_built_in(api_version: &str, kind: &str) -> bool {
    let is_it =
        |resource: &Resource| &*resource.kind == kind && resource.api_version() == api_version;
    resources::built_in().iter().any(|resource| is_it(resource))
}

/// Defined kinds must say what they are.
fn check_custom(value: &Value, bytes: &Bytes, resource: &Resource) -> Result<(), Status> {
    let given = |field: &str| value[field].as_str().unwrap_or_default();
    let (kind, expected) = (&resource.kind, resource.api_version());
    if given("kind").is_empty() {
        return Err(Status::bad_request(format!(
            "the object provided is unrecognized (must be of type {kind}): Object 'Kind' is missing in '{}' ({})",
            String::from_utf8_lossy(bytes),
            go::summary(bytes)
        )));
    }
    if given("apiVersion") != expected {
        return Err(Status::bad_request(format!(
            "the API version in the data ({}) does not match the expected API version ({expected})",
            given("apiVersion")
        )));
    }
    if given("kind") != &**kind {
        let text = format!("Invalid value: \"{}\": must be {kind}", given("kind"));
        let name = value["metadata"]["name"].as_str().unwrap_or_default();
        let cause = errors::cause("FieldValueInvalid", "kind", text);
        return Err(Status::invalid(
            &resource.group,
            given("kind"),
            name,
            vec![cause],
        ));
    }
    Ok(())
}

pub(super) use go::{json_error as go_error, type_name as go_type_name};
