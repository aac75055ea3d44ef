//! `DeleteOptions` in the body of a DELETE.

use bytes::Bytes;
use http::HeaderMap;
use serde::Deserialize;
use serde_json::Value;

use super::{body, errors, protobuf, query};
use crate::sim::registry::DeleteOptions;
use crate::sim::status::Status;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Body {
    kind: Option<String>,
    api_version: Option<String>,
    dry_run: Option<Vec<String>>,
    grace_period_seconds: Option<i64>,
    propagation_policy: Option<String>,
    orphan_dependents: Option<bool>,
    preconditions: Option<Preconditions>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Preconditions {
    uid: Option<String>,
    resource_version: Option<String>,
}

pub(super) fn options(bytes: &Bytes, headers: &HeaderMap) -> Result<DeleteOptions, Status> {
    let value = match body::media_type(headers) {
        "" | "application/json" => json(bytes)?,
        body::PROTOBUF => protobuf::decode(bytes).map_err(Status::unclassified)?,
        "application/yaml" => body::yaml(bytes).map_err(Status::unclassified)?,
        _ => return Err(errors::unknown_format()),
    };
    let body: Body = serde_json::from_value(value).map_err(|error| {
        Status::unclassified(format!("json: cannot unmarshal DeleteOptions: {error}"))
    })?;
    if let Some(kind) = body
        .kind
        .filter(|kind| !kind.is_empty() && kind != "DeleteOptions")
    {
        let version = body
            .api_version
            .unwrap_or_else(|| "meta.k8s.io/v1".to_owned());
        return Err(Status::unclassified(format!(
            "no kind \"{kind}\" is registered for version \"{version}\" in scheme \"pkg/runtime/scheme.go:110\""
        )));
    }
    let dry_run = body.dry_run.unwrap_or_default();
    query::check_dry_run(&dry_run.iter().map(String::as_str).collect::<Vec<_>>())?;
    let preconditions = body.preconditions.unwrap_or_default();
    Ok(DeleteOptions {
        dry_run: !dry_run.is_empty(),
        grace_period_seconds: body.grace_period_seconds,
        propagation: body.propagation_policy,
        orphan_dependents: body.orphan_dependents,
        uid: preconditions.uid,
        resource_version: preconditions.resource_version,
    })
}

fn json(bytes: &Bytes) -> Result<Value, Status> {
    serde_json::from_slice(bytes).map_err(|error| {
        let error = body::go_error(bytes, &error);
        Status::unclassified(format!(
            "couldn't get version/kind; json parse error: {error}"
        ))
    })
}
