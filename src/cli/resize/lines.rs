//! What the loop does, a line each, as it happens.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use crate::resize::history::{Act, Decided, Entry};
use crate::resize::live::{Leader, Seen, Sink};
use crate::ui::Ui;
use crate::ui::output::{self, Format};

/// Something that a person wants to know.
enum Told {
    Entry(Box<Entry>),
    Leads(Leader),
}

/// Prints beside the loop until every sink is gone.
pub(in crate::cli) struct Lines {
    printing: JoinHandle<Result<()>>,
}

impl Lines {
    /// The sink never waits for the terminal.
    pub(in crate::cli) fn start(ui: Ui) -> (Self, Sink) {
        let (sender, receiver) = unbounded_channel();
        let printing = tokio::spawn(print(ui, receiver));
        (Self { printing }, Arc::new(move |seen| tell(&sender, seen)))
    }

    /// Waits until the last line is printed.
    pub(in crate::cli) async fn finish(self) -> Result<()> {
        self.printing.await.context("printing what the loop does")?
    }
}

fn tell(sender: &UnboundedSender<Told>, seen: &Seen) {
    let told = match *seen {
        Seen::Decision { at, decision, took } if !decision.is_empty() => {
            Told::Entry(Box::new(Entry::Decision(Decided {
                at,
                decision: decision.clone(),
                took,
            })))
        }
        Seen::Act { at, what, result } => Told::Entry(Box::new(Entry::Act(Act {
            at,
            what: what.to_owned(),
            result: result.clone(),
        }))),
        Seen::Leads(leader) => Told::Leads(leader.clone()),
        Seen::Decision { .. } | Seen::Change { .. } | Seen::Request { .. } => return,
    };
    // A reader that is gone must not stop the loop.
    drop(sender.send(told));
}

async fn print(ui: Ui, mut receiver: UnboundedReceiver<Told>) -> Result<()> {
    while let Some(told) = receiver.recv().await {
        match told {
            Told::Entry(entry) if ui.format == Some(Format::Json) => {
                output::print(&entry.line().context("writing JSON")?)?;
            }
            Told::Entry(entry) => output::print(&line(&entry))?,
            Told::Leads(leader) => ui.say(&leads(&leader)),
        }
    }
    Ok(())
}

fn leads(leader: &Leader) -> String {
    match leader {
        Leader::Us => "this process resizes now".to_owned(),
        Leader::Other(other) => {
            format!("{other} resizes; this process waits until it ends, and changes nothing")
        }
        Leader::Unknown => {
            "the infra cluster does not answer: nothing is changed until this process has its Lease again"
                .to_owned()
        }
    }
}

fn line(entry: &Entry) -> String {
    let text = match entry {
        Entry::Decision(decided) => decided.decision.summary(),
        Entry::Act(act) => match &act.result {
            Ok(done) => format!("  {}: {done}", act.what),
            Err(error) => format!("  {}: failed: {error}", act.what),
        },
        Entry::Start(_) | Entry::Change(_) => String::new(),
    };
    format!("{} {text}", clock(entry.at()))
}

/// `12:03:04.567`, UTC: what people compare with each other are moments.
fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S.%3f").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resize::decision::{Decision, Remove};

    #[test]
    fn an_act_and_a_decision_are_a_line_each() {
        let at: Timestamp = "2026-01-02T03:04:05.678Z".parse().unwrap();
        let act = |result| {
            let what = "machinedeployments bex-web".to_owned();
            line(&Entry::Act(Act { at, what, result }))
        };
        assert_eq!(
            act(Ok("1 -> 3".to_owned())),
            "03:04:05.678   machinedeployments bex-web: 1 -> 3"
        );
        assert_eq!(
            act(Err("conflict".to_owned())),
            "03:04:05.678   machinedeployments bex-web: failed: conflict"
        );
        let remove = Remove {
            node: "n1".into(),
            machine: "m1".into(),
            group: "bex-web".into(),
            moves: Vec::new(),
            saves: crate::resize::offer::Price(0),
            reason: "empty".into(),
        };
        let decision = Decision {
            remove: vec![remove],
            ..Decision::default()
        };
        let took = std::time::Duration::ZERO;
        let decided = line(&Entry::Decision(Decided { at, decision, took }));
        assert!(decided.starts_with("03:04:05.678 remove"), "{decided}");
    }
}
