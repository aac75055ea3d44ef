//! Waits that watch: for one object, or for a set of them.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use futures::{Stream, StreamExt, pin_mut};
use kube::ResourceExt;
use kube::api::DynamicObject;
use kube::runtime::{WatchStreamExt, watcher};
use tokio::time::{Instant, timeout_at};

use super::error::RequestError;
use super::objects::Objects;
use crate::failure::Failure;
use crate::progress::Reporter;

/// What a look at the objects says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Done,
    /// What is missing, in a few words; shown while waiting and in the error when time is up.
    Waiting(String),
    /// It can never be done; the reason.
    Failed(String),
}

impl Objects {
    /// Watches one object until `judge` is content; `None` means that it does not exist. `what` completes "waiting
    /// for ...".
    pub async fn wait(
        &self,
        name: &str,
        what: &str,
        deadline: Instant,
        reporter: &Reporter,
        judge: impl Fn(Option<&DynamicObject>) -> Verdict,
    ) -> Result<Option<DynamicObject>> {
        let selected = watcher::Config::default().fields(&format!("metadata.name={name}"));
        let objects = self
            .watch(selected, what, deadline, reporter, |objects| {
                judge(objects.first())
            })
            .await?;
        Ok(objects.into_iter().next())
    }

    /// Watches the objects that a label selector selects until `judge` is content with all of them, which come in the
    /// order of their names.
    pub async fn wait_list(
        &self,
        labels: &str,
        what: &str,
        deadline: Instant,
        reporter: &Reporter,
        judge: impl Fn(&[DynamicObject]) -> Verdict,
    ) -> Result<Vec<DynamicObject>> {
        self.watch(
            watcher::Config::default().labels(labels),
            what,
            deadline,
            reporter,
            judge,
        )
        .await
    }

    async fn watch(
        &self,
        selected: watcher::Config,
        what: &str,
        deadline: Instant,
        reporter: &Reporter,
        judge: impl Fn(&[DynamicObject]) -> Verdict,
    ) -> Result<Vec<DynamicObject>> {
        let started = Instant::now();
        let mut last = String::from("nothing seen yet");
        let events =
            watcher(self.api.clone(), selected).backoff(watcher::DefaultBackoff::default());
        let waiting = follow(events, judge, |text| {
            if text != last {
                reporter.note(text);
                text.clone_into(&mut last);
            }
        });
        match timeout_at(deadline, waiting).await {
            Ok(Ok(objects)) => Ok(objects),
            Ok(Err(why)) => Err(Failure::failed(format!("waiting for {what}: {why}")).into()),
            Err(_) => Err(timed_out(what, started.elapsed(), &last).into()),
        }
    }
}

/// Keeps the set of objects up to date and asks for a verdict after every change.
async fn follow(
    events: impl Stream<Item = watcher::Result<watcher::Event<DynamicObject>>>,
    judge: impl Fn(&[DynamicObject]) -> Verdict,
    mut note: impl FnMut(&str),
) -> Result<Vec<DynamicObject>, String> {
    pin_mut!(events);
    let mut set = Set::default();
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => set.take(event),
            Err(error) => {
                note(&trouble(error)?);
                continue;
            }
        }
        if !set.complete {
            continue;
        }
        let objects: Vec<_> = set.known.values().cloned().collect();
        match judge(&objects) {
            Verdict::Done => return Ok(objects),
            Verdict::Waiting(text) => note(&text),
            Verdict::Failed(why) => return Err(why),
        }
    }
    Err("the watch ended".to_owned())
}

/// What is known of the watched objects. Incomplete while a list is being read.
#[derive(Default)]
struct Set {
    known: BTreeMap<(Option<String>, String), DynamicObject>,
    complete: bool,
}

impl Set {
    fn take(&mut self, event: watcher::Event<DynamicObject>) {
        match event {
            watcher::Event::Init => *self = Self::default(),
            watcher::Event::InitDone => self.complete = true,
            watcher::Event::InitApply(object) | watcher::Event::Apply(object) => {
                self.known
                    .insert((object.namespace(), object.name_any()), object);
            }
            watcher::Event::Delete(object) => {
                self.known.remove(&(object.namespace(), object.name_any()));
            }
        }
    }
}

/// The text of trouble that passes; as an error, of trouble that does not.
fn trouble(error: watcher::Error) -> Result<String, String> {
    let error = match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => RequestError::from(error),
        watcher::Error::WatchError(status) => RequestError::from(*status),
        watcher::Error::NoResourceVersion => return Err(error.to_string()),
    };
    // A watch that expired (410) starts again from a list.
    if error.heals || error.code == Some(410) {
        Ok(error.to_string())
    } else {
        Err(error.to_string())
    }
}

fn timed_out(what: &str, waited: Duration, last: &str) -> Failure {
    Failure::failed(format!("waited {} s for {what}: {last}", waited.as_secs()))
}
