//! What is left to take away. The infra node goes last: as long as it exists, everything else can be found again.

use super::{Action, Plan};
use crate::failure::Failure;
use crate::names::Names;
use crate::observe::Observed;
use crate::spec::{Platform, Substrate};

/// The steps that leave nothing of the platform. Refuses to touch what is not ours.
pub fn down(platform: &Platform, seen: &Observed) -> Result<Plan, Failure> {
    match platform.substrate {
        Substrate::Local => containers(&platform.names, seen),
        Substrate::Sim => Ok(embedded(seen)),
    }
}

/// Its clusters are entries in its memory: with it they are gone.
fn embedded(seen: &Observed) -> Plan {
    let mut plan = Plan::default();
    if seen.infra.node.is_some() {
        plan.add(Action::RemoveServer, "it holds both clusters", &[]);
    }
    plan
}

fn containers(names: &Names, seen: &Observed) -> Result<Plan, Failure> {
    if let Some(node) = seen.infra.node.as_ref().filter(|node| !node.ours) {
        return Err(Failure::refused(format!(
            "container {} exists ({}) and is not ours; nothing was touched",
            names.infra_node(),
            node.state
        ))
        .hint(format!(
            "if it is a kind cluster that nobody needs: kind delete cluster --name {}",
            names.infra_cluster()
        )));
    }
    let mut plan = Plan::default();
    let app = delete_app_cluster(&mut plan, names, seen);
    let containers = remove_containers(&mut plan, seen, app);
    let node = if seen.infra.node.is_some() {
        let node = names.infra_node();
        plan.add(
            Action::RemoveInfraNode { node },
            "it owns the platform and goes last",
            &[app, containers],
        )
    } else {
        None
    };
    if seen.network {
        plan.add(
            Action::RemoveNetwork,
            "made by us and used by nobody else",
            &[containers, node],
        );
    }
    Ok(plan)
}

fn delete_app_cluster(plan: &mut Plan, names: &Names, seen: &Observed) -> Option<usize> {
    let app = seen.app.as_ref()?;
    let reason = if app.deleting {
        "its deletion was begun"
    } else {
        "it exists"
    };
    let cluster = names.app_cluster().to_owned();
    plan.add(Action::DeleteAppCluster { cluster }, reason, &[])
}

/// Containers that no Cluster object will take away: Cluster API was never ready, or its API server is gone.
fn remove_containers(plan: &mut Plan, seen: &Observed, app: Option<usize>) -> Option<usize> {
    let ours = seen
        .containers
        .iter()
        .filter(|(_, container)| container.ours);
    let containers: Vec<String> = ours.map(|(name, _)| name.clone()).collect();
    if containers.is_empty() || app.is_some() {
        return None;
    }
    plan.add(
        Action::RemoveContainers { containers },
        "no Cluster API is there to remove them",
        &[],
    )
}
