//! Answers: bodies that are whole or come piece by piece, and their headers.

use std::convert::Infallible;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WARNING};
use http::{Method, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use serde_json::Value;

use super::accept::Accept;
use crate::sim::status::Status;

/// A body of the API; it cannot fail.
pub type Body = UnsyncBoxBody<Bytes, Infallible>;
pub(super) type Answer = Response<Body>;

/// A whole body.
pub(super) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).boxed_unsync()
}

/// A body that is made while it is read: as fast as its reader takes it, and no faster.
pub(super) fn pieces(stream: impl Stream<Item = Bytes> + Send + 'static) -> Body {
    let frames = stream.map(|bytes| Ok(http_body::Frame::data(bytes)));
    StreamBody::new(frames).boxed_unsync()
}

fn answer(code: u16, content_type: &'static str, body: Body) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

pub(super) fn text(code: u16, text: &'static str) -> Answer {
    answer(code, "text/plain; charset=utf-8", whole(text))
}

/// No handler for the path.
pub(super) fn no_page() -> Answer {
    text(404, "404 page not found\n")
}

/// JSON bytes, or YAML made of them.
pub(super) fn object(code: u16, json: Bytes, accept: Accept) -> Answer {
    let body = if accept.yaml { as_yaml(&json) } else { json };
    answer(code, accept.content_type(), whole(body))
}

pub(super) fn document(value: &Value, accept: Accept) -> Answer {
    object(200, value.to_string().into(), accept)
}

pub(super) fn stream(pieces: Body) -> Answer {
    answer(200, "application/json", pieces)
}

/// A HEAD has no body, whatever its answer is.
pub(super) fn to_method(method: &Method, answer: Answer) -> Answer {
    if *method == Method::HEAD {
        return answer.map(|_| whole(Bytes::new()));
    }
    answer
}

pub(super) fn failure(status: &Status) -> Answer {
    failure_json(status, &status.to_json())
}

/// A failure whose body holds more than `status` can say.
pub(super) fn failure_json(status: &Status, json: &Value) -> Answer {
    let mut answer = answer(status.code, "application/json", whole(json.to_string()));
    let details = status.details.as_ref();
    if let Some(seconds) = details.and_then(|details| details.retry_after_seconds) {
        answer.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    answer
}

/// Adds `Warning` headers.
pub(super) fn warn(mut answer: Answer, warnings: &[String]) -> Answer {
    for warning in warnings {
        let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
            answer.headers_mut().append(WARNING, value);
        }
    }
    answer
}

fn as_yaml(json: &Bytes) -> Bytes {
    let value: Value = serde_json::from_slice(json).unwrap_or_default();
    // Everything that JSON can say, YAML can say.
    serde_saphyr::to_string(&value).map_or_else(|_| json.clone(), Bytes::from)
}
