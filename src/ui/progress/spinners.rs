//! One spinner for each running step, with what it waits for beside it.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::super::to_stderr;
use crate::progress::Event;

const TEMPLATE: &str = "{spinner} {prefix} ({elapsed}) {wide_msg}";

pub(super) struct Spinners {
    all: MultiProgress,
    running: BTreeMap<usize, ProgressBar>,
}

impl Spinners {
    pub(super) fn new() -> Self {
        Self {
            all: MultiProgress::new(),
            running: BTreeMap::new(),
        }
    }

    pub(super) fn show(&mut self, event: &Event) {
        match event {
            Event::Started { step, title } => {
                self.running.insert(*step, self.spinner(title));
            }
            Event::Note { step, text } => {
                if let Some(spinner) = self.running.get(step) {
                    spinner.set_message(text.clone());
                }
            }
            Event::Finished { step, .. } | Event::Failed { step, .. } => {
                if let Some(spinner) = self.running.remove(step) {
                    spinner.finish_and_clear();
                }
            }
        }
    }

    /// Prints a line above the spinners.
    pub(super) fn print(&self, line: &str) {
        if self.all.println(line).is_err() {
            to_stderr(line);
        }
    }

    fn spinner(&self, title: &str) -> ProgressBar {
        let style = ProgressStyle::with_template(TEMPLATE)
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let spinner = self.all.add(ProgressBar::new_spinner());
        spinner.set_style(style);
        spinner.set_prefix(title.to_owned());
        spinner.enable_steady_tick(Duration::from_millis(100));
        spinner
    }
}

impl Drop for Spinners {
    fn drop(&mut self) {
        // Steps that were dropped by a stop never end; their spinners must not stay on the screen.
        for spinner in self.running.values() {
            spinner.finish_and_clear();
        }
    }
}
