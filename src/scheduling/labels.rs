//! Labels and the expressions that select by them.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::NodeSelectorRequirement;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

pub type Labels = BTreeMap<String, String>;

/// All of its requirements have to hold; without any, it selects everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selector(pub Vec<Requirement>);

/// What is asked of one label.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Requirement {
    pub key: String,
    pub test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    DoesNotExist,
    Gt(i64),
    Lt(i64),
    /// An operator that nobody knows, or values that do not suit it.
    Never,
}

impl Selector {
    pub fn matches(&self, labels: &Labels) -> bool {
        self.0.iter().all(|requirement| requirement.holds(labels))
    }

    /// Without a selector nothing is selected: `None`.
    pub fn of(selector: Option<&LabelSelector>) -> Option<Self> {
        let selector = selector?;
        let pairs = selector.match_labels.iter().flatten();
        let pairs = pairs.map(|(key, value)| Requirement::equals(key, value));
        let expressions = selector.match_expressions.iter().flatten();
        let expressions = expressions.map(|expression| Requirement {
            key: expression.key.clone(),
            test: Test::of(&expression.operator, expression.values.as_deref()),
        });
        Some(Self(pairs.chain(expressions).collect()))
    }
}

impl Requirement {
    pub fn equals(key: &str, value: &str) -> Self {
        Self {
            key: key.to_owned(),
            test: Test::In(vec![value.to_owned()]),
        }
    }

    pub fn of_node(requirement: &NodeSelectorRequirement) -> Self {
        Self {
            key: requirement.key.clone(),
            test: Test::of(&requirement.operator, requirement.values.as_deref()),
        }
    }

    pub fn holds(&self, labels: &Labels) -> bool {
        self.test.holds(labels.get(&self.key).map(String::as_str))
    }
}

impl Test {
    fn of(operator: &str, values: Option<&[String]>) -> Self {
        let values = values.unwrap_or_default();
        let number = || match values {
            [value] => value.parse().ok(),
            _ => None,
        };
        if !values.iter().all(|value| is_label_value(value)) {
            return Self::Never;
        }
        match operator {
            "In" if !values.is_empty() => Self::In(values.to_vec()),
            "NotIn" if !values.is_empty() => Self::NotIn(values.to_vec()),
            "Exists" if values.is_empty() => Self::Exists,
            "DoesNotExist" if values.is_empty() => Self::DoesNotExist,
            "Gt" => number().map_or(Self::Never, Self::Gt),
            "Lt" => number().map_or(Self::Never, Self::Lt),
            _ => Self::Never,
        }
    }

    pub fn holds(&self, actual: Option<&str>) -> bool {
        let is_among = |values: &[String]| actual.is_some_and(|actual| among(values, actual));
        let number = || actual.and_then(|actual| actual.parse::<i64>().ok());
        match self {
            Self::In(values) => is_among(values),
            Self::NotIn(values) => !is_among(values),
            Self::Exists => actual.is_some(),
            Self::DoesNotExist => actual.is_none(),
            Self::Gt(bound) => number().is_some_and(|number| number > *bound),
            Self::Lt(bound) => number().is_some_and(|number| number < *bound),
            Self::Never => false,
        }
    }
}

fn among(values: &[String], actual: &str) -> bool {
    values.iter().any(|value| value == actual)
}

/// At most 63 letters, digits, `-`, `_` and `.`, a letter or a digit at both ends.
fn is_label_value(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let ends = text
        .as_bytes()
        .first()
        .into_iter()
        .chain(text.as_bytes().last());
    text.len() <= 63 && text.bytes().all(inner) && ends.into_iter().all(u8::is_ascii_alphanumeric)
}
