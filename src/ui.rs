//! Progress, tables, JSON, and errors with their hints. Data goes to stdout, everything for people to stderr.

mod error;
pub mod interrupt;
pub mod output;
pub mod progress;
pub mod table;

use std::env;
use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::failure::{Failure, Report};
use output::Format;
use progress::Progress;

/// How this run speaks. Decided once, from the flags and the environment.
#[derive(Debug, Clone, Copy)]
pub struct Ui {
    pub quiet: bool,
    /// 0: results; 1: also what starts; 2 and more: also the log.
    pub verbose: u8,
    /// `None`: whatever suits the verb.
    pub format: Option<Format>,
    color: bool,
    animated: bool,
}

impl Ui {
    pub fn new(quiet: bool, verbose: u8, no_color: bool, format: Option<Format>) -> Self {
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        let terminal = io::stderr().is_terminal() && !dumb;
        let unwanted = no_color || env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            quiet,
            verbose,
            format,
            color: terminal && !unwanted,
            animated: terminal && !quiet,
        }
    }

    /// Says something to the person in front; not with `--quiet`.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            to_stderr(text);
        }
    }

    pub fn warn(&self, text: &str) {
        self.say(&format!(
            "{} {text}",
            self.paint(Style::Warning, "warning:")
        ));
    }

    /// Prints `data` on stdout: as JSON or YAML when asked to, otherwise as `text` makes it.
    pub fn data<T: Serialize>(&self, data: &T, text: impl FnOnce(&T) -> String) -> Result<()> {
        output::print(&output::render(
            data,
            self.format.unwrap_or(Format::Table),
            text,
        )?)
    }

    /// Prints the error with its causes, leftovers and hints; as one JSON object when the output is JSON.
    pub fn error(&self, report: &Report) {
        to_stderr(&match self.format {
            Some(Format::Json) => error::json(report),
            _ => error::text(report, self),
        });
    }

    /// A display for the events of one run.
    pub fn progress(&self) -> Progress {
        Progress::start(*self)
    }

    /// Asks yes or no on a terminal. Where nobody can answer, the answer is yes: who writes a script means it.
    pub fn confirm(&self, question: &str) -> Result<bool> {
        if self.quiet || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Ok(true);
        }
        write!(io::stderr(), "{question} [y/N] ").context("asking for confirmation")?;
        let mut answer = String::new();
        io::stdin()
            .lock()
            .read_line(&mut answer)
            .context("reading the answer")?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }

    /// Like [`Ui::confirm`], but a no is a refusal.
    pub fn require(&self, question: &str, yes: bool) -> Result<()> {
        if yes || self.confirm(question)? {
            return Ok(());
        }
        Err(Failure::refused("not confirmed; nothing was touched")
            .hint("--yes goes on without asking")
            .into())
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.color {
            format!("\x1b[{}m{text}\x1b[0m", style as u8)
        } else {
            text.to_owned()
        }
    }
}

/// Foreground colours by meaning; the numbers are those of SGR.
#[derive(Debug, Clone, Copy)]
enum Style {
    Error = 31,
    Done = 32,
    Warning = 33,
    Label = 36,
}

/// A stderr that is gone must not stop the work.
fn to_stderr(text: &str) {
    drop(writeln!(io::stderr().lock(), "{}", text.trim_end()));
}
