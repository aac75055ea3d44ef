//! Counts that may be percentages: `maxSurge`, `minAvailable` and their like.

use serde::Deserialize;

/// A number, or a percentage of something.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum IntOrPercent {
    Int(i64),
    Text(String),
}

impl IntOrPercent {
    /// Of `total`; what is not a percentage counts as nothing, as the real controllers treat it.
    pub(super) fn of(&self, total: i64, round_up: bool) -> i64 {
        match self {
            Self::Int(number) => *number,
            Self::Text(text) => {
                let percent: i64 = text
                    .strip_suffix('%')
                    .and_then(|number| number.parse().ok())
                    .unwrap_or(0);
                let hundredths = percent * total;
                if round_up {
                    (hundredths + 99).div_euclid(100)
                } else {
                    hundredths.div_euclid(100)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::IntOrPercent;

    #[test]
    fn percentages_are_rounded_as_asked() {
        let quarter = IntOrPercent::Text("25%".into());
        assert_eq!(quarter.of(10, true), 3);
        assert_eq!(quarter.of(10, false), 2);
        assert_eq!(quarter.of(0, true), 0);
        assert_eq!(IntOrPercent::Int(4).of(10, true), 4);
        assert_eq!(IntOrPercent::Text("many".into()).of(10, true), 0);
    }
}
