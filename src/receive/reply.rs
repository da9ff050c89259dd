//! Replies as the protocol wants them: in the encoding of the request.
//!
//! Invariant: no reply repeats text of the request.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{self, HeaderValue};
use hyper::{Response, StatusCode};
use prost::Message as _;

use super::gate::{Cargo, Media};

/// Why a request is refused, in our own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub status: StatusCode,
    /// One sentence.
    pub reason: &'static str,
}

impl Refusal {
    /// A refusal.
    pub const fn new(status: StatusCode, reason: &'static str) -> Self {
        Self { status, reason }
    }

    /// True where the sender should try the same again later.
    pub fn is_passing(&self) -> bool {
        matches!(self.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
    }
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, prost::Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// `ExportTraceServiceResponse`, which looks like that of logs.
#[derive(Clone, PartialEq, prost::Message)]
struct Taken {
    #[prost(message, optional, tag = "1")]
    partial: Option<Partial>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Partial {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    message: String,
}

/// The reply to a request that was taken in, except for `rejected` of its records.
pub fn taken(cargo: Cargo, media: Media, rejected: u64) -> Response<Full<Bytes>> {
    const WHY: &str = "records without usable ids, or of another shape than OTLP's";
    let partial = rejected > 0;
    let body = match media {
        Media::Protobuf => {
            let partial =
                partial.then(|| Partial { rejected: i64::try_from(rejected).unwrap_or(i64::MAX), message: WHY.into() });
            Taken { partial }.encode_to_vec()
        }
        Media::Json if partial => {
            let member = if cargo == Cargo::Logs { "rejectedLogRecords" } else { "rejectedSpans" };
            let partial = serde_json::json!({"partialSuccess": {member: rejected.to_string(), "errorMessage": WHY}});
            partial.to_string().into_bytes()
        }
        Media::Json => b"{}".to_vec(),
    };
    respond(StatusCode::OK, media, body)
}

/// The reply to a request that was not.
pub fn refused(refusal: Refusal, media: Media) -> Response<Full<Bytes>> {
    let Refusal { status, reason } = refusal;
    // The codes of google.rpc.Code that come nearest.
    let code = match status {
        StatusCode::TOO_MANY_REQUESTS => 8,
        StatusCode::SERVICE_UNAVAILABLE => 14,
        StatusCode::UNAUTHORIZED => 16,
        StatusCode::FORBIDDEN => 7,
        StatusCode::NOT_FOUND => 5,
        StatusCode::INTERNAL_SERVER_ERROR => 13,
        _ => 3,
    };
    let body = match media {
        Media::Protobuf => Status { code, message: reason.into() }.encode_to_vec(),
        Media::Json => serde_json::json!({"code": code, "message": reason}).to_string().into_bytes(),
    };
    let mut response = respond(status, media, body);
    let headers = response.headers_mut();
    if refusal.is_passing() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    } else if status != StatusCode::BAD_REQUEST || reason == super::answer::DOUBTFUL {
        // Whatever else such a sender has on the way is not worth reading.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    match status {
        StatusCode::METHOD_NOT_ALLOWED => {
            headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        StatusCode::UNAUTHORIZED => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        _ => {}
    }
    response
}

fn respond(status: StatusCode, media: Media, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let kind = match media {
        Media::Protobuf => "application/x-protobuf",
        Media::Json => "application/json",
    };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
