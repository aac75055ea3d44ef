//! The same changes at the same times must give the same decisions.

use std::fmt;
use std::io::BufRead;

use anyhow::Result;
use jiff::Timestamp;
use serde::Serialize;

use super::{Change, Decided, Entries, Entry, Start, difference};
use crate::resize::model::Model;
use crate::resize::policy::Policy;

/// What came of playing a log back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Replay {
    /// How often the loop had begun.
    pub starts: u64,
    pub changes: u64,
    pub decisions: u64,
    /// Decisions that are others now.
    pub different: u64,
    pub first_difference: Option<Difference>,
    /// What is wrong with the log itself.
    pub warnings: Vec<String>,
}

/// A decision that is another one when it is made again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub at: Timestamp,
    pub line: u64,
    /// The logged one with `-`, the new one with `+`.
    pub text: String,
}

/// Tells a model everything that a log holds, and compares each decision.
pub fn replay(log: impl BufRead) -> Result<Replay> {
    let (start, mut entries) = Entries::begin(log)?;
    let mut replay = Replay::default();
    let mut player = replay.start(start);
    for entry in &mut entries {
        let (line, entry) = entry?;
        match entry {
            Entry::Start(start) => player = replay.start(start),
            Entry::Change(change) => replay.change(&mut player, line, &change),
            Entry::Decision(decided) => replay.decision(&mut player, line, &decided)?,
            Entry::Act(_) => {}
        }
    }
    replay.warnings.extend(entries.warning().map(str::to_owned));
    Ok(replay)
}

/// A model and the policy that it decides under.
struct Player {
    model: Model,
    policy: Policy,
}

impl Replay {
    fn start(&mut self, start: Start) -> Player {
        self.starts += 1;
        if start.midway {
            self.warnings.push(format!(
                "the log was begun anew at {:.0}, when it had grown too large; what was learned before is missing, and \
                 decisions may differ for that",
                start.at
            ));
        }
        Player {
            model: Model::new(start.prices),
            policy: start.policy,
        }
    }

    fn change(&mut self, player: &mut Player, line: u64, change: &Change) {
        self.changes += 1;
        let object = change.object.as_ref().map(|object| object.get().as_bytes());
        let applied = player.model.apply(
            change.at,
            change.cluster,
            &change.resource,
            &change.namespace,
            &change.name,
            object,
        );
        // The loop goes on without an object that it cannot read, and so does its replay.
        if let Err(error) = applied {
            self.warnings.push(format!("line {line}: {error:#}"));
        }
    }

    fn decision(&mut self, player: &mut Player, line: u64, decided: &Decided) -> Result<()> {
        self.decisions += 1;
        let again = player.model.decide(&player.policy, decided.at);
        if again == decided.decision {
            return Ok(());
        }
        self.different += 1;
        if self.first_difference.is_none() {
            self.first_difference = Some(Difference {
                at: decided.at,
                line,
                text: difference::of(&decided.decision, &again)?,
            });
        }
        Ok(())
    }
}

impl fmt::Display for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        let Self {
            starts,
            changes,
            decisions,
            different,
            ..
        } = self;
        write!(
            f,
            "Played back {changes} changes and {decisions} decisions after {starts} starts: "
        )?;
        let Some(first) = &self.first_difference else {
            return f.write_str("all decisions are the same.");
        };
        let Difference { at, line, text } = first;
        write!(
            f,
            "{different} decisions differ.\n\nThe first one is line {line}, of {at} (- as logged, + as decided now):\n{text}"
        )
    }
}
