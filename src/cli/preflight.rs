//! The checks of `doctor`, as other verbs need them.

use anyhow::Result;

use crate::substrate::local::preflight::{self, Severity};
use crate::ui::Ui;
use crate::world::World;

/// Stops at an error; prints warnings.
pub(super) async fn require(ui: &Ui, world: &World) -> Result<()> {
    let facts = preflight::gather(&Ok(world.docker.clone()), &world.platform).await?;
    let findings = preflight::check(&facts);
    for warning in findings.iter().filter(|f| f.severity == Severity::Warning) {
        let fix = warning
            .fix
            .as_ref()
            .map_or_else(String::new, |fix| format!(" ({fix})"));
        ui.warn(&format!("{}: {}{fix}", warning.what, warning.why));
    }
    Ok(preflight::require_no_error(&findings)?)
}
