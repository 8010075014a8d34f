//! The faults that can be put into the sandbox's answers, by name.
//!
//! What each does to an answer is in `answer.rs` and `export.rs`; when it strikes is in `script.rs`.

use std::{fmt, str::FromStr};

macro_rules! faults {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),+ $(,)?) => {
        /// One way for an answer to go wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fault {
            $($(#[$doc])* $variant,)+
            /// `504-over-N`: from this request on, 504 for each page of more than N records.
            TimeoutOver(u32),
        }

        const NAMES: &[(Fault, &str)] = &[$((Fault::$variant, $name)),+];
    };
}

faults! {
    /// 429 with the JSON body and `Retry-After`.
    TooMany = "429",
    /// 429 with the account limit's plain text.
    TooManyText = "429-text",
    /// 429 without `Retry-After`.
    TooManySilent = "429-no-retry-after",
    /// 500 with a JSON error.
    ServerError = "500",
    /// 502 with the proxy's HTML page.
    BadGateway = "502",
    /// 503 without a word on when to come back.
    Unavailable = "503",
    /// 503 with `Retry-After: 2`.
    UnavailableRetry = "503-retry-after",
    /// 504 with the text `upstream request timeout`.
    Timeout = "504",
    /// 409.
    Conflict = "409",
    /// 401 for wrong credentials.
    Unauthorized = "401",
    /// 401 `invalid_token`, as for an expired access token.
    ExpiredToken = "expired-token",
    /// The same, said in text and in `WWW-Authenticate` alone.
    ExpiredTokenText = "expired-token-text",
    /// 403 for a role that may not export.
    Forbidden = "403",
    /// 404 `InvalidEndpoint`.
    NotFound = "404",
    /// The refusal of a start_time in the last minute.
    TooRecent = "too-recent",
    /// 302 to another host.
    Redirect = "redirect",
    /// The body comes in pieces over two seconds.
    Slow = "slow",
    /// The body comes one byte a second.
    Drip = "drip",
    /// No answer until the client gives up.
    Hang = "hang",
    /// The connection closes in the middle of the (compressed) body.
    Cut = "cut",
    /// The transfer is complete, the JSON in it stops half way.
    CutJson = "cut-json",
    /// The connection is reset instead of an answer.
    Reset = "reset",
    /// The connection closes before any answer.
    Close = "close",
    /// 200 with an HTML page.
    Html = "html",
    /// 200 with an empty body.
    Empty = "empty",
    /// 200 with something else than JSON under a JSON content type.
    Garbage = "garbage",
    /// 200 with an envelope that lacks the records.
    NoKey = "no-key",
    /// The page that this path served last, once more.
    DuplicatePage = "duplicate-page",
    /// The page leads to the position that was asked for.
    RepeatCursor = "repeat-cursor",
    /// A page without records, not the end, that moves the position without skipping any.
    EmptyPage = "empty-page",
    /// The page leads nowhere: cursor or end_time is null, and it is not the end.
    NullCursor = "null-cursor",
    /// after_url or next_page name another host.
    ForeignHost = "foreign-host",
    /// The page's oldest record stands behind all others.
    OutOfOrder = "out-of-order",
    /// JSON with line ends and indentation.
    Pretty = "pretty",
}

impl Fault {
    /// Every kind with one line on what it does: for `--help`.
    pub const KINDS: &[(&str, &str)] = &[
        ("429", "quota exhausted: JSON body and Retry-After"),
        ("429-text", "quota exhausted: the account limit's plain text"),
        ("429-no-retry-after", "quota exhausted: no Retry-After"),
        ("500", "a JSON error"),
        ("502", "the proxy's HTML page"),
        ("503", "maintenance"),
        ("503-retry-after", "maintenance, Retry-After: 2"),
        ("504", "text: upstream request timeout"),
        ("504-over-N", "from this request on, 504 for pages of more than N records"),
        ("409", "conflict"),
        ("401", "wrong credentials"),
        ("expired-token", "401 invalid_token"),
        ("expired-token-text", "401 in text, invalid_token in WWW-Authenticate"),
        ("403", "a role that may not export"),
        ("404", "no such endpoint"),
        ("too-recent", "start_time within the last minute"),
        ("redirect", "302 to another host"),
        ("slow", "the body takes two seconds"),
        ("drip", "one byte of the body a second"),
        ("hang", "no answer"),
        ("cut", "connection closed in the middle of the body"),
        ("cut-json", "JSON stops half way, transfer complete"),
        ("reset", "connection reset instead of an answer"),
        ("close", "connection closed before any answer"),
        ("html", "200 with an HTML page"),
        ("empty", "200 with an empty body"),
        ("garbage", "200 with a body that is not JSON"),
        ("no-key", "200 without the records' key"),
        ("duplicate-page", "the last page of this path once more"),
        ("repeat-cursor", "the position does not advance"),
        ("empty-page", "no records, not the end, the position advances"),
        ("null-cursor", "no next position, not the end"),
        ("foreign-host", "after_url or next_page on another host"),
        ("out-of-order", "the page's oldest record stands last"),
        ("pretty", "JSON with line ends and indentation"),
    ];

    /// Reads `KIND@N`: the kind and the number of the request that it strikes.
    pub fn at(text: &str) -> Result<(Self, u64), String> {
        let (kind, number) = text.split_once('@').ok_or("expected KIND@N, e.g. 503@2")?;
        let number: u64 = number.parse().map_err(|error| format!("{number:?}: {error}"))?;
        if number == 0 {
            return Err("requests are numbered from 1".to_owned());
        }
        Ok((kind.parse()?, number))
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(limit) = text.strip_prefix("504-over-") {
            return match limit.parse() {
                Ok(limit) => Ok(Self::TimeoutOver(limit)),
                Err(error) => Err(format!("{text}: {error}")),
            };
        }
        let known = NAMES.iter().find(|(_, name)| *name == text);
        known.map(|(fault, _)| *fault).ok_or_else(|| {
            let names: Vec<&str> = Self::KINDS.iter().map(|(name, _)| *name).collect();
            format!("no fault {text:?}; there are {}", names.join(", "))
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::TimeoutOver(limit) = self {
            return write!(f, "504-over-{limit}");
        }
        let name = NAMES.iter().find(|(fault, _)| fault == self).map_or("", |(_, name)| name);
        f.write_str(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_the_help_is_read_and_written_alike() {
        for (name, _) in Fault::KINDS {
            let name = name.replace("-N", "-100");
            assert_eq!(name.parse::<Fault>().unwrap().to_string(), name);
        }
        assert_eq!(Fault::KINDS.len(), NAMES.len() + 1);
    }

    #[test]
    fn a_fault_names_its_request() {
        assert_eq!(Fault::at("cut@3"), Ok((Fault::Cut, 3)));
        assert!(Fault::at("cut").is_err());
        assert!(Fault::at("cut@0").is_err());
    }
}
