//! The steps to a new control plane, and what an interrupted one leaves.

use crate::plan::{Action, Controllers, Plan};

/// The steps after which a new control plane's API server answers, and after which Cluster API knows it. kubeadm has work
/// left when the API server answers, in which the infrastructure provider must not be disturbed.
pub(super) fn new_control_plane(
    plan: &mut Plan,
    cluster: &str,
    before: &[Option<usize>],
) -> (Option<usize>, Option<usize>) {
    let reason = "it has no control plane yet";
    let cluster = cluster.to_owned();
    let answers = Action::WaitForApiServer {
        cluster: cluster.clone(),
    };
    let answers = plan.add(answers, reason, before);
    let set_up = Action::WaitForBootstrap {
        cluster: cluster.clone(),
    };
    let set_up = plan.add(set_up, reason, before);
    let reason = "the new control plane would be looked for only every 30 s";
    let standbys = Action::StartStandbys {
        cluster: cluster.clone(),
    };
    let standbys = plan.add(standbys, reason, before);
    let mut hand_over =
        |controllers, after| plan.add(Action::HandOver { controllers }, reason, &[standbys, after]);
    let core = hand_over(Controllers::Core, answers);
    let infrastructure = hand_over(Controllers::Infrastructure, set_up);
    let known = wait_for_control_plane(plan, &cluster, &[core, infrastructure]);
    (answers, known)
}

/// Of a bring-up that was interrupted, after which Cluster API found the control plane without help. The pods that lead
/// stay: the infrastructure provider may be setting up a worker.
pub(super) fn drop_standbys(plan: &mut Plan) {
    let reason = "they are left of a bring-up that was interrupted";
    plan.add(Action::DropStandbys, reason, &[]);
}

pub(super) fn wait_for_control_plane(
    plan: &mut Plan,
    cluster: &str,
    before: &[Option<usize>],
) -> Option<usize> {
    let action = Action::WaitForControlPlane {
        cluster: cluster.to_owned(),
    };
    plan.add(action, "its API server does not answer", before)
}
