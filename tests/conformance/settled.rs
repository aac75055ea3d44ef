//! Lists as controllers leave them, without what is by chance.
//!
//! How often an object was written and by whom is not compared, and items whose names are drawn have the order of
//! what is in them.

use serde_json::{Map, Value};

use crate::answers::Answer;
use crate::normal::Normal;

/// Labels that hold a hash; names contain it.
const HASHES: [&str; 3] = [
    "pod-template-hash",
    "controller-revision-hash",
    "controller.kubernetes.io/hash",
];

#[derive(Default)]
pub(crate) struct Settled {
    pub normal: Normal,
}

impl Settled {
    pub(crate) fn list(&mut self, mut list: Value) -> Value {
        let Some(items) = list["items"].as_array_mut() else {
            return list;
        };
        items.iter_mut().for_each(strip);
        items.sort_by_cached_key(|item| self.without_chance(item));
        for item in items.iter() {
            self.learn_hashes(item);
        }
        let mut answer = Answer {
            status: 200,
            kind: String::new(),
            warnings: Vec::new(),
            body: list["items"].take(),
        };
        self.normal.answer(&mut answer);
        answer.body
    }

    /// What an item is, but for what is drawn: the order of those that are otherwise alike does not matter.
    fn without_chance(&self, item: &Value) -> String {
        let metadata = &item["metadata"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (name, prefix) = (text(&metadata["name"]), text(&metadata["generateName"]));
        let mut content = self.normal.text("", &item.to_string());
        content = content.replace(&text(&metadata["uid"]), "");
        if !prefix.is_empty() {
            content = content.replace(&name, &prefix);
        }
        for hash in hashes(item) {
            content = content.replace(&hash, "");
        }
        revision(metadata) + &content
    }

    fn learn_hashes(&mut self, item: &Value) {
        for hash in hashes(item) {
            self.normal.token(&hash, "hash");
        }
    }
}

/// Hashes come in the order of the revisions that they are of.
fn revision(metadata: &Value) -> String {
    let revision = &metadata["annotations"]["deployment.kubernetes.io/revision"];
    revision.as_str().unwrap_or_default().to_owned()
}

fn hashes(item: &Value) -> Vec<String> {
    let labels = &item["metadata"]["labels"];
    let hashes = HASHES.iter().filter_map(|label| labels[label].as_str());
    hashes
        .map(|hash| hash.rsplit('-').next().unwrap_or(hash).to_owned())
        .collect()
}

fn strip(item: &mut Value) {
    forget_step(item);
    // Endpoints and their ports come in any order.
    if let Some(endpoints) = item.get_mut("endpoints").and_then(Value::as_array_mut) {
        endpoints.sort_by_key(Value::to_string);
    }
    for subset in item
        .get_mut("subsets")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        if let Some(ports) = subset.get_mut("ports").and_then(Value::as_array_mut) {
            ports.sort_by_key(Value::to_string);
        }
    }
    // How often a controller wrote what is its own depends on how much happened between two looks.
    let owner = &item["metadata"]["ownerReferences"][0]["kind"];
    let is_driven = owner == "Deployment" || item.get("addressType").is_some();
    if let Some(metadata) = item.get_mut("metadata").and_then(Value::as_object_mut) {
        without(metadata, &["managedFields", "resourceVersion"]);
        if is_driven {
            without(metadata, &["generation"]);
        }
    }
    if let Some(status) = item.get_mut("status").and_then(Value::as_object_mut)
        && is_driven
    {
        without(status, &["observedGeneration"]);
    }
}

/// At which step a Deployment's rollout is said to be depends on how much happened between two looks of its controller.
fn forget_step(item: &mut Value) {
    let count = |field: &str| item["status"][field].as_u64().unwrap_or_default();
    if count("unavailableReplicas") == 0 && count("updatedReplicas") == count("replicas") {
        return;
    }
    let conditions = item.pointer_mut("/status/conditions");
    let conditions = conditions.and_then(Value::as_array_mut);
    for condition in conditions.into_iter().flatten() {
        let goes_on = condition["type"] == "Progressing" && condition["status"] == "True";
        if let Some(condition) = condition.as_object_mut().filter(|_| goes_on) {
            without(condition, &["message", "reason"]);
        }
    }
}

fn without(object: &mut Map<String, Value>, keys: &[&str]) {
    for key in keys {
        object.remove(*key);
    }
}
