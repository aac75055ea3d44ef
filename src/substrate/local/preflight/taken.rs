//! Does anything stand where the platform is to stand?

use super::{Engine, Finding, Mend, Seen, Wanted};
use crate::tools::docker::State;

/// The check whose errors are refusals.
pub(super) const NAMES: &str = "names";

pub(super) fn check(engine: &Engine, wanted: &Wanted) -> Vec<Finding> {
    vec![names(engine, wanted), half_made(engine, wanted)]
}

/// Containers with our names that are not ours. Those of the app cluster are made by Cluster API and carry no label
/// of ours: they belong to us as long as our infra node exists.
fn names(engine: &Engine, wanted: &Wanted) -> Finding {
    let infra_node = wanted.names.infra_node();
    let node = engine.containers.iter().find(|c| c.name == infra_node);
    if let Some(node) = node.filter(|node| !is_ours(node, wanted)) {
        let owner = node
            .platform
            .as_ref()
            .map_or_else(String::new, |of| format!(" (it belongs to platform {of})"));
        return taken(wanted, &[&node.name], &owner);
    }
    let others: Vec<&str> = engine
        .containers
        .iter()
        .filter(|c| node.is_none() && !is_ours(c, wanted))
        .map(|c| c.name.as_str())
        .collect();
    if others.is_empty() {
        return Finding::ok(
            NAMES,
            format!(
                "{infra_node} and {} are ours to use",
                wanted.names.app_cluster()
            ),
        );
    }
    taken(wanted, &others, " and there is no infra node of ours")
}

fn taken(wanted: &Wanted, names: &[&str], because: &str) -> Finding {
    let (verb, list) = (
        if names.len() == 1 { "exists" } else { "exist" },
        names.join(", "),
    );
    Finding::error(
        NAMES,
        format!(
            "{list} {verb}, not made by platform {}{because}",
            wanted.names.platform()
        ),
        "what is not ours is never changed or deleted",
    )
    .fix(format!(
        "choose another --name, or if nobody needs them: docker rm -f -v {}",
        names.join(" ")
    ))
}

/// Containers that were created and never started: an `up` was killed between the two.
fn half_made(engine: &Engine, wanted: &Wanted) -> Finding {
    let left: Vec<String> = engine
        .containers
        .iter()
        .filter(|c| is_ours(c, wanted) && matches!(c.state, State::Created | State::Dead))
        .map(|c| c.name.clone())
        .collect();
    if left.is_empty() {
        return Finding::ok("leftovers", "none");
    }
    Finding::warning(
        "leftovers",
        format!("never started: {}", left.join(", ")),
        "an earlier run was cut off; up replaces them",
    )
    .fix(format!("docker rm -f -v {}", left.join(" ")))
    .mend(Mend::Remove(left))
}

fn is_ours(container: &Seen, wanted: &Wanted) -> bool {
    container.platform.as_deref() == Some(wanted.names.platform())
}
