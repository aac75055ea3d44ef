//! An App of four pods behind a Service, asked by the nodes themselves.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};

use crate::bex::Bex;
use crate::judge::{self, docker, kubectl};
use crate::until;

const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/echo.yaml");

/// An HTTP request in plain bash: not every node image has curl.
const ASK: &str = r#"exec 3<>"/dev/tcp/$0/80" && printf 'GET / HTTP/1.0\r\n\r\n' >&3 && cat <&3"#;

pub(crate) fn deploy(bex: &Bex) -> Result<()> {
    kubectl(bex, &["apply", "--server-side", "--filename", MANIFEST])?;
    rolled_out(bex)
}

/// New pods, spread over the nodes that are there now.
pub(crate) fn spread(bex: &Bex) -> Result<()> {
    kubectl(bex, &["rollout", "restart", "deployment/echo"])?;
    rolled_out(bex)
}

fn rolled_out(bex: &Bex) -> Result<()> {
    kubectl(
        bex,
        &["rollout", "status", "deployment/echo", "--timeout=120s"],
    )
    .map(drop)
}

fn address(bex: &Bex) -> Result<String> {
    kubectl(
        bex,
        &[
            "get",
            "service",
            "echo",
            "--output=jsonpath={.spec.clusterIP}",
        ],
    )
}

/// Asks the Service on each node until pods of every node have answered there.
pub(crate) fn answers_on(bex: &Bex, nodes: &[String]) -> Result<()> {
    let address = address(bex)?;
    let hosts = kubectl(
        bex,
        &[
            "get",
            "pods",
            "--selector=app=echo",
            "--output=jsonpath={.items[*].spec.nodeName}",
        ],
    )?;
    let hosts: BTreeSet<&str> = hosts.split_whitespace().collect();
    ensure!(hosts.len() == nodes.len(), "pods are on {hosts:?} only");
    for node in nodes {
        let mut silent = hosts.clone();
        while !silent.is_empty() {
            let answer = until(Duration::from_secs(20), || ask(node, &address))?;
            silent.retain(|host| !answer.contains(&format!("node={host}")));
        }
        eprintln!("   on {node} pods on {} nodes answered", hosts.len());
    }
    Ok(())
}

fn ask(node: &str, address: &str) -> Result<String> {
    docker(&["exec", node, "timeout", "3", "bash", "-c", ASK, address]).and_then(|answer| {
        if answer.contains("pod=") {
            Ok(answer)
        } else {
            Err(anyhow!("the answer was {answer:?}"))
        }
    })
}

/// Asks the Service all the time and counts the pods that are available.
pub(crate) struct Observer {
    stop: Arc<AtomicBool>,
    asking: JoinHandle<(u32, u32)>,
    watch: Child,
    watching: JoinHandle<Option<u32>>,
}

/// What an observer saw.
pub(crate) struct Seen {
    pub(crate) requests: u32,
    pub(crate) failures: u32,
    /// Fewest pods that were available at a time.
    pub(crate) fewest: u32,
}

impl Observer {
    pub(crate) fn start(bex: &Bex) -> Result<Self> {
        let (node, address) = (bex.control_plane()?, address(bex)?);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let mut watch = Command::new("kubectl")
            .arg("--kubeconfig")
            .arg(bex.kubeconfig())
            .args([
                "get",
                "deployment",
                "echo",
                "--watch",
                "--output=jsonpath={.status.availableReplicas}{\"\\n\"}",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let counts = BufReader::new(watch.stdout.take().context("no stdout")?)
            .lines()
            .map_while(Result::ok);
        Ok(Self {
            asking: thread::spawn(move || asked(&node, &address, &stopped)),
            // No number is none available.
            watching: thread::spawn(move || counts.map(|count| count.parse().unwrap_or(0)).min()),
            stop,
            watch,
        })
    }

    pub(crate) fn finish(mut self) -> Result<Seen> {
        self.stop.store(true, Ordering::Relaxed);
        self.watch.kill()?;
        self.watch.wait()?;
        let (requests, failures) = self
            .asking
            .join()
            .map_err(|_| anyhow!("the asking thread panicked"))?;
        let fewest = self
            .watching
            .join()
            .map_err(|_| anyhow!("the watching thread panicked"))?;
        Ok(Seen {
            requests,
            failures,
            fewest: fewest.context("the watch saw nothing")?,
        })
    }
}

fn asked(node: &str, address: &str, stop: &AtomicBool) -> (u32, u32) {
    let (mut requests, mut failures) = (0, 0);
    while !stop.load(Ordering::Relaxed) {
        requests += 1;
        failures += u32::from(ask(node, address).is_err());
        thread::sleep(Duration::from_millis(100));
    }
    (requests, failures)
}

impl Seen {
    /// The Service went on, and a pod was gone only for as long as it took to start another: the budget lets one go
    /// at a time.
    pub(crate) fn judge(&self) -> Result<()> {
        eprintln!(
            "   {} requests, {} failed; never fewer than {} pods available",
            self.requests, self.failures, self.fewest
        );
        ensure!(self.requests > 0, "nothing was asked");
        ensure!(
            self.failures * 20 <= self.requests,
            "more than one request in twenty failed"
        );
        ensure!(self.fewest >= 3, "two pods were gone at a time");
        Ok(())
    }
}

/// A container beside ours, on their network.
pub(crate) struct Foreign(String);

impl Foreign {
    /// Of the image of the container `like`: the one image that is certain to be in Docker itself.
    pub(crate) fn start(like: &str) -> Result<Self> {
        let image = docker(&["inspect", "--format={{.Config.Image}}", like])?;
        let id = docker(&[
            "run",
            "--detach",
            "--rm",
            "--network=kind",
            "--name=foreign-echo",
            "--entrypoint=sleep",
            image.trim(),
            "infinity",
        ])?;
        Ok(Self(id.trim().to_owned()))
    }

    /// Docker's words for it: still running since the same moment, still on the network.
    pub(crate) fn state(&self) -> Result<String> {
        docker(&[
            "inspect",
            "--format={{.State.Status}} {{.State.StartedAt}} {{json .NetworkSettings.Networks}}",
            &self.0,
        ])
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        drop(judge::docker(&["rm", "--force", &self.0]));
    }
}
