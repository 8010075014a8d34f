//! What a failure means for a run that follows: whether it passes, whom else it ends.
//!
//! Pure. Must not know what is done about it.

use crate::{
    api::error::{ApiError, Words},
    failure::{Exit, Failure},
};

/// A failure that ends the export of a resource, unless the run follows and it passes.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) failure: Failure,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The network, the server, an answer that came out wrong or is another's than Zendesk's.
    Passes,
    /// The stream does not get on: this resource alone is over.
    Stuck,
    /// The credentials are refused, whatever is asked for.
    Credentials,
    /// Nothing will change that by itself: refused for good, the disk, the state.
    Over,
    /// Asked to stop, by a signal or because another resource is over.
    Stopped,
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Broken {
        let kind = match failure.exit {
            Exit::Temporary => Kind::Passes,
            Exit::Signal(_) | Exit::ReaderGone | Exit::Done => Kind::Stopped,
            _ => Kind::Over,
        };
        Broken { failure, kind }
    }
}

impl Broken {
    /// What it means that asking ended in an error.
    pub(super) fn by(error: &ApiError, failure: Failure) -> Broken {
        Broken { failure, kind: Kind::of(error) }
    }
}

impl Kind {
    pub(super) fn of(error: &ApiError) -> Kind {
        match error {
            ApiError::Garbled(garbled) if garbled.is_stuck() => Kind::Stuck,
            ApiError::Garbled(_) => Kind::Passes,
            // What stands between, a proxy or a firewall, refuses in words of its own, and not for
            // good.
            ApiError::Forbidden { words: Words::Other, .. }
            | ApiError::Refused { words: Words::Other, .. }
            | ApiError::TokenRefused { status: 403 | 404, words: Words::Other, .. } => Kind::Passes,
            // By its own word a redirect holds for now, but for 301 and 308: RFC 9110, 15.4.
            ApiError::Redirect { status, .. } if !matches!(status, 301 | 308) => Kind::Passes,
            ApiError::Unauthorized { .. } | ApiError::TokenRefused { .. } => Kind::Credentials,
            _ if error.exit() == Exit::Temporary => Kind::Passes,
            _ => Kind::Over,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::{check, headers::Headers},
        request::Request,
    };

    const JSON: &str = r#"{"error":"RecordNotFound","description":"Not found"}"#;
    const CURSOR: &str = r#"{"error":"InvalidCursor","description":"the cursor has expired"}"#;
    const HTML: &str = "<html><style>a { cursor: pointer }</style>blocked</html>";
    const TEXT: &str = "no such thing";

    /// What an answer means for a run that follows, by status and by what its body is.
    #[test]
    fn only_what_zendesk_itself_refuses_for_good_is_over() {
        use Kind::{Credentials, Over, Passes};
        let bodies = [JSON, HTML, TEXT, "404", ""];
        let by_words = [Over, Passes, Passes, Passes, Passes];
        for (status, kinds) in [
            (400, by_words),
            (401, [Credentials; 5]),
            (402, by_words),
            (403, by_words),
            (404, by_words),
            (405, by_words),
            (408, [Passes; 5]),
            (409, [Passes; 5]),
            (410, by_words),
            (418, by_words),
            (422, by_words),
            (429, [Passes; 5]),
            (451, by_words),
            (500, [Passes; 5]),
            (502, [Passes; 5]),
            (503, [Passes; 5]),
            (504, [Passes; 5]),
            (520, [Passes; 5]),
            (204, [Passes; 5]),
            (301, [Over; 5]),
            (302, [Passes; 5]),
            (303, [Passes; 5]),
            (307, [Passes; 5]),
            (308, [Over; 5]),
        ] {
            for (body, kind) in bodies.into_iter().zip(kinds) {
                assert_eq!(of(status, body), kind, "{status}: {body:?}");
            }
        }
        for status in [400, 404, 410, 422] {
            assert_eq!(of(status, CURSOR), Over, "{status}");
        }
    }

    fn of(status: u16, body: &str) -> Kind {
        let request = Request::new("/api/v2/incremental/tickets/cursor.json").with("cursor", "c");
        let checked = check(&request, status, &Headers::default(), body.as_bytes());
        Kind::of(&checked.expect_err("no page"))
    }

    #[test]
    fn a_token_that_is_refused_is_refused_credentials_unless_a_firewall_does_it() {
        use Kind::{Credentials, Passes};
        for (status, words, kind) in [
            (400, Words::Json, Credentials),
            (401, Words::Json, Credentials),
            (401, Words::Other, Credentials),
            (403, Words::Json, Credentials),
            (403, Words::Other, Passes),
            (404, Words::Json, Credentials),
            (404, Words::Other, Passes),
        ] {
            let (text, origin) = (String::new(), String::new());
            let error = ApiError::TokenRefused { status, text, words, origin };
            assert_eq!(Kind::of(&error), kind, "{status}, {words:?}");
        }
    }
}
