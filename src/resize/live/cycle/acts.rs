//! What is done about a decision.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::future::join_all;
use serde_json::json;

use super::super::super::decision::{Decision, Grow, Remove, Replace, SoftTaint};
use super::super::super::model::{Cluster, Stray};
use super::super::drain::{Drain, Outcome};
use super::super::{announce, lease, marks};
use super::Cycle;

const DEPLOYMENTS: (Cluster, &str) = (Cluster::Infra, "machinedeployments.cluster.x-k8s.io");
const MACHINES: (Cluster, &str) = (Cluster::Infra, "machines.cluster.x-k8s.io");
const NODES: (Cluster, &str) = (Cluster::App, "nodes");

/// A write that failed is tried again after this.
const WRITE_PAUSE: Duration = Duration::from_secs(1);

impl Cycle {
    pub(super) async fn act(&mut self, decision: &Decision) {
        let strays = self.strays();
        let grow: Vec<&Grow> = decision
            .grow
            .iter()
            .filter(|grow| self.pauses.is_over(&grow.group))
            .collect();
        let replace: Vec<&Replace> = decision
            .replace
            .iter()
            .filter(|replace| self.pauses.is_over(&replace.machine))
            .collect();
        let remove = self.removals(decision, &strays);
        let taint = self.taints(decision, &strays);
        self.announce(decision, &grow, &remove, &taint);
        let nothing =
            grow.is_empty() && replace.is_empty() && remove.is_empty() && taint.is_empty();
        if nothing && strays.is_empty() || !self.still_leads().await {
            return;
        }
        self.grow(&grow).await;
        for replace in replace {
            self.replace(replace).await;
        }
        self.clean_up(strays);
        self.remove(remove).await;
        self.taint(taint).await;
    }

    /// The Lease is read again before several writes that belong together.
    async fn still_leads(&self) -> bool {
        match &self.options.lease {
            None => true,
            Some(lease) => lease::is_ours(&self.writer, lease, &self.options.identity).await,
        }
    }

    fn announce(
        &mut self,
        decision: &Decision,
        grow: &[&Grow],
        remove: &[(String, Vec<Remove>)],
        taint: &[SoftTaint],
    ) {
        let news = Decision {
            grow: grow.iter().map(|grow| (*grow).clone()).collect(),
            remove: remove.iter().flat_map(|(_, nodes)| nodes.clone()).collect(),
            taint: taint.to_vec(),
            helpless: decision.helpless.clone(),
            ..Decision::default()
        };
        let now = (self.options.now)();
        let namespace = self.options.namespace.clone();
        let events = self.announcer.events(&self.model, &news, &namespace, now);
        if !events.is_empty() {
            let writer = self.writer.clone();
            self.background.spawn(announce::send(writer, events));
        }
    }

    /// All groups at once.
    async fn grow(&mut self, grow: &[&Grow]) {
        let namespace = self.options.namespace.clone();
        let writes = grow.iter().map(|grow| {
            let sizes = (grow.from, grow.to);
            let notes = self.model.annotations(&grow.group);
            let (writer, namespace) = (&self.writer, &namespace);
            async move { marks::raise(writer, namespace, &grow.group, sizes, &notes).await }
        });
        for (grow, answer) in grow.iter().zip(join_all(writes).await) {
            let what = format!("machinedeployment {}", grow.group);
            match answer {
                Ok(object) => {
                    self.pauses.succeeded(&grow.group);
                    self.tell(DEPLOYMENTS, &namespace, &grow.group, Some(&object));
                    self.said(&what, &Ok(format!("{} -> {}", grow.from, grow.to)));
                }
                Err(refused) => {
                    // It is another number by now, or nobody knows: in either case it has to be read again.
                    let known = self.read_group(&grow.group).await;
                    if !refused.is_conflict() || !known {
                        self.pauses.failed(&grow.group, WRITE_PAUSE);
                    }
                    self.changed = true;
                    self.said(&what, &Err(refused.to_string()));
                }
            }
        }
    }

    /// Tells the model of a group as it is now.
    async fn read_group(&mut self, name: &str) -> bool {
        let namespace = self.options.namespace.clone();
        let path = marks::deployment(&namespace, name);
        let answer = self.writer.get(Cluster::Infra, &path).await;
        if let Ok(object) = &answer {
            self.tell(DEPLOYMENTS, &namespace, name, Some(object));
        }
        answer.is_ok()
    }

    /// Deletes a machine that will never be a node. One that was sold out is taken off its group instead.
    async fn replace(&mut self, replace: &Replace) {
        let namespace = self.options.namespace.clone();
        let path = marks::machine(&namespace, &replace.machine);
        let result = if replace.sold_out {
            self.take_off(replace).await
        } else {
            self.delete(replace, &path).await
        };
        match &result {
            Ok(_) => self.pauses.succeeded(&replace.machine),
            Err(_) => self.pauses.failed(&replace.machine, WRITE_PAUSE),
        }
        self.said(&format!("machine {}", replace.machine), &result);
        match self.writer.get(Cluster::Infra, &path).await {
            Ok(object) => self.tell(MACHINES, &namespace, &replace.machine, Some(&object)),
            Err(refused) if refused.is_gone() => {
                self.tell(MACHINES, &namespace, &replace.machine, None);
            }
            Err(_) => {}
        }
        self.read_group(&replace.group).await;
        self.changed = true;
    }

    /// What is written first is remembered whatever happens: only so many are replaced in a row.
    async fn delete(&mut self, replace: &Replace, path: &str) -> Result<String, String> {
        let notes = self.model.annotations(&replace.group);
        let written = marks::write(
            &self.writer,
            &self.options.namespace,
            &replace.group,
            &notes,
        );
        written.await.map_err(|refused| refused.to_string())?;
        let answer = self.writer.delete(Cluster::Infra, path, &json!({})).await;
        answer.map_err(|refused| refused.to_string())?;
        Ok("deleted, so that another one comes".to_owned())
    }

    async fn take_off(&mut self, replace: &Replace) -> Result<String, String> {
        let namespace = self.options.namespace.clone();
        let Replace {
            machine,
            group,
            reason,
            ..
        } = replace;
        marks::mark(&self.writer, &namespace, machine, reason).await?;
        let notes = self.model.annotations(group);
        let one = marks::Fewer::Failed;
        let (from, to) = marks::lower(&self.writer, &namespace, group, one, &notes).await?;
        Ok(format!("{group}: {from} -> {to}, sold out"))
    }

    /// By group; without nodes that are being dealt with.
    fn removals(&self, decision: &Decision, strays: &[Stray]) -> Vec<(String, Vec<Remove>)> {
        let open = self.open(strays);
        let mut groups: BTreeMap<&str, Vec<Remove>> = BTreeMap::new();
        for remove in decision.remove.iter().filter(|gone| open(&gone.node)) {
            groups
                .entry(&remove.group)
                .or_default()
                .push(remove.clone());
        }
        let groups = groups.into_iter();
        groups
            .map(|(group, nodes)| (group.to_owned(), nodes))
            .collect()
    }

    /// Without nodes that are being dealt with.
    fn taints(&self, decision: &Decision, strays: &[Stray]) -> Vec<SoftTaint> {
        let open = self.open(strays);
        let taints = decision.taint.iter();
        taints.filter(|taint| open(&taint.node)).cloned().collect()
    }

    /// Tells the nodes that nobody is dealing with.
    fn open<'a>(&'a self, strays: &'a [Stray]) -> impl Fn(&str) -> bool + 'a {
        let strays: BTreeSet<&str> = strays.iter().filter_map(|s| s.node.as_deref()).collect();
        move |node| !self.busy.contains(node) && !strays.contains(node) && self.pauses.is_over(node)
    }

    async fn taint(&mut self, taints: Vec<SoftTaint>) {
        let writes = taints
            .iter()
            .map(|taint| marks::set_spare(&self.writer, &taint.node, taint.set));
        let answers = join_all(writes).await;
        for (SoftTaint { node, reason, .. }, answer) in taints.into_iter().zip(answers) {
            let result = match answer {
                Ok(object) => {
                    self.tell(NODES, "", &node, Some(&object));
                    Ok(reason)
                }
                Err(refused) => {
                    self.pauses.failed(&node, WRITE_PAUSE);
                    Err(refused.to_string())
                }
            };
            self.said(&format!("node {node}"), &result);
        }
    }

    /// Nobody would take the soft taints back.
    pub(super) async fn leave_no_taint(&self) {
        let nodes: Vec<String> = self.model.spare_nodes().map(str::to_owned).collect();
        let writes = nodes
            .iter()
            .map(|node| marks::set_spare(&self.writer, node, false));
        for (node, answer) in nodes.iter().zip(join_all(writes).await) {
            let result = answer.map(|_| "it takes pods as others do".to_owned());
            let result = result.map_err(|refused| refused.to_string());
            self.said(&format!("node {node}"), &result);
        }
    }

    /// Cordons the nodes, so that the model knows; the rest is a task of its own.
    async fn remove(&mut self, groups: Vec<(String, Vec<Remove>)>) {
        for (group, nodes) in groups {
            let writes = nodes
                .iter()
                .map(|node| marks::cordon(&self.writer, &node.node, &node.reason));
            let answers = join_all(writes).await;
            let mut cordoned = Vec::new();
            for (node, answer) in nodes.into_iter().zip(answers) {
                match answer {
                    Ok(object) => {
                        self.tell(NODES, "", &node.node, Some(&object));
                        self.busy.insert(node.node.clone());
                        cordoned.push(node);
                    }
                    Err(refused) => {
                        self.pauses.failed(&node.node, WRITE_PAUSE);
                        self.said(&format!("node {}", node.node), &Err(refused.to_string()));
                    }
                }
            }
            if !cordoned.is_empty() {
                self.drains.spawn(self.drain(group, cordoned).run());
            }
        }
    }

    fn drain(&self, group: String, nodes: Vec<Remove>) -> Drain {
        Drain {
            writer: self.writer.clone(),
            namespace: self.options.namespace.clone(),
            within: self.options.drain_within,
            now: (self.options.now)(),
            cancel: self.cancel.clone(),
            notes: self.model.annotations(&group),
            group,
            nodes,
        }
    }

    /// Marks that somebody left behind and that nobody is at work on.
    fn strays(&self) -> Vec<Stray> {
        let mut strays = self.model.strays();
        strays.retain(|stray| {
            let name = name(stray);
            !self.busy.contains(name) && self.pauses.is_over(name)
        });
        strays
    }

    fn clean_up(&mut self, strays: Vec<Stray>) {
        for stray in strays {
            let name = name(&stray).to_owned();
            self.busy.insert(name.clone());
            let writer = self.writer.clone();
            let namespace = self.options.namespace.clone();
            self.drains.spawn(async move {
                let machine = stray.machine.as_ref().map(|(name, _)| name.as_str());
                let undone = marks::undo(&writer, &namespace, machine, stray.node.as_deref()).await;
                let result = match undone {
                    Ok(()) => Ok("marks of an interrupted removal taken back".to_owned()),
                    Err(refused) => Err(refused.to_string()),
                };
                Outcome {
                    nodes: vec![(name, result)],
                }
            });
        }
    }
}

/// Of the node, or else of the machine.
fn name(stray: &Stray) -> &str {
    let machine = stray.machine.as_ref().map(|(name, _)| name.as_str());
    stray.node.as_deref().or(machine).unwrap_or_default()
}
