//! Spans of time.

use std::time::Duration;

use jiff::Timestamp;

/// `1h30m`, `45s`, `1.5h`, as Go writes them.
pub(super) fn go_duration(text: &str) -> Option<Duration> {
    let mut all = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let amount: f64 = rest[..digits].parse().ok()?;
        let (unit, length) = unit(&rest[digits..])?;
        all += amount * unit;
        rest = &rest[digits + length..];
    }
    let span = Duration::try_from_secs_f64(all).ok()?;
    (!text.is_empty()).then_some(span)
}

/// Seconds, and how many letters it has.
fn unit(text: &str) -> Option<(f64, usize)> {
    let letters = text.find(|c: char| c.is_ascii_digit() || c == '.');
    let unit = &text[..letters.unwrap_or(text.len())];
    let seconds = match unit {
        "h" => 3600.0,
        "m" => 60.0,
        "s" => 1.0,
        "ms" => 0.001,
        "us" => 0.000_001,
        "ns" => 0.000_000_001,
        _ => return None,
    };
    Some((seconds, unit.len()))
}

/// How long ago it was; nothing if it is still to come, as after a step of the clock.
pub(super) fn since(now: Timestamp, then: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}

/// Brings a time forward, if the other one is sooner.
pub(super) fn sooner(time: &mut Option<Timestamp>, other: Timestamp) {
    *time = Some(time.map_or(other, |time| time.min(other)));
}

/// The beginning of the span, or of all time.
pub(super) fn before(then: Timestamp, span: Duration) -> Timestamp {
    then.checked_sub(span).unwrap_or(Timestamp::MIN)
}

/// The end of the span, or of all time.
pub(super) fn after(then: Timestamp, span: Duration) -> Timestamp {
    then.checked_add(span).unwrap_or(Timestamp::MAX)
}
