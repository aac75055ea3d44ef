//! Why each pod waits, why each node stays, and what would be done.

use anyhow::Result;
use serde::Serialize;

use crate::failure::Failure;
use crate::resize::decision::Decision;
use crate::resize::live::decide_once;
use crate::service::Service;
use crate::tools::kube::Client;
use crate::ui::Ui;

/// What becomes of one pod.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Explained {
    pod: String,
    why: String,
}

/// All of it, or what concerns one pod.
pub(super) async fn run(
    ui: &Ui,
    infra: Client,
    app: Client,
    service: Service,
    pod: Option<&str>,
) -> Result<()> {
    let options = service.options();
    let (model, decision) = decide_once(infra, app, &options).await?;
    let Some(pod) = pod else {
        let going: Vec<String> = model
            .strays()
            .into_iter()
            .filter_map(|it| it.node)
            .collect();
        if !going.is_empty() {
            ui.say(&format!(
                "marked to go: {}; if nobody drains them, the loop takes that back when it starts",
                going.join(", ")
            ));
        }
        return ui.data(&decision, |decision| format!("{decision:#}"));
    };
    let other = || {
        Some(format!(
            "{pod} {}",
            model.whereabouts(pod, &options.policy)?
        ))
    };
    let why = about(pod, &decision).or_else(other);
    let why = why.ok_or_else(|| unknown(pod))?;
    let explained = Explained {
        pod: pod.to_owned(),
        why,
    };
    ui.data(&explained, |explained| explained.why.clone())
}

/// What the decision says of the pod.
fn about(pod: &str, decision: &Decision) -> Option<String> {
    let is_in = |pods: &[String]| pods.iter().any(|other| other == pod);
    if let Some(grow) = decision.grow.iter().find(|grow| is_in(&grow.pods)) {
        let (group, from, to, price) = (&grow.group, grow.from, grow.to, grow.price);
        let of = match grow.machine_type.as_str() {
            "" => String::new(),
            of => format!("{of}, "),
        };
        return Some(format!(
            "{pod} waits for a machine: {group} grows from {from} to {to} ({of}{price} an hour each)"
        ));
    }
    if let Some(helpless) = decision
        .helpless
        .iter()
        .find(|helpless| is_in(&helpless.pods))
    {
        return Some(format!(
            "{pod} waits, and no machine helps: {}",
            helpless.why
        ));
    }
    decision.remove.iter().find_map(|remove| {
        let to = remove.moves.iter().find(|of| of.pod == pod)?;
        let node = &remove.node;
        Some(format!(
            "{pod} is evicted, because {node} goes ({}); it fits on {}",
            remove.reason, to.to
        ))
    })
}

fn unknown(pod: &str) -> Failure {
    Failure::failed(format!("pod {pod} neither has a node nor waits for one"))
        .hint("there is no such pod, or it has ended, or a scheduling gate or another scheduler holds it")
        .hint("kubectl get pods --all-namespaces")
}
