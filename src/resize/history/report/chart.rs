//! Steps over time as SVG.

use std::fmt::Write;

use jiff::Timestamp;

/// The drawing's own units; the page scales it.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 190.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 24.0;

/// Steps between marks on the time axis, in seconds.
const TIMES: [i64; 15] = [
    1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 604_800,
];

/// Where times and values lie in a drawing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    /// Milliseconds.
    from: i64,
    to: i64,
    span: f64,
    top: f64,
    height: f64,
}

impl Frame {
    /// `highest`: the largest value; the frame ends at a round number above it.
    pub(super) fn new(from: Timestamp, to: Timestamp, highest: f64) -> Self {
        let (from, to) = (from.as_millisecond(), to.as_millisecond());
        #[expect(clippy::cast_precision_loss, reason = "a place on the screen")]
        let span = (to - from).max(1) as f64;
        let step = nice(highest);
        Self {
            from,
            to,
            span,
            top: (highest / step).ceil().max(1.0) * step,
            height: HEIGHT,
        }
    }

    /// A frame of another height, for marks without values.
    pub(super) fn lane(self, height: f64) -> Self {
        Self { height, ..self }
    }

    #[expect(clippy::cast_precision_loss, reason = "a place on the screen")]
    pub(super) fn x(&self, at: Timestamp) -> f64 {
        let share = (at.as_millisecond() - self.from) as f64 / self.span;
        LEFT + share.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        TOP + (1.0 - value / self.top) * (self.height - TOP - BOTTOM)
    }

    /// An SVG element with axes, around what is drawn in it.
    pub(super) fn svg(&self, id: &str, title: &str, description: &str, content: &str) -> String {
        let height = self.height;
        let values = if height < HEIGHT {
            String::new()
        } else {
            self.values()
        };
        let times = self.times();
        format!(
            r#"<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="{id}-title {id}-desc" data-left="{LEFT}" data-right="{RIGHT}">
<title id="{id}-title">{title}</title>
<desc id="{id}-desc">{description}</desc>
{values}{times}{content}<line class="cursor" y1="0" y2="{height}" visibility="hidden"/>
</svg>"#
        )
    }

    fn values(&self) -> String {
        let step = nice(self.top);
        let mut text = String::new();
        let mut value = 0.0;
        while value <= self.top + step / 1e6 {
            let (y, label) = (self.y(value), number(value, step));
            line(&mut text, "grid", [LEFT, y, WIDTH - RIGHT, y]);
            let (x, y) = (LEFT - 8.0, y + 4.0);
            write(
                &mut text,
                format_args!(r#"<text class="value" x="{x}" y="{y:.1}">{label}</text>"#),
            );
            value += step;
        }
        text
    }

    fn times(&self) -> String {
        let seconds = self.span / 1000.0;
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let fits = |step: &&i64| seconds / (**step as f64) <= 9.0;
        let step = TIMES.iter().find(fits).unwrap_or(&TIMES[TIMES.len() - 1]);
        let format = match step {
            ..60 => "%H:%M:%S",
            60..86_400 => "%H:%M",
            _ => "%d %b",
        };
        let bottom = self.height - BOTTOM;
        let mut text = String::new();
        line(&mut text, "axis", [LEFT, bottom, WIDTH - RIGHT, bottom]);
        let mut second = (self.from.div_euclid(1000) / step + 1) * step;
        while let Ok(at) = Timestamp::from_second(second) {
            if at.as_millisecond() > self.to {
                break;
            }
            let (x, label) = (self.x(at), at.strftime(format));
            line(&mut text, "axis", [x, bottom, x, bottom + 4.0]);
            let y = bottom + 17.0;
            write(
                &mut text,
                format_args!(r#"<text class="time" x="{x:.1}" y="{y}">{label}</text>"#),
            );
            second += step;
        }
        text
    }

    /// The line of values that hold until the next one.
    pub(super) fn steps(&self, points: &[(Timestamp, f64)]) -> String {
        let mut path = String::new();
        for (at, value) in points {
            let (x, y) = (self.x(*at), self.y(*value));
            if path.is_empty() {
                write(&mut path, format_args!("M{x:.1} {y:.1}"));
            } else {
                write(&mut path, format_args!("H{x:.1}V{y:.1}"));
            }
        }
        write(&mut path, format_args!("H{:.1}", WIDTH - RIGHT));
        path
    }

    /// The area between two such lines over the same times.
    pub(super) fn area(&self, lower: &[(Timestamp, f64)], upper: &[(Timestamp, f64)]) -> String {
        let mut path = self.steps(upper);
        let mut end = None;
        for (at, value) in lower.iter().rev() {
            let y = self.y(*value);
            write(&mut path, format_args!("V{y:.1}H{:.1}", self.x(*at)));
            end = Some(y);
        }
        if end.is_some() {
            path.push('Z');
        }
        path
    }
}

fn line(text: &mut String, class: &str, [x1, y1, x2, y2]: [f64; 4]) {
    write(
        text,
        format_args!(
            r#"<line class="{class}" x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}"/>"#
        ),
    );
}

pub(super) fn write(text: &mut String, what: std::fmt::Arguments) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(what);
}

/// A round step of which about four make `highest`.
fn nice(highest: f64) -> f64 {
    let rough = (highest / 4.0).max(1e-4);
    let power = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0];
    let step = steps.iter().find(|step| *step * power >= rough * 0.999);
    step.unwrap_or(&10.0) * power
}

/// As many digits as tell one step from the next.
fn number(value: f64, step: f64) -> String {
    let digits: usize = match step {
        1.0.. => 0,
        0.1.. => 1,
        0.01.. => 2,
        _ => 4,
    };
    format!("{value:.digits$}")
}
