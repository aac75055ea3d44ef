//! What kubeadm is told on a machine of a control plane.

use serde_json::{Value, json};

use super::super::new_machine::map;

/// The kubeadm configuration of the first machine, or of one that joins.
pub(super) fn wanted(object: &Value, joins: bool) -> Value {
    let mut spec = map(&object["spec"]["kubeadmConfigSpec"]);
    if joins {
        spec.remove("initConfiguration");
        let join = spec.entry("joinConfiguration").or_insert_with(|| json!({}));
        if join.get("controlPlane").is_none() {
            join["controlPlane"] = json!({});
        }
    } else {
        spec.remove("joinConfiguration");
    }
    Value::Object(spec)
}
