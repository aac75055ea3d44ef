//! Who may call: everybody inside the process, the holder of a token over the network.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::hash::sha256;
use crate::sim::status::Status;

#[derive(Clone)]
pub enum Access {
    /// The caller is in the same process.
    Open,
    /// SHA-256 of the bearer token that every request must carry.
    Token(String),
}

impl Access {
    pub fn with_token(token: &str) -> Self {
        Self::Token(sha256(token.as_bytes()))
    }

    /// Digests are compared, so that the time it takes says nothing about the token.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), Status> {
        let Self::Token(expected) = self else {
            return Ok(());
        };
        let header = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let token = header.and_then(|header| header.strip_prefix("Bearer "));
        match token {
            Some(token) if sha256(token.trim().as_bytes()) == *expected => Ok(()),
            _ => Err(Status::unauthorized()),
        }
    }
}
