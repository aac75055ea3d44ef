use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::args::{Limit, Which};
use super::down::take_down;
use crate::home::Home;
use crate::names::{EXPIRES_LABEL, PLATFORM_LABEL};
use crate::substrate::sim::Server;
use crate::tools::docker::{Container, Docker};
use crate::ui::Ui;
use crate::ui::table::table;

/// Take down the platforms whose time is up (`up --ttl`)
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  bex-infra gc --dry-run
  bex-infra gc --yes")]
pub(super) struct Gc {
    /// Print what would be taken down, and stop
    #[arg(long)]
    dry_run: bool,
    /// Do not ask on a terminal
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    limit: Limit,
}

/// A platform whose time is up.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Expired {
    expired: Timestamp,
    platform: String,
}

const USUALLY: Duration = Duration::from_mins(5);

impl Gc {
    pub(super) async fn run(self, ui: &Ui) -> Result<()> {
        let containers = in_docker().await?;
        let now = Timestamp::now();
        let mut expired = expired(containers.iter().map(|container| &container.labels), now);
        expired.extend(simulated(now)?);
        ui.data(&expired, text)?;
        if expired.is_empty() {
            ui.say("no platform whose time is up");
        }
        if self.dry_run || expired.is_empty() {
            return Ok(());
        }
        ui.require("Take them down?", self.yes)?;
        for found in expired {
            let world = Which::of(found.platform)
                .existing()?
                .world(self.limit, USUALLY)
                .await?;
            take_down(ui, world, true).await?;
        }
        Ok(())
    }
}

/// A machine without Docker can still have simulated platforms.
async fn in_docker() -> Result<Vec<Container>> {
    match Docker::connect().await {
        Ok(docker) => docker.list_containers(&[(EXPIRES_LABEL, "")]).await,
        Err(error) if Home::platforms()?.is_empty() => Err(error),
        Err(error) => {
            tracing::debug!("no Docker: {error:#}");
            Ok(Vec::new())
        }
    }
}

/// Simulated platforms whose noted time lies before `now`.
fn simulated(now: Timestamp) -> Result<Vec<Expired>> {
    let mut found = Vec::new();
    for platform in Home::platforms()? {
        let noted = Server::of(&Home::of(&platform)?).expires();
        let time: Option<Timestamp> = noted.and_then(|time| time.parse().ok());
        if let Some(expired) = time.filter(|time| *time <= now) {
            found.push(Expired { expired, platform });
        }
    }
    Ok(found)
}

/// Platforms whose label lies before `now`, the oldest first. What cannot be read is left alone.
fn expired<'a>(
    labels: impl Iterator<Item = &'a BTreeMap<String, String>>,
    now: Timestamp,
) -> BTreeSet<Expired> {
    let found = labels.filter_map(|labels| {
        let expired: Timestamp = labels.get(EXPIRES_LABEL)?.parse().ok()?;
        let platform = labels.get(PLATFORM_LABEL)?.clone();
        Some(Expired { expired, platform })
    });
    found.filter(|found| found.expired <= now).collect()
}

fn text(expired: &BTreeSet<Expired>) -> String {
    if expired.is_empty() {
        return String::new();
    }
    let rows = expired
        .iter()
        .map(|found| [found.platform.clone(), format!("{:.0}", found.expired)]);
    table(["PLATFORM", "EXPIRED"], rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_platforms_with_a_time_that_is_up_are_found() {
        let labels = |platform: &str, expires: &str| {
            let pairs = [(PLATFORM_LABEL, platform), (EXPIRES_LABEL, expires)];
            pairs
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into()
        };
        let all: [BTreeMap<String, String>; 5] = [
            labels("late", "2026-01-01T02:00:00Z"),
            labels("later", "2026-01-01T01:00:00Z"),
            labels("young", "2026-01-01T04:00:00Z"),
            labels("odd", "tomorrow"),
            BTreeMap::from([(EXPIRES_LABEL.to_owned(), "2026-01-01T01:00:00Z".to_owned())]),
        ];
        let found = expired(all.iter(), "2026-01-01T03:00:00Z".parse().unwrap());
        let names: Vec<&str> = found.iter().map(|found| found.platform.as_str()).collect();
        assert_eq!(names, ["later", "late"]);
    }
}
