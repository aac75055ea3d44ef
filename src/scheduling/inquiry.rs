//! One class of pods, asked about node by node.

use std::collections::BTreeMap;

use super::classes::Class;
use super::refusal::{Diagnosis, Refusal, Shortage};
use super::state::{ClassId, NodeId, Slot, State, at};
use super::storage::{Attached, Wishes};
use super::tally::Counts;

/// What is known about a class before nodes are looked at. It holds for the state as it is.
#[derive(Debug)]
pub struct Inquiry<'a> {
    pub(super) state: &'a State,
    pub(super) class: &'a Class,
    wishes: Option<Wishes<'a>>,
    /// A claim that only one pod may use is in use.
    claim_taken: bool,
    /// Nobody whom it wants to be with is anywhere; it can be the first.
    first: bool,
    /// It neither wants nor shuns anybody, and nobody anywhere shuns it.
    indifferent: bool,
    /// The least count that each spread rule compares with.
    pub(super) least: Vec<i64>,
}

/// Which rules about other pods are asked: those about the node itself, those about groups of nodes, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    All,
    Near,
    Beyond,
}

impl State {
    /// The error is why no node comes into question.
    pub fn ask(&self, class: ClassId) -> Result<Inquiry<'_>, String> {
        let class = &self.classes[class.0];
        let pod = &class.pod;
        if !pod.gates.is_empty() {
            let gates = pod.gates.join(" ");
            return Err(format!("waiting for scheduling gates: [{gates}]"));
        }
        if pod.named_nodes().is_some_and(|named| named.is_empty()) {
            return Err("pod affinity terms conflict".to_owned());
        }
        let claims = Some(pod).filter(|pod| !pod.claims.is_empty());
        let wishes = claims.map(|pod| self.storage.wishes(pod)).transpose()?;
        let in_use = |claim: &&str| {
            let mut users = self.claim_users.of(&pod.namespace, claim);
            users.any(|class| self.classes[class].placed > 0)
        };
        let mut one_pod = wishes.iter().flat_map(|wishes| &wishes.one_pod);
        let shun = |tally: &usize| !self.tallies.get(*tally).is_empty();
        let shunned = class.repelled_by.iter().any(shun);
        let mut with = class.affinity.iter().map(|tally| self.tallies.get(*tally));
        Ok(Inquiry {
            state: self,
            class,
            claim_taken: one_pod.any(in_use),
            first: class.likes_itself && with.all(Counts::is_empty),
            indifferent: class.affinity.is_empty() && class.anti_affinity.is_empty() && !shunned,
            least: self.least(class),
            wishes,
        })
    }

    /// Nodes where a pod of the class fits, in the order of their numbers.
    pub fn feasible(&self, class: ClassId) -> Vec<NodeId> {
        let Ok(inquiry) = self.ask(class) else {
            return Vec::new();
        };
        let nodes = self.nodes().map(|(id, _)| id);
        nodes.filter(|id| inquiry.fits(*id).is_ok()).collect()
    }

    /// Why a pod of the class fits nowhere; or `None`, if it fits somewhere.
    pub fn diagnose(&self, class: ClassId) -> Option<Diagnosis> {
        match self.ask(class) {
            Ok(inquiry) => inquiry.diagnose(|id| inquiry.fits(id)),
            Err(refused) => Some(Diagnosis {
                refused: Some(refused),
                ..self.nothing(class)
            }),
        }
    }

    /// Whether a change on one node can make the class fit on another.
    pub fn depends_on_others(&self, class: ClassId) -> bool {
        self.classes[class.0].looks_at_others()
    }

    /// Claims of the class that get their volumes when it has a node.
    pub fn unbound_claims(&self, class: ClassId) -> Vec<String> {
        let wishes = self.storage.wishes(&self.classes[class.0].pod);
        let unbound = wishes.map(|wishes| wishes.unbound_names());
        unbound.unwrap_or_default()
    }

    fn nothing(&self, class: ClassId) -> Diagnosis {
        Diagnosis {
            nodes: self.len(),
            refused: None,
            reasons: BTreeMap::new(),
            crowded: 0,
            never_preempts: self.content(class).never_preempts,
        }
    }

    fn least(&self, class: &Class) -> Vec<i64> {
        let rules = class.spread.iter().map(|rule| {
            let tally = self.tallies.get(rule.tally);
            let enough = tally.domains() >= rule.min_domains;
            if enough { i64::from(tally.least()) } else { 0 }
        });
        rules.collect()
    }
}

impl<'a> Inquiry<'a> {
    /// Whether a pod of the class fits on a node as it is now; the refusal is that of the first rule that says no.
    pub fn fits(&self, id: NodeId) -> Result<(), Refusal> {
        let slot = &self.state.slots[id.0];
        if let Some(rule) = self.state.fixed.verdict(self.class.fixed, id.0) {
            return Err(Refusal::Node(rule));
        }
        self.ports(slot)?;
        let shortage = self.shortage(slot);
        if !shortage.is_none() {
            return Err(Refusal::Resources(shortage));
        }
        self.volumes(slot)?;
        self.spread(id, Scope::All)?;
        self.company(id, Scope::All)
    }

    pub(super) fn ports(&self, slot: &Slot) -> Result<(), Refusal> {
        let mut ports = self.class.pod.host_ports.iter();
        let taken = ports.any(|port| slot.ports.iter().any(|used| used.conflicts(port)));
        if taken {
            return Err(Refusal::HostPorts);
        }
        Ok(())
    }

    /// Rules that do not matter as things are: a claim that only one pod may use, and the company of other pods.
    pub(super) fn overlooks(&self) -> (bool, bool) {
        (!self.claim_taken, self.indifferent)
    }

    /// For a state in which pods are placed that only have a node promised: the real scheduler overlooks rules that did
    /// not matter without them.
    pub(super) fn overlooking(mut self, (claims, company): (bool, bool)) -> Self {
        self.claim_taken &= !claims;
        self.indifferent |= company;
        self
    }

    /// The reasons of a refusal, as the scheduler words them.
    pub fn reasons(&self, refusal: Refusal) -> Vec<String> {
        let names = self.class.requests.iter();
        let names = names.map(|(place, _)| self.state.resources[*place].as_str());
        refusal.reasons(&names.collect::<Vec<_>>())
    }

    /// Volumes that a pod of the class has attached where it runs.
    pub fn attached(&self) -> &[Attached<'a>] {
        let wishes = self.wishes.as_ref();
        wishes.map_or(&[], |wishes| &wishes.attached)
    }

    /// How many equal pods can be put on a node at once, at most `wanted`. Of those that look at the pods of other nodes,
    /// one at a time.
    pub fn how_many(&self, id: NodeId, wanted: u32) -> Result<u32, Refusal> {
        self.fits(id)?;
        let pod = &self.class.pod;
        let single = !(pod.host_ports.is_empty() && pod.disks.is_empty());
        if single || self.class.looks_at_others() {
            return Ok(wanted.min(1));
        }
        let slot = &self.state.slots[id.0];
        let left = |(place, amount): &(usize, i64)| {
            (at(&slot.allocatable, *place) - at(&slot.requested, *place)) / (*amount).max(1)
        };
        let most = self.class.requests.iter().map(left).min();
        let most = most.map_or(i64::MAX, |most| most.max(1));
        let most = most.min(slot.allowed_pods - slot.pods);
        Ok(u32::try_from(most).unwrap_or(u32::MAX).min(wanted))
    }

    /// What `verdict` says, node by node; `None`, if it lets the pod go anywhere.
    pub fn diagnose(
        &self,
        mut verdict: impl FnMut(NodeId) -> Result<(), Refusal>,
    ) -> Option<Diagnosis> {
        let mut refusals: BTreeMap<Refusal, usize> = BTreeMap::new();
        for (id, _) in self.state.nodes() {
            *refusals.entry(verdict(id).err()?).or_default() += 1;
        }
        let mut reasons = BTreeMap::new();
        for (refusal, nodes) in &refusals {
            for reason in self.reasons(*refusal) {
                *reasons.entry(reason).or_default() += nodes;
            }
        }
        let crowded = refusals
            .iter()
            .filter(|(refusal, _)| !refusal.is_hopeless());
        Some(Diagnosis {
            nodes: self.state.len(),
            refused: None,
            reasons,
            crowded: crowded.map(|(_, nodes)| nodes).sum(),
            never_preempts: self.class.pod.never_preempts,
        })
    }

    fn shortage(&self, slot: &Slot) -> Shortage {
        let mut shortage = Shortage {
            pods: slot.pods + 1 > slot.allowed_pods,
            ..Shortage::default()
        };
        for (index, (place, amount)) in self.class.requests.iter().enumerate() {
            let all = at(&slot.allocatable, *place);
            if *amount > all - at(&slot.requested, *place) {
                shortage.requests |= 1 << index.min(63);
                shortage.hopeless |= *amount > all;
            }
        }
        shortage
    }

    pub(super) fn volumes(&self, slot: &Slot) -> Result<(), Refusal> {
        let pod = &self.class.pod;
        let others = || {
            let present = slot.present.keys();
            present.map(|class| &*self.state.classes[*class].pod)
        };
        let taken = |other: &super::Pod| {
            let mut disks = pod.disks.iter();
            disks.any(|disk| other.disks.iter().any(|used| disk.conflicts(used)))
        };
        if !pod.disks.is_empty() && others().any(taken) {
            return Err(Refusal::Disk);
        }
        let (Some(wishes), Some(node)) = (&self.wishes, &slot.node) else {
            return Ok(());
        };
        if self.claim_taken {
            return Err(Refusal::ReadWriteOncePod);
        }
        let attached = &wishes.attached;
        if !self.state.storage.can_attach(attached, node, others()) {
            return Err(Refusal::VolumeCount);
        }
        let conflicts = self.state.storage.conflicts(wishes, node);
        if !conflicts.is_none() {
            return Err(Refusal::Volumes(conflicts));
        }
        wishes
            .in_zone(&node.labels)
            .then_some(())
            .ok_or(Refusal::VolumeZone)
    }

    fn asks(&self, scope: Scope, tally: usize) -> bool {
        scope == Scope::All || self.state.tallies.is_near(tally) == (scope == Scope::Near)
    }

    pub(super) fn spread(&self, id: NodeId, scope: Scope) -> Result<(), Refusal> {
        for (rule, least) in self.class.spread.iter().zip(&self.least) {
            if !self.asks(scope, rule.tally) {
                continue;
            }
            let count = self.state.tallies.get(rule.tally).count_at(id.0);
            let count = count.ok_or(Refusal::SpreadLabel)?;
            if i64::from(count) + rule.own - least > rule.max_skew {
                return Err(Refusal::Spread);
            }
        }
        Ok(())
    }

    pub(super) fn company(&self, id: NodeId, scope: Scope) -> Result<(), Refusal> {
        if self.indifferent {
            return Ok(());
        }
        let asked = |tally: &&usize| self.asks(scope, **tally);
        let count = |tally: &usize| self.state.tallies.get(*tally).count_at(id.0);
        let some = |tally: &usize| count(tally).is_some_and(|pods| pods > 0);
        let with = || self.class.affinity.iter().filter(asked);
        let wanted = with().all(|tally| count(tally).is_some()) && (self.first || with().all(some));
        if !wanted {
            return Err(Refusal::Affinity);
        }
        if self.class.anti_affinity.iter().filter(asked).any(some) {
            return Err(Refusal::AntiAffinity);
        }
        if self.class.repelled_by.iter().filter(asked).any(some) {
            return Err(Refusal::OthersAntiAffinity);
        }
        Ok(())
    }
}
