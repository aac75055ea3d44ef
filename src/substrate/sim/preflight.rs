//! What an embedded Kubernetes needs of this machine.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use rustix::fs::{Access, access};

use crate::home::Home;
use crate::substrate::local::preflight::Finding;

/// All checks, those that found nothing wrong included.
pub fn check(home: &Home) -> Vec<Finding> {
    vec![loopback(), directory(&home.dir())]
}

fn loopback() -> Finding {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, 0)) {
        Ok(_) => Finding::ok("loopback", "ports of 127.0.0.1 can be had"),
        Err(error) => Finding::error(
            "loopback",
            format!("no port of 127.0.0.1 can be had: {error}"),
            "the API servers listen there",
        )
        .fix("ip link set lo up"),
    }
}

/// Of a directory that is not there yet, the nearest one above it counts.
fn directory(dir: &Path) -> Finding {
    let existing = dir.ancestors().find(|above| above.exists()).unwrap_or(dir);
    match access(existing, Access::WRITE_OK) {
        Ok(()) => Finding::ok("home", format!("{} can be written", existing.display())),
        Err(error) => Finding::error(
            "home",
            format!("{} cannot be written: {error}", existing.display()),
            "the clusters' state is kept there",
        )
        .fix("set BEX_HOME to a directory of yours"),
    }
}
