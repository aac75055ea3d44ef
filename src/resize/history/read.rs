//! The log, line by line.

use std::io::BufRead;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::{Act, Change, Decided, Decision, Entry, Same, Start};

/// The entries of a log with the numbers of their lines. It ends at the first line that is damaged, but for the last
/// one: a crash may have torn it, and it is passed over with a [warning](Entries::warning).
#[derive(Debug)]
pub struct Entries<R> {
    reader: R,
    line: u64,
    warning: Option<String>,
    ended: bool,
    /// The last one, for those that are the same.
    decision: Decision,
}

/// A line as it is written: one kind more than entries have.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Line {
    Start(Start),
    Change(Change),
    Decision(Decided),
    Same(Same),
    Act(Act),
}

impl<R: BufRead> Entries<R> {
    /// The beginning of a log, without which the rest has no meaning, and what follows.
    pub fn begin(reader: R) -> Result<(Start, Self)> {
        let mut entries = Self::new(reader);
        match entries.next().transpose()? {
            Some((_, Entry::Start(start))) => Ok((start, entries)),
            Some(_) => bail!(
                "line 1 of the log: nothing says under which policy and prices; its first line is missing"
            ),
            None => bail!("the log is empty: run the loop with `--log FILE` first"),
        }
    }

    pub fn new(reader: R) -> Self {
        Self {
            reader,
            line: 0,
            warning: None,
            ended: false,
            decision: Decision::default(),
        }
    }

    /// What is wrong with the end of the log. Known when all entries have been read.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    fn read(&mut self) -> Result<Option<(u64, Entry)>> {
        self.line += 1;
        let number = self.line;
        let mut bytes = Vec::new();
        let length = self.reader.read_until(b'\n', &mut bytes);
        if length.with_context(|| format!("reading line {number} of the log"))? == 0 {
            return Ok(None);
        }
        match serde_json::from_slice(&bytes) {
            Ok(line) => Ok(Some((number, self.entry(line)))),
            Err(_) if !bytes.ends_with(b"\n") => {
                self.warning = Some(format!(
                    "line {number}, the last one, is torn and was passed over"
                ));
                Ok(None)
            }
            Err(error) => bail!(damage(number, &error)),
        }
    }

    fn entry(&mut self, line: Line) -> Entry {
        match line {
            Line::Start(start) => Entry::Start(start),
            Line::Change(change) => Entry::Change(change),
            Line::Decision(decided) => {
                self.decision.clone_from(&decided.decision);
                Entry::Decision(decided)
            }
            Line::Same(Same { at, took }) => Entry::Decision(Decided {
                at,
                decision: self.decision.clone(),
                took,
            }),
            Line::Act(act) => Entry::Act(act),
        }
    }
}

impl<R: BufRead> Iterator for Entries<R> {
    type Item = Result<(u64, Entry)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let read = self.read().transpose();
        self.ended = !matches!(read, Some(Ok(_)));
        read
    }
}

/// serde counts lines within the one that it was given.
fn damage(number: u64, error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let what = text.strip_suffix(&place).unwrap_or(&text);
    format!(
        "line {number}, column {} of the log is damaged: {what}; everything before it can be read if the log is cut off \
         there (`head -n {}`)",
        error.column(),
        number - 1
    )
}
