//! Kubernetes quantities (`500m`, `1.5Gi`, `2e3`), kept exact until they are rounded to whole numbers. Pure.

use std::str::FromStr;

use anyhow::{Context, Result, bail};

/// An amount that is never negative: `digits × 10^tens × 2^twos`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantity {
    digits: u64,
    tens: i32,
    twos: u32,
}

/// Which way to go where an amount is not whole: up for what is asked for, down for what is on offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    Up,
    Down,
}

impl Quantity {
    /// In whole units: bytes, pieces. `u64::MAX` stands for everything larger.
    pub fn units(self, rounding: Rounding) -> u64 {
        self.times_ten_to(0, rounding)
    }

    /// In thousandths: millicores. `u64::MAX` stands for everything larger.
    pub fn thousandths(self, rounding: Rounding) -> u64 {
        self.times_ten_to(3, rounding)
    }

    fn times_ten_to(self, power: i32, rounding: Rounding) -> u64 {
        // At most 2^64 × 2^60, which u128 holds.
        let exact = u128::from(self.digits) << self.twos;
        let power = self.tens.saturating_add(power);
        let factor = 10_u128.checked_pow(power.unsigned_abs());
        let rounded = match (factor, rounding) {
            _ if exact == 0 => Some(0),
            (Some(factor), _) if power >= 0 => exact.checked_mul(factor),
            (None, _) if power >= 0 => None,
            (Some(factor), Rounding::Up) => Some(exact.div_ceil(factor)),
            (Some(factor), Rounding::Down) => Some(exact / factor),
            (None, Rounding::Up) => Some(1),
            (None, Rounding::Down) => Some(0),
        };
        rounded
            .and_then(|amount| u64::try_from(amount).ok())
            .unwrap_or(u64::MAX)
    }
}

impl FromStr for Quantity {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        parse(text).with_context(|| format!("reading quantity `{text}`"))
    }
}

fn parse(text: &str) -> Result<Quantity> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits: u64 = format!("{whole}{fraction}").parse().ok().context(
        "expected up to 19 digits, at most one decimal point and a unit, like 500m or 2Gi",
    )?;
    let (tens, twos) = scale(suffix)?;
    let tens = tens.saturating_sub(i32::try_from(fraction.len())?);
    Ok(Quantity { digits, tens, twos })
}

/// Powers of ten and of two that a suffix stands for.
fn scale(suffix: &str) -> Result<(i32, u32)> {
    Ok(match suffix {
        "n" => (-9, 0),
        "u" => (-6, 0),
        "m" => (-3, 0),
        "" => (0, 0),
        "k" => (3, 0),
        "M" => (6, 0),
        "G" => (9, 0),
        "T" => (12, 0),
        "P" => (15, 0),
        "E" => (18, 0),
        "Ki" => (0, 10),
        "Mi" => (0, 20),
        "Gi" => (0, 30),
        "Ti" => (0, 40),
        "Pi" => (0, 50),
        "Ei" => (0, 60),
        _ => match suffix.strip_prefix(['e', 'E']) {
            Some(exponent) => (exponent.parse().context("expected an exponent")?, 0),
            None => bail!("unknown suffix `{suffix}`"),
        },
    })
}

#[cfg(test)]
mod tests;
