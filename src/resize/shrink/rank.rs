//! Who chooses a place first, where several pods look for one.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::scheduling::{Pod, State};

/// Priority, whether it is particular about nodes, size: the first one chooses first.
pub(crate) type Rank = Reverse<(i32, bool, u64)>;

/// All that the nodes of a cluster have, by resource.
#[derive(Debug)]
pub(crate) struct Sizes(HashMap<String, u128>);

impl Sizes {
    pub(crate) fn of(state: &State) -> Self {
        let mut total = HashMap::<String, u128>::new();
        for (_, node) in state.nodes() {
            for (name, amount) in &node.allocatable {
                let amount = u128::from(amount.unsigned_abs());
                match total.get_mut(name) {
                    Some(sum) => *sum += amount,
                    None => drop(total.insert(name.clone(), amount)),
                }
            }
        }
        Self(total)
    }

    pub(crate) fn rank(&self, pod: &Pod) -> Rank {
        Reverse((pod.priority, is_particular(pod), self.share(pod)))
    }

    /// In billionths of the cluster: of the resource of which the pod needs the largest share.
    pub(super) fn share(&self, pod: &Pod) -> u64 {
        let of = |name: &str, amount: u128| {
            let all = self.0.get(name).copied().unwrap_or_default().max(1);
            amount.saturating_mul(1_000_000_000) / all
        };
        let requests = pod.requests.iter();
        let shares = requests.map(|(name, amount)| of(name, amount.unsigned_abs().into()));
        let most = shares.chain([of("pods", 1)]).max().unwrap_or_default();
        u64::try_from(most).unwrap_or(u64::MAX)
    }
}

/// Only some nodes come into question.
fn is_particular(pod: &Pod) -> bool {
    !(pod.node_selector.is_empty()
        && pod.node_affinity.is_none()
        && pod.claims.is_empty()
        && pod.host_ports.is_empty())
}
