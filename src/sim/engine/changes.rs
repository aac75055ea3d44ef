//! What happened in the stores of both clusters since the engine last looked.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Cluster, Context};
use crate::sim::registry::Registry;
use crate::sim::store::{Change, Expired, Key, PageRequest, Store, Stored, Watch};

/// Changes that are taken in at once.
const MOST: usize = 1000;

#[derive(Debug, Default)]
pub(super) struct Changes {
    infra: Followed,
    app: Followed,
}

/// One store.
#[derive(Debug, Default)]
struct Followed {
    watch: Option<Watch>,
    /// All objects that controllers were told of: what is gone after a gap in the history is found by them.
    known: BTreeSet<Key>,
}

impl Changes {
    /// Empty if nothing happened. At first, every object as a creation.
    pub(super) fn take(&mut self, context: &Context) -> Vec<(Cluster, Arc<Change>)> {
        let infra = self.infra.take(&context.infra);
        let app = self.app.take(&context.app);
        let infra = infra.into_iter().map(|change| (Cluster::Infra, change));
        infra
            .chain(app.into_iter().map(|change| (Cluster::App, change)))
            .collect()
    }

    /// Returns when there may be something to take.
    pub(super) async fn wait(&mut self) {
        if let (Some(infra), Some(app)) = (&mut self.infra.watch, &mut self.app.watch) {
            tokio::select! {
                () = infra.changed() => {}
                () = app.changed() => {}
            }
        }
    }
}

impl Followed {
    fn take(&mut self, registry: &Registry) -> Vec<Arc<Change>> {
        let news = match self.watch.as_mut().map(|watch| watch.take(MOST)) {
            Some(Ok(news)) => news,
            None | Some(Err(_)) => self.start_over(registry),
        };
        for change in &news {
            if change.after.is_none() {
                self.known.remove(&change.key);
            } else if change.before.is_none() {
                self.known.insert(change.key.clone());
            }
        }
        news
    }

    /// All objects of the store as creations, after deletions of those that went unseen.
    fn start_over(&mut self, registry: &Registry) -> Vec<Arc<Change>> {
        loop {
            let revision = registry.store().revision();
            let watch = registry.store().watch(None, None, revision);
            // Both fail only if the history moved on meanwhile; then the next try sees a newer one.
            let (Ok(watch), Ok(all)) = (watch, objects(registry, revision)) else {
                continue;
            };
            self.watch = Some(watch);
            let now: BTreeSet<&Key> = all.iter().map(|object| &object.key).collect();
            let gone = self.known.iter().filter(|key| !now.contains(key));
            let gone = gone.map(|key| deletion(key.clone(), revision));
            return gone.chain(all.iter().map(creation)).map(Arc::new).collect();
        }
    }
}

/// Everything as of `revision`, in the order of the last writes.
fn objects(registry: &Registry, revision: u64) -> Result<Vec<Stored>, Expired> {
    let resources = registry.resources();
    let names: BTreeSet<&Arc<str>> = resources.iter().map(|r| &r.stored.resource).collect();
    let mut all = Vec::new();
    for name in names {
        all.extend(list(registry.store(), name, revision)?);
    }
    all.sort_by_key(|object| object.revision);
    Ok(all)
}

fn list(store: &Store, resource: &str, revision: u64) -> Result<Vec<Stored>, Expired> {
    let before_the_first = Key {
        resource: resource.into(),
        namespace: "".into(),
        name: "".into(),
    };
    let page = PageRequest {
        limit: None,
        after: Some((revision, before_the_first)),
    };
    Ok(store.list(resource, None, &page)?.items)
}

fn creation(object: &Stored) -> Change {
    Change {
        key: object.key.clone(),
        revision: object.revision,
        before: None,
        after: Some(object.json.clone()),
        last: None,
    }
}

fn deletion(key: Key, revision: u64) -> Change {
    Change {
        key,
        revision,
        before: None,
        after: None,
        last: None,
    }
}
