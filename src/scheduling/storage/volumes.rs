//! Volumes by name, and those among them that a claim can get.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Volume;
use super::wishes::ClaimName;

#[derive(Debug, Clone, Default)]
pub(super) struct Volumes {
    all: BTreeMap<String, Volume>,
    /// Names of those that are kept for a claim, by its namespace and name.
    kept: HashMap<(String, String), BTreeSet<String>>,
    /// Names of those that are kept for nobody, by class.
    open: HashMap<String, BTreeSet<String>>,
}

impl Volumes {
    pub(super) fn get(&self, name: &str) -> Option<&Volume> {
        self.all.get(name)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Volume> + Clone {
        self.all.values()
    }

    /// Takes over a volume, or that it is gone.
    pub(super) fn set(&mut self, name: String, volume: Option<Volume>) {
        if let Some(before) = self.all.remove(&name) {
            self.unlist(&name, &before);
        }
        if let Some(volume) = volume {
            let names = match &volume.claim {
                Some(of) => {
                    let claim = (of.namespace.clone(), of.name.clone());
                    self.kept.entry(claim).or_default()
                }
                None => self.open.entry(volume.class.clone()).or_default(),
            };
            names.insert(name.clone());
            self.all.insert(name, volume);
        }
    }

    fn unlist(&mut self, name: &str, volume: &Volume) {
        match &volume.claim {
            Some(of) => {
                let claim = (of.namespace.clone(), of.name.clone());
                if let Some(names) = self.kept.get_mut(&claim) {
                    names.remove(name);
                    if names.is_empty() {
                        self.kept.remove(&claim);
                    }
                }
            }
            None => {
                if let Some(names) = self.open.get_mut(&volume.class) {
                    names.remove(name);
                }
            }
        }
    }

    /// Those of its class that are kept for the claim, in the order of their names.
    pub(super) fn kept_for(
        &self,
        (namespace, name): ClaimName,
        class: &str,
    ) -> impl Iterator<Item = (&str, &Volume)> {
        let names = self.kept.get(&(namespace.to_owned(), name.to_owned()));
        let volumes = self.named(names);
        volumes.filter(move |(_, volume)| volume.class == class)
    }

    /// Those of a class that are kept for nobody, in the order of their names.
    pub(super) fn open(&self, class: &str) -> impl Iterator<Item = (&str, &Volume)> {
        self.named(self.open.get(class))
    }

    fn named<'a>(
        &'a self,
        names: Option<&'a BTreeSet<String>>,
    ) -> impl Iterator<Item = (&'a str, &'a Volume)> {
        let names = names.into_iter().flatten();
        names.filter_map(|name| Some((name.as_str(), self.all.get(name)?)))
    }
}
