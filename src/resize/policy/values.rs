//! Values of a policy as people write them, and back: amounts of money, durations with units, times of day. Each error is
//! the end of a sentence that begins with the field's name.

use std::time::Duration;

use jiff::SignedDuration;

use super::{QuietHours, Share};
use crate::resize::offer::Price;

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// Of a unit of the currency.
const MILLION: u64 = 1_000_000;

/// An amount of the price list's currency: `0.5`, `200`.
pub fn money(text: &str) -> Result<Price, String> {
    let wrong = || format!("`{text}` is not an amount of money; write one like 0.5 or 200");
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if whole.is_empty() || part.len() > 6 || !digits(whole) || !digits(part) {
        return Err(wrong());
    }
    let whole: u64 = whole.parse().map_err(|_| wrong())?;
    let millionths: u64 = format!("{part:0<6}").parse().map_err(|_| wrong())?;
    let price = whole.checked_mul(MILLION).ok_or_else(wrong)?;
    match price.checked_add(millionths).ok_or_else(wrong)? {
        0 => Err("0 would forbid every machine; leave it out or write an amount".to_owned()),
        price => Ok(Price(price)),
    }
}

/// `90s`, `10m`, `1h30m`; 0 is possible.
pub fn duration(text: &str) -> Result<Duration, String> {
    let parsed: Option<SignedDuration> = text.parse().ok();
    parsed
        .and_then(|length| Duration::try_from(length).ok())
        .ok_or_else(|| format!("`{text}` is not a duration; write one like 90s, 10m or 1h30m"))
}

/// `3`, or `10%` of all.
pub fn share(text: &str) -> Result<Share, String> {
    let share = match text.strip_suffix('%') {
        Some(part) => part
            .parse()
            .ok()
            .filter(|part| *part <= 100)
            .map(Share::Percent),
        None => text.parse().ok().map(Share::Nodes),
    };
    share.ok_or_else(|| format!("`{text}` is not a number of nodes; write one like 3 or 10%"))
}

/// `22:00-06:00`, UTC.
pub fn hours(text: &str) -> Result<QuietHours, String> {
    let times = text.split_once('-');
    let hours = times.and_then(|(from, to)| {
        Some(QuietHours {
            from: minutes(from)?,
            to: minutes(to)?,
        })
    });
    hours.ok_or_else(|| format!("`{text}` is not a part of a day; write one like 22:00-06:00"))
}

fn minutes(time: &str) -> Option<u16> {
    let (hours, minutes) = time.trim().split_once(':')?;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let all = hours.checked_mul(60)?.checked_add(minutes)?;
    (minutes < 60 && all <= DAY).then_some(all)
}

/// What [`money`] reads as this price.
pub(super) fn write_money(Price(price): Price) -> String {
    let (whole, part) = (price / MILLION, price % MILLION);
    let text = format!("{whole}.{part:06}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What [`duration`] reads as this length. One that no clock can hold is cut off.
pub(in crate::resize) fn write_duration(length: Duration) -> String {
    let length = SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX);
    format!("{length:#}").replace(' ', "")
}

/// What [`share`] reads as this.
pub(super) fn write_share(share: Share) -> String {
    match share {
        Share::Nodes(nodes) => nodes.to_string(),
        Share::Percent(part) => format!("{part}%"),
    }
}

/// What [`hours`] reads as these.
pub(super) fn write_hours(hours: QuietHours) -> String {
    let time = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    format!("{}-{}", time(hours.from), time(hours.to))
}

#[cfg(test)]
mod tests;
