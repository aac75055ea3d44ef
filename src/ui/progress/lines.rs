//! Events as lines of text.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Style, Ui};
use super::seconds;
use crate::progress::Event;

/// Longest part of a note that still leaves its line one line. Errors say the rest.
const NOTE_WIDTH: usize = 80;

/// Remembers the titles and the notes, because only starts carry a title.
pub(super) struct Lines {
    ui: Ui,
    steps: BTreeMap<usize, Step>,
}

struct Step {
    title: String,
    note: Option<String>,
    /// Waits often alternate between two or three notes; each is worth one line.
    said: BTreeSet<String>,
}

impl Lines {
    pub(super) fn new(ui: Ui) -> Self {
        Self {
            ui,
            steps: BTreeMap::new(),
        }
    }

    /// The line to print for `event`, if it deserves one.
    pub(super) fn line(&mut self, event: Event) -> Option<String> {
        match event {
            Event::Started { step, title } => {
                let line = (self.ui.verbose > 0).then(|| format!("· {title}"));
                let (note, said) = (None, BTreeSet::new());
                self.steps.insert(step, Step { title, note, said });
                line
            }
            Event::Note { step, text } => {
                let step = self.steps.get_mut(&step)?;
                let note = brief(&text);
                let new = step.said.insert(note.clone());
                let line =
                    (new && self.ui.verbose > 0).then(|| format!("· {}: {note}", step.title));
                step.note = Some(note);
                line
            }
            Event::Finished { step, took } => {
                let step = self.steps.remove(&step)?;
                let tick = self.ui.paint(Style::Done, "✓");
                Some(format!("{tick} {} ({})", step.title, seconds(took)))
            }
            Event::Failed { step, took } => {
                let step = self.steps.remove(&step)?;
                let cross = self.ui.paint(Style::Error, "✗");
                let note = step
                    .note
                    .map_or_else(String::new, |note| format!(": {note}"));
                Some(format!("{cross} {} ({}){note}", step.title, seconds(took)))
            }
        }
    }
}

/// The first line of `text`, cut to a sane length.
fn brief(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim();
    if line.chars().count() <= NOTE_WIDTH {
        return line.to_owned();
    }
    let kept: String = line.chars().take(NOTE_WIDTH - 1).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn lines_of(verbose: u8) -> Vec<String> {
        let mut lines = Lines::new(Ui::new(false, verbose, true, None));
        let took = Duration::from_millis(3100);
        let events = [
            Event::Started {
                step: 0,
                title: "create infra node".into(),
            },
            Event::Started {
                step: 1,
                title: "import images".into(),
            },
            Event::Note {
                step: 0,
                text: "waiting for systemd".into(),
            },
            Event::Finished { step: 1, took },
            Event::Failed { step: 0, took },
        ];
        events
            .into_iter()
            .filter_map(|event| lines.line(event))
            .collect()
    }

    #[test]
    fn without_a_terminal_only_ends_are_lines() {
        assert_eq!(
            lines_of(0),
            [
                "✓ import images (3.1 s)",
                "✗ create infra node (3.1 s): waiting for systemd"
            ]
        );
    }

    #[test]
    fn a_note_that_comes_back_is_not_said_again() {
        let mut lines = Lines::new(Ui::new(false, 1, true, None));
        lines.line(Event::Started {
            step: 0,
            title: "wait".into(),
        });
        let said = ["refused", "unknown CA", "refused", "unknown CA", "done"].map(|text| {
            let text = text.to_owned();
            lines.line(Event::Note { step: 0, text }).is_some()
        });
        assert_eq!(said, [true, true, false, false, true]);
    }

    #[test]
    fn a_long_note_stays_one_line() {
        assert_eq!(brief("one\ntwo"), "one");
        let long = brief(&"word ".repeat(100));
        assert!(long.chars().count() <= NOTE_WIDTH, "{long}");
        assert!(long.ends_with("word…"), "{long}");
    }

    #[test]
    fn verbose_lines_also_say_what_starts_and_what_is_waited_for() {
        assert_eq!(
            lines_of(1)[..3],
            [
                "· create infra node",
                "· import images",
                "· create infra node: waiting for systemd"
            ]
        );
    }
}
