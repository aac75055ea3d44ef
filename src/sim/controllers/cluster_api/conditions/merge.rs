//! One condition out of many: those of one object in a summary, or the same one of many objects in an aggregate.
//! Status, reason and message come out as Cluster API makes them.

use std::collections::BTreeMap;

use super::{Condition, Truth};

/// Most messages that an aggregate shows.
const SHOWN: usize = 3;

/// How conditions are merged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Merge<'a> {
    pub target: &'a str,
    /// True is good. Otherwise it is bad, as for `ScalingUp`, and the target is True if any source is.
    pub positive: bool,
    /// Conditions of a summary that are good when False.
    pub negative: &'a [&'a str],
    /// Reasons of the merged condition: something is wrong, unknown, or all is well.
    pub reasons: [&'a str; 3],
    /// Reasons that are no problem although their condition is False or Unknown.
    pub harmless: &'a [&'a str],
}

/// A condition and the object that it is of.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub kind: &'static str,
    pub name: String,
    /// A control plane's machine: it is named first.
    pub control_plane: bool,
    pub condition: Option<Condition>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Issue,
    Unknown,
    Info,
}

impl<'a> Merge<'a> {
    pub(crate) fn positive(target: &'a str, reasons: [&'a str; 3]) -> Self {
        Self {
            target,
            positive: true,
            negative: &[],
            reasons,
            harmless: &[],
        }
    }

    pub(crate) fn negative(target: &'a str, reasons: [&'a str; 3]) -> Self {
        Self {
            positive: false,
            ..Self::positive(target, reasons)
        }
    }

    /// What an object's own conditions say together. Types that end in `?` may be missing.
    pub(crate) fn summary(&self, conditions: &[Condition], types: &[&str]) -> Condition {
        let mut scope = Vec::new();
        for of in types {
            let name = of.trim_end_matches('?');
            match conditions.iter().find(|condition| condition.of == name) {
                Some(condition) => scope.push(condition.clone()),
                None if name == *of => scope.push(not_reported(name, "Condition not yet reported")),
                None => {}
            }
        }
        let (status, reason) = self.verdict(&scope);
        let lines = scope
            .iter()
            .filter_map(|condition| self.line(condition, status));
        let lines = group_components(lines.collect());
        Condition::new(self.target, status, reason).message(lines.join("\n"))
    }

    /// What the condition `of` says of all sources together.
    pub(crate) fn aggregate(
        &self,
        of: &str,
        sources: impl IntoIterator<Item = Source>,
    ) -> Condition {
        let mut scope = Vec::new();
        for mut source in sources {
            let condition = source
                .condition
                .take()
                .unwrap_or_else(|| not_reported(of, &format!("Condition {of} not yet reported")));
            scope.push((source, condition));
        }
        let conditions: Vec<Condition> = scope.iter().map(|(_, c)| c.clone()).collect();
        let (status, reason) = self.verdict(&conditions);
        let worst = conditions.iter().map(|c| self.weigh(c)).min();
        let info = worst == Some(Weight::Info);
        scope.retain(|(_, condition)| {
            let is_info = self.weigh(condition) == Weight::Info;
            is_info == info && !(info && condition.message.is_empty())
        });
        Condition::new(self.target, status, reason).message(self.messages(&scope).join("\n"))
    }

    fn weigh(&self, condition: &Condition) -> Weight {
        let negative = !self.positive || self.negative.contains(&condition.of.as_str());
        let good = if negative { Truth::False } else { Truth::True };
        match condition.status {
            _ if self.harmless.contains(&condition.reason.as_str()) => Weight::Info,
            Truth::Unknown => Weight::Unknown,
            status if status == good => Weight::Info,
            _ => Weight::Issue,
        }
    }

    fn verdict(&self, conditions: &[Condition]) -> (Truth, &'a str) {
        let (bad, good) = if self.positive {
            (Truth::False, Truth::True)
        } else {
            (Truth::True, Truth::False)
        };
        let worst = conditions
            .iter()
            .map(|condition| self.weigh(condition))
            .min();
        match worst {
            Some(Weight::Issue) => (bad, self.reasons[0]),
            Some(Weight::Unknown) => (Truth::Unknown, self.reasons[1]),
            Some(Weight::Info) | None => (good, self.reasons[2]),
        }
    }

    /// A condition's line in a summary; what is well is worth one only if all is well and it has something to say.
    fn line(&self, condition: &Condition, status: Truth) -> Option<String> {
        let info = self.weigh(condition) == Weight::Info;
        if info && (status != Truth::True || condition.message.is_empty()) {
            return None;
        }
        let text = if condition.message.is_empty() {
            format!(" {}", condition.reason)
        } else {
            indent(&condition.message)
        };
        Some(format!("* {}:{text}", condition.of))
    }

    fn messages(&self, scope: &[(Source, Condition)]) -> Vec<String> {
        let mut kinds: BTreeMap<&str, BTreeMap<&str, Group>> = BTreeMap::new();
        for (source, condition) in scope {
            let groups = kinds.entry(source.kind).or_default();
            let group = groups.entry(&condition.message).or_insert_with(|| Group {
                weight: Weight::Info,
                control_plane: false,
                names: Vec::new(),
            });
            group.weight = group.weight.min(self.weigh(condition));
            group.control_plane |= source.control_plane;
            group
                .names
                .push((!source.control_plane, source.name.as_str()));
        }
        let mut lines = Vec::new();
        let mut left = SHOWN;
        for (kind, groups) in kinds {
            group_lines(kind, groups, &mut left, &mut lines);
        }
        lines
    }
}

/// The objects of one kind that say the same.
struct Group<'a> {
    weight: Weight,
    control_plane: bool,
    /// Control plane machines sort first.
    names: Vec<(bool, &'a str)>,
}

fn group_lines(
    kind: &str,
    groups: BTreeMap<&str, Group>,
    left: &mut usize,
    lines: &mut Vec<String>,
) {
    let mut groups: Vec<(&str, Group)> = groups.into_iter().collect();
    for (_, group) in &mut groups {
        group.names.sort_unstable();
    }
    groups.sort_by(|(_, a), (_, b)| {
        let order = |group: &Group| {
            (
                !group.control_plane,
                group.weight,
                usize::MAX - group.names.len(),
            )
        };
        order(a).cmp(&order(b)).then_with(|| a.names.cmp(&b.names))
    });
    let mut others: BTreeMap<Weight, usize> = BTreeMap::new();
    for (message, group) in groups {
        if *left == 0 {
            *others.entry(group.weight).or_default() += group.names.len();
            continue;
        }
        *left -= 1;
        lines.push(format!(
            "* {}:{}",
            subject(kind, &group.names),
            indent(message)
        ));
    }
    for (weight, count) in others {
        let what = match weight {
            Weight::Issue => "with other issues",
            Weight::Unknown => "with status unknown",
            Weight::Info => "with additional info",
        };
        let plural = if count == 1 { "" } else { "s" };
        lines.push(format!("And {count} {kind}{plural} {what}"));
    }
}

fn subject(kind: &str, names: &[(bool, &str)]) -> String {
    let first: Vec<&str> = names.iter().take(SHOWN).map(|(_, name)| *name).collect();
    let first = first.join(", ");
    match names.len() {
        1 => format!("{kind} {first}"),
        2..=SHOWN => format!("{kind}s {first}"),
        all => format!("{kind}s {first}, ... ({} more)", all - SHOWN),
    }
}

fn not_reported(of: &str, message: &str) -> Condition {
    Condition::unknown(of, "NotYetReported").message(message)
}

/// The components of a control plane share a line if all of them say the same.
fn group_components(lines: Vec<String>) -> Vec<String> {
    const COMPONENTS: [&str; 3] = ["* APIServer", "* ControllerManager", "* Scheduler"];
    let said = |line: &str| {
        let component = COMPONENTS.iter().any(|prefix| line.starts_with(prefix));
        let text = line.split_once(':').map(|(_, text)| text.to_owned());
        text.filter(|_| component)
    };
    let mut texts: Vec<String> = lines.iter().filter_map(|line| said(line)).collect();
    let count = texts.len();
    texts.dedup();
    let [text] = texts.as_slice() else {
        return lines;
    };
    if count == 1 {
        return lines;
    }
    let mut grouped = Some(format!("* Control plane components:{text}"));
    lines
        .into_iter()
        .filter_map(|line| match said(&line) {
            Some(_) => grouped.take(),
            None => Some(line),
        })
        .collect()
}

/// A message below a bullet: on the same line, or as indented bullets.
fn indent(message: &str) -> String {
    let is_bullet = |line: &str| line.trim_start().starts_with("* ");
    if !message.contains('\n') && !is_bullet(message) {
        return format!(" {message}");
    }
    let plain = message.lines().any(|line| !is_bullet(line));
    let lines = message.lines().map(|line| match (plain, is_bullet(line)) {
        (false, _) => format!("\n  {line}"),
        (true, true) => format!("\n    {line}"),
        (true, false) => format!("\n  * {line}"),
    });
    lines.collect()
}
