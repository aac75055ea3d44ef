//! Is there enough of everything on this machine?

use super::engine::gib;
use super::{Finding, Host, Mend};

/// What a handful of nodes needs; the kernel counts these per user, over all containers.
const PARAMETERS: [(&str, u64); 2] = [
    ("fs.inotify.max_user_instances", 512),
    ("fs.inotify.max_user_watches", 524_288),
];

/// Open files that the load balancer asks for: two for each of its connections (`overlays/local-capd`), and some.
const LOAD_BALANCER_FILES: u64 = 8_100;

const GIB: u64 = 1 << 30;

pub(super) fn check(host: &Host) -> Vec<Finding> {
    let findings = [
        inotify(host),
        disk(host),
        memory_available(host),
        open_files(host),
        modules(host),
    ];
    findings
        .into_iter()
        .flatten()
        .chain([kubectl(host)])
        .collect()
}

fn inotify(host: &Host) -> Option<Finding> {
    let low: Vec<(&str, u64)> = PARAMETERS
        .into_iter()
        .filter(|(name, least)| host.parameters.get(name).is_some_and(|value| value < least))
        .collect();
    if host.parameters.is_empty() {
        return None;
    }
    if low.is_empty() {
        return Some(Finding::ok("inotify", "limits are high enough"));
    }
    let found: Vec<String> = low
        .iter()
        .map(|(name, _)| format!("{name} = {}", host.parameters[name]))
        .collect();
    let wanted: Vec<String> = low
        .iter()
        .map(|(name, least)| format!("{name}={least}"))
        .collect();
    let finding = Finding::warning(
        "inotify",
        found.join(", "),
        "with several nodes, systemd in them fails with \"Too many open files\"",
    );
    Some(
        finding
            .fix(format!("sudo sysctl -w {}", wanted.join(" ")))
            .mend(Mend::Raise(low)),
    )
}

fn disk(host: &Host) -> Option<Finding> {
    let free = host.disk_free?;
    let found = format!("{} free where Docker keeps its data", gib(free));
    let why = "images and node volumes of a small platform take 5 to 10 GiB; nodes evict pods on a full disk";
    Some(match free {
        little if little < 4 * GIB => Finding::error("disk", found, why).fix("docker system prune"),
        little if little < 12 * GIB => {
            Finding::warning("disk", found, why).fix("docker system prune")
        }
        _ => Finding::ok("disk", found),
    })
}

fn memory_available(host: &Host) -> Option<Finding> {
    let available = host.memory_available?;
    let found = format!("{} available", gib(available));
    Some(if available < 2 * GIB {
        let why = "a platform with one worker uses about 2 GiB; the kernel kills what does not fit";
        Finding::warning("memory-available", found, why).fix("stop something, or add memory")
    } else {
        Finding::ok("memory-available", found)
    })
}

fn open_files(host: &Host) -> Option<Finding> {
    let limit = host.open_files?;
    if limit >= LOAD_BALANCER_FILES {
        return Some(Finding::ok("open-files", format!("hard limit {limit}")));
    }
    let finding = Finding::warning(
        "open-files",
        format!(
            "Docker allows {limit} open files, the load balancer asks for {LOAD_BALANCER_FILES}"
        ),
        "it would never listen, and the control plane never come up",
    );
    Some(finding.fix("set LimitNOFILE=infinity for docker.service"))
}

fn modules(host: &Host) -> Option<Finding> {
    let missing = &host.missing_modules;
    if missing.is_empty() {
        return None;
    }
    let why =
        "nodes cannot load kernel modules themselves, and need these for images and networking";
    let finding = Finding::warning(
        "kernel",
        format!("no kernel module {}", missing.join(", ")),
        why,
    );
    Some(finding.fix(format!("sudo modprobe -a {}", missing.join(" "))))
}

/// Advice only: the platform comes up without it.
fn kubectl(host: &Host) -> Finding {
    match &host.kubectl {
        Some(path) => Finding::ok("kubectl", path.display().to_string()),
        None => Finding::ok(
            "kubectl",
            "not on PATH; you will want it to use the clusters",
        ),
    }
}
