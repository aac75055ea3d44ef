//! What was observed, for people.

use std::time::Duration;

use jiff::Timestamp;

use crate::names::Names;
use crate::observe::{Machine, Observed, Pool};
use crate::spec::{Platform, Sizes, Substrate};
use crate::ui::table::table;

/// The whole state as tables, and the problems below them.
pub(super) fn text(platform: &Platform, seen: &Observed, now: Timestamp) -> String {
    let mut parts = vec![clusters(&platform.names, seen)];
    if let Some(app) = &seen.app {
        let pools = app.pools.iter().map(|(name, pool)| pool_row(name, pool));
        let header = ["POOL", "MIN", "MAX", "WANTED", "MACHINES", "READY"];
        parts.push(table(header, pools));
        let machines = app.machines.iter().map(|machine| row(machine, now));
        parts.push(table(
            [
                "MACHINE", "POOL", "PHASE", "READY", "NODE", "VERSION", "AGE",
            ],
            machines,
        ));
    }
    if let Some(line) = resize(seen) {
        parts.push(line);
    }
    let components = seen.infra.components.iter();
    let components: Vec<_> = components
        .map(|(name, found)| [name.clone(), found.version.clone(), yes_no(found.ready)])
        .collect();
    if !components.is_empty() {
        parts.push(table(["COMPONENT", "VERSION", "READY"], components));
    }
    let problems = problems(platform, seen);
    if problems.is_empty() {
        parts.push("healthy".to_owned());
    } else {
        parts.push(format!("problems:\n  {}", problems.join("\n  ")));
    }
    parts.join("\n\n")
}

fn clusters(names: &Names, seen: &Observed) -> String {
    let infra = match (&seen.infra.node, seen.infra.api) {
        (_, true) => "running",
        (Some(node), false) => &node.state,
        (None, false) => "missing",
    };
    let (app, version) = match &seen.app {
        None if seen.infra.is_silent() => ("unknown", ""),
        None => ("missing", ""),
        Some(app) if app.deleting => ("deleting", app.version.as_str()),
        Some(app) if app.available => ("available", app.version.as_str()),
        Some(app) if app.initialized => ("not available", app.version.as_str()),
        Some(app) => ("coming up", app.version.as_str()),
    };
    let row = |cells: [&str; 4]| cells.map(str::to_owned);
    table(
        ["CLUSTER", "ROLE", "STATE", "VERSION"],
        [
            row([&names.infra_cluster(), "infra", infra, ""]),
            row([names.app_cluster(), "app", app, version]),
        ],
    )
}

/// Whether the resize loop is at work; nothing where nobody wants it to.
fn resize(seen: &Observed) -> Option<String> {
    let pools = seen.app.iter().flat_map(|app| app.pools.values());
    let wanted = pools.into_iter().any(|pool| pool.sizes.is_some());
    let resize = &seen.infra.resize;
    match &resize.holder {
        Some(holder) if resize.runs && wanted => Some(format!("resize loop: at work ({holder})")),
        Some(_) if resize.runs => {
            Some("resize loop: at work, though no pool has a maximum".to_owned())
        }
        _ if wanted => Some("resize loop: not at work".to_owned()),
        _ => None,
    }
}

/// A pool that the resize loop leaves alone has no bounds.
fn pool_row(name: &str, pool: &Pool) -> [String; 6] {
    let bound = |of: fn(Sizes) -> u32| {
        pool.sizes
            .map_or("-".to_owned(), |sizes| of(sizes).to_string())
    };
    [
        name.to_owned(),
        bound(|sizes| sizes.min),
        bound(|sizes| sizes.max),
        pool.replicas.to_string(),
        pool.machines.to_string(),
        pool.ready.to_string(),
    ]
}

fn row(machine: &Machine, now: Timestamp) -> [String; 7] {
    [
        machine.name.clone(),
        machine.pool.clone(),
        if machine.deleting {
            "Deleting".to_owned()
        } else {
            machine.phase.clone()
        },
        yes_no(machine.ready),
        machine.node.clone().unwrap_or_default(),
        machine.version.clone(),
        age(&machine.created, now),
    ]
}

/// Everything that keeps the platform from being as it should be; empty means healthy.
pub(super) fn problems(platform: &Platform, seen: &Observed) -> Vec<String> {
    let names = &platform.names;
    let mut problems = Vec::new();
    let node = match platform.substrate {
        Substrate::Local => format!("container {}", names.infra_node()),
        Substrate::Sim => "the embedded Kubernetes".to_owned(),
    };
    let node = seen.infra.node.iter().map(|found| (node.clone(), found));
    let containers = seen.containers.iter();
    let containers = containers.map(|(name, found)| (format!("container {name}"), found));
    problems.extend(
        node.chain(containers)
            .filter(|(_, found)| !found.running)
            .map(|(title, found)| format!("{title} is {}", found.state)),
    );
    if !seen.infra.api {
        problems.push(format!(
            "the API server of {} does not answer",
            names.infra_cluster()
        ));
    }
    let unready = seen
        .infra
        .components
        .iter()
        .filter(|(_, component)| !component.ready);
    problems.extend(
        unready.map(|(name, component)| {
            format!("component {name} {} is not ready", component.version)
        }),
    );
    match &seen.app {
        Some(app) => {
            problems.extend(app.problems.iter().cloned());
            problems.extend(app.machines.iter().filter_map(machine_problem));
        }
        None if seen.infra.api => {
            problems.push(format!("there is no Cluster {}", names.app_cluster()));
        }
        None => {}
    }
    problems
}

fn machine_problem(machine: &Machine) -> Option<String> {
    let problem = machine.problem.as_ref()?;
    Some(format!("Machine {}: {problem}", machine.name))
}

/// As kubectl writes it: the largest unit that fits.
fn age(created: &str, now: Timestamp) -> String {
    let Ok(created) = created.parse::<Timestamp>() else {
        return String::new();
    };
    let seconds = Duration::try_from(now.duration_since(created)).map_or(0, |age| age.as_secs());
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86400),
    }
}

fn yes_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::observe::{App, Infra, Installed, Instance};
    use crate::spec;

    fn observed() -> Observed {
        let running = Instance {
            running: true,
            state: "running".into(),
            ours: true,
        };
        let machine = Machine {
            name: "bex-worker-0-x7k2p".into(),
            pool: "worker-0".into(),
            phase: "Running".into(),
            version: "v1.34.4".into(),
            node: Some("bex-worker-0-x7k2p".into()),
            ready: true,
            created: "2026-01-01T00:00:00Z".into(),
            ..Machine::default()
        };
        Observed {
            infra: Infra {
                node: Some(running),
                api: true,
                components: [(
                    "cert-manager".to_owned(),
                    Installed {
                        version: "v1.19.1".into(),
                        sha256: String::new(),
                        ready: true,
                        standby: false,
                    },
                )]
                .into(),
                ..Infra::default()
            },
            app: Some(App {
                initialized: true,
                available: true,
                version: "v1.34.4".into(),
                pools: [(
                    "worker-0".to_owned(),
                    Pool {
                        replicas: 1,
                        machines: 1,
                        ready: 1,
                        sizes: Some(Sizes { min: 1, max: 5 }),
                        ..Pool::default()
                    },
                )]
                .into(),
                machines: vec![machine],
                ..App::default()
            }),
            ..Observed::default()
        }
    }

    fn platform() -> Platform {
        let catalog = Catalog::builtin().unwrap();
        spec::default(Substrate::Local, "bex", None, &catalog).unwrap()
    }

    fn shown(seen: &Observed) -> String {
        text(&platform(), seen, "2026-01-01T01:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_healthy_platform_in_tables() {
        insta::assert_snapshot!(shown(&observed()), @"
        CLUSTER   ROLE   STATE      VERSION
        bex-mgmt  infra  running
        bex       app    available  v1.34.4

        POOL      MIN  MAX  WANTED  MACHINES  READY
        worker-0  1    5    1       1         1

        MACHINE             POOL      PHASE    READY  NODE                VERSION  AGE
        bex-worker-0-x7k2p  worker-0  Running  yes    bex-worker-0-x7k2p  v1.34.4  60m

        resize loop: not at work

        COMPONENT     VERSION  READY
        cert-manager  v1.19.1  yes

        healthy
        ");
    }

    #[test]
    fn a_loop_without_a_pool_and_a_cluster_that_cannot_be_asked_about_are_told() {
        let mut seen = observed();
        seen.infra.resize.holder = Some("one".into());
        seen.infra.resize.runs = true;
        assert!(shown(&seen).contains("resize loop: at work (one)"));
        for pool in seen.app.iter_mut().flat_map(|app| app.pools.values_mut()) {
            pool.sizes = None;
        }
        assert!(shown(&seen).contains("resize loop: at work, though no pool has a maximum"));
        seen.app = None;
        assert!(shown(&seen).contains("bex       app    missing"));
        seen.infra.api = false;
        seen.infra.node = Some(Instance {
            running: false,
            state: "stopped".into(),
            ours: true,
        });
        assert!(shown(&seen).contains("bex       app    unknown"));
    }

    #[test]
    fn a_stopped_worker_and_its_machine_are_named() {
        let mut seen = observed();
        let stopped = Instance {
            running: false,
            state: "exited".into(),
            ours: true,
        };
        seen.containers.insert("bex-worker-0-x7k2p".into(), stopped);
        let app = seen.app.as_mut().unwrap();
        app.machines[0].problem = Some("Node is unreachable".into());
        assert_eq!(
            problems(&platform(), &seen),
            [
                "container bex-worker-0-x7k2p is exited",
                "Machine bex-worker-0-x7k2p: Node is unreachable"
            ]
        );
    }

    #[test]
    fn ages_use_the_largest_unit_that_fits() {
        let now = "2026-01-10T00:00:00Z".parse().unwrap();
        let ages = [
            "2026-01-09T23:59:01Z",
            "2026-01-09T23:00:00Z",
            "2026-01-09T00:00:00Z",
            "2026-01-01T00:00:00Z",
            "x",
        ];
        assert_eq!(
            ages.map(|created| age(created, now)),
            ["59s", "60m", "24h", "9d", ""]
        );
    }
}
