//! Which pods each selecting object selects: Services and `PodDisruptionBudgets`.

use std::collections::{BTreeMap, BTreeSet};

use super::selector::Selector;
use crate::sim::engine::Item;
use crate::sim::pods::{Pod, Pods};
use crate::sim::store::Key;

/// Kept up to date pod by pod, as looking through all pods each time would take too long.
#[derive(Debug, Default)]
pub(super) struct Selections(BTreeMap<Item, Selection>);

#[derive(Debug)]
struct Selection {
    selector: Selector,
    pods: BTreeSet<Key>,
}

impl Selections {
    /// Takes in what an object selects now; `None`: nothing, or it is gone.
    pub(super) fn note(&mut self, item: &Item, selector: Option<Selector>, pods: &Pods) {
        let known = self.0.get(item).map(|selection| &selection.selector);
        if known == selector.as_ref() {
            return;
        }
        self.0.remove(item);
        if let Some(selector) = selector {
            let near = pods.in_namespace(item.cluster, &item.key.namespace);
            let selected = near.filter(|(_, pod)| selector.matches(&pod.labels));
            let pods = selected.map(|(key, _)| key.clone()).collect();
            self.0.insert(item.clone(), Selection { selector, pods });
        }
    }

    /// Takes in a pod as it is now; returns the objects that select it or did.
    pub(super) fn pod_changed(&mut self, pod: &Item, now: Option<&Pod>) -> Vec<Item> {
        let Some((first, _)) = self.0.first_key_value() else {
            return Vec::new();
        };
        let first = Item::new(pod.cluster, &first.key.resource, &pod.key.namespace, "");
        let near = self.0.range_mut(first..).take_while(|(item, _)| {
            item.cluster == pod.cluster && item.key.namespace == pod.key.namespace
        });
        let affected = near.filter_map(|(item, selection)| {
            let selected = now.is_some_and(|now| selection.selector.matches(&now.labels));
            let known = if selected {
                !selection.pods.insert(pod.key.clone())
            } else {
                selection.pods.remove(&pod.key)
            };
            (selected || known).then(|| item.clone())
        });
        affected.collect()
    }

    /// The pods that the object selects; `None` if it selects none by its nature.
    pub(super) fn of<'a>(
        &'a self,
        item: &'a Item,
        pods: &'a Pods,
    ) -> Option<impl Iterator<Item = (&'a Key, &'a Pod)>> {
        let selection = self.0.get(item)?;
        let keys = selection.pods.iter();
        Some(keys.filter_map(|key| Some((key, pods.get(item.cluster, key)?))))
    }
}
