//! Both selectors of a request together, applied to stored objects. Pure.

use super::{fields, labels, probe};
use crate::sim::store::Key;

/// Which objects of a list or a watch are meant.
#[derive(Debug, Clone, Default)]
pub(super) struct Predicate {
    labels: labels::Selector,
    fields: Vec<fields::Requirement>,
    name: Option<String>,
    /// Of all requirements, in their order; labels first.
    paths: Vec<Vec<String>>,
}

impl Predicate {
    pub(super) fn new(labels: labels::Selector, fields: fields::Selector) -> Self {
        let of_labels = labels.0.iter().map(|requirement| {
            ["metadata", "labels", &requirement.key]
                .map(str::to_owned)
                .to_vec()
        });
        let of_fields = fields
            .0
            .iter()
            .flat_map(|requirement| requirement.paths.clone());
        let paths = of_labels.chain(of_fields).collect();
        let by_name = |requirement: &&fields::Requirement| {
            requirement.equal && requirement.paths == [["metadata", "name"]]
        };
        Self {
            name: fields
                .0
                .iter()
                .find(by_name)
                .map(|found| found.value.clone()),
            fields: fields.0,
            labels,
            paths,
        }
    }

    /// Everything is meant.
    pub(super) fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    pub(super) fn matches(&self, key: &Key, json: &[u8]) -> bool {
        if self.is_empty() {
            return true;
        }
        if self.name.as_deref().is_some_and(|name| name != &*key.name) {
            return false;
        }
        let paths: Vec<&[String]> = self.paths.iter().map(Vec::as_slice).collect();
        let mut found = probe::scalars(json, &paths).into_iter();
        let labels_hold = self
            .labels
            .0
            .iter()
            .all(|requirement| requirement.test.holds(found.next().flatten().as_deref()));
        labels_hold
            && self.fields.iter().all(|requirement| {
                let mut values = found.by_ref().take(requirement.paths.len());
                let first = values.by_ref().flatten().next();
                values.for_each(drop);
                requirement.holds(first.as_deref().unwrap_or(requirement.absent))
            })
    }
}
