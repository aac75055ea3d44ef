//! Pods that no machine type can hold, whatever else there is.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::resize::grow::{Effort, Waiting, grow};
use crate::resize::offer::Offer;
use crate::resize::workload::Workload;
use crate::scheduling::{ClassId, Pod, State};

/// Only whether a pod fits matters, not on what.
const NO_EFFORT: Effort = Effort {
    improvements: 0,
    exact_up_to: 0,
    columns: 0,
};

/// Pods of a class that fit on no machine type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unfit {
    /// The name of its pods, or its place.
    pub class: String,
    pub pods: u64,
    pub why: String,
}

/// By class, those of which pods come at all; all events are in the workload.
pub(super) fn unfit(workload: &Workload) -> Result<Vec<Unfit>> {
    let empty = Workload {
        nodes: Vec::new(),
        pending: Vec::new(),
        ..workload.clone()
    };
    let mut situation = empty.situation()?;
    // A type of which none is left now is not too small.
    for offer in &mut situation.offers {
        offer.limit = u32::MAX;
    }
    let classes = situation.classes.iter().zip(coming(workload)).enumerate();
    let coming = classes.filter(|(_, (_, pods))| *pods > 0);
    let unfit = coming.filter_map(|(place, (class, pods))| {
        let why = refusal(&mut situation.state, &situation.offers, *class)?;
        let class = name(workload, place);
        Some(Unfit { class, pods, why })
    });
    Ok(unfit.collect())
}

/// How many pods there are of each class.
fn coming(workload: &Workload) -> Vec<u64> {
    let mut pods = vec![0; workload.classes.len()];
    let pending = workload.pending.iter().map(|it| (it.class, it.pods));
    let events = workload.events.iter().map(|it| (it.class, it.pods));
    for (class, more) in pending.chain(events) {
        if let Some(pods) = pods.get_mut(class) {
            *pods += u64::from(more);
        }
    }
    pods
}

fn name(workload: &Workload, place: usize) -> String {
    let name = workload.classes[place].metadata.name.clone();
    name.unwrap_or_else(|| place.to_string())
}

/// Why a pod of the class, alone, fits on none of the offers.
fn refusal(state: &mut State, offers: &[Offer], class: ClassId) -> Option<String> {
    // Those that it wants to be with may come later.
    let alone = Pod {
        affinity: Vec::new(),
        ..state.content(class).clone()
    };
    let class = state.class(alone);
    let growth = grow(state, &[Waiting { class, pods: 1 }], offers, NO_EFFORT);
    growth.helpless.into_iter().next().map(|it| it.why)
}
