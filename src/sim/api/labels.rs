//! Label selectors in their text form: `app=web,tier in (front,back),!canary`. Pure.

mod names;
#[cfg(test)]
mod tests;
mod tokens;

use tokens::{Symbol, Token, Tokens};

/// All requirements must hold; none selects everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Selector(pub Vec<Requirement>);

/// What is asked of one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Requirement {
    pub key: String,
    pub test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    Exists,
    Absent,
    /// `=`, `==`, `in`.
    In(Vec<String>),
    /// `!=`, `notin`: holds without the label, too.
    NotIn(Vec<String>),
    Above(i64),
    Below(i64),
}

impl Selector {
    /// The error is the real server's text.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut tokens = Tokens::of(text);
        let mut requirements = Vec::new();
        loop {
            match tokens.peek().symbol {
                Symbol::Word | Symbol::In | Symbol::NotIn | Symbol::Not => {}
                Symbol::End => return Ok(Self(requirements)),
                _ => {
                    let found = &tokens.peek().text;
                    return Err(format!(
                        "found '{found}', expected: !, identifier, or 'end of string'"
                    ));
                }
            }
            let requirement = requirement(&mut tokens)
                .map_err(|error| format!("unable to parse requirement: {error}"))?;
            requirements.push(requirement);
            if !another(&mut tokens)? {
                return Ok(Self(requirements));
            }
        }
    }
}

impl Test {
    pub(super) fn holds(&self, value: Option<&str>) -> bool {
        let is_one_of =
            |values: &[String]| value.is_some_and(|value| values.iter().any(|one| one == value));
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match self {
            Self::Exists => value.is_some(),
            Self::Absent => value.is_none(),
            Self::In(values) => is_one_of(values),
            Self::NotIn(values) => !is_one_of(values),
            Self::Above(bound) => number().is_some_and(|number| number > *bound),
            Self::Below(bound) => number().is_some_and(|number| number < *bound),
        }
    }
}

/// Takes the comma after a requirement. False: the text ends here.
fn another(tokens: &mut Tokens) -> Result<bool, String> {
    let token = tokens.take();
    match token.symbol {
        Symbol::End => Ok(false),
        Symbol::Comma => match tokens.peek() {
            next if next.symbol == Symbol::Not || next.is_value() => Ok(true),
            next => Err(format!(
                "found '{}', expected: identifier after ','",
                next.text
            )),
        },
        _ => Err(format!(
            "found '{}', expected: ',' or 'end of string'",
            token.text
        )),
    }
}

fn requirement(tokens: &mut Tokens) -> Result<Requirement, String> {
    let mut token = tokens.take();
    let negated = token.symbol == Symbol::Not;
    if negated {
        token = tokens.take();
    }
    if !token.is_value() {
        return Err(format!("found '{}', expected: identifier", token.text));
    }
    let key = token.text;
    names::check_key(&key)?;
    let ends = matches!(tokens.peek().symbol, Symbol::End | Symbol::Comma);
    let test = match (negated, ends) {
        (true, _) => Test::Absent,
        (false, true) => Test::Exists,
        (false, false) => comparison(&key, tokens)?,
    };
    Ok(Requirement { key, test })
}

fn comparison(key: &str, tokens: &mut Tokens) -> Result<Test, String> {
    let operator = tokens.take();
    let values = match operator.symbol {
        Symbol::In | Symbol::NotIn => list(tokens)?,
        Symbol::Equal | Symbol::Unequal | Symbol::Greater | Symbol::Less => vec![single(tokens)?],
        _ => {
            return Err(format!(
                "found '{}', expected: in, notin, =, ==, !=, gt, lt",
                operator.text
            ));
        }
    };
    let bound = match operator.symbol {
        Symbol::Greater | Symbol::Less => names::check_number(&values[0])?,
        _ => 0,
    };
    for (index, value) in values.iter().enumerate() {
        names::check_value(key, index, value)?;
    }
    Ok(match operator.symbol {
        Symbol::In | Symbol::Equal => Test::In(values),
        Symbol::Greater => Test::Above(bound),
        Symbol::Less => Test::Below(bound),
        _ => Test::NotIn(values),
    })
}

/// The value after `=`; nothing is the empty one.
fn single(tokens: &mut Tokens) -> Result<String, String> {
    match tokens.peek() {
        next if matches!(next.symbol, Symbol::End | Symbol::Comma) => Ok(String::new()),
        next if next.is_value() => Ok(tokens.take().text),
        next => Err(format!("found '{}', expected: identifier", next.text)),
    }
}

/// `(a,b)`, sorted; an empty place is the empty value.
fn list(tokens: &mut Tokens) -> Result<Vec<String>, String> {
    let open = tokens.take();
    if open.symbol != Symbol::Open {
        return Err(format!("found '{}' expected: '('", open.text));
    }
    let mut values = Vec::new();
    let mut pending: Option<String> = None;
    loop {
        let token = tokens.take();
        match (token.symbol, pending.is_some()) {
            (Symbol::Close, _) => break,
            (Symbol::Comma, _) => values.push(pending.take().unwrap_or_default()),
            (_, false) if token.is_value() => pending = Some(token.text),
            (_, last) => return Err(unexpected_in_list(&token, last, values.is_empty())),
        }
    }
    values.push(pending.unwrap_or_default());
    values.sort();
    values.dedup();
    Ok(values)
}

fn unexpected_in_list(token: &Token, after_value: bool, first: bool) -> String {
    let expected = match (after_value, first) {
        (true, _) => "',' or ')'",
        (false, true) => "',', ')' or identifier",
        (false, false) => "',', or identifier",
    };
    format!("found '{}', expected: {expected}", token.text)
}
