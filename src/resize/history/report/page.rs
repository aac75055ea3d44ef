//! The page itself: text files with places, filled.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde_json::json;

use super::chart::{Frame, write};
use super::series::Point;
use super::story::{Kind, Refusal, Story, Totals};
use crate::resize::history::Decided;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// More groups than there are colours for are drawn as one.
const GROUPS: usize = 7;
const OTHERS: &str = "other groups";

/// Rows of the tables that stand in for charts, and of the table of refusals.
const SAMPLES: usize = 60;
const REFUSALS: usize = 200;

/// Names in a row.
const NAMES: usize = 3;

type Line = Vec<(Timestamp, f64)>;

pub(super) fn of(story: &Story) -> String {
    let points = story.series.points();
    let groups = groups(points);
    let places = [
        ("style", STYLE.to_owned()),
        ("script", SCRIPT.to_owned()),
        ("cluster", escape(&story.cluster)),
        ("version", escape(&story.version)),
        ("from", format!("{:.0}", story.from)),
        ("to", format!("{:.0}", story.to)),
        ("warnings", warnings(&story.warnings)),
        ("figures", figures(story)),
        ("marks", marks(story)),
        ("pending", pending(story)),
        ("nodes", nodes(story, &groups)),
        ("legend", legend(&groups)),
        ("cost", cost(story)),
        ("samples", samples(story, &groups)),
        ("refusals", refusals(&story.refusals)),
        ("decisions", decisions(&story.decisions)),
        ("data", data(points, &groups)),
    ];
    fill(PAGE, &BTreeMap::from(places))
}

/// Puts texts where the page says `{{name}}`. What they hold is not looked at again.
fn fill(page: &str, places: &BTreeMap<&str, String>) -> String {
    let mut parts = page.split("{{");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap_or((part, ""));
        text.push_str(places.get(name).map_or("", String::as_str));
        text.push_str(rest);
    }
    text
}

/// Text that cannot end the element or the attribute that it is in.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(character),
        }
    }
    safe
}

/// Names of groups, the largest first, with its values over time.
fn groups(points: &[Point]) -> Vec<(String, Vec<u32>)> {
    let mut largest: BTreeMap<&str, u32> = BTreeMap::new();
    for (group, machines) in points.iter().flat_map(|point| &point.machines) {
        let most = largest.entry(group).or_default();
        *most = (*most).max(*machines);
    }
    let mut names: Vec<(&str, u32)> = largest.into_iter().filter(|(_, most)| *most > 0).collect();
    names.sort_by_key(|(_, most)| std::cmp::Reverse(*most));
    let of = |name: &str| -> Vec<u32> {
        let counts = points.iter();
        let counts = counts.map(|point| point.machines.get(name).copied().unwrap_or_default());
        counts.collect()
    };
    let shown = if names.len() > GROUPS {
        GROUPS - 1
    } else {
        names.len()
    };
    let (shown, rest) = names.split_at(shown);
    let mut groups: Vec<(String, Vec<u32>)> = shown
        .iter()
        .map(|(name, _)| ((*name).to_owned(), of(name)))
        .collect();
    if !rest.is_empty() {
        let mut sums = vec![0; points.len()];
        for (name, _) in rest {
            sums.iter_mut().zip(of(name)).for_each(|(sum, n)| *sum += n);
        }
        groups.push((OTHERS.to_owned(), sums));
    }
    groups
}

fn warnings(warnings: &[String]) -> String {
    let shown = warnings.iter().take(20);
    shown
        .map(|warning| format!("<p class=\"warning\">{}</p>", escape(warning)))
        .collect::<Vec<_>>()
        .concat()
}

fn figures(story: &Story) -> String {
    let totals = &story.totals;
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let gap = (totals.bound > 0).then(|| {
        format!(
            "{:.1} %",
            (totals.bought as f64 / totals.bound as f64 - 1.0) * 100.0
        )
    });
    let pending = story.series.points().iter().map(|point| point.pending);
    let figures = [
        ("decisions", totals.decisions.to_string()),
        ("of them did something", totals.acting.to_string()),
        ("machines added", totals.added.to_string()),
        ("nodes removed", totals.removed.to_string()),
        ("machines replaced", totals.replaced.to_string()),
        ("writes that failed", totals.failed_acts.to_string()),
        (
            "most pods pending",
            pending.max().unwrap_or_default().to_string(),
        ),
        ("wait for a node, median", wait(&story.waits, 50)),
        ("wait for a node, 99 %", wait(&story.waits, 99)),
        ("spent", spent(story)),
        (
            "above the lower bound",
            gap.unwrap_or_else(|| "-".to_owned()),
        ),
    ];
    let figure = |(name, value)| format!("<div><dt>{name}</dt><dd>{value}</dd></div>");
    figures.map(figure).concat()
}

fn spent(story: &Story) -> String {
    let Totals { spent, priced, .. } = &story.totals;
    let currency = escape(&story.currency);
    let spent = priced.then(|| format!("{spent:.2} {currency}"));
    spent.unwrap_or_else(|| "no prices known".to_owned())
}

fn wait(sorted: &[f64], percent: usize) -> String {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    let seconds = sorted.get(place);
    seconds.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.1} s"))
}

fn pending(story: &Story) -> String {
    let points = story.series.points().iter();
    let line: Line = points.map(|p| (p.at, f64::from(p.pending))).collect();
    single(story, &line, "pending", "Pods that wait for a node")
}

/// Nothing if no price is known.
fn cost(story: &Story) -> String {
    if !story.totals.priced {
        return String::new();
    }
    let points = story.series.points().iter();
    let line: Line = points.map(|p| (p.at, p.cost)).collect();
    format!(
        "<section>\n<h2>Cost, {} an hour</h2>\n{}\n</section>",
        escape(&story.currency),
        single(story, &line, "cost", "What all machines cost an hour")
    )
}

/// A chart of one line.
fn single(story: &Story, line: &Line, id: &str, title: &str) -> String {
    let highest = line.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    let frame = Frame::new(story.from, story.to, highest);
    let floor: Line = line.iter().map(|(at, _)| (*at, 0.0)).collect();
    let content = format!(
        r#"<path class="fill s0" d="{}"/><path class="line s0" d="{}"/>"#,
        frame.area(&floor, line),
        frame.steps(line)
    );
    let last = line.last().map_or(0.0, |(_, value)| *value);
    let description = format!("At most {highest:.2}, at the end {last:.2}.");
    frame.svg(id, title, &description, &content)
}

fn nodes(story: &Story, groups: &[(String, Vec<u32>)]) -> String {
    let points = story.series.points();
    let total = points.iter().map(|point| point.machines.values().sum());
    let highest: u32 = total.max().unwrap_or_default();
    let frame = Frame::new(story.from, story.to, f64::from(highest));
    let mut lower: Line = points.iter().map(|point| (point.at, 0.0)).collect();
    let mut content = String::new();
    for (color, (name, counts)) in groups.iter().enumerate() {
        let sums = lower.iter().zip(counts);
        let upper: Line = sums
            .map(|((at, below), count)| (*at, below + f64::from(*count)))
            .collect();
        let path = frame.area(&lower, &upper);
        let name = escape(name);
        write(
            &mut content,
            format_args!(r#"<path class="stack s{color}" d="{path}"><title>{name}</title></path>"#),
        );
        lower = upper;
    }
    let names: Vec<String> = groups.iter().map(|(name, _)| escape(name)).collect();
    let description = format!("At most {highest}, of these groups: {}.", names.join(", "));
    frame.svg("nodes", "Machines by group", &description, &content)
}

fn legend(groups: &[(String, Vec<u32>)]) -> String {
    let entry = |(color, (name, _)): (usize, &(String, Vec<u32>))| {
        format!(
            r#"<li><span class="key s{color}"></span>{}</li>"#,
            escape(name)
        )
    };
    groups
        .iter()
        .enumerate()
        .map(entry)
        .collect::<Vec<_>>()
        .concat()
}

/// Each decision at its time: up for machines that come, down for nodes that go.
fn marks(story: &Story) -> String {
    let frame = Frame::new(story.from, story.to, 1.0).lane(64.0);
    let mut content = String::new();
    for (number, decided) in story.decisions.iter().enumerate() {
        let (x, decision) = (frame.x(decided.at), &decided.decision);
        let shapes = [
            (!decision.grow.is_empty(), "grow", "m-5 18l5-10 5 10z"),
            (!decision.remove.is_empty(), "shrink", "m-5 24l5 10 5-10z"),
            (
                !decision.replace.is_empty(),
                "replace",
                "m0 15l6 6-6 6-6-6z",
            ),
            (
                !decision.helpless.is_empty(),
                "helpless",
                "m-4 2l8 8m0-8l-8 8",
            ),
        ];
        let shapes = shapes.iter().filter(|(is, ..)| *is);
        let shapes: Vec<String> = shapes
            .map(|(_, class, path)| format!(r#"<path class="{class}" d="M{x:.1} 0{path}"/>"#))
            .collect();
        let summary = escape(&decision.summary());
        let at = decided.at;
        write(
            &mut content,
            format_args!(
                r##"<a href="#d{number}" aria-label="{at:.0}: {summary}"><title>{at:.0}: {summary}</title>{}</a>"##,
                shapes.concat()
            ),
        );
    }
    let description = format!(
        "{} decisions; each leads to its text.",
        story.decisions.len()
    );
    frame.svg(
        "marks",
        "Decisions on the time line",
        &description,
        &content,
    )
}

/// The charts as a table, for those who cannot see them.
fn samples(story: &Story, groups: &[(String, Vec<u32>)]) -> String {
    let points = story.series.points();
    let names: Vec<String> = groups
        .iter()
        .map(|(name, _)| format!("<th scope=\"col\">{}</th>", escape(name)))
        .collect();
    let mut text = format!(
        "<thead><tr><th scope=\"col\">time (UTC)</th><th scope=\"col\">pods pending</th>{}<th scope=\"col\">cost an \
         hour</th></tr></thead><tbody>",
        names.concat()
    );
    let every = points.len().div_ceil(SAMPLES).max(1);
    for place in (0..points.len()).step_by(every) {
        let Point {
            at, pending, cost, ..
        } = &points[place];
        let counts = groups.iter();
        let counts = counts.map(|(_, counts)| format!("<td>{}</td>", counts[place]));
        let counts: Vec<String> = counts.collect();
        let cost = Some(cost).filter(|_| story.totals.priced);
        let cost = cost.map_or_else(|| "-".to_owned(), |cost| format!("{cost:.4}"));
        write(
            &mut text,
            format_args!(
                "<tr><th scope=\"row\">{at:.0}</th><td>{pending}</td>{}<td>{cost}</td></tr>",
                counts.concat()
            ),
        );
    }
    text + "</tbody>"
}

fn refusals(refusals: &BTreeMap<(Kind, String), Refusal>) -> String {
    let mut rows: Vec<_> = refusals.iter().collect();
    rows.sort_by_key(|((kind, _), refusal)| (*kind, std::cmp::Reverse(refusal.last)));
    let row = |((kind, why), refusal): (&(Kind, String), &Refusal)| {
        let Refusal {
            first,
            last,
            times,
            about,
        } = refusal;
        let kind = match kind {
            Kind::NoHelp => "no help",
            Kind::Held => "held back",
            Kind::Kept => "node kept",
        };
        let more = about.len().saturating_sub(NAMES);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let names = about[..about.len().min(NAMES)].join(", ");
        format!(
            "<tr><td>{kind}</td><td>{}</td><td>{}{more}</td><td>{times}</td><td>{first:.0}</td><td>{last:.0}</td></tr>",
            escape(why),
            escape(&names)
        )
    };
    if rows.is_empty() {
        return "<tr><td colspan=\"6\">Nothing was refused.</td></tr>".to_owned();
    }
    let rows = rows.into_iter().take(REFUSALS).map(row);
    rows.collect::<Vec<_>>().concat()
}

fn decisions(decisions: &VecDeque<Decided>) -> String {
    let one = |(number, decided): (usize, &Decided)| {
        let Decided { at, decision, took } = decided;
        format!(
            "<details id=\"d{number}\"><summary><time>{at:.0}</time> {}</summary><pre>{}</pre><p>Decided in {:.1} \
             ms.</p></details>",
            escape(&decision.summary()),
            escape(&decision.to_string()),
            took.as_secs_f64() * 1e3
        )
    };
    if decisions.is_empty() {
        return "<p>No decision did anything.</p>".to_owned();
    }
    let all = decisions.iter().enumerate().rev().map(one);
    all.collect::<Vec<_>>().concat()
}

/// What the pointer reads off the charts. No text of it can end the script element that it is in.
fn data(points: &[Point], groups: &[(String, Vec<u32>)]) -> String {
    let times: Vec<i64> = points
        .iter()
        .map(|point| point.at.as_millisecond())
        .collect();
    let pending: Vec<u32> = points.iter().map(|point| point.pending).collect();
    let cost: Vec<f64> = points.iter().map(|point| point.cost).collect();
    let data = json!({"times": times, "pending": pending, "cost": cost, "nodes": groups});
    data.to_string().replace('<', "\\u003c")
}
