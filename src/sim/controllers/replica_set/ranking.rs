//! Which pods go first when there are too many: the order of the real controller.

use std::cmp::Reverse;
use std::collections::HashMap;

use jiff::Timestamp;

use super::Member;
use crate::sim::pods::Pod;
use crate::sim::store::Key;

/// The `count` pods that are missed least.
pub(super) fn first_to_go<'a>(
    mut pods: Vec<Member<'a>>,
    count: usize,
    now: &Timestamp,
) -> Vec<&'a Key> {
    if count < pods.len() {
        let mut neighbours: HashMap<&str, usize> = HashMap::new();
        for (_, pod) in &pods {
            *neighbours.entry(node(pod)).or_default() += 1;
        }
        pods.sort_by_cached_key(|(_, pod)| rank(pod, neighbours[node(pod)], now));
    }
    pods.into_iter().take(count).map(|(key, _)| key).collect()
}

fn node(pod: &Pod) -> &str {
    pod.node.as_deref().unwrap_or_default()
}

/// Small ranks go first: without a node, not running, not ready, cheap to delete, on a node with many of its kind,
/// ready or created lately (by orders of magnitude, so that the order among those is by chance), restarted often.
fn rank(pod: &Pod, neighbours: usize, now: &Timestamp) -> impl Ord + use<> {
    (
        (pod.node.is_some(), pod.phase, pod.ready),
        (pod.deletion_cost, Reverse(neighbours)),
        pod.ready_since
            .filter(|_| pod.ready)
            .map(|since| magnitude(since, now)),
        (Reverse(pod.restarts), magnitude(pod.created, now)),
        pod.uid.clone(),
    )
}

/// The logarithm of an age.
fn magnitude(since: Timestamp, now: &Timestamp) -> u32 {
    let age = now.as_nanosecond() - since.as_nanosecond();
    u128::try_from(age)
        .ok()
        .and_then(u128::checked_ilog2)
        .map_or(0, |log| log + 1)
}
