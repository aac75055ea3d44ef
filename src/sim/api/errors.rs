//! Errors that only HTTP knows, in the real server's words.

use super::body::go;
use crate::sim::resources::Resource;
use crate::sim::status::{Cause, Details, Status};

/// No media type in `Accept` that is served.
pub(super) fn no_representation() -> Status {
    let message =
        "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml";
    Status::not_acceptable(message).with_details(Details::default())
}

/// A media type with `as` that is not served.
pub(super) fn no_conversion() -> Status {
    Status::not_acceptable(
        "only the following media types are accepted: application/json, application/yaml",
    )
}

pub(super) fn is_a_list(resource: &Resource) -> Status {
    let of = go_type(resource, &resource.list_kind, "UnstructuredList");
    Status::not_acceptable(format!(
        "you requested PartialObjectMetadata, but the requested object is a list ({of})"
    ))
}

pub(super) fn not_a_list(resource: &Resource) -> Status {
    let of = go_type(resource, &resource.kind, "Unstructured");
    Status::not_acceptable(format!(
        "you requested PartialObjectMetadataList, but the requested object is not a list ({of})"
    ))
}

/// What Go's `%T` says of an object inside the real server.
fn go_type(resource: &Resource, kind: &str, unstructured: &str) -> String {
    if resource.custom {
        return format!("*unstructured.{unstructured}");
    }
    format!("*{}.{kind}", go::internal_package(&resource.api_version()))
}

/// The body of a POST or PUT.
pub(super) fn unknown_format() -> Status {
    Status::unsupported_media_type(
        "the body of the request was in an unknown format - accepted media types include: \
         application/json, application/yaml, application/vnd.kubernetes.protobuf",
    )
}

/// The body of a PATCH.
pub(super) fn unknown_patch() -> Status {
    Status::unsupported_media_type("415: Unsupported Media Type").with_details(Details::default())
}

/// Query parameters that do not go together; `options` is their kind, such as `ListOptions`.
pub(super) fn invalid_options(options: &str, causes: Vec<Cause>) -> Status {
    Status::invalid("meta.k8s.io", options, "", causes)
}

pub(super) fn forbidden(field: &str, text: &str) -> Cause {
    cause("FieldValueForbidden", field, format!("Forbidden: {text}"))
}

/// `value` and `supported` as they are to be shown, quotes included.
pub(super) fn unsupported(field: &str, value: &str, supported: &str) -> Cause {
    let message = format!("Unsupported value: {value}: supported values: {supported}");
    cause("FieldValueNotSupported", field, message)
}

pub(super) fn cause(reason: &str, field: &str, message: impl Into<String>) -> Cause {
    Cause {
        reason: reason.to_owned(),
        message: message.into(),
        field: field.to_owned(),
    }
}

/// A revision that is yet to come.
pub(super) fn too_large_revision(asked: u64, current: u64) -> Status {
    let message = format!("Timeout: Too large resource version: {asked}, current: {current}");
    let details = Details {
        retry_after_seconds: Some(1),
        ..Details::default()
    };
    let too_large = cause("ResourceVersionTooLarge", "", "Too large resource version");
    Status::failure(504, "Timeout", message)
        .with_details(details)
        .with_cause(too_large)
}
