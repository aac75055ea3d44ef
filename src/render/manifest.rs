//! An object to apply, and the hashes that tell whether there is anything to apply.

use serde_json::{Value, json};

use crate::hash;
use crate::names::{APPLIED_HASH_ANNOTATION, Names, PLATFORM_LABEL};

/// A complete Kubernetes object, with our label and the hash of its own content as annotation. Hashes are taken of the
/// JSON that `serde_json` writes: sorted keys, no spaces.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    pub object: Value,
    /// 16 hexadecimal digits. An object in the cluster that is annotated with it was applied from this manifest.
    pub hash: String,
}

impl Manifest {
    pub(super) fn new(mut object: Value, names: &Names) -> Self {
        object["metadata"]["labels"][PLATFORM_LABEL] = json!(names.platform());
        let hash = hash::short(object.to_string().as_bytes());
        object["metadata"]["annotations"][APPLIED_HASH_ANNOTATION] = json!(hash);
        Self { object, hash }
    }

    pub fn api_version(&self) -> &str {
        text(&self.object["apiVersion"])
    }

    pub fn kind(&self) -> &str {
        text(&self.object["kind"])
    }

    pub fn name(&self) -> &str {
        text(&self.object["metadata"]["name"])
    }

    pub fn namespace(&self) -> Option<&str> {
        self.object["metadata"]["namespace"].as_str()
    }

    /// `Kind/name`: unique among the objects of one platform.
    pub fn key(&self) -> String {
        format!("{}/{}", self.kind(), self.name())
    }
}

/// Appends the hash of the object's spec to its name. Cluster API rolls machines out when the name of a template
/// changes, never when its content does; a name that follows the content makes the two the same.
pub(super) fn named_by_hash(mut object: Value) -> Value {
    let hash = hash::short(object["spec"].to_string().as_bytes());
    let name = format!("{}-{}", text(&object["metadata"]["name"]), &hash[..8]);
    object["metadata"]["name"] = json!(name);
    object
}

/// How other Cluster API objects refer to this one.
pub(super) fn reference(object: &Value) -> Value {
    let group = text(&object["apiVersion"]).split('/').next();
    json!({
        "apiGroup": group,
        "kind": object["kind"],
        "name": object["metadata"]["name"],
    })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
