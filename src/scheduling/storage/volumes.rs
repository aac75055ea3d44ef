//! Volumes by name, and those among them that a claim can get.

use std::collections::BTreeSet;

use foldhash::HashMap;

use super::Volume;
use super::wishes::ClaimName;
use crate::scheduling::named::Named;

#[derive(Debug, Clone, Default)]
pub(super) struct Volumes {
    all: HashMap<String, Volume>,
    /// Names of those that are kept for a claim.
    kept: Named<BTreeSet<String>>,
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
            let named = name.clone();
            match &volume.claim {
                Some(of) => self.kept.change(&of.namespace, &of.name, |names| {
                    names.insert(named);
                }),
                None => {
                    self.open
                        .entry(volume.class.clone())
                        .or_default()
                        .insert(named);
                }
            }
            self.all.insert(name, volume);
        }
    }

    fn unlist(&mut self, name: &str, volume: &Volume) {
        match &volume.claim {
            Some(of) => {
                if let Some(names) = self.kept.get_mut(&of.namespace, &of.name) {
                    names.remove(name);
                    if names.is_empty() {
                        self.kept.remove(&of.namespace, &of.name);
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
        let volumes = self.named(self.kept.get(namespace, name));
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
