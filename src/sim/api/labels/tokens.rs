//! The words and signs of a label selector.

use std::iter::Peekable;
use std::vec::IntoIter;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Symbol {
    Word,
    In,
    NotIn,
    Not,
    Equal,
    Unequal,
    Greater,
    Less,
    Comma,
    Open,
    Close,
    End,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) symbol: Symbol,
    pub(super) text: String,
}

impl Token {
    /// Names and values may be called `in` and `notin`.
    pub(super) fn is_value(&self) -> bool {
        matches!(self.symbol, Symbol::Word | Symbol::In | Symbol::NotIn)
    }
}

/// Tokens with one of them in view; behind the last comes [`Symbol::End`], for ever.
#[derive(Debug)]
pub(super) struct Tokens {
    rest: Peekable<IntoIter<Token>>,
    end: Token,
}

impl Tokens {
    pub(super) fn of(text: &str) -> Self {
        let mut tokens = Vec::new();
        let mut rest = text.trim_start_matches(is_space);
        while !rest.is_empty() {
            let length = length(rest);
            tokens.push(token(&rest[..length]));
            rest = rest[length..].trim_start_matches(is_space);
        }
        let end = Token {
            symbol: Symbol::End,
            text: String::new(),
        };
        Self {
            rest: tokens.into_iter().peekable(),
            end,
        }
    }

    pub(super) fn peek(&mut self) -> &Token {
        self.rest.peek().unwrap_or(&self.end)
    }

    pub(super) fn take(&mut self) -> Token {
        self.rest.next().unwrap_or_else(|| self.end.clone())
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Of the first token in bytes.
fn length(text: &str) -> usize {
    let is_sign = |c: char| matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<');
    if text.starts_with("==") || text.starts_with("!=") {
        2
    } else if text.starts_with(is_sign) {
        1
    } else {
        text.find(|c| is_sign(c) || is_space(c))
            .unwrap_or(text.len())
    }
}

fn token(text: &str) -> Token {
    let symbol = match text {
        "in" => Symbol::In,
        "notin" => Symbol::NotIn,
        "!" => Symbol::Not,
        "=" | "==" => Symbol::Equal,
        "!=" => Symbol::Unequal,
        ">" => Symbol::Greater,
        "<" => Symbol::Less,
        "," => Symbol::Comma,
        "(" => Symbol::Open,
        ")" => Symbol::Close,
        _ => Symbol::Word,
    };
    Token {
        symbol,
        text: text.to_owned(),
    }
}
