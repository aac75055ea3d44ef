//! Errors as the user meets them: what failed, why, what is left behind, what to do; and the exit code.

use std::error::Error;
use std::fmt;

/// Process exit codes. They are part of the interface: scripts branch on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Something went wrong while doing what was asked.
    Failed = 1,
    /// The command line or the spec is wrong; nothing was touched.
    Usage = 2,
    /// A safety rule said no; nothing was touched.
    Refused = 3,
    /// Only a person can go on: quota, token, capacity, a daemon that is not running.
    OperatorMustAct = 4,
    /// Stopped by Ctrl-C or SIGTERM.
    Interrupted = 130,
}

/// An error with everything a person needs at three in the morning.
///
/// `Display` prints the message alone; the cause is the error's `source` and is printed by walking the chain.
/// Any `Failure` in a chain contributes its hints and leftovers; the outermost one decides the exit code.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
    left_behind: Vec<String>,
    hints: Vec<String>,
}

impl Failure {
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            source: None,
            left_behind: Vec::new(),
            hints: Vec::new(),
        }
    }

    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Exit::Refused, message)
    }

    /// Names the cause; it is printed as `caused by:`.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(cause.into());
        self
    }

    /// Adds something the user can do next; a command to type wherever one exists.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Names an object that still exists because of this failure.
    #[must_use]
    pub fn left_behind(mut self, object: impl Into<String>) -> Self {
        self.left_behind.push(object.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|cause| cause as _)
    }
}

/// What is printed of an error: its chain, outermost first, and what the failures in it know.
#[derive(Debug, PartialEq, Eq)]
pub struct Report {
    pub exit: Exit,
    pub message: String,
    pub causes: Vec<String>,
    pub left_behind: Vec<String>,
    pub hints: Vec<String>,
}

/// Collects a [`Report`] from an error chain. An error without any `Failure` in it exits with [`Exit::Failed`].
pub fn report(error: &anyhow::Error) -> Report {
    let failures: Vec<&Failure> = error
        .chain()
        .filter_map(|link| link.downcast_ref::<Failure>())
        .collect();
    let mut texts: Vec<String> = error.chain().map(ToString::to_string).collect();
    texts.dedup();
    Report {
        exit: failures.first().map_or(Exit::Failed, |f| f.exit),
        message: texts.remove(0),
        causes: texts,
        left_behind: failures
            .iter()
            .flat_map(|f| f.left_behind.clone())
            .collect(),
        hints: failures.iter().flat_map(|f| f.hints.clone()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_gathers_hints_through_the_whole_chain() {
        let inner = Failure::refused("the container is not ours").hint("choose another --name");
        let error = anyhow::Error::new(inner).context("creating the infra node");
        let report = report(&error);
        assert_eq!(report.exit, Exit::Refused);
        assert_eq!(report.message, "creating the infra node");
        assert_eq!(report.causes, ["the container is not ours"]);
        assert_eq!(report.hints, ["choose another --name"]);
    }

    #[test]
    fn an_error_without_a_failure_exits_with_one() {
        assert_eq!(report(&anyhow::anyhow!("boom")).exit, Exit::Failed);
    }
}
