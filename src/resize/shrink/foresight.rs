//! Which nodes new pods are to leave alone. Pure.
//!
//! Until its paid hour ends, a node that nobody needs is spare room at no extra price. But the scheduler spreads new pods
//! over all nodes: one that is kept so long goes on getting some, and is needed by the time it should go. So such a node
//! gets a mark that makes the scheduler prefer others, and loses it when it is needed again.
//!
//! A mark is only changed if it has been wrong in every look for [`STEADY`]: pods come and go, and a write for each of
//! them would help nobody.

use std::collections::BTreeMap;
use std::time::Duration;

/// A node's mark is written once in this time at most.
pub(crate) const STEADY: Duration = Duration::from_mins(2);

/// Since when marks are wrong, by the name of the node; times are counted from any one point.
#[derive(Debug, Default)]
pub(crate) struct Foresight {
    wrong: BTreeMap<String, Duration>,
}

/// A node as it is now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prospect<'a> {
    pub node: &'a str,
    pub marked: bool,
    /// Its pods would have places, were its paid hour over now.
    pub unneeded: bool,
}

impl Foresight {
    /// Nodes that are to get a mark or to lose it, and when the next one may be.
    pub(crate) fn look<'a>(
        &mut self,
        now: Duration,
        nodes: impl Iterator<Item = Prospect<'a>>,
    ) -> (Vec<Prospect<'a>>, Option<Duration>) {
        let mut wrong = BTreeMap::new();
        let mut turning = Vec::new();
        let mut next: Option<Duration> = None;
        for prospect in nodes.filter(|it| it.marked != it.unneeded) {
            let since = self.wrong.get(prospect.node).copied().unwrap_or(now);
            let due = since + STEADY;
            if due <= now {
                turning.push(prospect);
            } else {
                next = Some(next.map_or(due, |next| next.min(due)));
            }
            wrong.insert(prospect.node.to_owned(), since);
        }
        self.wrong = wrong;
        (turning, next)
    }
}

#[cfg(test)]
mod tests;
