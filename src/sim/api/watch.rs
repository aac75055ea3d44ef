//! Watches: the history of a collection as frames, one JSON object a line.
//!
//! A watcher is a position in the store's history, and frames are made when its connection takes them. Nothing is
//! kept for one that does not read; if history is gone when it comes back, it is told so and must list again.

mod frames;
#[cfg(test)]
mod tests;

use std::time::Duration;
use std::vec::IntoIter;

use bytes::Bytes;
use futures::stream;
use tokio::time::{Instant, sleep_until};

use super::list::{self, Failed};
use super::present::Presenter;
use super::query::ListOptions;
use super::respond::{self, Body};
use crate::sim::registry::{Registry, Target};
use crate::sim::status::Status;
use crate::sim::store::{Expired, Stored, Watch};
use frames::Frames;

/// How often an idle watcher is told how far it is.
const BOOKMARK: Duration = Duration::from_mins(1);

/// How long a watch lasts that did not say so.
const DEFAULT_TIMEOUT: Duration = Duration::from_mins(45);

/// Changes that are taken at once.
const BATCH: usize = 256;

/// One watch that is being answered.
struct Watcher {
    /// Absent: history is gone.
    cursor: Option<Watch>,
    initial: IntoIter<Stored>,
    /// A bookmark is due that says that the initial state is complete.
    marks_end: bool,
    frames: Frames,
    bookmarks: bool,
    next_bookmark: Instant,
    deadline: Instant,
    since: u64,
}

/// Where a watch begins.
enum Start {
    /// With the present state, as additions.
    State,
    /// With the changes after a revision.
    After(u64),
}

pub(super) fn body(
    registry: &Registry,
    target: &Target,
    options: ListOptions,
    presenter: Presenter,
) -> Result<Body, Failed> {
    let start = start(registry, &options)?;
    let marks_end = options.bookmarks && matches!(start, Start::State);
    let (initial, since) = match start {
        Start::After(revision) => (Vec::new(), revision),
        Start::State => {
            let whole = ListOptions {
                predicate: options.predicate.clone(),
                ..ListOptions::default()
            };
            let listing = list::read(registry, target, &whole)?;
            (listing.items, listing.revision)
        }
    };
    let timeout = options
        .timeout_seconds
        .map_or(DEFAULT_TIMEOUT, Duration::from_secs);
    let watcher = Watcher {
        cursor: cursor(registry, target, since).ok(),
        initial: initial.into_iter(),
        marks_end,
        frames: Frames::new(target, options.predicate, presenter),
        bookmarks: options.bookmarks,
        next_bookmark: Instant::now() + BOOKMARK,
        deadline: Instant::now() + timeout,
        since,
    };
    let frames = stream::unfold(Some(watcher), |watcher| async {
        let mut watcher = watcher?;
        let frames = watcher.next().await?;
        let goes_on = watcher.cursor.is_some();
        Some((frames, goes_on.then_some(watcher)))
    });
    Ok(respond::pieces(frames))
}

fn start(registry: &Registry, options: &ListOptions) -> Result<Start, Status> {
    let text = options.resource_version.as_str();
    let revision = match text {
        "" => 0,
        _ => list::parse_revision(text).map_err(Status::unclassified)?,
    };
    Ok(match (options.send_initial_events, revision) {
        (Some(true), _) | (None, 0) => Start::State,
        (Some(false), 0) => Start::After(registry.store().revision()),
        (_, revision) => Start::After(revision),
    })
}

fn cursor(registry: &Registry, target: &Target, since: u64) -> Result<Watch, Expired> {
    let namespace = Some(target.namespace.as_str()).filter(|namespace| !namespace.is_empty());
    let resource = &target.resource.stored.resource;
    registry.store().watch(Some(resource), namespace, since)
}

impl Watcher {
    /// The next frames. Nothing: the watch is over.
    async fn next(&mut self) -> Option<Bytes> {
        let initial = self.frames.added(&mut self.initial);
        if !initial.is_empty() {
            return Some(initial);
        }
        if std::mem::take(&mut self.marks_end) {
            return Some(self.frames.bookmark(self.since, true));
        }
        loop {
            let now = Instant::now();
            if now >= self.deadline {
                return None;
            }
            let Some(taken) = self.cursor.as_mut().map(|cursor| cursor.take(BATCH)) else {
                return Some(self.expired());
            };
            let Ok(changes) = taken else {
                return Some(self.expired());
            };
            if changes.is_empty() && !self.bookmark_is_due(now) {
                self.wait().await;
                continue;
            }
            let frames = self.frames.changes(&changes);
            if !frames.is_empty() {
                return Some(frames);
            }
            if self.bookmark_is_due(now) {
                self.next_bookmark = now + BOOKMARK;
                return self.position().map(|at| self.frames.bookmark(at, false));
            }
            // Many changes that this watcher is not to see must not keep a thread.
            tokio::task::yield_now().await;
        }
    }

    fn position(&self) -> Option<u64> {
        self.cursor.as_ref().map(Watch::position)
    }

    fn bookmark_is_due(&self, now: Instant) -> bool {
        self.bookmarks && now >= self.next_bookmark
    }

    /// Until there may be something to tell.
    async fn wait(&mut self) {
        let until = if self.bookmarks {
            self.deadline.min(self.next_bookmark)
        } else {
            self.deadline
        };
        if let Some(cursor) = &mut self.cursor {
            tokio::select! {
                () = cursor.changed() => {}
                () = sleep_until(until) => {}
            }
        }
    }

    /// The last frame of a watch whose history is gone.
    fn expired(&mut self) -> Bytes {
        let at = self.position().unwrap_or(self.since);
        self.cursor = None;
        Frames::error(&Status::expired(format!("too old resource version: {at}")))
    }
}
