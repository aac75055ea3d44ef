//! Bodies of a PATCH by their media types.

use bytes::Bytes;
use serde_json::Value;

use super::body;
use crate::sim::registry::Patch;
use crate::sim::status::Status;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Merge,
    Strategic,
    Apply,
}

impl Form {
    pub(super) fn of(media_type: &str) -> Option<Self> {
        Some(match media_type {
            "application/json-patch+json" => Self::Json,
            "application/merge-patch+json" => Self::Merge,
            "application/strategic-merge-patch+json" => Self::Strategic,
            "application/apply-patch+yaml" => Self::Apply,
            _ => return None,
        })
    }

    /// Checks as much as can be said without the object.
    pub(super) fn decode(self, bytes: &Bytes) -> Result<Patch, Status> {
        let decoding =
            |error: String| Status::bad_request(format!("error decoding patch: {error}"));
        Ok(match self {
            Self::Json => {
                let patch = json(bytes).map_err(decoding)?;
                expect(&patch, patch.is_array(), "[]handlers.jsonPatchOp").map_err(decoding)?;
                Patch::Json(patch)
            }
            Self::Merge => {
                let patch = json(bytes).map_err(decoding)?;
                expect(&patch, patch.is_object(), MAP).map_err(decoding)?;
                Patch::Merge(patch)
            }
            Self::Strategic => {
                let patch = json(bytes).map_err(Status::bad_request)?;
                expect(&patch, patch.is_object(), MAP).map_err(Status::bad_request)?;
                Patch::Strategic(patch)
            }
            Self::Apply => Patch::Apply(applied(bytes)?),
        })
    }
}

const MAP: &str = "map[string]interface {}";

fn json(bytes: &Bytes) -> Result<Value, String> {
    serde_json::from_slice(bytes).map_err(|error| body::go_error(bytes, &error))
}

fn expect(value: &Value, is_right: bool, wanted: &str) -> Result<(), String> {
    if is_right {
        return Ok(());
    }
    let found = body::go_type_name(value);
    Err(format!(
        "json: cannot unmarshal {found} into Go value of type {wanted}"
    ))
}

/// Bodies of an apply are YAML.
fn applied(bytes: &Bytes) -> Result<Value, Status> {
    let decoding = |error: String| Status::bad_request(format!("error decoding YAML: {error}"));
    let object = body::yaml(bytes).map_err(decoding)?;
    let json = |error| {
        decoding(format!(
            "error unmarshaling JSON: while decoding JSON: {error}"
        ))
    };
    expect(&object, object.is_object() || object.is_null(), MAP).map_err(json)?;
    if object["kind"].is_null() && object["apiVersion"].is_null() {
        return Err(Status::bad_request("invalid object type: /, Kind="));
    }
    Ok(object)
}
