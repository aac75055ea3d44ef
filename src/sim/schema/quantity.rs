//! The canonical form of quantities, in which the real server writes them: no fractions, the largest suffix.

/// Largest number of significant digits that is read.
const DIGITS: usize = 28;

/// Amounts are rounded up to thousandths, as resource lists are.
const SMALLEST: i32 = -3;

pub(super) const NO_QUANTITY: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const NO_SUFFIX: &str = "unable to parse quantity's suffix";

const DECIMAL: [(&str, i32); 9] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
];
const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// How the suffix was written, and is written again.
enum Format {
    Decimal,
    Exponent,
    Binary,
}

/// `1000m` is `1`, `0.5Gi` is `512Mi`, `1.5` is `1500m`.
pub(super) fn canonical(text: &str) -> Result<String, &'static str> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let sign = if text.starts_with('-') { "-" } else { "" };
    let end = unsigned
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    let written = Number::parse(number).ok_or(NO_QUANTITY)?;
    let (format, tens, twos) = scale(suffix)?;
    let tens = tens - written.places;
    if written.looks_canonical(&format, tens) {
        return Ok(text.to_owned());
    }
    let amount = match format {
        Format::Binary => binary(written.mantissa, written.places, twos),
        Format::Decimal => decimal(written.mantissa, tens, decimal_suffix),
        Format::Exponent => decimal(written.mantissa, tens, exponent_suffix),
    };
    Ok(if amount == "0" {
        amount
    } else {
        format!("{sign}{amount}")
    })
}

/// The part before the suffix.
struct Number {
    /// Without leading zeros and without the point.
    digits: String,
    mantissa: u128,
    /// Digits after the point.
    places: i32,
}

impl Number {
    fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let whole = match whole.trim_start_matches('0') {
            "" => "0",
            whole => whole,
        };
        let digits = format!("{whole}{fraction}");
        if !text.contains(|c: char| c.is_ascii_digit()) || digits.len() > DIGITS {
            return None;
        }
        Some(Self {
            mantissa: digits.parse().ok()?,
            digits,
            places: i32::try_from(fraction.len()).ok()?,
        })
    }

    /// The real server keeps the text if a quick look says that it is canonical, although it may be `1E3` or `+1`.
    fn looks_canonical(&self, format: &Format, tens: i32) -> bool {
        match format {
            Format::Binary => {
                self.places == 0 && self.digits.len() < 10 && !self.mantissa.is_multiple_of(8)
            }
            Format::Decimal | Format::Exponent => {
                tens >= SMALLEST
                    && tens % 3 == 0
                    && self.digits.len() <= 18
                    && !self.digits.ends_with("000")
                    && !self.digits.starts_with('0')
            }
        }
    }
}

fn scale(suffix: &str) -> Result<(Format, i32, u32), &'static str> {
    let decimal = DECIMAL.iter().chain([&("E", 18)]);
    if let Some((_, tens)) = decimal.into_iter().find(|(name, _)| *name == suffix) {
        return Ok((Format::Decimal, *tens, 0));
    }
    if let Some(power) = (1..).zip(BINARY).find(|(_, name)| *name == suffix) {
        return Ok((Format::Binary, 0, 10 * power.0));
    }
    let exponent = suffix.strip_prefix(['e', 'E']).ok_or(NO_SUFFIX)?;
    let tens: i8 = exponent.parse().map_err(|_| NO_SUFFIX)?;
    Ok((Format::Exponent, i32::from(tens), 0))
}

/// `mantissa × 10^tens` with the largest power of a thousand that leaves a whole number; at least a thousandth.
fn decimal(mut mantissa: u128, mut tens: i32, suffix: fn(i32) -> String) -> String {
    if mantissa == 0 {
        return "0".to_owned();
    }
    while tens < SMALLEST {
        mantissa = mantissa.div_ceil(10);
        tens += 1;
    }
    while mantissa.is_multiple_of(10) {
        mantissa /= 10;
        tens += 1;
    }
    while tens.rem_euclid(3) != 0 || tens > 18 {
        mantissa = mantissa.saturating_mul(10);
        tens -= 1;
    }
    format!("{mantissa}{}", suffix(tens))
}

fn decimal_suffix(tens: i32) -> String {
    let known = DECIMAL.iter().find(|(_, power)| *power == tens);
    known.map_or("E", |(name, _)| name).to_owned()
}

fn exponent_suffix(tens: i32) -> String {
    if tens == 0 {
        String::new()
    } else {
        format!("e{tens}")
    }
}

/// In binary suffixes, or in decimal ones if it is below 1024 or not whole.
fn binary(mantissa: u128, places: i32, twos: u32) -> String {
    let divisor = 10_u128.pow(places.unsigned_abs());
    let scaled = mantissa << twos;
    if !scaled.is_multiple_of(divisor) {
        let thousandths = (scaled * 1000).div_ceil(divisor);
        return decimal(thousandths, -3, decimal_suffix);
    }
    let mut amount = scaled / divisor;
    let mut power = 0;
    while amount >= 1024 && amount.is_multiple_of(1024) && power < BINARY.len() {
        amount /= 1024;
        power += 1;
    }
    let suffix = power.checked_sub(1).map_or("", |index| BINARY[index]);
    format!("{amount}{suffix}")
}
