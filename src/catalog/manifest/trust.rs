//! The CA bundles by which the API server trusts webhooks. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Phases, text};

/// cert-manager's annotation: `NAMESPACE/NAME` of the Certificate that the webhook serves.
const FROM: &str = "/metadata/annotations/cert-manager.io~1inject-ca-from";

impl Phases {
    /// Has webhooks trusted from the start. `bundles`: PEM as base64, by `NAMESPACE/NAME` of the Certificate; what
    /// cert-manager would put there. To have it put there is slow: with each change of a definition the API server works out
    /// anew what it serves.
    pub fn trust(&mut self, bundles: &BTreeMap<String, String>) {
        for object in self.foundations.iter_mut().chain(&mut self.rest) {
            if let Some(bundle) = bundles.get(text(object, FROM)) {
                for client in clients(object) {
                    client.insert("caBundle".to_owned(), bundle.as_str().into());
                }
            }
        }
    }
}

/// A placeholder bundle would be ours by server-side apply, and undo cert-manager's at every apply.
pub(super) fn drop_bundles(object: &mut Value) {
    for client in clients(object) {
        client.remove("caBundle");
    }
}

/// How the API server gets to the object's webhooks.
fn clients(object: &mut Value) -> Vec<&mut Map<String, Value>> {
    let clients = match text(object, "/kind") {
        "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" => {
            let webhooks = object.get_mut("webhooks").and_then(Value::as_array_mut);
            webhooks
                .into_iter()
                .flatten()
                .filter_map(|webhook| webhook.get_mut("clientConfig"))
                .collect()
        }
        "CustomResourceDefinition" => object
            .pointer_mut("/spec/conversion/webhook/clientConfig")
            .into_iter()
            .collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    let clients = clients.into_iter().filter_map(Value::as_object_mut);
    clients.collect()
}
