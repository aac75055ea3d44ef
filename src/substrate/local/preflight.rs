//! What can be known before anything is touched: [`gather`] reads facts, [`check`] judges them, [`mend()`] repairs.
//!
//! `doctor` prints every finding; `up` stops at errors and prints warnings.

mod engine;
mod facts;
mod host;
mod mend;
mod taken;
#[cfg(test)]
mod tests;

use serde::{Serialize, Serializer};

use crate::failure::{Exit, Failure};
pub use facts::{Engine, Facts, Host, Seen, Wanted, gather};
pub use mend::mend;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Short and stable: `inotify`, `disk`, ...
    pub check: &'static str,
    pub severity: Severity,
    /// What was found.
    pub what: String,
    /// Why it matters; empty when all is well.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub why: &'static str,
    /// The command, or else the deed, that mends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// What `doctor --fix` can do about it.
    #[serde(rename = "fixable", serialize_with = "is_some")]
    pub mend: Option<Mend>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Ok,
    Warning,
    Error,
}

/// A repair that is safe without a person: it touches a kernel limit upwards, or what is ours and was never used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mend {
    /// Kernel parameters and the values they must at least have.
    Raise(Vec<(&'static str, u64)>),
    /// Names of containers of ours that were never started.
    Remove(Vec<String>),
}

/// Judges the facts. Pure; the order is that of importance.
pub fn check(facts: &Facts) -> Vec<Finding> {
    let mut findings = vec![engine::reachable(facts)];
    if let Ok(engine) = &facts.engine {
        findings.extend(engine::check(engine, &facts.wanted));
        findings.extend(taken::check(engine, &facts.wanted));
    }
    findings.extend(host::check(&facts.host));
    findings
}

/// Refuses to go on while there is an error among the findings; names them all.
pub fn require_no_error(findings: &[Finding]) -> Result<(), Failure> {
    let errors = findings.iter().filter(|f| f.severity == Severity::Error);
    let errors: Vec<&Finding> = errors.collect();
    let exit = match errors.as_slice() {
        [] => return Ok(()),
        // What is in the way belongs to somebody: that is a rule, not a shortage.
        [only] if only.check == taken::NAMES => Exit::Refused,
        _ => Exit::OperatorMustAct,
    };
    let texts: Vec<&str> = errors.iter().map(|f| f.what.as_str()).collect();
    let failure = Failure::new(exit, texts.join("; "));
    let fixes = errors.iter().filter_map(|f| f.fix.clone());
    let failure = fixes.fold(failure, Failure::hint);
    Err(failure.hint("`bex-infra doctor` lists everything that was checked"))
}

impl Finding {
    pub(crate) fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self {
            check,
            severity: Severity::Ok,
            what: what.into(),
            why: "",
            fix: None,
            mend: None,
        }
    }

    pub(crate) fn warning(check: &'static str, what: impl Into<String>, why: &'static str) -> Self {
        Self {
            severity: Severity::Warning,
            why,
            ..Self::ok(check, what)
        }
    }

    pub(in crate::substrate) fn error(
        check: &'static str,
        what: impl Into<String>,
        why: &'static str,
    ) -> Self {
        Self {
            severity: Severity::Error,
            ..Self::warning(check, what, why)
        }
    }

    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    fn mend(mut self, mend: Mend) -> Self {
        self.mend = Some(mend);
        self
    }
}

#[expect(
    clippy::ref_option,
    reason = "serde calls it with a reference to the field"
)]
fn is_some<S: Serializer>(mend: &Option<Mend>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(mend.is_some())
}
