//! Our marks on nodes and machines: those that nobody is at work on were left by somebody who was interrupted.

use std::collections::BTreeMap;

use super::Model;

/// A node that we cordoned or a Machine that we marked, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stray {
    pub node: Option<String>,
    /// Name and namespace.
    pub machine: Option<(String, String)>,
}

impl Model {
    /// Marks that can be taken back: not those of machines that go already, and not those of a group that was made
    /// smaller but has not lost its machine yet.
    pub fn strays(&self) -> Vec<Stray> {
        let mut by_machine: BTreeMap<&str, Stray> = BTreeMap::new();
        let mut alone = Vec::new();
        for (name, _) in self.nodes.iter().filter(|(_, known)| known.removing) {
            let node = Some(name.clone());
            match self.coming.machine_of(name) {
                Some(machine) => by_machine.entry(machine).or_default().node = node,
                None => alone.push(Stray {
                    node,
                    machine: None,
                }),
            }
        }
        for (name, _) in self.machines.iter().filter(|(_, machine)| machine.ours) {
            by_machine.entry(name).or_default();
        }
        let mut strays = alone;
        for (name, stray) in by_machine {
            let Some(machine) = self.machines.get(name) else {
                strays.push(stray);
                continue;
            };
            if machine.deleting || machine.marked && self.is_losing(&machine.group) {
                continue;
            }
            let group = self.groups.get(&machine.group);
            let namespace = group.map(|group| group.namespace.clone());
            let marked = namespace.filter(|_| machine.ours);
            strays.push(Stray {
                machine: marked.map(|namespace| (name.to_owned(), namespace)),
                ..stray
            });
        }
        strays
    }

    /// It has more machines than it is to have, or Cluster API has not looked at the number yet.
    fn is_losing(&self, name: &str) -> bool {
        let Some(group) = self.groups.get(name) else {
            return false;
        };
        let machines = self.machines.values();
        let machines = machines.filter(|machine| machine.group == name && !machine.deleting);
        group.observed < group.generation || machines.count() > group.replicas as usize
    }
}
