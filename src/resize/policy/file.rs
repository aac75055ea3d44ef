//! A policy as people write it: amounts of money, durations with units, times of day. Pure.

use std::time::Duration;

use jiff::SignedDuration;
use serde::Deserialize;

use super::{Policy, QuietHours};
use crate::resize::offer::Price;

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// Every field may be absent; then it is as in [`Policy::default`].
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct File {
    max_hourly_cost: Option<Money>,
    max_monthly_cost: Option<Money>,
    priority_cutoff: Option<i32>,
    unneeded_for: Option<Length>,
    before_next_hour: Option<Length>,
    max_removals: Option<u32>,
    max_additions: Option<u32>,
    settle: Option<Length>,
    quiet_hours: Option<Vec<Hours>>,
    max_unready_percent: Option<Percent>,
    retry_sold_out: Option<Length>,
    boot_deadline: Option<Length>,
}

/// Reads YAML or JSON. The error says where it is wrong, and how.
pub fn parse(text: &str) -> Result<Policy, String> {
    let file: Option<File> = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    Ok(file.unwrap_or_default().into())
}

impl From<File> for Policy {
    fn from(file: File) -> Self {
        let usual = Self::default();
        let length = |said: Option<Length>, usual| said.map_or(usual, |Length(length)| length);
        Self {
            max_hourly_cost: file.max_hourly_cost.map(|Money(price)| price),
            max_monthly_cost: file.max_monthly_cost.map(|Money(price)| price),
            priority_cutoff: file.priority_cutoff.unwrap_or(usual.priority_cutoff),
            unneeded_for: length(file.unneeded_for, usual.unneeded_for),
            before_next_hour: length(file.before_next_hour, usual.before_next_hour),
            max_removals: file.max_removals.unwrap_or(usual.max_removals),
            max_additions: file.max_additions.unwrap_or(usual.max_additions),
            settle: length(file.settle, usual.settle),
            quiet_hours: file.quiet_hours.map_or(usual.quiet_hours, |all| {
                all.into_iter().map(|Hours(hours)| hours).collect()
            }),
            max_unready_percent: file
                .max_unready_percent
                .map_or(usual.max_unready_percent, |Percent(share)| share),
            retry_sold_out: length(file.retry_sold_out, usual.retry_sold_out),
            boot_deadline: length(file.boot_deadline, usual.boot_deadline),
        }
    }
}

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
    let price = whole.checked_mul(1_000_000).ok_or_else(wrong)?;
    match price.checked_add(millionths).ok_or_else(wrong)? {
        0 => Err("0 would forbid every machine; leave it out or write an amount".to_owned()),
        price => Ok(Price(price)),
    }
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "Amount")]
struct Money(Price);

/// YAML has numbers where people leave out quotes.
#[derive(Deserialize)]
#[serde(untagged)]
enum Amount {
    Number(f64),
    Text(String),
}

impl TryFrom<Amount> for Money {
    type Error = String;

    fn try_from(amount: Amount) -> Result<Self, String> {
        match amount {
            Amount::Number(number) => money(&number.to_string()),
            Amount::Text(text) => money(&text),
        }
        .map(Self)
    }
}

/// `90s`, `10m`, `1h30m`; 0 is possible.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Length(Duration);

impl TryFrom<String> for Length {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parsed: Option<SignedDuration> = text.parse().ok();
        parsed
            .and_then(|length| Duration::try_from(length).ok())
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not a duration; write one like 90s, 10m or 1h30m"))
    }
}

/// `22:00-06:00`, UTC.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Hours(QuietHours);

impl TryFrom<String> for Hours {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let times = text.split_once('-');
        let hours = times.and_then(|(from, to)| {
            Some(QuietHours {
                from: minutes(from)?,
                to: minutes(to)?,
            })
        });
        hours
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not a part of a day; write one like 22:00-06:00"))
    }
}

fn minutes(time: &str) -> Option<u16> {
    let (hours, minutes) = time.trim().split_once(':')?;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let all = hours.checked_mul(60)?.checked_add(minutes)?;
    (minutes < 60 && all <= DAY).then_some(all)
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "u8")]
struct Percent(u8);

impl TryFrom<u8> for Percent {
    type Error = String;

    fn try_from(share: u8) -> Result<Self, String> {
        match share {
            0..=100 => Ok(Self(share)),
            more => Err(format!("{more} is more than a hundred per cent")),
        }
    }
}

#[cfg(test)]
mod tests;
