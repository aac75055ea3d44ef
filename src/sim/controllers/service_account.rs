//! What every Namespace has: the `ServiceAccount` `default`.

use anyhow::Result;
use serde_json::json;

use super::objects::Object;
use super::template::namespace_is_going;
use crate::sim::engine::{Cluster, Context, Controller, Item};
use crate::sim::store::Change;

const SERVICE_ACCOUNTS: &str = "serviceaccounts";

/// Makes it.
#[derive(Debug, Default)]
pub(super) struct ServiceAccountsController;

impl Controller for ServiceAccountsController {
    fn name(&self) -> &'static str {
        "service-account-controller"
    }

    fn changed(&mut self, cluster: Cluster, change: &Change, context: &mut Context) {
        let item = Item {
            cluster,
            key: change.key.clone(),
        };
        if item.is("namespaces") && change.after.is_some() {
            context.enqueue(item);
        } else if item.is(SERVICE_ACCOUNTS) && change.after.is_none() {
            context.enqueue(Item::new(cluster, "namespaces", "", &item.key.namespace));
        }
    }

    fn reconcile(&mut self, item: &Item, context: &mut Context) -> Result<()> {
        let namespace = context
            .get(item)
            .and_then(|stored| Object::brief(&stored.json));
        let account = Item::new(item.cluster, SERVICE_ACCOUNTS, &item.key.name, "default");
        let wanted = namespace.is_some_and(|namespace| !namespace.deleted());
        if !wanted || context.get(&account).is_some() {
            return Ok(());
        }
        let object = json!({
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "default", "namespace": &*item.key.name},
        });
        match context.create(&account, object) {
            Err(error) if !namespace_is_going(&error) => Err(error),
            _ => Ok(()),
        }
    }
}
