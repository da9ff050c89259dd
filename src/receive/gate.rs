//! Who may send what: decided from a request's head, before its body is read.
//!
//! Invariant: a browser is never a sender. A page can reach this machine, under a foreign name too, but it cannot leave
//! out the headers that give it away.

use std::net::{IpAddr, SocketAddr};

use base64::Engine as _;
use hyper::header::{self, HeaderMap, HeaderName};
use hyper::{Method, StatusCode, Uri};

use super::reply::Refusal;

/// What the body of a request holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cargo {
    /// Spans.
    Traces,
    /// Log records.
    Logs,
    /// Metrics: taken, and of no use here.
    Metrics,
}

/// How a request and its reply are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// `application/x-protobuf`.
    Protobuf,
    /// `application/json`.
    Json,
}

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// `gzip`.
    Gzip,
    /// `deflate`, with or without the zlib header.
    Deflate,
    /// `zstd`.
    Zstd,
}

/// What a request that may pass brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    /// What is in the body.
    pub cargo: Cargo,
    /// How it is written.
    pub media: Media,
    /// How it is compressed.
    pub packing: Packing,
}

/// The rules of one receiver.
#[derive(Debug, Clone)]
pub struct Gate {
    /// The address it listens on.
    pub address: SocketAddr,
    /// What a sender has to show.
    pub token: Option<String>,
}

/// The paths that senders use: OTLP's own, and under the prefixes of the SDKs that put one before it.
const PREFIXES: [&str; 3] = ["", "/tracer", "/api/public/otel"];

/// Headers in which SDKs carry a key besides `Authorization`.
const KEY_HEADERS: [&str; 2] = ["x-api-key", "x-secret-key"];

impl Gate {
    /// Decides whether a request may pass.
    pub fn admit(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Pass, Refusal> {
        let Some(cargo) = cargo(uri.path()) else {
            return Err(Refusal::new(StatusCode::NOT_FOUND, "no such path; traces go to POST /v1/traces"));
        };
        self.check_sender(headers)?;
        if method != Method::POST {
            return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "only POST is understood here"));
        }
        let media = media(headers)?;
        Ok(Pass { cargo, media, packing: packing(headers)? })
    }

    /// Refuses browsers, foreign names, and senders without the token.
    fn check_sender(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let from_page = [header::ORIGIN.as_str(), "sec-fetch-site", "sec-fetch-mode"];
        if from_page.into_iter().any(|name| headers.contains_key(name)) {
            return Err(Refusal::new(StatusCode::FORBIDDEN, "requests of web pages are not taken"));
        }
        if let Some(token) = &self.token {
            // Whoever shows the token is no page that was lured here by a name.
            return if shows(headers, token) {
                Ok(())
            } else {
                Err(Refusal::new(
                    StatusCode::UNAUTHORIZED,
                    "the token is missing or wrong: Authorization: Bearer TOKEN",
                ))
            };
        }
        let mut hosts = headers.get_all(header::HOST).iter();
        match (hosts.next().and_then(|host| host.to_str().ok()), hosts.next()) {
            (Some(host), None) if self.is_own(host) => Ok(()),
            (Some(_), None) => {
                Err(Refusal::new(StatusCode::FORBIDDEN, "this host name is not this machine's loopback"))
            }
            _ => Err(Refusal::new(StatusCode::BAD_REQUEST, "exactly one Host header is needed")),
        }
    }

    /// True where a `Host` is a name of the loopback interface or the very address listened on.
    fn is_own(&self, host: &str) -> bool {
        let name = match host.strip_prefix('[') {
            Some(rest) => rest.split_once(']').map_or("", |(name, _)| name),
            None => host.split_once(':').map_or(host, |(name, _)| name),
        };
        if name.eq_ignore_ascii_case("localhost") {
            return true;
        }
        name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback() || ip == self.address.ip())
    }
}

fn cargo(path: &str) -> Option<Cargo> {
    let rest = PREFIXES.iter().rev().find_map(|prefix| path.strip_prefix(prefix)?.strip_prefix("/v1/"))?;
    match rest.strip_suffix('/').unwrap_or(rest) {
        "traces" => Some(Cargo::Traces),
        "logs" => Some(Cargo::Logs),
        "metrics" => Some(Cargo::Metrics),
        _ => None,
    }
}

fn media(headers: &HeaderMap) -> Result<Media, Refusal> {
    let kind = text(headers, &header::CONTENT_TYPE).unwrap_or_default();
    match kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/x-protobuf" | "application/protobuf" => Ok(Media::Protobuf),
        "application/json" => Ok(Media::Json),
        _ => Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the content type must be application/x-protobuf or application/json",
        )),
    }
}

fn packing(headers: &HeaderMap) -> Result<Packing, Refusal> {
    let coding = text(headers, &header::CONTENT_ENCODING).unwrap_or_default();
    match coding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(Packing::Plain),
        "gzip" | "x-gzip" => Ok(Packing::Gzip),
        "deflate" => Ok(Packing::Deflate),
        "zstd" => Ok(Packing::Zstd),
        _ => Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the content encoding must be gzip, deflate, zstd or none",
        )),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// True where one of the headers that carry keys holds the token.
fn shows(headers: &HeaderMap, token: &str) -> bool {
    let mut shown = false;
    if let Some(value) = text(headers, &header::AUTHORIZATION)
        && let Some((scheme, value)) = value.split_once(' ')
    {
        if scheme.eq_ignore_ascii_case("bearer") {
            shown |= same(value.trim(), token);
        } else if scheme.eq_ignore_ascii_case("basic") {
            // SDKs that know a public and a secret key send them as user and password.
            let pair = base64::engine::general_purpose::STANDARD.decode(value.trim()).unwrap_or_default();
            let secret = pair.iter().position(|byte| *byte == b':').map_or(&[][..], |at| &pair[at + 1..]);
            shown |= same_bytes(secret, token.as_bytes());
        }
    }
    for name in KEY_HEADERS {
        shown |= headers.get(name).is_some_and(|value| same_bytes(value.as_bytes(), token.as_bytes()));
    }
    shown
}

fn same(shown: &str, token: &str) -> bool {
    same_bytes(shown.as_bytes(), token.as_bytes())
}

/// Compares by hash, which takes as long for a near miss as for any other.
fn same_bytes(shown: &[u8], token: &[u8]) -> bool {
    blake3::hash(shown) == blake3::hash(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(token: Option<&str>) -> Gate {
        Gate { address: "127.0.0.1:4318".parse().unwrap(), token: token.map(str::to_owned) }
    }

    fn admit(gate: &Gate, path: &str, headers: &[(&'static str, &str)]) -> Result<Pass, StatusCode> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        gate.admit(&Method::POST, &path.parse().unwrap(), &map).map_err(|refusal| refusal.status)
    }

    #[test]
    fn the_paths_of_the_sdks_lead_here() {
        assert_eq!(cargo("/v1/traces"), Some(Cargo::Traces));
        assert_eq!(cargo("/v1/logs/"), Some(Cargo::Logs));
        assert_eq!(cargo("/tracer/v1/traces"), Some(Cargo::Traces));
        assert_eq!(cargo("/api/public/otel/v1/traces"), Some(Cargo::Traces));
        assert_eq!(cargo("/api/public/otel/v1/metrics"), Some(Cargo::Metrics));
        for path in ["/", "/v1", "/v1/traces/x", "/v2/traces", "/x/v1/traces", "/tracer", "/v1/../v1/traces"] {
            assert_eq!(cargo(path), None, "{path}");
        }
    }

    #[test]
    fn only_this_machine_by_its_own_names() {
        let gate = gate(None);
        let json = ("content-type", "application/json");
        for host in ["localhost", "LOCALHOST:4318", "127.0.0.1", "127.0.0.1:1", "127.9.9.9", "[::1]:4318"] {
            assert!(admit(&gate, "/v1/traces", &[("host", host), json]).is_ok(), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "[::2]", "", "::1"]
        {
            assert_eq!(admit(&gate, "/v1/traces", &[("host", host), json]), Err(StatusCode::FORBIDDEN), "{host}");
        }
        assert_eq!(admit(&gate, "/v1/traces", &[json]), Err(StatusCode::BAD_REQUEST));
        let page = [("host", "localhost"), json, ("origin", "null")];
        assert_eq!(admit(&gate, "/v1/traces", &page), Err(StatusCode::FORBIDDEN));
    }

    #[test]
    fn the_token_is_found_where_sdks_put_it() {
        let gate = gate(Some("0123456789abcdef"));
        let json = ("content-type", "application/json");
        let basic = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode("pk:0123456789abcdef"));
        for shown in [
            ("authorization", "Bearer 0123456789abcdef"),
            ("authorization", "bearer 0123456789abcdef"),
            ("authorization", basic.as_str()),
            ("x-api-key", "0123456789abcdef"),
        ] {
            assert!(admit(&gate, "/v1/traces", &[shown, json]).is_ok(), "{shown:?}");
        }
        for shown in [("authorization", "Bearer 0123456789abcdeF"), ("authorization", "Basic ???"), ("x-api-key", "")] {
            assert_eq!(admit(&gate, "/v1/traces", &[shown, json]), Err(StatusCode::UNAUTHORIZED), "{shown:?}");
        }
    }
}
