//! The pods of a Job: created, deleted, and let go once they are counted.

use anyhow::Result;
use serde_json::{Value, json};

use super::{Counts, DeleteOptions, JOB, Look, POD};
use crate::sim::controllers::objects::retain;
use crate::sim::controllers::template;
use crate::sim::engine::Context;
use crate::sim::pods::{JOB_TRACKING, Pod};
use crate::sim::registry::Subresource;

pub(super) const INDEX: &str = "batch.kubernetes.io/job-completion-index";

/// The index of a pod of an indexed Job.
pub(super) fn index(pod: &Pod) -> Option<usize> {
    pod.labels.get(INDEX)?.parse().ok()
}

impl Look<'_> {
    pub(super) fn create(
        &self,
        count: usize,
        counts: &Counts,
        context: &mut Context,
    ) -> Result<()> {
        let meta = &self.job.metadata;
        let about = JOB.about(self.item, &meta.uid);
        let owner = JOB.controls(&meta.name, &meta.uid);
        let mut pod = template::pod(&self.job.spec.template, &owner);
        track(&mut pod);
        let mut free = self.free_indexes(counts);
        for _ in 0..count {
            let mut pod = pod.clone();
            if self.job.is_indexed() {
                let Some(index) = free.next() else { break };
                self.give_index(&mut pod, index);
            }
            match context.create(&self.item.beside(POD.resource, ""), pod) {
                Ok(written) => {
                    let message = format!("Created pod: {}", template::name_of(&written.json));
                    context.record(&about, "Normal", "SuccessfulCreate", &message);
                }
                Err(error) if template::namespace_is_going(&error) => return Ok(()),
                Err(error) => {
                    let message = format!("Error creating: {error}");
                    context.record(&about, "Warning", "FailedCreate", &message);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Indexes without a success and without an active pod.
    fn free_indexes(&self, counts: &Counts) -> impl Iterator<Item = usize> + use<> {
        let active = self.active().filter_map(|(_, pod)| index(pod));
        let mut taken = counts.indexes.clone();
        taken.extend(active);
        let completions = self.job.spec.completions.unwrap_or(0);
        (0..completions).filter(move |index| !taken.contains(index))
    }

    fn give_index(&self, pod: &mut Value, index: usize) {
        let text = index.to_string();
        let name = &self.job.metadata.name;
        pod["metadata"]["generateName"] = format!("{name}-{text}-").into();
        pod["metadata"]["labels"][INDEX] = text.clone().into();
        pod["metadata"]["annotations"][INDEX] = text.into();
        pod["spec"]["hostname"] = format!("{name}-{index}").into();
        let path = format!("metadata.labels['{INDEX}']");
        let variable =
            json!({"name": "JOB_COMPLETION_INDEX", "valueFrom": {"fieldRef": {"fieldPath": path}}});
        for of in ["initContainers", "containers"] {
            for container in pod["spec"][of].as_array_mut().into_iter().flatten() {
                match container["env"].as_array_mut() {
                    Some(env) => env.push(variable.clone()),
                    None => container["env"] = json!([variable]),
                }
            }
        }
    }

    /// Deletes active pods, unready ones and young ones first. Returns how many are still on their way out.
    pub(super) fn delete(&self, count: usize, context: &mut Context) -> Result<usize> {
        let about = JOB.about(self.item, &self.job.metadata.uid);
        let mut active: Vec<_> = self.active().collect();
        active.sort_by_key(|(_, pod)| {
            (
                pod.node.is_some(),
                pod.ready,
                std::cmp::Reverse(pod.created),
            )
        });
        for (key, _) in active.into_iter().take(count) {
            context.delete(&self.item.with(key.clone()), &DeleteOptions::default())?;
            let message = format!("Deleted pod: {}", key.name);
            context.record(&about, "Normal", "SuccessfulDelete", &message);
        }
        let going = self
            .pods
            .iter()
            .filter(|(_, pod)| pod.deleted.is_some() && !pod.finished());
        Ok(going.count() + count)
    }

    /// Finished and deleted pods are counted by now: nothing holds them any more.
    pub(super) fn release_finished(&self, context: &Context) -> Result<()> {
        let counted = self
            .pods
            .iter()
            .filter(|(_, pod)| pod.tracked && (pod.finished() || pod.deleted.is_some()));
        for (key, _) in counted {
            context.modify(&self.item.with(key.clone()), Subresource::None, |pod| {
                retain(pod, "finalizers", |finalizer| finalizer != JOB_TRACKING);
            })?;
        }
        Ok(())
    }
}

fn track(pod: &mut Value) {
    let metadata = &mut pod["metadata"];
    match metadata["finalizers"].as_array_mut() {
        Some(finalizers) => finalizers.push(JOB_TRACKING.into()),
        None => metadata["finalizers"] = json!([JOB_TRACKING]),
    }
}
