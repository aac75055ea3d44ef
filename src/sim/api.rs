//! HTTP over the registry: routes, bodies, selectors, lists, watches and tables, as a tower service.
//!
//! `kube::Client` takes it as it is; `tools::https` serves it to others. The words of its errors are the real API
//! server's own.

mod accept;
mod access;
mod body;
mod deletion;
mod discovery;
mod errors;
mod fields;
mod labels;
mod list;
mod openapi;
mod patch;
mod path;
mod predicate;
mod present;
mod probe;
mod protobuf;
mod query;
mod respond;
mod review;
mod table;
#[cfg(test)]
mod tests;
mod verb;
mod watch;
mod write;

use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{Method, Request};
use tower::Service;

use super::clock::Clock;
use super::registry::{Registry, Subresource, Target};
use super::resources::Resource;
use super::status::Status;
use accept::{Accept, Form};
pub use access::Access;
use path::Path;
use present::Presenter;
use query::{ListOptions, Query};
use respond::Answer;
pub use respond::Body;
use verb::Verb;

/// The API of one cluster. Clones are the same.
#[derive(Clone)]
pub struct Api {
    registry: Registry,
    clock: Clock,
    access: Access,
}

impl Api {
    pub fn new(registry: Registry, clock: Clock, access: Access) -> Self {
        Self {
            registry,
            clock,
            access,
        }
    }
}

impl<B> Service<Request<B>> for Api
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Response = Answer;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let api = self.clone();
        Box::pin(async move {
            let (mut head, body) = request.into_parts();
            head.uri = path::without_watch(head.uri);
            let answer = api.answer(&head, body).await;
            let answer = answer.unwrap_or_else(|status| respond::failure(&status));
            Ok(respond::to_method(&head.method, answer))
        })
    }
}

impl Api {
    async fn answer<B>(&self, head: &Parts, body: B) -> Result<Answer, Status>
    where
        B: http_body::Body,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        self.access.check(&head.headers)?;
        let path = Path::parse(head.uri.path());
        match &path {
            Path::Health => return Ok(respond::text(200, "ok")),
            Path::Unknown => return Ok(respond::no_page()),
            Path::Version | Path::Discovery | Path::OpenApi if head.method != Method::GET => {
                return Err(Status::method_not_allowed());
            }
            Path::OpenApi => return Ok(self.open_api(head)),
            Path::Version | Path::Discovery => return self.discovery(head),
            Path::Resource(_) => {}
        }
        let Path::Resource(address) = path else {
            return Ok(respond::no_page());
        };
        let accept = accept(head)?;
        if address.is_bindings() && head.method == Method::POST {
            let body = body::read(body).await?;
            return self.bind(head, &address.namespace, body, accept);
        }
        if let Some(kind) = review::kind(&address.group, &address.version, &address.plural) {
            return Self::review(head, &body::read(body).await?, accept, kind);
        }
        let Some(resource) =
            self.registry
                .resource(&address.group, &address.version, &address.plural)
        else {
            return self.nothing_in(&address.group);
        };
        if resource.custom && !resource.namespaced && !address.namespace.is_empty() {
            return Ok(respond::no_page());
        }
        let verb = Verb::of(&head.method, &address, &resource)?;
        path::check_name(&address.name)?;
        let target = Target {
            subresource: verb::subresource(&address, &resource)?,
            resource,
            namespace: address.namespace,
            name: address.name,
        };
        let deprecation = deprecation(&target.resource);
        let answer = match verb {
            Verb::Get => self.get(head, &target, accept),
            Verb::List => self.list(head, &target, accept),
            _ => {
                let body = body::read(body).await?;
                self.write(head, verb, target, body, accept)
            }
        };
        let answer = answer.unwrap_or_else(|status| respond::failure(&status));
        Ok(respond::warn(answer, &deprecation))
    }

    fn get(&self, head: &Parts, target: &Target, accept: Accept) -> Result<Answer, Status> {
        query::check_revision(query(head).first("resourceVersion"))?;
        let stored = self.registry.get(target)?;
        if accept.form == Form::MetadataList {
            return Err(errors::not_a_list(&target.resource));
        }
        let presenter = self.presenter(head, &target.resource, accept)?;
        Ok(respond::object(
            200,
            presenter.object(&stored.json, true),
            accept,
        ))
    }

    fn list(&self, head: &Parts, target: &Target, accept: Accept) -> Result<Answer, Status> {
        let options = ListOptions::parse(&query(head), &target.resource)?;
        let presenter = self.presenter(head, &target.resource, accept)?;
        if options.watch {
            let body = watch::body(&self.registry, target, options, presenter);
            return Ok(body.map_or_else(list::Failed::answer, respond::stream));
        }
        if accept.form == Form::Metadata {
            return Err(errors::is_a_list(&target.resource));
        }
        let listing = match list::read(&self.registry, target, &options) {
            Ok(listing) => listing,
            Err(failed) => return Ok(failed.answer()),
        };
        if accept.yaml {
            return Ok(respond::object(
                200,
                listing.bytes(target, presenter),
                accept,
            ));
        }
        Ok(respond::stream(listing.body(target, presenter)))
    }

    fn write(
        &self,
        head: &Parts,
        verb: Verb,
        target: Target,
        body: bytes::Bytes,
        accept: Accept,
    ) -> Result<Answer, Status> {
        let presenter = self.presenter(head, &target.resource, accept)?;
        let request = write::Request {
            registry: &self.registry,
            target,
            query: query(head),
            headers: &head.headers,
            body,
            accept,
        };
        match verb {
            Verb::Create => request.create(),
            Verb::Update => request.update(),
            Verb::Patch => request.patch(),
            Verb::Delete => request.delete(),
            _ => Ok(match request.delete_collection() {
                Ok((target, listing)) => respond::stream(listing.body(&target, presenter)),
                Err(failed) => failed.answer(),
            }),
        }
    }

    /// The collection of bindings, which came before the subresource: the body says which pod is meant.
    fn bind(
        &self,
        head: &Parts,
        namespace: &str,
        body: bytes::Bytes,
        accept: Accept,
    ) -> Result<Answer, Status> {
        let resource = self.registry.resource("", "v1", "pods");
        let named: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let name = named["metadata"]["name"].as_str().unwrap_or_default();
        let pod = Target::new(resource.ok_or_else(Status::not_served)?, namespace, name);
        let target = pod.with(Subresource::Binding);
        self.write(head, Verb::Create, target, body, accept)
    }

    fn presenter(
        &self,
        head: &Parts,
        resource: &Resource,
        accept: Accept,
    ) -> Result<Presenter, Status> {
        let include = table::Include::parse(query(head).first("includeObject"))?;
        Ok(Presenter::new(resource, accept.form, include, self.clock))
    }

    /// A group of defined kinds knows only these; one that nobody serves is not even an API.
    fn nothing_in(&self, group: &str) -> Result<Answer, Status> {
        let resources = self.registry.resources();
        let is_built_in = |of: &Resource| !of.custom && *of.group == *group;
        if resources.iter().any(|resource| is_built_in(resource)) {
            return Err(Status::not_served());
        }
        Ok(respond::no_page())
    }

    fn review(
        head: &Parts,
        bytes: &bytes::Bytes,
        accept: Accept,
        kind: body::Kind<'_>,
    ) -> Result<Answer, Status> {
        if head.method != Method::POST {
            return Err(Status::method_not_allowed());
        }
        let review = body::review(bytes, &head.headers, &kind)?;
        let answer = review::answer(review).to_string();
        Ok(respond::object(201, answer.into(), accept))
    }

    fn discovery(&self, head: &Parts) -> Result<Answer, Status> {
        let accept = accept(head)?;
        let path = head.uri.path().trim_end_matches('/');
        let aggregated = accept.aggregated && matches!(path, "/api" | "/apis");
        let resources = self.registry.resources();
        let Some(document) = discovery::document(path, aggregated, &resources) else {
            let group = path
                .strip_prefix("/apis/")
                .map_or("", |rest| rest.split('/').next().unwrap_or_default());
            return self.nothing_in(group);
        };
        let mut answer = respond::document(&document, accept);
        if aggregated {
            let content_type =
                "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
            answer
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        Ok(answer)
    }

    fn open_api(&self, head: &Parts) -> Answer {
        let document = openapi::document(head.uri.path(), &self.registry.resources());
        document.map_or_else(respond::no_page, |document| {
            respond::document(&document, Accept::JSON)
        })
    }
}

/// What a client is told that uses a kind that is to go.
fn deprecation(resource: &Resource) -> Vec<String> {
    if &*resource.stored.resource != "endpoints" {
        return Vec::new();
    }
    vec!["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice".to_owned()]
}

fn accept(head: &Parts) -> Result<Accept, Status> {
    let header = head
        .headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok());
    Accept::parse(header.unwrap_or_default())
}

fn query(head: &Parts) -> Query {
    Query::parse(head.uri.query().unwrap_or_default())
}
