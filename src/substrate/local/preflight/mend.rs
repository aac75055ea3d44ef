//! The repairs of `doctor --fix`.

use std::fs;
use std::io::ErrorKind;

use anyhow::{Context, Result};

use super::Mend;
use crate::failure::{Exit, Failure};
use crate::tools::docker::{Docker, State};

/// Read at boot, so that the limits outlive it.
const PERSISTED: &str = "/etc/sysctl.d/99-bex-infra.conf";

/// Does it, and says what was done.
pub async fn mend(mend: &Mend, docker: &Docker) -> Result<Vec<String>> {
    match mend {
        Mend::Raise(parameters) => raise(parameters),
        Mend::Remove(containers) => remove(docker, containers).await,
    }
}

fn raise(parameters: &[(&str, u64)]) -> Result<Vec<String>> {
    let mut done = Vec::new();
    for (name, value) in parameters {
        let path = format!("/proc/sys/{}", name.replace('.', "/"));
        write(&path, &value.to_string())?;
        done.push(format!("set {name} to {value}"));
    }
    let before = fs::read_to_string(PERSISTED).unwrap_or_default();
    write(PERSISTED, &persisted(&before, parameters))?;
    done.push(format!("wrote {PERSISTED}"));
    Ok(done)
}

/// The file's lines with those of `parameters` replaced; what an earlier repair raised stays.
fn persisted(before: &str, parameters: &[(&str, u64)]) -> String {
    let is_kept = |line: &&str| {
        let name = line.split('=').next().unwrap_or_default().trim();
        parameters.iter().all(|(raised, _)| *raised != name)
    };
    let kept = before.lines().filter(is_kept).map(str::to_owned);
    let raised = parameters
        .iter()
        .map(|(name, value)| format!("{name} = {value}"));
    kept.chain(raised).map(|line| line + "\n").collect()
}

fn write(path: &str, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|error| {
        let failure = Failure::new(Exit::OperatorMustAct, format!("writing {path}"));
        if error.kind() == ErrorKind::PermissionDenied {
            failure
                .because(error)
                .hint("sudo bex-infra doctor --fix")
                .into()
        } else {
            anyhow::Error::new(failure.because(error))
        }
    })
}

async fn remove(docker: &Docker, containers: &[String]) -> Result<Vec<String>> {
    let mut done = Vec::new();
    for name in containers {
        // It may have been started since the facts were read.
        let container = docker.find_container(name).await?;
        if container.is_some_and(|c| matches!(c.state, State::Created | State::Dead)) {
            docker
                .remove_container(name)
                .await
                .with_context(|| format!("removing leftover {name}"))?;
            done.push(format!("removed container {name}, which was never started"));
        }
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_repair_of_another_limit_is_kept() {
        let before = "fs.inotify.max_user_instances = 512\nfs.inotify.max_user_watches = 8192\n";
        assert_eq!(
            persisted(before, &[("fs.inotify.max_user_watches", 524_288)]),
            "fs.inotify.max_user_instances = 512\nfs.inotify.max_user_watches = 524288\n"
        );
    }
}
