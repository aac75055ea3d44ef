//! Collections: a page of objects at one revision, written out from the stored bytes.

#[cfg(test)]
pub(super) mod tests;
mod token;

use std::vec::IntoIter;

use bytes::Bytes;
use futures::stream;
use serde_json::{Map, Value, json};

use super::errors;
use super::present::Presenter;
use super::query::ListOptions;
use super::respond::{self, Body};
use crate::sim::registry::{Registry, Target};
use crate::sim::status::Status;
use crate::sim::store::{Key, PageRequest, Stored};
use token::Token;

const TOO_OLD: &str = "The provided continue parameter is too old to display a consistent list result. You can start \
a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of \
the results. Continuing with the provided token results in an inconsistent list - objects that were created, \
modified, or deleted between the time the first chunk was returned and now may show up in the list.";

/// Pieces of a list's body have about this size.
const PIECE: usize = 64 * 1024;

/// Objects that are read at once while a selector is looked for.
const BATCH: usize = 500;

/// A page of a collection, selectors applied.
#[derive(Debug)]
pub(super) struct Listing {
    pub revision: u64,
    pub items: Vec<Stored>,
    /// The last key, if there is more; and how much, if that is known.
    more: Option<(Key, Option<u64>)>,
}

/// Why there is no list.
#[derive(Debug)]
pub(super) enum Failed {
    Status(Status),
    /// History is gone; with the token the rest can be read as it is now.
    Expired(String),
}

impl From<Status> for Failed {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl Failed {
    pub(super) fn answer(self) -> respond::Answer {
        match self {
            Self::Status(status) => respond::failure(&status),
            Self::Expired(token) => {
                let status = Status::expired(TOO_OLD);
                let mut json = status.to_json();
                json["metadata"]["continue"] = token.into();
                respond::failure_json(&status, &json)
            }
        }
    }
}

pub(super) fn read(
    registry: &Registry,
    target: &Target,
    options: &ListOptions,
) -> Result<Listing, Failed> {
    let after = start(registry, options, target)?;
    let listing = page(registry, target, options, after.clone());
    match (listing, after) {
        (Err(status), Some((_, key)))
            if status.reason == "Expired" && !options.continue_token.is_empty() =>
        {
            Err(Failed::Expired(Token::inconsistent(&key).to_string()))
        }
        (Err(status), Some((revision, _))) if status.reason == "Expired" => {
            let message =
                format!("The resourceVersion for the provided list is too old: {revision}");
            Err(Status::expired(message).into())
        }
        (listing, _) => Ok(listing?),
    }
}

/// Where the list begins and at which revision; nothing: at its first object, now.
fn start(
    registry: &Registry,
    options: &ListOptions,
    target: &Target,
) -> Result<Option<(u64, Key)>, Status> {
    let current = registry.store().revision();
    if !options.continue_token.is_empty() {
        let token = Token::parse(&options.continue_token)
            .map_err(|error| Status::bad_request(format!("invalid continue token: {error}")))?;
        return Ok(Some((token.revision.unwrap_or(current), token.key(target))));
    }
    let asked = revision(&options.resource_version)?;
    if asked > current {
        return Err(errors::too_large_revision(asked, current));
    }
    let exactly = options.version_match == "Exact" && asked != current;
    Ok(exactly.then(|| (asked, token::before_all(target))))
}

/// Zero stands for none.
fn revision(text: &str) -> Result<u64, Status> {
    if text.is_empty() {
        return Ok(0);
    }
    parse_revision(text)
        .map_err(|error| Status::bad_request(format!("invalid resource version: {error}")))
}

pub(super) fn parse_revision(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| {
        format!("resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax")
    })
}

fn page(
    registry: &Registry,
    target: &Target,
    options: &ListOptions,
    mut after: Option<(u64, Key)>,
) -> Result<Listing, Status> {
    let all = options.predicate.is_empty();
    let limit = options.limit.unwrap_or(usize::MAX);
    let mut items: Vec<Stored> = Vec::new();
    loop {
        let request = PageRequest {
            limit: options
                .limit
                .map(|limit| if all { limit } else { limit.max(BATCH) }),
            after,
        };
        let page = registry.list(target, &request)?;
        let mut candidates = page.items.into_iter();
        let meant = candidates
            .by_ref()
            .filter(|one| all || options.predicate.matches(&one.key, &one.json));
        items.extend(meant.take(limit - items.len()));
        let full = items.len() == limit;
        let unread = candidates.next().is_some();
        let more = match (page.next, items.last()) {
            (Some((key, _)), _) if !full => {
                after = Some((page.revision, key));
                continue;
            }
            (Some((_, left)), Some(last)) => Some((last.key.clone(), all.then_some(left))),
            (None, Some(last)) if full && unread => Some((last.key.clone(), None)),
            _ => None,
        };
        return Ok(Listing {
            revision: page.revision,
            items,
            more,
        });
    }
}

impl Listing {
    fn metadata(&self, custom: bool) -> Map<String, Value> {
        let mut metadata = Map::new();
        metadata.insert(
            "resourceVersion".to_owned(),
            self.revision.to_string().into(),
        );
        if custom {
            metadata.insert("continue".to_owned(), "".into());
        }
        if let Some((key, left)) = &self.more {
            let token = Token::after(self.revision, key).to_string();
            metadata.insert("continue".to_owned(), token.into());
            if let Some(left) = left {
                metadata.insert("remainingItemCount".to_owned(), json!(left));
            }
        }
        metadata
    }

    /// The list as a body that is written while it is read.
    pub(super) fn body(self, target: &Target, presenter: Presenter) -> Body {
        respond::pieces(stream::iter(self.pieces(target, presenter)))
    }

    /// The list in one piece.
    pub(super) fn bytes(self, target: &Target, presenter: Presenter) -> Bytes {
        let pieces: Vec<Bytes> = self.pieces(target, presenter).collect();
        pieces.concat().into()
    }

    fn pieces(self, target: &Target, presenter: Presenter) -> Pieces {
        let metadata = self.metadata(target.resource.custom && presenter.is_plain());
        Pieces {
            head: Some(presenter.list_head(&target.resource, &metadata)),
            items: self.items.into_iter(),
            first: true,
            ended: false,
            presenter,
        }
    }
}

/// Writes a list, piece by piece.
struct Pieces {
    head: Option<String>,
    items: IntoIter<Stored>,
    first: bool,
    ended: bool,
    presenter: Presenter,
}

impl Iterator for Pieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        let mut piece = self.head.take().map(String::into_bytes).unwrap_or_default();
        piece.reserve(PIECE);
        while piece.len() < PIECE {
            let Some(stored) = self.items.next() else {
                self.ended = true;
                piece.extend_from_slice(b"]}\n");
                break;
            };
            if !self.first {
                piece.push(b',');
            }
            self.first = false;
            self.presenter.item(&stored.json, &mut piece);
        }
        Some(piece.into())
    }
}
