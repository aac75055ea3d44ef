mod resize;

use anyhow::Result;
use clap::Args;

use super::args::Existing;
use crate::failure::{Exit, Failure};
use crate::home::Home;
use crate::spec::{Platform, Substrate};
use crate::substrate::local::preflight::{Finding, Severity, check, gather, mend};
use crate::substrate::sim;
use crate::tools::docker::Docker;
use crate::ui::Ui;
use crate::ui::table::table;

/// Check whether a platform can run here, and mend what can safely be mended
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  bex-infra doctor
  sudo bex-infra doctor --fix

Of a platform that is up, the resize loop is checked too: whether it runs, and what holds it back.")]
pub(super) struct Doctor {
    /// Raise kernel limits and remove containers of ours that were never started
    #[arg(long)]
    fix: bool,
    #[command(flatten)]
    existing: Existing,
}

impl Doctor {
    pub(super) async fn run(self, ui: &Ui) -> Result<()> {
        let meant = self.existing.platform()?;
        let platform = meant.platform.clone();
        let resize = resize::look(meant).await;
        if platform.substrate == Substrate::Sim {
            let home = Home::of(platform.names.platform())?;
            let mut findings = sim::preflight::check(&home);
            findings.extend(resize);
            return tell(ui, &findings);
        }
        let docker = Docker::connect().await;
        let mut findings = look(&docker, &platform).await?;
        let fixable = findings.iter().any(|finding| finding.mend.is_some());
        if let (true, true, Ok(docker)) = (self.fix, fixable, &docker) {
            fix(ui, &platform, docker, &findings).await?;
            findings = look(&Ok(docker.clone()), &platform).await?;
        }
        findings.extend(resize);
        tell(ui, &findings)
    }
}

fn tell(ui: &Ui, findings: &[Finding]) -> Result<()> {
    ui.data(&findings, |findings| text(findings))?;
    verdict(findings)
}

async fn look(docker: &Result<Docker>, platform: &Platform) -> Result<Vec<Finding>> {
    Ok(check(&gather(docker, platform).await?))
}

/// Works under the platform's lock, so that nothing is taken from a run that is under way.
async fn fix(ui: &Ui, platform: &Platform, docker: &Docker, findings: &[Finding]) -> Result<()> {
    let home = Home::of(platform.names.platform())?;
    let _lock = if home.exists() {
        Some(home.lock("doctor --fix")?)
    } else {
        None
    };
    for found in findings.iter().filter_map(|finding| finding.mend.as_ref()) {
        for done in mend(found, docker).await? {
            ui.say(&done);
        }
    }
    Ok(())
}

fn text(findings: &[Finding]) -> String {
    let rows = findings.iter().map(|finding| {
        let mark = match finding.severity {
            Severity::Ok => "✓",
            Severity::Warning => "!",
            Severity::Error => "✗",
        };
        [
            mark.to_owned(),
            finding.check.to_owned(),
            explained(finding),
        ]
    });
    // Not broken anywhere: there are commands to copy.
    table(["", "", ""], rows)
}

fn explained(finding: &Finding) -> String {
    let mut lines = vec![finding.what.clone()];
    lines.extend((!finding.why.is_empty()).then(|| format!("why: {}", finding.why)));
    lines.extend(finding.fix.as_ref().map(|fix| format!("fix: {fix}")));
    lines.extend(
        finding
            .mend
            .is_some()
            .then(|| "     or: bex-infra doctor --fix".to_owned()),
    );
    lines.join("\n")
}

fn verdict(findings: &[Finding]) -> Result<()> {
    let errors = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error);
    let errors: Vec<&str> = errors.map(|finding| finding.check).collect();
    if errors.is_empty() {
        return Ok(());
    }
    let failure = Failure::new(
        Exit::OperatorMustAct,
        format!("a platform cannot run here: {}", errors.join(", ")),
    );
    let fixes = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .filter_map(|f| f.fix.clone());
    Err(fixes.fold(failure, Failure::hint).into())
}
