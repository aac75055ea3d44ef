//! The checks of `doctor`, as other verbs need them.

use anyhow::Result;

use crate::substrate::local::preflight::{self, Severity};
use crate::substrate::{Backend, sim};
use crate::ui::Ui;
use crate::world::World;

/// Stops at an error; prints warnings, one short line each.
pub(super) async fn require(ui: &Ui, world: &World) -> Result<()> {
    let findings = match &world.backend {
        Backend::Docker(docker) => {
            preflight::check(&preflight::gather(&Ok(docker.clone()), &world.platform).await?)
        }
        Backend::Sim(_) => sim::preflight::check(&world.home),
    };
    for warning in findings.iter().filter(|f| f.severity == Severity::Warning) {
        ui.warn(&format!("{} (see: bex-infra doctor)", warning.what));
    }
    Ok(preflight::require_no_error(&findings)?)
}
