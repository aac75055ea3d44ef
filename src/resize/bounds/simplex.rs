//! Small linear programs: the bounded simplex method on a dense inverse, to which columns can be added on the way. Pure.
//!
//! Its numbers are approximate. Nothing relies on them but the choice of where to look: whoever takes prices from here
//! checks in whole numbers what they prove.

/// Differences below this are noise: costs and amounts are scaled to about one.
const NOISE: f64 = 1e-9;
/// After so many steps that gain nothing, columns are taken in their order, which cannot go round in circles.
const PATIENCE: u32 = 40;

/// Least cost, rows met exactly, each column between zero and its upper limit.
#[derive(Debug)]
pub(super) struct Program {
    rows: usize,
    columns: Vec<Column>,
    /// The inverse of the basis, row by row.
    inverse: Vec<f64>,
    /// The column that each row of the basis stands for, and how much of it there is.
    basis: Vec<usize>,
    amounts: Vec<f64>,
    /// What one more unit of each row's right side costs.
    prices: Vec<f64>,
}

#[derive(Debug)]
struct Column {
    cost: f64,
    entries: Vec<(usize, f64)>,
    upper: f64,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Basis,
    Zero,
    Upper,
}

/// A column that is to change, which way, and what a unit of that changes in the cost.
#[derive(Debug, Clone, Copy)]
struct Entering {
    column: usize,
    sign: f64,
    gain: f64,
}

/// How far it can go, and the row of the basis that stops it; none, if it reaches its own other end.
#[derive(Debug, Clone, Copy)]
struct Step {
    length: f64,
    row: Option<usize>,
}

impl Program {
    /// `right` is not negative. Each row starts with a column of its own, at this cost and without an upper limit.
    pub(super) fn new(right: Vec<f64>, costs: Vec<f64>) -> Self {
        let rows = right.len();
        let own = |(row, cost): (usize, &f64)| Column {
            cost: *cost,
            entries: vec![(row, 1.0)],
            upper: f64::INFINITY,
            place: Place::Basis,
        };
        let one = |at: usize| {
            if at.is_multiple_of(rows + 1) {
                1.0
            } else {
                0.0
            }
        };
        Self {
            rows,
            columns: costs.iter().enumerate().map(own).collect(),
            inverse: (0..rows * rows).map(one).collect(),
            basis: (0..rows).collect(),
            amounts: right,
            prices: costs,
        }
    }

    pub(super) fn add(&mut self, cost: f64, entries: Vec<(usize, f64)>, upper: f64) {
        self.columns.push(Column {
            cost,
            entries,
            upper,
            place: Place::Zero,
        });
    }

    /// How much there is of each column.
    pub(super) fn solution(&self) -> Vec<f64> {
        let full = |column: &Column| match column.place {
            Place::Upper => column.upper,
            Place::Basis | Place::Zero => 0.0,
        };
        let mut solution: Vec<f64> = self.columns.iter().map(full).collect();
        for (column, amount) in self.basis.iter().zip(&self.amounts) {
            solution[*column] = *amount;
        }
        solution
    }

    pub(super) fn prices(&self) -> &[f64] {
        &self.prices
    }

    /// What the rows cost at these prices.
    pub(super) fn cost(&self) -> f64 {
        let basic = self.basis.iter().zip(&self.amounts);
        let basic: f64 = basic
            .map(|(c, amount)| self.columns[*c].cost * amount)
            .sum();
        let full = self.columns.iter().filter(|c| c.place == Place::Upper);
        basic + full.map(|c| c.cost * c.upper).sum::<f64>()
    }

    /// Goes on until nothing is gained any more, or for so many steps. Whether it took any.
    pub(super) fn minimize(&mut self, steps: u32) -> bool {
        self.price();
        let mut idle = 0;
        for taken in 0..steps {
            let Some(entering) = self.entering(idle > PATIENCE) else {
                return taken > 0;
            };
            let change = self.change(entering);
            let step = self.step(entering, &change);
            if !step.length.is_finite() {
                return taken > 0;
            }
            let gained = step.length * entering.gain.abs() > NOISE;
            idle = if gained { 0 } else { idle + 1 };
            self.take(entering, step, &change);
        }
        steps > 0
    }

    /// Computes prices anew, so that errors do not add up.
    fn price(&mut self) {
        self.prices.fill(0.0);
        for (row, column) in self.basis.iter().enumerate() {
            let cost = self.columns[*column].cost;
            if cost != 0.0 {
                let line = &self.inverse[row * self.rows..][..self.rows];
                add(&mut self.prices, line, cost);
            }
        }
    }

    /// The column that gains most by its unit, or the first that gains anything.
    fn entering(&self, first: bool) -> Option<Entering> {
        let mut best: Option<Entering> = None;
        for (column, content) in self.columns.iter().enumerate() {
            let sign = match content.place {
                Place::Basis => continue,
                Place::Zero => 1.0,
                Place::Upper => -1.0,
            };
            let priced = content.entries.iter();
            let priced: f64 = priced.map(|(row, factor)| self.prices[*row] * factor).sum();
            let gain = content.cost - priced;
            let better = best.is_none_or(|best| gain.abs() > best.gain.abs());
            if gain * sign < -NOISE && better {
                best = Some(Entering { column, sign, gain });
                if first {
                    break;
                }
            }
        }
        best
    }

    /// How much each basic column gives way for a unit of the entering one.
    fn change(&self, entering: Entering) -> Vec<f64> {
        let entries = &self.columns[entering.column].entries;
        let of_row = |line: &[f64]| entries.iter().map(|(at, factor)| line[*at] * factor).sum();
        self.inverse
            .chunks_exact(self.rows.max(1))
            .map(of_row)
            .collect()
    }

    fn step(&self, entering: Entering, change: &[f64]) -> Step {
        let mut step = Step {
            length: self.columns[entering.column].upper,
            row: None,
        };
        let mut pivot = 0.0;
        for (row, change) in change.iter().enumerate() {
            let falls = change * entering.sign;
            let room = if falls > NOISE {
                self.amounts[row]
            } else if falls < -NOISE {
                self.columns[self.basis[row]].upper - self.amounts[row]
            } else {
                continue;
            };
            let length = room.max(0.0) / falls.abs();
            // Of rows that stop it at once, the largest pivot keeps the inverse sound.
            let tie = (length - step.length).abs() <= NOISE && falls.abs() > pivot;
            if length < step.length - NOISE || tie {
                (step.length, step.row) = (length, Some(row));
                pivot = falls.abs();
            }
        }
        step
    }

    fn take(&mut self, entering: Entering, step: Step, change: &[f64]) {
        let moved = step.length * entering.sign;
        for (amount, change) in self.amounts.iter_mut().zip(change) {
            *amount -= moved * change;
        }
        let from_upper = entering.sign < 0.0;
        let Some(row) = step.row else {
            let other_end = if from_upper {
                Place::Zero
            } else {
                Place::Upper
            };
            self.columns[entering.column].place = other_end;
            return;
        };
        let leaving = self.basis[row];
        let falls = change[row] * entering.sign > 0.0;
        self.columns[leaving].place = if falls { Place::Zero } else { Place::Upper };
        self.columns[entering.column].place = Place::Basis;
        self.basis[row] = entering.column;
        let before = if from_upper {
            self.columns[entering.column].upper
        } else {
            0.0
        };
        self.amounts[row] = before + moved;
        self.pivot(row, change, entering.gain);
    }

    fn pivot(&mut self, row: usize, change: &[f64], gain: f64) {
        let rows = self.rows;
        let mut line = self.inverse[row * rows..][..rows].to_vec();
        for factor in &mut line {
            *factor /= change[row];
        }
        add(&mut self.prices, &line, gain);
        for (other, change) in change.iter().enumerate() {
            if other != row && *change != 0.0 {
                add(&mut self.inverse[other * rows..][..rows], &line, -change);
            }
        }
        self.inverse[row * rows..][..rows].copy_from_slice(&line);
    }
}

/// Adds a multiple of one line to another.
fn add(to: &mut [f64], line: &[f64], factor: f64) {
    for (to, value) in to.iter_mut().zip(line) {
        *to += factor * value;
    }
}
