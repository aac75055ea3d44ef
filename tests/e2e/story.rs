//! A platform from up to down.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::bex::Bex;
use crate::echo::{self, Foreign, Observer};
use crate::judge::{self, docker, kind_clusters, kubectl, kubectl_infra, ready_nodes};
use crate::{chapter, full, until};

const MINUTE: Duration = Duration::from_mins(1);

pub(crate) fn life(bex: &Bex) -> Result<()> {
    chapter("up brings both clusters up", || bex.up())?;
    let nodes = chapter("kubectl, kind and clusterctl agree", || judged(bex))?;
    chapter("a second up has nothing to do", || nothing_to_do(bex))?;
    chapter(
        "four pods answer through their Service on each node",
        || {
            echo::deploy(bex)?;
            echo::answers_on(bex, &nodes)
        },
    )?;
    chapter("scaling follows, drains, and loses no pod", || scaled(bex))?;
    chapter("status names a stopped worker, and it heals", || {
        stopped_worker(bex)
    })?;
    chapter("a deleted Machine is replaced", || deleted_machine(bex))?;
    chapter("down leaves a foreign container alone", || taken_down(bex))
}

fn judged(bex: &Bex) -> Result<Vec<String>> {
    let nodes = until(MINUTE, || ready_nodes(bex, 2))?;
    kubeconfig_is_safe(bex)?;
    let clusters = kind_clusters()?;
    let infra = format!("{}-mgmt", bex.name());
    ensure!(
        clusters.iter().any(|name| name == bex.name()) && clusters.contains(&infra),
        "kind sees only {clusters:?}"
    );
    eprintln!("{}", until(MINUTE, || judge::describe_cluster(bex))?);
    let providers = kubectl_infra(bex, &["get", "providers", "--all-namespaces"])?;
    ensure!(
        providers.lines().count() == 5,
        "the inventory has not four providers:\n{providers}"
    );
    eprintln!("{}", judge::upgrade_plan(bex)?);
    certificates_are_taken_over(bex)?;
    Ok(nodes)
}

/// cert-manager asked nobody for certificates: those that came with their Secrets will do.
fn certificates_are_taken_over(bex: &Bex) -> Result<()> {
    let of_all = ["--all-namespaces", "--no-headers"];
    let listed = |kind| kubectl_infra(bex, &[&["get", kind], &of_all[..]].concat());
    let certificates = listed("certificates")?;
    ensure!(
        certificates
            .lines()
            .filter(|it| it.contains("True"))
            .count()
            == 4,
        "not all four certificates are Ready:\n{certificates}"
    );
    let requests = listed("certificaterequests")?;
    ensure!(
        requests.trim().is_empty(),
        "others were asked for:\n{requests}"
    );
    Ok(())
}

/// Readable by nobody else, checking the server's certificate, on this machine's own address.
fn kubeconfig_is_safe(bex: &Bex) -> Result<()> {
    let path = bex.kubeconfig();
    let mode = std::fs::metadata(&path)?.permissions().mode() & 0o777;
    ensure!(mode == 0o600, "{} has mode {mode:o}", path.display());
    let text = std::fs::read_to_string(&path)?;
    ensure!(
        !text.contains("insecure"),
        "the kubeconfig skips verification"
    );
    ensure!(
        text.matches("server: https://127.0.0.1:").count() == 2,
        "the servers are not on 127.0.0.1"
    );
    Ok(())
}

fn nothing_to_do(bex: &Bex) -> Result<()> {
    let done = bex.up()?;
    ensure!(
        done.stderr.contains("nothing to do"),
        "it did something:\n{}",
        done.stderr
    );
    Ok(())
}

fn scaled(bex: &Bex) -> Result<()> {
    chapter("to 3", || bex.scale("3"))?;
    let nodes = ready_nodes(bex, 4)?;
    chapter("pods move to the new nodes", || echo::spread(bex))?;
    echo::answers_on(bex, &nodes)?;
    let observer = Observer::start(bex)?;
    let shrunk = chapter("to 1", || bex.scale("1"));
    let seen = observer.finish()?;
    shrunk?;
    ready_nodes(bex, 2)?;
    seen.judge()
}

fn stopped_worker(bex: &Bex) -> Result<()> {
    let (container, _) = worker(bex)?;
    docker(&["stop", "--time=1", &container])?;
    let problems = until(MINUTE, || {
        let problems = bex.problems()?;
        ensure!(
            problems.iter().any(|problem| problem.contains(&container)),
            "status says {problems:?}"
        );
        Ok(problems)
    })?;
    eprintln!("   status: {}", problems.join("; "));
    if full() {
        // Five minutes until its health check gives it up, then drain, deletion and a new machine.
        replaced(bex, &container, 15 * MINUTE)?;
    } else {
        bex.up()?;
    }
    healthy(bex)
}

fn deleted_machine(bex: &Bex) -> Result<()> {
    let (container, machine) = worker(bex)?;
    kubectl_infra(bex, &["delete", "machine", &machine, "--wait=false"])?;
    until(MINUTE, || {
        let problems = bex.problems()?;
        ensure!(!problems.is_empty(), "status sees nothing wrong");
        Ok(())
    })?;
    replaced(bex, &container, 5 * MINUTE)?;
    healthy(bex)
}

/// Waits for another worker to be Ready in the place of that one.
fn replaced(bex: &Bex, container: &str, deadline: Duration) -> Result<()> {
    until(deadline, || {
        ensure!(worker(bex)?.0 != container, "the old worker is still there");
        ready_nodes(bex, 2)
    })
    .map(drop)
}

fn healthy(bex: &Bex) -> Result<()> {
    until(3 * MINUTE, || {
        let problems = bex.problems()?;
        ensure!(problems.is_empty(), "{problems:?}");
        kubectl(
            bex,
            &["rollout", "status", "deployment/echo", "--timeout=60s"],
        )
        .map(drop)
    })
}

/// Container (and node) and Machine of the only worker.
fn worker(bex: &Bex) -> Result<(String, String)> {
    let listed = kubectl_infra(
        bex,
        &[
            "get",
            "machines",
            "--selector=cluster.x-k8s.io/deployment-name",
            "--output=jsonpath={range .items[?(@.status.nodeRef.name)]}{.status.nodeRef.name} {.metadata.name}{\"\\n\"}{end}",
        ],
    )?;
    let (node, machine) = listed
        .lines()
        .next()
        .and_then(|line| line.split_once(' '))
        .context("there is no worker")?;
    Ok((node.to_owned(), machine.to_owned()))
}

fn taken_down(bex: &Bex) -> Result<()> {
    let foreign = Foreign::start(&bex.control_plane()?)?;
    let before = foreign.state()?;
    chapter("down", || bex.down())?;
    let after = foreign.state()?;
    ensure!(
        before == after,
        "the foreign container was\n{before}and is\n{after}"
    );
    drop(foreign);
    // The network was in use; nobody uses it now.
    bex.down()
}

pub(crate) fn smoke(bex: &Bex) -> Result<()> {
    let report = bex.home().join("report.xml");
    let path = report.display().to_string();
    chapter("smoke", || bex.ok(&["smoke", "local", "--report", &path]))?;
    let text = std::fs::read_to_string(&report)?;
    std::fs::remove_file(&report)?;
    ensure!(
        text.contains("failures=\"0\""),
        "the report tells of failures:\n{text}"
    );
    ensure!(
        text.contains("name=\"down\""),
        "the report tells of no down:\n{text}"
    );
    Ok(())
}
