//! Things that belong to a namespace, by their names.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// By namespace and name. Unlike with pairs of both as keys, nothing is copied to look something up.
#[derive(Debug, Clone)]
pub(super) struct Named<V>(HashMap<String, HashMap<String, V>>);

impl<V> Named<V> {
    pub(super) fn get(&self, namespace: &str, name: &str) -> Option<&V> {
        self.0.get(namespace)?.get(name)
    }

    pub(super) fn entry(&mut self, namespace: &str, name: &str) -> Entry<'_, String, V> {
        let names = self.0.entry(namespace.to_owned()).or_default();
        names.entry(name.to_owned())
    }

    pub(super) fn remove(&mut self, namespace: &str, name: &str) {
        if let Some(names) = self.0.get_mut(namespace) {
            names.remove(name);
            if names.is_empty() {
                self.0.remove(namespace);
            }
        }
    }
}

impl<V> Default for Named<V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}
