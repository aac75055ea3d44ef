//! Who uses a claim.

use crate::scheduling::named::Named;
use crate::scheduling::pod::Pod;

/// Classes by the claims of their pods. Claims that are made for one pod are its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClaimUsers(Named<Vec<usize>>);

impl ClaimUsers {
    pub(crate) fn add(&mut self, pod: &Pod, class: usize) {
        for claim in lasting(pod) {
            let users = |users: &mut Vec<usize>| users.push(class);
            self.0.change(&pod.namespace, claim, users);
        }
    }

    pub(crate) fn remove(&mut self, pod: &Pod, class: usize) {
        for claim in lasting(pod) {
            if let Some(users) = self.0.get_mut(&pod.namespace, claim) {
                users.retain(|user| *user != class);
                if users.is_empty() {
                    self.0.remove(&pod.namespace, claim);
                }
            }
        }
    }

    pub(crate) fn of(&self, namespace: &str, claim: &str) -> impl Iterator<Item = usize> {
        let users = self.0.get(namespace, claim);
        users.into_iter().flatten().copied()
    }
}

fn lasting(pod: &Pod) -> impl Iterator<Item = &str> {
    let claims = pod.claims.iter();
    let lasting = claims.filter(|claim| claim.made_for.is_none());
    lasting.map(|claim| claim.name.as_str())
}
