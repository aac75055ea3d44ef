//! What is wrong with a specification, all of it at once, each at its line and field.

use serde_saphyr::Location;

use crate::failure::Failure;

/// One thing that is wrong.
#[derive(Debug)]
pub(super) struct Problem {
    /// `None`: it concerns the file as a whole.
    location: Option<Location>,
    message: String,
    hint: Option<String>,
}

impl Problem {
    pub(super) fn at(location: Location, message: impl Into<String>) -> Self {
        Self {
            location: Some(location),
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn of_file(message: impl Into<String>) -> Self {
        Self {
            location: None,
            message: message.into(),
            hint: None,
        }
    }

    #[must_use]
    pub(super) fn hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    fn position(&self) -> (u64, u64) {
        self.location.map_or((0, 0), |at| (at.line(), at.column()))
    }

    /// `FILE:LINE:COLUMN: message`, the form that editors and CI systems link.
    fn line(&self, file: &str) -> String {
        let message = printable(&self.message);
        match self.location {
            Some(at) => format!("{file}:{}:{}: {message}", at.line(), at.column()),
            None => format!("{file}: {message}"),
        }
    }
}

/// One failure that tells all problems, in the order of the file.
pub(super) fn failure(file: &str, mut problems: Vec<Problem>) -> Failure {
    problems.sort_by_key(Problem::position);
    let lines: Vec<String> = problems.iter().map(|problem| problem.line(file)).collect();
    problems
        .into_iter()
        .filter_map(|problem| problem.hint)
        .fold(Failure::usage(lines.join("\n")), |failure, hint| {
            failure.hint(printable(&hint))
        })
}

/// Messages quote the file; what it holds must not steer a terminal.
fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            if c.is_control() {
                c.escape_default().collect()
            } else {
                vec![c]
            }
        })
        .collect()
}

/// The known word that was probably meant.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|&(distance, candidate)| distance * 3 <= candidate.len().max(3))
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}
