//! From an answer's status and body to "a page" or an [`ApiError`]: API notes §5.
//!
//! Pure. Servers word their errors in at least six shapes; none is trusted to be there.

use super::{
    error::{ApiError, Words},
    headers::{Headers, RetryAfter},
};
use crate::{garbled::Garbled, request::Request, shown::shown};
use serde_json::Value;

/// Says whether the answer can be a page: its status is 200, and its body was not encoded in a way
/// that we did not offer.
pub(crate) fn check(
    request: &Request,
    status: u16,
    headers: &Headers,
    body: &[u8],
) -> Result<(), ApiError> {
    let text = || told(headers, body);
    let says = |needle: &str| {
        let start = body.get(..body.len().min(4096)).unwrap_or_default();
        String::from_utf8_lossy(start).to_lowercase().contains(&needle.to_lowercase())
    };
    let retry_after = headers.retry_after();
    Err(match status {
        200 => {
            return match headers.get("content-encoding") {
                None | Some("") => Ok(()),
                Some(known)
                    if ["identity", "gzip", "x-gzip"]
                        .iter()
                        .any(|name| known.eq_ignore_ascii_case(name)) =>
                {
                    Ok(())
                }
                Some(other) => Err(Garbled::Encoding { name: shown(other) }.into()),
            };
        }
        201..=299 | 304 => Garbled::Status { status }.into(),
        300..=399 => ApiError::Redirect { status, host: redirect_host(headers) },
        401 => ApiError::Unauthorized { text: text(), origin: String::new() },
        403 => ApiError::Forbidden { text: text(), words: words(body) },
        400 | 422 if says("StartTimeTooRecent") || says("Too recent start_time") => {
            ApiError::TooRecent
        }
        // A page of HTML speaks of the mouse's.
        400 | 404 | 410 | 422 if request.has("cursor") && says("cursor") && !is_html(body) => {
            ApiError::CursorRefused { status, text: text() }
        }
        // Of a list: API notes §4.6.
        400 | 404 | 410 | 422 if request.has("page[after]") && says("page[after]") => {
            ApiError::CursorRefused { status, text: text() }
        }
        429 => ApiError::Busy {
            status,
            wait: headers.quota_wait(),
            retry_after: matches!(retry_after, RetryAfter::Wait(_)),
        },
        503 if retry_after != RetryAfter::Missing => ApiError::Busy {
            status,
            wait: headers.quota_wait(),
            retry_after: matches!(retry_after, RetryAfter::Wait(_)),
        },
        408 | 409 | 500..=599 => ApiError::Unavailable { status, text: text() },
        _ => ApiError::Refused { status, text: text(), words: words(body) },
    })
}

/// What the server says went wrong, and by what its support finds the request; safe to show.
pub(super) fn told(headers: &Headers, body: &[u8]) -> String {
    match (text(body), headers.request_id()) {
        (text, None) => text,
        (text, Some(id)) if text.is_empty() => format!("x-request-id {id}"),
        (text, Some(id)) => format!("{text}; x-request-id {id}"),
    }
}

/// In what a refusal is worded. Zendesk's is an object; `404` alone is text that happens to be JSON.
pub(super) fn words(body: &[u8]) -> Words {
    match serde_json::from_slice::<serde_json::Map<String, Value>>(body) {
        Ok(_) => Words::Json,
        Err(_) => Words::Other,
    }
}

fn is_html(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

fn text(body: &[u8]) -> String {
    if is_html(body) {
        return "an HTML page".to_owned();
    }
    let start = String::from_utf8_lossy(body.get(..body.len().min(4096)).unwrap_or_default());
    let trimmed = start.trim_start();
    match serde_json::from_slice::<Value>(body) {
        Ok(json) => shown(&worded(&json)),
        Err(_) => shown(trimmed),
    }
}

/// The words of the error envelopes, joined with `: `.
fn worded(json: &Value) -> String {
    const WORDS: [&str; 8] = [
        "error",
        "code",
        "title",
        "description",
        "message",
        "detail",
        "error_description",
        "details",
    ];
    let node = match (json.get("errors"), json.get("error")) {
        (Some(Value::Array(errors)), _) => errors.first().unwrap_or(json),
        (_, Some(error @ Value::Object(_))) => error,
        _ => json,
    };
    let words = WORDS.iter().filter_map(|word| node.get(word)?.as_str());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(": ")
}

/// The host alone: the rest of a location is the server's to fill in.
fn redirect_host(headers: &Headers) -> Option<String> {
    let location = headers.get("location")?;
    let location = match location.strip_prefix("//") {
        Some(rest) => format!("https://{rest}"),
        None => location.to_owned(),
    };
    let uri: http::Uri = location.parse().ok()?;
    Some(match uri.host() {
        Some(host) => shown(host),
        None => "the same host".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, body: &str) -> ApiError {
        let request = Request::new("/x").with("cursor", "abc");
        check(&request, status, &Headers::default(), body.as_bytes()).unwrap_err()
    }

    #[test]
    fn every_shape_of_an_error_is_worded() {
        for (body, expect) in [
            (
                r#"{"error":"InvalidEndpoint","description":"Not found"}"#,
                "InvalidEndpoint: Not found",
            ),
            (r#"{"error":{"title":"Forbidden","message":"No access"}}"#, "Forbidden: No access"),
            (r#"{"errors":[{"code":"X","title":"T","detail":"D"}]}"#, "X: T: D"),
            (r#"{"error":"Couldn't authenticate you"}"#, "Couldn't authenticate you"),
            (
                r#"{"error":"invalid_token","error_description":"expired"}"#,
                "invalid_token: expired",
            ),
            ("upstream request timeout", "upstream request timeout"),
            ("<html>secret</html>", "an HTML page"),
            ("", ""),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
        ] {
            assert_eq!(text(body.as_bytes()), expect, "{body}");
        }
    }

    #[test]
    fn too_recent_in_its_three_shapes() {
        for (status, body) in [
            (
                422,
                r#"{"error":"InvalidValue","description":"Too recent start_time. Use a start_time older than 60 seconds"}"#,
            ),
            (422, "Too recent start_time. Use a start_time older than 5 minutes"),
            (
                400,
                r#"{"errors":[{"code":"StartTimeTooRecent","title":"start_time is too recent"}]}"#,
            ),
        ] {
            assert!(matches!(error(status, body), ApiError::TooRecent), "{body}");
        }
        let other = error(422, r#"{"error":"InvalidValue","description":"start_time"}"#);
        assert!(matches!(other, ApiError::Refused { status: 422, .. }));
    }

    #[test]
    fn statuses() {
        assert!(matches!(error(401, ""), ApiError::Unauthorized { .. }));
        assert!(matches!(error(403, ""), ApiError::Forbidden { .. }));
        assert!(matches!(error(404, "<html>"), ApiError::Refused { status: 404, .. }));
        assert!(matches!(error(400, "Invalid cursor"), ApiError::CursorRefused { .. }));
        assert!(matches!(error(410, "cursor expired"), ApiError::CursorRefused { .. }));
        let page = "<style>a { cursor: pointer }</style>";
        assert!(matches!(error(404, page), ApiError::Refused { words: Words::Other, .. }));
        assert!(matches!(error(429, ""), ApiError::Busy { status: 429, .. }));
        assert!(matches!(error(503, ""), ApiError::Unavailable { status: 503, .. }));
        for status in [500, 502, 504, 520, 522, 524, 408, 409] {
            assert!(matches!(error(status, ""), ApiError::Unavailable { .. }), "{status}");
        }
        for status in [402, 418, 451] {
            assert!(matches!(error(status, ""), ApiError::Refused { .. }), "{status}");
        }
        for status in [202, 204, 206, 304] {
            assert!(matches!(error(status, ""), ApiError::Garbled(Garbled::Status { .. })));
        }
        for status in [301, 302, 303, 307, 308] {
            assert!(matches!(error(status, ""), ApiError::Redirect { .. }));
        }
    }

    #[test]
    fn a_redirect_tells_the_host_only() {
        let location =
            |value: &str| redirect_host(&Headers(vec![("location".into(), value.into())])).unwrap();
        assert_eq!(location("https://evil.example:8/x?token=1"), "evil.example");
        assert_eq!(location("//evil.example/x"), "evil.example");
        assert_eq!(location("/elsewhere"), "the same host");
    }
}
