//! A platform that keeps itself the right size.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::bex::Bex;
use crate::judge::{kubectl, kubectl_infra, ready_nodes};
use crate::{chapter, until};

const MINUTE: Duration = Duration::from_mins(1);

/// Three of them need three workers: no node has room for two.
const BURST: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: burst}
spec:
  replicas: 3
  selector: {matchLabels: {app: burst}}
  template:
    metadata: {labels: {app: burst}}
    spec:
      terminationGracePeriodSeconds: 1
      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: burst}}}
      containers:
        - name: burst
          image: bex.test/echo:1
          resources: {requests: {cpu: 100m, memory: 32Mi}}
";

const KEEPERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/resize.yaml");

pub(crate) fn life(bex: &Bex) -> Result<()> {
    chapter("up installs the resize loop", || installed(bex))?;
    chapter("pods that wait bring workers", || grown(bex))?;
    chapter("workers stay whose pods must not go", || kept(bex))?;
    chapter("the others go, drained, down to the minimum", || {
        shrunk(bex)
    })
}

fn installed(bex: &Bex) -> Result<()> {
    let up = ["up", "local", "--max", "3"];
    bex.ok(&up)?;
    let status = bex.ok(&["status"])?.stdout;
    ensure!(status.contains("resize loop: at work"), "{status}");
    let again = bex.ok(&up)?;
    ensure!(again.stderr.contains("nothing to do"), "{}", again.stderr);
    until(MINUTE, || ready_nodes(bex, 2)).map(drop)
}

fn grown(bex: &Bex) -> Result<()> {
    let file = bex.home().join("burst.yaml");
    std::fs::write(&file, BURST)?;
    let begun = Instant::now();
    kubectl(bex, &["apply", "--filename", &file.display().to_string()])?;
    std::fs::remove_file(&file)?;
    until(MINUTE, || replicas(bex, "3"))?;
    tell("three workers were asked for", begun);
    until(5 * MINUTE, || ready_nodes(bex, 4))?;
    tell("three workers are Ready", begun);
    let wait = ["rollout", "status", "deployment/burst", "--timeout=300s"];
    kubectl(bex, &wait)?;
    tell("all pods run", begun);
    Ok(())
}

fn kept(bex: &Bex) -> Result<()> {
    kubectl(bex, &["apply", "--filename", KEEPERS])?;
    for deployment in ["guarded", "hoarder"] {
        let name = format!("deployment/{deployment}");
        kubectl(bex, &["rollout", "status", &name, "--timeout=60s"])?;
    }
    kubectl(bex, &["wait", "--for=condition=Ready", "pod/lonely"])?;
    kubectl(bex, &["scale", "deployment/burst", "--replicas=0"])?;
    let explained = until(2 * MINUTE, || {
        let said = bex.ok(&["scale", "workers", "--explain"])?.stdout;
        for words in [
            "PodDisruptionBudget default/guarded allows no further eviction",
            "default/lonely: no controller would make it again",
            "what it keeps in volume hoard would be lost",
        ] {
            ensure!(said.contains(words), "`{words}` is not said:\n{said}");
        }
        Ok(said)
    })?;
    eprintln!("{explained}");
    // Longer than a node that nobody needs has to be unneeded.
    std::thread::sleep(MINUTE);
    ready_nodes(bex, 4).map(drop)
}

fn shrunk(bex: &Bex) -> Result<()> {
    let begun = Instant::now();
    kubectl(bex, &["delete", "--filename", KEEPERS])?;
    until(5 * MINUTE, || replicas(bex, "1"))?;
    tell("one worker is wanted", begun);
    until(5 * MINUTE, || ready_nodes(bex, 2))?;
    tell("two workers are gone", begun);
    let cordoned = kubectl(
        bex,
        &[
            "get",
            "nodes",
            "--output=jsonpath={.items[*].spec.unschedulable}",
        ],
    )?;
    ensure!(cordoned.is_empty(), "a node is still cordoned: {cordoned}");
    Ok(())
}

/// The replicas of the only pool.
fn replicas(bex: &Bex, wanted: &str) -> Result<()> {
    let name = format!("machinedeployment/{}-worker-0", bex.name());
    let found = kubectl_infra(bex, &["get", &name, "--output=jsonpath={.spec.replicas}"]);
    let found = found.context("asking for the pool's size")?;
    ensure!(found == wanted, "the pool has {found} replicas");
    Ok(())
}

fn tell(what: &str, begun: Instant) {
    eprintln!("   {:.1} s: {what}", begun.elapsed().as_secs_f64());
}
