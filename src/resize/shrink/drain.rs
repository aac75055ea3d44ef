//! Candidates emptied one after the other, in a given order.

use std::collections::{BTreeMap, HashMap};

use crate::resize::offer::Price;
use crate::scheduling::{ClassId, NodeId, NodeRule, Refusal, State, Trial};

use super::ledger::Ledger;
use super::open::Open;
use super::rank::Rank;
use super::survey::Survey;
use super::{Gone, Why};

/// Which candidates go, and where their pods get to.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    /// In the order in which they were emptied.
    pub gone: Vec<Gone>,
    pub kept: Vec<(usize, Why)>,
    pub saved: Price,
}

/// Equal pods that leave together.
#[derive(Debug, Clone, Copy)]
struct Party {
    /// The candidate that they are on now.
    from: usize,
    class: ClassId,
    pods: u32,
}

/// Where a party gets to.
type Move = (Party, NodeId);

pub(super) struct Drain<'a> {
    survey: &'a Survey<'a>,
    trial: Trial<'a>,
    ledger: Ledger,
    open: Open,
    /// Who came, by the node.
    came: HashMap<NodeId, Vec<Party>>,
    gone: Vec<usize>,
    /// Why a class finds no place, so that it is asked once.
    words: HashMap<ClassId, String>,
}

impl<'a> Drain<'a> {
    /// Nodes that are tried last are filled first.
    pub(super) fn new(state: &'a mut State, survey: &'a Survey, order: &[usize]) -> Self {
        let last = order
            .iter()
            .rev()
            .map(|candidate| &survey.loads[*candidate]);
        let last = last.filter(|load| load.takes).map(|load| load.node);
        let nodes = survey.fixed.iter().copied().chain(last).collect();
        Self {
            survey,
            trial: state.trial(),
            ledger: Ledger::new(survey.question),
            open: Open::new(nodes, survey.numbers, survey.likenesses),
            came: HashMap::new(),
            gone: Vec::new(),
            words: HashMap::new(),
        }
    }

    /// Goes through the candidates until none of them can go any more.
    pub(super) fn run(mut self, order: &[usize]) -> Plan {
        let mut left = order.to_vec();
        loop {
            let gone = self.gone.len();
            let mut kept = Vec::new();
            self.words.clear();
            left.retain(|candidate| {
                let why = self.remove(*candidate).err();
                kept.extend(why.map(|why| (*candidate, why)));
                !self.open.is_going(self.survey.loads[*candidate].node)
            });
            if self.gone.len() == gone || self.ledger.is_spent() {
                return self.plan(kept);
            }
        }
    }

    fn plan(self, kept: Vec<(usize, Why)>) -> Plan {
        let mut moves = HashMap::<usize, BTreeMap<(Rank, ClassId, NodeId), u32>>::new();
        for (to, parties) in &self.came {
            for Party { from, class, pods } in parties {
                let key = (self.survey.profile(*class).rank, *class, *to);
                *moves.entry(*from).or_default().entry(key).or_default() += pods;
            }
        }
        let gone = self.gone.iter().map(|candidate| {
            let moves = moves.remove(candidate).unwrap_or_default().into_iter();
            Gone {
                candidate: *candidate,
                moves: moves
                    .map(|((_, class, to), pods)| (class, to, pods))
                    .collect(),
            }
        });
        let gone = gone.collect();
        let prices = self.gone.iter().map(|it| self.survey.loads[*it].price.0);
        Plan {
            saved: Price(prices.fold(0, u64::saturating_add)),
            gone,
            kept,
        }
    }

    /// Empties a candidate; nothing has changed if it has to stay.
    fn remove(&mut self, candidate: usize) -> Result<(), Why> {
        let load = &self.survey.loads[candidate];
        self.ledger.enter(load, &self.survey.question.budgets)?;
        let changes = self.trial.changes();
        self.open.set_going(load.node, true);
        match self.empty(candidate) {
            Ok(moves) => {
                self.open.keep();
                self.came.remove(&load.node);
                for (party, to) in moves {
                    self.came.entry(to).or_default().push(party);
                }
                self.gone.push(candidate);
                Ok(())
            }
            Err(why) => {
                self.trial.back_to(changes);
                self.open.reopen();
                self.open.set_going(load.node, false);
                self.ledger.cancel(load);
                Err(why)
            }
        }
    }

    fn empty(&mut self, candidate: usize) -> Result<Vec<Move>, Why> {
        let node = self.survey.loads[candidate].node;
        let parties = self.parties(candidate);
        // The cheap question first: most candidates that stay have a pod that fits nowhere.
        for party in &parties {
            let social = self.survey.profile(party.class).social;
            if !social && self.find(party.class, 1).is_none() {
                return Err(self.no_place(party.class));
            }
        }
        self.open.keep();
        self.trial.cordon(node);
        for party in &parties {
            self.trial.take_many(party.class, node, party.pods);
        }
        self.settle(parties)
    }

    /// Everybody who has to leave, those who choose first in front.
    fn parties(&self, candidate: usize) -> Vec<Party> {
        let load = &self.survey.loads[candidate];
        let own = load.moving.iter().map(|(class, pods)| Party {
            from: candidate,
            class: *class,
            pods: *pods,
        });
        let came = self.came.get(&load.node).into_iter().flatten().copied();
        let mut all: Vec<Party> = own.chain(came).collect();
        all.sort_by_key(|party| self.survey.profile(party.class).rank);
        all
    }

    /// Finds places for all. Some only find theirs when others have.
    fn settle(&mut self, mut left: Vec<Party>) -> Result<Vec<Move>, Why> {
        let mut moves = Vec::new();
        while !left.is_empty() {
            let before = moves.len();
            let mut stuck = Vec::new();
            for mut party in left {
                self.place(&mut party, &mut moves);
                if party.pods == 0 {
                    continue;
                }
                if !self.survey.profile(party.class).social {
                    return Err(self.no_place(party.class));
                }
                stuck.push(party);
            }
            match stuck.first() {
                Some(party) if moves.len() == before => return Err(self.no_place(party.class)),
                _ => left = stuck,
            }
        }
        Ok(moves)
    }

    fn place(&mut self, party: &mut Party, moves: &mut Vec<Move>) {
        while let Some((to, pods)) = self.find(party.class, party.pods) {
            self.trial.place_many(party.class, to, pods);
            moves.push((Party { pods, ..*party }, to));
            party.pods -= pods;
            if party.pods == 0 {
                return;
            }
        }
    }

    /// The first node with room, and how many of the `wanted` pods it takes.
    fn find(&mut self, class: ClassId, wanted: u32) -> Option<(NodeId, u32)> {
        let likeness = self.survey.profile(class).likeness;
        let inquiry = self.trial.ask(class).ok()?;
        let mut from = 0;
        while let Some((place, node)) = self.open.next(likeness, from) {
            match inquiry.how_many(node, wanted) {
                Ok(pods) => return Some((node, pods)),
                Err(refusal) if refusal.is_local() => self.open.shut(likeness, place),
                Err(_) => {}
            }
            from = place + 1;
        }
        None
    }

    fn no_place(&mut self, class: ClassId) -> Why {
        let (trial, open) = (&self.trial, &self.open);
        let words = self.words.entry(class);
        let words = words.or_insert_with(|| refusals(trial, class, |node| open.is_going(node)));
        Why::NoPlace(class, words.clone())
    }
}

/// Why a class fits nowhere on the nodes that stay.
pub(super) fn refusals(state: &State, class: ClassId, goes: impl Fn(NodeId) -> bool) -> String {
    let inquiry = match state.ask(class) {
        Ok(inquiry) => inquiry,
        Err(refused) => return format!("0/{} nodes are available: {refused}", state.len()),
    };
    let diagnosis = inquiry.diagnose(|id| {
        let shut = goes(id) || state.node(id).is_none_or(|node| node.unschedulable);
        let closed = Refusal::Node(NodeRule::Closed);
        if shut { Err(closed) } else { inquiry.fits(id) }
    });
    let words = diagnosis.map(|diagnosis| diagnosis.summary());
    words.unwrap_or_else(|| "it fits, but only while pods that leave are still there".to_owned())
}
