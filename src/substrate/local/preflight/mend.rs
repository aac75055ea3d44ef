//! The repairs of `doctor --fix`.

use std::fmt::Write;
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
    let mut persisted = String::new();
    for (name, value) in parameters {
        write(
            &format!("/proc/sys/{}", name.replace('.', "/")),
            &value.to_string(),
        )?;
        writeln!(persisted, "{name} = {value}")?;
        done.push(format!("set {name} to {value}"));
    }
    write(PERSISTED, &persisted)?;
    done.push(format!("wrote {PERSISTED}"));
    Ok(done)
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
