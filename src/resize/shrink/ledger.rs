//! How many may still go, and how many evictions the budgets still allow.

use super::survey::Load;
use super::{Budget, Question, Why};

#[derive(Debug, Clone)]
pub(super) struct Ledger {
    /// Evictions by the place of the budget.
    allowed: Vec<u32>,
    may_go: Vec<u32>,
    limit: usize,
}

impl Ledger {
    pub(super) fn new(question: &Question) -> Self {
        Self {
            allowed: question.budgets.iter().map(|b| b.allowed).collect(),
            may_go: question.may_go.clone(),
            limit: question.limit,
        }
    }

    /// Takes off what the candidate's going costs; the ledger is as before if that is too much.
    pub(super) fn enter(&mut self, load: &Load, budgets: &[Budget]) -> Result<(), Why> {
        if let Some(why) = &load.stays {
            return Err(why.clone());
        }
        if self
            .may_go
            .get(load.group)
            .is_none_or(|may_go| *may_go == 0)
        {
            return Err(Why::Minimum);
        }
        if self.limit == 0 {
            return Err(Why::Limit);
        }
        for (place, (budget, class, pods)) in load.evictions.iter().enumerate() {
            let Some(left) = self.allowed[*budget].checked_sub(*pods) else {
                self.give_back(load, place);
                return Err(Why::Budget(*class, budgets[*budget].full_name()));
            };
            self.allowed[*budget] = left;
        }
        self.limit -= 1;
        self.may_go[load.group] -= 1;
        Ok(())
    }

    /// It does not go after all.
    pub(super) fn cancel(&mut self, load: &Load) {
        self.give_back(load, load.evictions.len());
        self.limit += 1;
        self.may_go[load.group] += 1;
    }

    fn give_back(&mut self, load: &Load, evictions: usize) {
        for (budget, _, pods) in &load.evictions[..evictions] {
            self.allowed[*budget] += pods;
        }
    }

    /// Nobody else may go.
    pub(super) fn is_spent(&self) -> bool {
        self.limit == 0
    }
}

impl Budget {
    pub(super) fn full_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}
