//! A decision as people read it: a table for each kind of thing to do, columns lined up as kubectl does.
//!
//! Long lists are cut; the alternate form (`{:#}`) shows them whole.

use std::collections::BTreeMap;
use std::fmt::{self, Formatter};

use super::{Cost, Decision, Grow, Price, Remove, Replace};

/// Rows of a table and names in a row that are shown where not all are asked for.
const ROWS: usize = 20;
const NAMES: usize = 3;

/// How much of a list is shown.
#[derive(Clone, Copy)]
struct Limits {
    rows: usize,
    names: usize,
}

type Row<const N: usize> = [String; N];

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let limits = if f.alternate() {
            Limits {
                rows: usize::MAX,
                names: usize::MAX,
            }
        } else {
            Limits {
                rows: ROWS,
                names: NAMES,
            }
        };
        let mut parts = self.actions(limits);
        parts.extend(self.remarks(limits));
        if self.is_empty() {
            parts.insert(0, "Nothing to do.".to_owned());
        }
        parts.extend(Some(self.footer()).filter(|footer| !footer.is_empty()));
        f.write_str(&parts.join("\n\n"))
    }
}

impl Decision {
    /// What is done, in a line: `grow bex-worker 3 -> 5 (cpx22) for 12 pods; remove bex-worker-a`.
    pub fn summary(&self) -> String {
        let limits = Limits {
            rows: ROWS,
            names: NAMES,
        };
        let grow = self.grow.iter().map(|grow| {
            let Grow {
                group, from, to, ..
            } = grow;
            let pods = plural("pod", grow.pods.len());
            // Where there is one kind of machine only, it has no name.
            let of = match grow.machine_type.as_str() {
                "" => String::new(),
                of => format!(" ({of})"),
            };
            format!("grow {group} {from} -> {to}{of} for {pods}")
        });
        let remove: Vec<String> = self.remove.iter().map(|gone| gone.node.clone()).collect();
        let remove = Some(remove).filter(|nodes| !nodes.is_empty());
        let remove = remove.map(|nodes| format!("remove {}", counted("node", &nodes, limits)));
        let replace = self.replace.iter();
        let replace = replace.map(|gone| format!("replace {}: {}", gone.machine, gone.reason));
        let spare = self.tainted(true, limits);
        let spare = spare.map(|nodes| format!("keep new pods off {nodes}"));
        let needed = self.tainted(false, limits);
        let needed = needed.map(|nodes| format!("let pods come again to {nodes}"));
        let helpless: usize = self.helpless.iter().map(|pods| pods.pods.len()).sum();
        let helpless = (helpless > 0).then(|| format!("no help for {}", plural("pod", helpless)));
        let held = self.held.iter();
        let held = held.map(|held| format!("held back {}: {}", held.group, held.why));
        let parts = grow
            .chain(remove)
            .chain(replace)
            .chain(spare)
            .chain(needed)
            .chain(helpless)
            .chain(held);
        let parts: Vec<String> = parts.collect();
        if parts.is_empty() {
            return "nothing to do".to_owned();
        }
        parts.join("; ")
    }

    /// Nodes that get the taint, or lose it.
    fn tainted(&self, set: bool, limits: Limits) -> Option<String> {
        let these = self.taint.iter().filter(|taint| taint.set == set);
        let nodes: Vec<String> = these.map(|taint| taint.node.clone()).collect();
        (!nodes.is_empty()).then(|| counted("node", &nodes, limits))
    }

    fn actions(&self, limits: Limits) -> Vec<String> {
        let grow = self.grow.iter().map(|grow| {
            [
                grow.group.clone(),
                format!("{} -> {}", grow.from, grow.to),
                grow.machine_type.clone(),
                self.cost.told(grow.price),
                counted("pod", &grow.pods, limits),
            ]
        });
        let remove = self
            .remove
            .iter()
            .map(|remove| removal(remove, self.cost, limits));
        let replace = self.replace.iter().map(replacement);
        let taint = self.taint.iter();
        let taint = taint.map(|it| [it.node.clone(), it.group.clone(), it.reason.clone()]);
        let tables = [
            table(["GROW", "MACHINES", "TYPE", "EACH/H", "FOR"], grow, limits),
            table(
                ["REMOVE", "GROUP", "SAVES/H", "WHY", "ITS PODS FIT ON"],
                remove,
                limits,
            ),
            table(["REPLACE", "GROUP", "WHY"], replace, limits),
            table(["TAINT", "GROUP", "WHY"], taint, limits),
        ];
        tables.into_iter().flatten().collect()
    }

    /// What is not done, and why.
    fn remarks(&self, limits: Limits) -> Vec<String> {
        let helpless = self
            .helpless
            .iter()
            .map(|helpless| [counted("pod", &helpless.pods, limits), helpless.why.clone()]);
        let kept = self
            .kept
            .iter()
            .map(|kept| (kept.why.as_str(), kept.node.clone()));
        let kept = gathered(kept)
            .into_iter()
            .map(|(why, nodes)| [counted("node", &nodes, limits), why.to_owned()]);
        let held = self
            .held
            .iter()
            .map(|held| [held.group.clone(), held.why.clone()]);
        let tables = [
            table(["NO HELP FOR", "WHY"], helpless, limits),
            table(["KEPT", "WHY"], kept, limits),
            table(["HELD BACK", "WHY"], held, limits),
        ];
        tables.into_iter().flatten().collect()
    }

    fn footer(&self) -> String {
        let cost = Some(self.cost).filter(|cost| !cost.unpriced);
        let cost = cost.map(|cost| cost.to_string());
        let again = self.again;
        let again = again.map(|again| format!("Decides again at {again:.0}."));
        let lines: Vec<String> = cost.into_iter().chain(again).collect();
        lines.join("\n")
    }
}

impl Cost {
    fn told(self, price: Price) -> String {
        if self.unpriced {
            return "-".to_owned();
        }
        price.to_string()
    }
}

impl fmt::Display for Cost {
    /// `Costs 0.1234 -> 0.1508 an hour; what is bought 0.0274, at least 0.0270 (1.5 % above the bound).`
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self {
            before,
            after,
            bought,
            bound,
            ..
        } = self;
        if before == after {
            write!(f, "Costs {before} an hour")?;
        } else {
            write!(f, "Costs {before} -> {after} an hour")?;
        }
        match self.gap() {
            Some(gap) => {
                let percent = gap * 100.0;
                write!(
                    f,
                    "; what is bought {bought}, at least {bound} ({percent:.1} % above the bound)."
                )
            }
            None => f.write_str("."),
        }
    }
}

fn removal(remove: &Remove, cost: Cost, limits: Limits) -> Row<5> {
    let moves: Vec<String> = remove
        .moves
        .iter()
        .map(|step| format!("{} on {}", step.pod, step.to))
        .collect();
    [
        remove.node.clone(),
        remove.group.clone(),
        cost.told(remove.saves),
        remove.reason.clone(),
        counted("pod", &moves, limits),
    ]
}

fn replacement(replace: &Replace) -> Row<3> {
    let next = if replace.sold_out {
        "; another offer takes its place"
    } else {
        ""
    };
    [
        replace.machine.clone(),
        replace.group.clone(),
        format!("{}{next}", replace.reason),
    ]
}

/// Names with the same reason together, in the order of the reasons.
fn gathered<'a>(
    pairs: impl Iterator<Item = (&'a str, String)>,
) -> impl IntoIterator<Item = (&'a str, Vec<String>)> {
    let mut by_reason: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (why, name) in pairs {
        by_reason.entry(why).or_default().push(name);
    }
    by_reason
}

/// `12 pods: a, b, c and 9 more`.
fn counted(noun: &str, names: &[String], limits: Limits) -> String {
    let shown = names.len().min(limits.names);
    let all = plural(noun, names.len());
    let list = names[..shown].join(", ");
    match names.len() - shown {
        _ if names.is_empty() => "-".to_owned(),
        0 => format!("{all}: {list}"),
        more => format!("{all}: {list} and {more} more"),
    }
}

fn plural(noun: &str, count: usize) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// Columns lined up; nothing without rows.
fn table<const N: usize>(
    header: [&str; N],
    rows: impl Iterator<Item = Row<N>>,
    limits: Limits,
) -> Option<String> {
    let mut rows: Vec<Row<N>> = rows.collect();
    if rows.is_empty() {
        return None;
    }
    let more = rows.len().saturating_sub(limits.rows);
    rows.truncate(limits.rows);
    rows.insert(0, header.map(str::to_owned));
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0) + 3
    };
    let mut widths: [usize; N] = std::array::from_fn(width);
    widths[N - 1] = 0;
    let mut lines: Vec<String> = rows.iter().map(|row| line(row, &widths)).collect();
    if more > 0 {
        lines.push(format!("... and {more} more"));
    }
    Some(lines.join("\n"))
}

fn line<const N: usize>(row: &Row<N>, widths: &[usize; N]) -> String {
    let cells = row.iter().zip(widths);
    let cells: Vec<String> = cells
        .map(|(cell, width)| format!("{cell:width$}"))
        .collect();
    cells.concat()
}
