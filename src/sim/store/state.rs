//! Objects and the history of their changes, in memory.

use std::collections::BTreeMap;
use std::iter;
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;

use super::history::{Entry, History};
use super::record::Record;
use super::{Change, Expired, Key, Limits, Page, PageRequest, Stored};

/// As in etcd, where nothing has revision 0, which means "any" to Kubernetes' clients.
const EMPTY: u64 = 1;

#[derive(Debug)]
pub(super) struct State {
    revision: u64,
    /// Ordered by resource, namespace and name, so that every list is a range.
    objects: BTreeMap<Key, Object>,
    history: History,
    limits: Limits,
}

#[derive(Debug, Clone)]
struct Object {
    revision: u64,
    json: Bytes,
}

/// An object of a list.
#[derive(Clone, Copy)]
struct Row<'a> {
    key: &'a Key,
    revision: u64,
    json: &'a Bytes,
}

impl Row<'_> {
    fn stored(self) -> Stored {
        Stored {
            key: self.key.clone(),
            revision: self.revision,
            json: self.json.clone(),
        }
    }
}

impl State {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            revision: EMPTY,
            objects: BTreeMap::new(),
            history: History::starting_at(EMPTY, limits),
            limits,
        }
    }

    /// Takes the objects of a snapshot; how they came about is not known any more.
    pub(super) fn restore(&mut self, revision: u64, objects: impl IntoIterator<Item = Stored>) {
        let object = |stored: Stored| {
            let Stored {
                key,
                revision,
                json,
            } = stored;
            (key, Object { revision, json })
        };
        self.revision = revision;
        self.objects = objects.into_iter().map(object).collect();
        self.history = History::starting_at(revision, self.limits);
    }

    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    pub(super) fn history(&self) -> &History {
        &self.history
    }

    pub(super) fn get(&self, key: &Key) -> Option<Stored> {
        let (key, object) = self.objects.get_key_value(key)?;
        Some(row(key, object).stored())
    }

    pub(super) fn objects(&self) -> impl ExactSizeIterator<Item = Stored> + '_ {
        self.objects
            .iter()
            .map(|(key, object)| row(key, object).stored())
    }

    /// Does one write.
    pub(super) fn apply(&mut self, record: &Record) {
        let Stored {
            key,
            revision,
            json,
        } = record.stored.clone();
        self.revision = revision;
        let (before, after, last) = if record.deletion {
            (self.objects.remove(&key), None, Some(json))
        } else {
            let json_after = Some(json.clone());
            let before = self.objects.insert(key.clone(), Object { revision, json });
            (before, json_after, None)
        };
        self.history.push(Entry {
            previous: before.as_ref().map_or(0, |object| object.revision),
            change: Arc::new(Change {
                key,
                revision,
                before: before.map(|object| object.json),
                after,
                last,
            }),
        });
    }

    /// A page at the revision that it asks for: the objects of now, without what was changed since, and with that as it
    /// was then.
    pub(super) fn page(
        &self,
        resource: &str,
        namespace: Option<&str>,
        request: &PageRequest,
    ) -> Result<Page, Expired> {
        let revision = request.after.as_ref().map_or(self.revision, |(at, _)| *at);
        let past = self.changed_since(revision)?;
        let start = start(resource, namespace, request);
        let listed = |key: &Key| {
            &*key.resource == resource
                && namespace.is_none_or(|namespace| *key.namespace == *namespace)
        };
        let unchanged = self
            .objects
            .range((start.clone(), Bound::Unbounded))
            .take_while(|(key, _)| listed(key))
            .filter(|(key, _)| !past.contains_key(key))
            .map(|(key, object)| row(key, object));
        let changed = past
            .range::<Key, _>((start, Bound::Unbounded))
            .take_while(|(key, _)| listed(key))
            .filter_map(|(_, before)| *before);
        let mut rows = in_order(unchanged, changed);
        let items: Vec<Stored> = rows
            .by_ref()
            .take(request.limit.unwrap_or(usize::MAX))
            .map(Row::stored)
            .collect();
        let remaining = rows.count() as u64;
        let last = items.last().filter(|_| remaining > 0);
        Ok(Page {
            revision,
            next: last.map(|stored| (stored.key.clone(), remaining)),
            items,
        })
    }

    /// Objects that were written after `revision`, as they were then; nothing if they did not exist.
    fn changed_since(&self, revision: u64) -> Result<BTreeMap<&Key, Option<Row<'_>>>, Expired> {
        let mut past = BTreeMap::new();
        for Entry { change, previous } in self.history.since(revision)? {
            let row = change.before.as_ref().map(|json| Row {
                key: &change.key,
                revision: *previous,
                json,
            });
            past.entry(&change.key).or_insert(row);
        }
        Ok(past)
    }
}

fn row<'a>(key: &'a Key, object: &'a Object) -> Row<'a> {
    Row {
        key,
        revision: object.revision,
        json: &object.json,
    }
}

fn start(resource: &str, namespace: Option<&str>, request: &PageRequest) -> Bound<Key> {
    match &request.after {
        Some((_, key)) => Bound::Excluded(key.clone()),
        None => Bound::Included(Key {
            resource: resource.into(),
            namespace: namespace.unwrap_or_default().into(),
            name: "".into(),
        }),
    }
}

/// Merges two ordered lists without a key in common.
fn in_order<'a>(
    a: impl Iterator<Item = Row<'a>>,
    b: impl Iterator<Item = Row<'a>>,
) -> impl Iterator<Item = Row<'a>> {
    let (mut a, mut b) = (a.peekable(), b.peekable());
    iter::from_fn(move || match (a.peek(), b.peek()) {
        (Some(x), Some(y)) if y.key < x.key => b.next(),
        (Some(_), _) => a.next(),
        (None, _) => b.next(),
    })
}
