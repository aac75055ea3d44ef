//! Running a command in a container.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecResults};
use futures::{Stream, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep};

use super::{Docker, call, within};

/// Longest run of one command.
const EXEC_DEADLINE: Duration = Duration::from_mins(15);

/// The daemon learns of a command's end a little after its output ends; nothing announces it.
const STATUS_DEADLINE: Duration = Duration::from_secs(10);
const STATUS_INTERVAL: Duration = Duration::from_millis(20);

/// Lines of standard error that an error message quotes.
const QUOTED_LINES: usize = 12;

/// What a command left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecOutput {
    pub status: i64,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Docker {
    /// Runs a command in a container and returns what it left, whatever its exit status. Never put secrets in `argv`.
    pub async fn exec(&self, container: &str, argv: &[&str]) -> Result<ExecOutput> {
        self.exec_with_input(container, argv, tokio::io::empty())
            .await
    }

    /// Runs a command in a container, feeding it `input` up to its end. A file or `&[u8]` will do for `input`.
    pub async fn exec_with_input(
        &self,
        container: &str,
        argv: &[&str],
        input: impl AsyncRead + Send + Unpin,
    ) -> Result<ExecOutput> {
        let doing = format!("running `{}`", pasteable(container, argv));
        within(EXEC_DEADLINE, &doing, async {
            let options = CreateExecOptions {
                attach_stdin: Some(true),
                attach_stdout: Some(true),
                attach_stderr: Some(true),
                cmd: Some(argv.to_vec()),
                ..CreateExecOptions::default()
            };
            let created = self.api.create_exec(container, options);
            let id = call("preparing it", created).await?.id;
            let started = call("starting it", self.api.start_exec(&id, None)).await?;
            let StartExecResults::Attached {
                output,
                input: stdin,
            } = started
            else {
                bail!("the Docker daemon detached from it");
            };
            let (stdout, stderr) = converse(output, stdin, input).await?;
            let status = self.exit_status(&id).await?;
            Ok(ExecOutput {
                status,
                stdout,
                stderr,
            })
        })
        .await
    }

    /// Runs a command in a container and returns its standard output; a non-zero exit status is an error that quotes
    /// the command, ready to be pasted, and the end of its standard error.
    pub async fn exec_ok(&self, container: &str, argv: &[&str]) -> Result<String> {
        let output = self.exec(container, argv).await?;
        output.into_success(container, argv)
    }

    /// Like [`Docker::exec_ok`], feeding the command `input`.
    pub async fn exec_ok_with_input(
        &self,
        container: &str,
        argv: &[&str],
        input: impl AsyncRead + Send + Unpin,
    ) -> Result<String> {
        let output = self.exec_with_input(container, argv, input).await?;
        output.into_success(container, argv)
    }

    async fn exit_status(&self, exec: &str) -> Result<i64> {
        let deadline = Instant::now() + STATUS_DEADLINE;
        loop {
            let inspected = call("asking for its exit status", self.api.inspect_exec(exec)).await?;
            if let (Some(false), Some(status)) = (inspected.running, inspected.exit_code) {
                return Ok(status);
            }
            if Instant::now() > deadline {
                bail!(
                    "its output ended, but it still runs {} s later",
                    STATUS_DEADLINE.as_secs()
                );
            }
            sleep(STATUS_INTERVAL).await;
        }
    }
}

impl ExecOutput {
    fn into_success(self, container: &str, argv: &[&str]) -> Result<String> {
        if self.status == 0 {
            return Ok(String::from_utf8_lossy(&self.stdout).into_owned());
        }
        let words = if self.stderr.is_empty() {
            &self.stdout
        } else {
            &self.stderr
        };
        let cause = anyhow!(
            "{}",
            last_lines(&String::from_utf8_lossy(words), QUOTED_LINES)
        );
        let command = pasteable(container, argv);
        Err(cause.context(format!("`{command}` ended with status {}", self.status)))
    }
}

/// Writes `input` to the command and collects its standard output and error until they end.
async fn converse(
    mut output: impl Stream<Item = Result<LogOutput, bollard::errors::Error>> + Unpin,
    mut stdin: impl AsyncWrite + Unpin,
    mut input: impl AsyncRead + Unpin,
) -> Result<(Vec<u8>, Vec<u8>)> {
    let feed = async {
        // A command that ends without reading all of its input breaks the pipe; its exit status tells the rest.
        drop(tokio::io::copy(&mut input, &mut stdin).await);
        drop(stdin.shutdown().await);
        futures::future::pending::<Infallible>().await
    };
    let collect = async {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        while let Some(chunk) = output.next().await {
            match chunk.context("reading its output")? {
                LogOutput::StdErr { message } => stderr.extend_from_slice(&message),
                other => stdout.extend_from_slice(&other.into_bytes()),
            }
        }
        Ok((stdout, stderr))
    };
    tokio::select! {
        collected = collect => collected,
        never = feed => match never {},
    }
}

/// The same command for a person's shell.
fn pasteable(container: &str, argv: &[&str]) -> String {
    let mut line = format!("docker exec {container}");
    for word in argv {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
        let written = if !word.is_empty() && word.chars().all(plain) {
            write!(line, " {word}")
        } else {
            write!(line, " '{}'", word.replace('\'', r"'\''"))
        };
        written.unwrap_or_default();
    }
    line
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_command_is_quoted_so_that_a_shell_reads_it_back() {
        let output = ExecOutput {
            status: 1,
            stdout: Vec::new(),
            stderr: b"\nfirst\nno such\n".to_vec(),
        };
        let error = output
            .into_success("node", &["sh", "-c", "echo 'a'", ""])
            .unwrap_err();
        assert_eq!(
            format!("{error:#}"),
            r"`docker exec node sh -c 'echo '\''a'\''' ''` ended with status 1: first
no such"
        );
    }

    #[test]
    fn a_long_complaint_is_cut_to_its_end() {
        assert_eq!(last_lines("a\nb\n\nc\n", 2), "b\nc");
    }
}
