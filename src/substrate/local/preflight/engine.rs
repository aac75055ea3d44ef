//! Is this a Docker daemon that a platform can run on?

use super::{Engine, Facts, Finding, Wanted};

/// The first engine with `--cgroupns`, which every node needs.
const OLDEST_ENGINE: (u32, u32) = (20, 10);

/// The oldest engine that its makers still mend.
const TRIED_ENGINE: (u32, u32) = (24, 0);

/// From this minor version on the kubelet refuses cgroup v1 unless it is told not to.
const CGROUP_V1_REFUSED: u32 = 35;

const GIB: u64 = 1 << 30;

pub(super) fn reachable(facts: &Facts) -> Finding {
    match &facts.engine {
        Ok(engine) => Finding::ok(
            "docker",
            format!(
                "Docker {} answers ({})",
                engine.info.server_version, engine.info.operating_system
            ),
        ),
        Err(report) => {
            let cause = report
                .causes
                .last()
                .map_or_else(String::new, |cause| format!(": {cause}"));
            let finding = Finding::error(
                "docker",
                format!("{}{cause}", report.message),
                "every node of the platform is a Docker container",
            );
            match report.hints.first() {
                Some(hint) => finding.fix(hint.clone()),
                None => finding,
            }
        }
    }
}

pub(super) fn check(engine: &Engine, wanted: &Wanted) -> Vec<Finding> {
    vec![
        version(engine),
        platform(engine),
        cgroup(engine, wanted),
        memory(engine),
        networks(engine, wanted),
    ]
}

fn version(engine: &Engine) -> Finding {
    let version = &engine.info.server_version;
    let why = "nodes need private cgroup namespaces, and Cluster API speaks a recent API version";
    match major_minor(version) {
        None => Finding::warning(
            "docker-version",
            format!("cannot read the version {version:?}"),
            why,
        ),
        Some(found) if found < OLDEST_ENGINE => Finding::error(
            "docker-version",
            format!("Docker {version} is older than 20.10"),
            why,
        )
        .fix("upgrade Docker"),
        Some(found) if found < TRIED_ENGINE => Finding::warning(
            "docker-version",
            format!("Docker {version} is older than 24"),
            why,
        )
        .fix("upgrade Docker"),
        Some(_) => Finding::ok("docker-version", version.clone()),
    }
}

fn platform(engine: &Engine) -> Finding {
    let info = &engine.info;
    if !info.platform.starts_with("linux/") {
        return Finding::error(
            "docker-platform",
            format!("the daemon runs {} containers", info.platform),
            "nodes are Linux containers",
        )
        .fix("switch Docker to Linux containers");
    }
    if info.rootless {
        return Finding::warning(
            "docker-platform",
            "the daemon is rootless",
            "nodes then need delegated cgroup controllers, and Cluster API the user's own socket",
        );
    }
    Finding::ok(
        "docker-platform",
        format!("{}, {}", info.platform, info.storage_driver),
    )
}

fn cgroup(engine: &Engine, wanted: &Wanted) -> Finding {
    let version = &engine.info.cgroup_version;
    let minor =
        major_minor(wanted.kubernetes.trim_start_matches('v')).map_or(0, |(_, minor)| minor);
    if version == "1" && minor >= CGROUP_V1_REFUSED {
        return Finding::warning(
            "cgroup",
            format!("cgroup v1 with Kubernetes {}", wanted.kubernetes),
            "this kubelet runs on cgroup v1 only because it is told to; later ones will not",
        )
        .fix("boot with systemd.unified_cgroup_hierarchy=1, or choose Kubernetes 1.34");
    }
    Finding::ok(
        "cgroup",
        format!("v{version}, {} driver", engine.info.cgroup_driver),
    )
}

fn memory(engine: &Engine) -> Finding {
    let memory = engine.info.memory;
    let found = format!(
        "{} for the Docker daemon, {} CPUs",
        gib(memory),
        engine.info.cpus
    );
    let why = "a platform with one worker uses about 2 GiB";
    match memory {
        0 => Finding::ok("memory", "unknown"),
        few if few < 2 * GIB => {
            Finding::error("memory", found, why).fix("give Docker at least 4 GiB")
        }
        few if few < 4 * GIB => {
            Finding::warning("memory", found, why).fix("give Docker at least 4 GiB")
        }
        _ => Finding::ok("memory", found),
    }
}

fn networks(engine: &Engine, wanted: &Wanted) -> Finding {
    let ranges = [
        ("pods", &wanted.network.pods),
        ("services", &wanted.network.services),
    ];
    for subnet in &engine.subnets {
        if let Some((of, range)) = ranges.into_iter().find(|(_, range)| overlap(subnet, range)) {
            return Finding::error(
                "network",
                format!("Docker network kind ({subnet}) overlaps the range of {of} ({range})"),
                "an address would lead to a node here and to a pod there",
            )
            .fix(format!(
                "choose another spec.network.{of}, or remove the network: docker network rm kind"
            ));
        }
    }
    let found = match engine.subnets.as_slice() {
        [] => "no Docker network kind yet".to_owned(),
        subnets => format!("Docker network kind: {}", subnets.join(", ")),
    };
    Finding::ok("network", found)
}

fn overlap(one: &str, other: &str) -> bool {
    match (one.parse::<ipnet::IpNet>(), other.parse::<ipnet::IpNet>()) {
        (Ok(one), Ok(other)) => one.contains(&other) || other.contains(&one),
        _ => false,
    }
}

/// `26.1.5+dfsg1` is (26, 1).
fn major_minor(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split(['.', '-', '+']);
    let major = parts.next()?.parse().ok()?;
    Some((major, parts.next()?.parse().ok()?))
}

/// Bytes for people, in GiB.
pub(super) fn gib(bytes: u64) -> String {
    let tenths = bytes / (GIB / 10);
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}
