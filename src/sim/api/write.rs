//! Writes: from a request's body and parameters to a call of the registry and its answer.

use bytes::Bytes;
use http::HeaderMap;
use http::header::USER_AGENT;
use serde_json::Value;

use super::accept::Accept;
use super::body::{self, Kind};
use super::list::{self, Failed, Listing};
use super::query::{self, ListOptions, Query};
use super::respond::{self, Answer};
use super::{errors, patch};
use crate::sim::registry::{DeleteOptions, Registry, Subresource, Target, WriteOptions, Written};
use crate::sim::status::Status;

/// A request that writes.
pub(super) struct Request<'a> {
    pub registry: &'a Registry,
    pub target: Target,
    pub query: Query,
    pub headers: &'a HeaderMap,
    pub body: Bytes,
    pub accept: Accept,
}

impl Request<'_> {
    pub(super) fn create(self) -> Result<Answer, Status> {
        let mut options = query::write_options(&self.query, "CreateOptions", self.user_agent())?;
        let body = self.object(&options)?;
        options.shaped = body.shaped;
        let written = self.registry.create(&self.target, body.object, &options)?;
        Ok(self.answer(written.warned(body.warnings)))
    }

    pub(super) fn update(self) -> Result<Answer, Status> {
        let mut options = query::write_options(&self.query, "UpdateOptions", self.user_agent())?;
        let body = self.object(&options)?;
        options.shaped = body.shaped;
        let written = self.registry.update(&self.target, body.object, &options)?;
        Ok(self.answer(written.warned(body.warnings)))
    }

    pub(super) fn patch(self) -> Result<Answer, Status> {
        let media_type = body::media_type(self.headers);
        let form = patch::Form::of(media_type).ok_or_else(errors::unknown_patch)?;
        let apply = form == patch::Form::Apply;
        let options = query::patch_options(&self.query, apply, self.user_agent())?;
        let patch = form.decode(&self.body)?;
        Ok(self.answer(self.registry.patch(&self.target, &patch, &options)?))
    }

    pub(super) fn delete(self) -> Result<Answer, Status> {
        let options = self.delete_options()?;
        Ok(self.answer(self.registry.delete(&self.target, &options)?))
    }

    /// Deletes what a list with the same parameters shows, one by one, and answers with that list.
    pub(super) fn delete_collection(self) -> Result<(Target, Listing), Failed> {
        let options = self.delete_options()?;
        let which = ListOptions::parse(&self.query, &self.target.resource)?;
        let listing = list::read(self.registry, &self.target, &which)?;
        for stored in &listing.items {
            let one = Target {
                namespace: stored.key.namespace.to_string(),
                name: stored.key.name.to_string(),
                ..self.target.clone()
            };
            match self.registry.delete(&one, &options) {
                // Somebody else was quicker.
                Err(status) if status.code == 404 => {}
                result => drop(result?),
            }
        }
        Ok((self.target, listing))
    }

    fn user_agent(&self) -> &str {
        let header = self.headers.get(USER_AGENT);
        header
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    fn object(&self, options: &WriteOptions) -> Result<body::Read, Status> {
        let resource = &self.target.resource;
        let api_version = resource.api_version();
        let expected = match self.target.subresource {
            Subresource::Scale => Kind {
                api_version: "autoscaling/v1",
                kind: "Scale",
            },
            Subresource::Eviction => Kind {
                api_version: self.eviction_version(),
                kind: "Eviction",
            },
            Subresource::Binding => Kind {
                api_version: "v1",
                kind: "Binding",
            },
            _ => Kind {
                api_version: &api_version,
                kind: &resource.kind,
            },
        };
        let validation = &options.field_validation;
        body::object(&self.body, self.headers, resource, &expected, validation)
    }

    /// Both versions of an eviction are understood.
    fn eviction_version(&self) -> &'static str {
        const OLD: &str = "policy/v1beta1";
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        if body["apiVersion"] == OLD {
            OLD
        } else {
            "policy/v1"
        }
    }

    fn delete_options(&self) -> Result<DeleteOptions, Status> {
        if self.body.is_empty() {
            query::delete_options(&self.query)
        } else {
            super::deletion::options(&self.body, self.headers)
        }
    }

    fn answer(&self, written: Written) -> Answer {
        let code = if written.created { 201 } else { 200 };
        let answer = respond::object(code, written.json, self.accept);
        respond::warn(answer, &written.warnings)
    }
}
