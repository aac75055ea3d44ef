use super::*;
use crate::failure::{Exit, Failure, report};
use crate::names::Names;
use crate::spec::Network;
use crate::tools::docker::{Info, State};

const GIB: u64 = 1 << 30;

/// A machine with nothing to complain about.
fn healthy() -> Facts {
    Facts {
        wanted: Wanted {
            names: Names::new("bex"),
            kubernetes: "v1.34.4".into(),
            network: Network {
                pods: "10.244.0.0/16".into(),
                services: "10.96.0.0/16".into(),
            },
        },
        engine: Ok(Engine {
            info: Info {
                server_version: "26.1.5+dfsg1".into(),
                cgroup_version: "2".into(),
                cgroup_driver: "systemd".into(),
                storage_driver: "overlay2".into(),
                cpus: 2,
                memory: 8 * GIB,
                data_root: "/var/lib/docker".into(),
                rootless: false,
                remaps_users: false,
                platform: "linux/x86_64".into(),
                operating_system: "Debian GNU/Linux 12".into(),
            },
            containers: vec![],
            subnets: vec!["172.18.0.0/16".into()],
        }),
        host: Host {
            parameters: [
                ("fs.inotify.max_user_instances", 512),
                ("fs.inotify.max_user_watches", 524_288),
            ]
            .into(),
            memory_available: Some(6 * GIB),
            disk_free: Some(50 * GIB),
            open_files: Some(1_048_576),
            missing_modules: vec![],
            kubectl: Some("/usr/bin/kubectl".into()),
        },
    }
}

fn findings(change: impl FnOnce(&mut Facts)) -> Vec<Finding> {
    let mut facts = healthy();
    change(&mut facts);
    check(&facts)
}

/// Everything that is not in order, as `check: severity`.
fn complaints(change: impl FnOnce(&mut Facts)) -> Vec<String> {
    let complaints = findings(change)
        .into_iter()
        .filter(|f| f.severity > Severity::Ok);
    complaints
        .map(|f| format!("{}: {:?}", f.check, f.severity))
        .collect()
}

fn engine(facts: &mut Facts) -> &mut Engine {
    facts.engine.as_mut().unwrap()
}

fn limit(facts: &mut Facts, name: &'static str, value: u64) {
    facts.host.parameters.insert(name, value);
}

fn container(name: &str, state: State, platform: Option<&str>) -> Seen {
    Seen {
        name: name.into(),
        state,
        platform: platform.map(str::to_owned),
        cluster: Some("bex".into()),
    }
}

#[test]
fn a_healthy_machine_has_no_complaints() {
    assert_eq!(complaints(|_| {}), [""; 0]);
}

#[test]
fn each_shortage_is_found_alone() {
    type Case = (fn(&mut Facts), &'static str);
    let cases: [Case; 15] = [
        (
            |f| engine(f).info.server_version = "19.3.1".into(),
            "docker-version: Error",
        ),
        (
            |f| engine(f).info.server_version = "23.0.1".into(),
            "docker-version: Warning",
        ),
        (
            |f| engine(f).info.server_version = "master".into(),
            "docker-version: Warning",
        ),
        (
            |f| engine(f).info.platform = "windows/x86_64".into(),
            "docker-platform: Error",
        ),
        (
            |f| engine(f).info.rootless = true,
            "docker-platform: Warning",
        ),
        (|f| engine(f).info.memory = GIB, "memory: Error"),
        (|f| engine(f).info.memory = 3 * GIB, "memory: Warning"),
        (
            |f| engine(f).subnets.push("10.244.128.0/20".into()),
            "network: Error",
        ),
        (
            |f| f.wanted.network.services = "172.16.0.0/12".into(),
            "network: Error",
        ),
        (|f| f.host.disk_free = Some(3 * GIB), "disk: Error"),
        (|f| f.host.disk_free = Some(10 * GIB), "disk: Warning"),
        (
            |f| f.host.memory_available = Some(GIB),
            "memory-available: Warning",
        ),
        (|f| f.host.open_files = Some(4_096), "open-files: Warning"),
        (
            |f| f.host.missing_modules = vec!["overlay"],
            "kernel: Warning",
        ),
        (
            |f| limit(f, "fs.inotify.max_user_instances", 128),
            "inotify: Warning",
        ),
    ];
    for (change, expected) in cases {
        assert_eq!(complaints(change), [expected]);
    }
}

#[test]
fn what_cannot_be_read_is_not_complained_about() {
    assert_eq!(complaints(|f| f.host = Host::default()), [""; 0]);
}

#[test]
fn cgroup_v1_matters_from_the_kubelet_that_refuses_it() {
    let old = |version: &'static str| {
        complaints(move |f| {
            engine(f).info.cgroup_version = "1".into();
            f.wanted.kubernetes = version.into();
        })
    };
    assert_eq!(old("v1.34.4"), [""; 0]);
    assert_eq!(old("v1.35.0"), ["cgroup: Warning"]);
}

#[test]
fn a_daemon_that_does_not_answer_is_the_error_with_its_hint() {
    let failure = Failure::new(Exit::OperatorMustAct, "no Docker daemon")
        .because("refused")
        .hint("start it");
    let found = findings(|f| f.engine = Err(report(&failure.into())));
    assert_eq!(found[0].severity, Severity::Error);
    assert_eq!(found[0].what, "no Docker daemon: refused");
    assert_eq!(found[0].fix.as_deref(), Some("start it"));
}

#[test]
fn low_inotify_limits_can_be_mended_and_only_the_low_ones_are() {
    let found = findings(|f| limit(f, "fs.inotify.max_user_watches", 8192));
    let inotify = found.iter().find(|f| f.check == "inotify").unwrap();
    assert_eq!(
        inotify.mend,
        Some(Mend::Raise(vec![("fs.inotify.max_user_watches", 524_288)]))
    );
    assert_eq!(
        inotify.fix.as_deref(),
        Some("sudo sysctl -w fs.inotify.max_user_watches=524288")
    );
}

#[test]
fn an_infra_node_that_is_not_ours_is_a_name_taken() {
    for owner in [None, Some("other")] {
        let foreign = container("bex-mgmt-control-plane", State::Running, owner);
        assert_eq!(
            complaints(|f| engine(f).containers.push(foreign)),
            ["names: Error"]
        );
    }
}

#[test]
fn nodes_of_the_app_cluster_are_foreign_only_without_our_infra_node() {
    let worker = container("bex-worker-0-abc", State::Running, None);
    let node = container("bex-mgmt-control-plane", State::Running, Some("bex"));
    let alone = vec![worker.clone()];
    assert_eq!(
        complaints(|f| engine(f).containers = alone),
        ["names: Error"]
    );
    assert_eq!(
        complaints(|f| engine(f).containers = vec![worker, node]),
        [""; 0]
    );
}

#[test]
fn a_container_of_ours_that_never_started_is_a_leftover_that_can_be_removed() {
    let left = container("bex-mgmt-control-plane", State::Created, Some("bex"));
    let found = findings(|f| engine(f).containers.push(left));
    let leftovers = found.iter().find(|f| f.check == "leftovers").unwrap();
    assert_eq!(leftovers.severity, Severity::Warning);
    assert_eq!(
        leftovers.mend,
        Some(Mend::Remove(vec!["bex-mgmt-control-plane".into()]))
    );
}

#[test]
fn every_complaint_says_why_it_matters() {
    let found = findings(|f| {
        engine(f).info.server_version = "19.3".into();
        engine(f).info.memory = GIB;
        f.host.disk_free = Some(GIB);
        f.host.open_files = Some(1024);
        f.host.missing_modules = vec!["veth"];
    });
    let complaints: Vec<&Finding> = found.iter().filter(|f| f.severity > Severity::Ok).collect();
    assert_eq!(complaints.len(), 5);
    assert!(
        complaints
            .iter()
            .all(|f| !f.why.is_empty() && f.fix.is_some()),
        "{complaints:#?}"
    );
}

#[test]
fn errors_stop_and_warnings_do_not() {
    let refusal =
        |change: fn(&mut Facts)| require_no_error(&findings(change)).map_err(|f| report(&f.into()));
    assert!(refusal(|f| f.host.disk_free = Some(10 * GIB)).is_ok());
    let short = refusal(|f| f.host.disk_free = Some(GIB)).unwrap_err();
    assert_eq!(short.exit, Exit::OperatorMustAct);
    assert_eq!(short.hints[0], "docker system prune");
    let foreign = refusal(|f| {
        engine(f)
            .containers
            .push(container("bex-mgmt-control-plane", State::Running, None));
    });
    assert_eq!(foreign.unwrap_err().exit, Exit::Refused);
}
