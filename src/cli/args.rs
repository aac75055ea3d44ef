//! Arguments that several verbs share.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use clap::{Args, ValueEnum, ValueHint};
use jiff::SignedDuration;

use crate::names::Names;
use crate::run::{self, Request};
use crate::spec::Platform;

const DEFAULT_NAME: &str = "bex";

/// Where the nodes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Substrate {
    /// Docker containers on this machine
    Local,
}

/// The platform that a verb is about: a substrate with defaults, or a spec.
#[derive(Debug, Args)]
pub(super) struct Target {
    /// Where the nodes come from
    #[arg(value_enum, required_unless_present = "file", conflicts_with = "file")]
    substrate: Option<Substrate>,
    #[command(flatten)]
    which: Which,
    /// Directory with images and manifests to use instead of the network
    #[arg(long, env = "BEX_BUNDLE", value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Platform")]
    bundle: Option<PathBuf>,
}

impl Target {
    /// The whole platform, from the spec or from defaults with `workers` in the only pool.
    pub(super) fn platform(&self, workers: Option<u32>) -> Result<Platform> {
        self.platform_or(DEFAULT_NAME, workers)
    }

    /// Like [`Target::platform`], with another name where none was given.
    pub(super) fn platform_or(&self, name: &str, workers: Option<u32>) -> Result<Platform> {
        run::platform(&Request {
            bundle: self.bundle(),
            workers,
            ..self.which.request(name)
        })
    }

    pub(super) fn names(&self) -> Result<Names> {
        self.which.names()
    }

    pub(super) fn bundle(&self) -> Option<&Path> {
        self.bundle.as_deref()
    }
}

/// A platform that exists; where its nodes come from can be left out.
#[derive(Debug, Args)]
pub(super) struct Existing {
    /// Where the nodes come from
    #[arg(
        value_enum,
        default_value = "local",
        hide_default_value = true,
        conflicts_with = "file"
    )]
    substrate: Substrate,
    #[command(flatten)]
    pub(super) which: Which,
}

/// Which platform, by name.
#[derive(Debug, Args)]
#[command(next_help_heading = "Platform")]
pub(super) struct Which {
    /// Platform spec (YAML) to use instead of defaults
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,
    /// Name of the platform [default: bex]
    #[arg(long, conflicts_with = "file")]
    name: Option<String>,
}

impl Which {
    pub(super) fn platform(&self) -> Result<Platform> {
        run::platform(&self.request(DEFAULT_NAME))
    }

    pub(super) fn names(&self) -> Result<Names> {
        Ok(self.platform()?.names)
    }

    fn request<'a>(&'a self, default_name: &'a str) -> Request<'a> {
        Request {
            file: self.file.as_deref(),
            name: self.name.as_deref().unwrap_or(default_name),
            workers: None,
            bundle: None,
        }
    }
}

/// Longest time for the whole run.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Waiting")]
pub(super) struct Limit {
    /// Give up after this time: 90s, 10m, 1h30m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) timeout: Option<Duration>,
}

/// `90s`, `10m`, `1h30m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let parsed: Option<SignedDuration> = text.parse().ok();
    parsed
        .and_then(|duration| Duration::try_from(duration).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "write a duration with its unit, like 90s, 10m or 1h30m".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_and_are_positive() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1h30m"), Ok(Duration::from_mins(90)));
        for wrong in ["", "90", "-1m", "0s", "soon", "1m ago", "10 parsecs"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
