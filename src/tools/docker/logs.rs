//! Reading what a container wrote.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use bollard::container::LogOutput;
use bollard::query_parameters::LogsOptionsBuilder;
use futures::{Stream, TryStreamExt};
use k8s_openapi::jiff::Timestamp;

use super::{Docker, within};

impl Docker {
    /// The last `lines` lines of a container's log.
    pub async fn logs_tail(&self, name: &str, lines: usize) -> Result<String> {
        let options = LogsOptionsBuilder::new()
            .stdout(true)
            .stderr(true)
            .tail(&lines.to_string());
        let mut log = self.api.logs(name, Some(options.build()));
        let doing = format!("reading the log of container `{name}`");
        within(super::CALL_DEADLINE, &doing, async {
            let mut text = String::new();
            while let Some(chunk) = log.try_next().await? {
                text.push_str(&String::from_utf8_lossy(&chunk.into_bytes()));
            }
            Ok(text)
        })
        .await
    }

    /// Follows a container's log, from `since` on, until a line satisfies `wanted`.
    ///
    /// Fails at the deadline, or as soon as the container stops.
    pub async fn wait_log_line(
        &self,
        name: &str,
        since: Option<Timestamp>,
        wanted: impl Fn(&str) -> bool,
        deadline: Duration,
    ) -> Result<()> {
        let seconds = since
            .and_then(|time| i32::try_from(time.as_second()).ok())
            .unwrap_or(0);
        let options = LogsOptionsBuilder::new()
            .stdout(true)
            .stderr(true)
            .follow(true)
            .since(seconds);
        let log = self.api.logs(name, Some(options.build()));
        let Ok(answer) = tokio::time::timeout(deadline, line_in(log, wanted)).await else {
            bail!(
                "container `{name}` did not log it within {} s",
                deadline.as_secs()
            );
        };
        if !answer.with_context(|| format!("following the log of container `{name}`"))? {
            bail!("container `{name}` stopped before logging it");
        }
        Ok(())
    }
}

/// Whether a line satisfies `wanted` before the log ends.
async fn line_in(
    mut log: impl Stream<Item = Result<LogOutput, bollard::errors::Error>> + Unpin,
    wanted: impl Fn(&str) -> bool,
) -> Result<bool> {
    while let Some(chunk) = log.try_next().await? {
        if String::from_utf8_lossy(&chunk.into_bytes())
            .lines()
            .any(&wanted)
        {
            return Ok(true);
        }
    }
    Ok(false)
}
