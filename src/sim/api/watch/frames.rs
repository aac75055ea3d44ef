//! Frames of a watch: `{"type":"ADDED","object":{...}}` and a newline.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::sim::api::predicate::Predicate;
use crate::sim::api::present::Presenter;
use crate::sim::registry::Target;
use crate::sim::resources::Resource;
use crate::sim::status::Status;
use crate::sim::store::{Change, Stored};

/// Frames that are made at once have about this size.
const PIECE: usize = 64 * 1024;

/// Makes the frames of one watch.
pub(super) struct Frames {
    resource: Arc<Resource>,
    predicate: Predicate,
    presenter: Presenter,
    /// The next frame is the first: tables tell their columns in it.
    first: bool,
}

impl Frames {
    pub(super) fn new(target: &Target, predicate: Predicate, presenter: Presenter) -> Self {
        Self {
            resource: target.resource.clone(),
            predicate,
            presenter,
            first: true,
        }
    }

    /// Objects that are there when the watch begins.
    pub(super) fn added(&mut self, objects: &mut impl Iterator<Item = Stored>) -> Bytes {
        let mut frames = Vec::new();
        while frames.len() < PIECE {
            let Some(stored) = objects.next() else {
                break;
            };
            self.push(&mut frames, "ADDED", &stored.json);
        }
        frames.into()
    }

    pub(super) fn changes(&mut self, changes: &[Arc<Change>]) -> Bytes {
        let mut frames = Vec::new();
        for change in changes {
            self.change(change, &mut frames);
        }
        frames.into()
    }

    /// What a change is to somebody who sees only objects that are selected.
    fn change(&mut self, change: &Change, frames: &mut Vec<u8>) {
        let resource = self.resource.clone();
        let shown = |json: &Option<Bytes>| {
            let shown = resource.present(json.as_ref()?);
            self.predicate.matches(&change.key, &shown).then_some(shown)
        };
        match (shown(&change.before), shown(&change.after)) {
            (None, Some(after)) => self.push(frames, "ADDED", &after),
            (Some(_), Some(after)) => self.push(frames, "MODIFIED", &after),
            (Some(before), None) => {
                let last = match &change.last {
                    Some(last) => resource.present(last),
                    None => at_revision(&before, change.revision),
                };
                self.push(frames, "DELETED", &last);
            }
            (None, None) => {}
        }
    }

    fn push(&mut self, frames: &mut Vec<u8>, of: &str, json: &Bytes) {
        let object = self.presenter.object(json, self.first);
        self.first = false;
        write(frames, of, &object);
    }

    /// How far the watch is; `end`: what was there when it began is told.
    pub(super) fn bookmark(&mut self, revision: u64, end: bool) -> Bytes {
        let resource = &self.resource;
        let mut metadata = json!({"resourceVersion": revision.to_string()});
        if end {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let object = json!({
            "apiVersion": resource.api_version(),
            "kind": &*resource.kind,
            "metadata": metadata,
        });
        let mut frames = Vec::new();
        self.push(&mut frames, "BOOKMARK", &object.to_string().into());
        frames.into()
    }

    pub(super) fn error(status: &Status) -> Bytes {
        let mut frames = Vec::new();
        write(
            &mut frames,
            "ERROR",
            status.to_json().to_string().as_bytes(),
        );
        frames.into()
    }
}

fn write(frames: &mut Vec<u8>, of: &str, object: &[u8]) {
    frames.extend_from_slice(br#"{"type":""#);
    frames.extend_from_slice(of.as_bytes());
    frames.extend_from_slice(br#"","object":"#);
    frames.extend_from_slice(object);
    frames.extend_from_slice(b"}\n");
}

/// The object with another revision in it.
fn at_revision(json: &Bytes, revision: u64) -> Bytes {
    let mut object: Value = serde_json::from_slice(json).unwrap_or_default();
    object["metadata"]["resourceVersion"] = revision.to_string().into();
    object.to_string().into()
}
