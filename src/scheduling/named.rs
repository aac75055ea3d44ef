//! Things that belong to a namespace, by their names.

use foldhash::HashMap;

/// By namespace and name. Unlike with pairs of both as keys, nothing is copied to look something up.
#[derive(Debug, Clone)]
pub(super) struct Named<V>(HashMap<String, HashMap<String, V>>);

impl<V> Named<V> {
    pub(super) fn get(&self, namespace: &str, name: &str) -> Option<&V> {
        self.0.get(namespace)?.get(name)
    }

    pub(super) fn get_mut(&mut self, namespace: &str, name: &str) -> Option<&mut V> {
        self.0.get_mut(namespace)?.get_mut(name)
    }

    pub(super) fn insert(&mut self, namespace: &str, name: &str, value: V) {
        let names = self.0.entry(namespace.to_owned()).or_default();
        names.insert(name.to_owned(), value);
    }

    /// Changes what is there; if nothing is, something new.
    pub(super) fn change(&mut self, namespace: &str, name: &str, change: impl FnOnce(&mut V))
    where
        V: Default,
    {
        if let Some(there) = self.get_mut(namespace, name) {
            return change(there);
        }
        let mut new = V::default();
        change(&mut new);
        self.insert(namespace, name, new);
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
        Self(HashMap::default())
    }
}
