//! Everything that can go wrong with one request: a closed set, so that each has a treatment, an
//! exit and a text.
//!
//! Must not know the HTTP library, nor what is done about an error.

use crate::{
    failure::{Exit, Failure},
    garbled::Garbled,
    retry::{Kind, Treatment},
    time::span,
};
use std::{fmt, time::Duration};

#[derive(Clone, Debug)]
pub(crate) enum ApiError {
    /// A signal asked us to stop.
    Stopped,
    Resolve {
        host: String,
    },
    Connect {
        host: String,
        reason: String,
    },
    ConnectTimeout {
        host: String,
    },
    Certificate {
        host: String,
        reason: String,
    },
    /// The two ends have no TLS version or cipher in common.
    TlsIncompatible {
        host: String,
        reason: String,
    },
    Tls {
        host: String,
        reason: String,
    },
    Proxy {
        via: Box<Via>,
        reason: String,
        refused: bool,
    },
    /// Closed before the answer was there; `reused` when the connection had served before.
    Closed {
        reused: bool,
        reason: String,
    },
    /// The body broke off.
    BodyCut {
        reason: String,
    },
    NotHttp {
        reason: String,
    },
    HeadersTooLarge,
    Protocol {
        reason: String,
    },
    Timeout {
        phase: Phase,
        after: Duration,
    },
    TooLarge {
        limit: u64,
    },
    /// 429, or 503 with `Retry-After`.
    Busy {
        status: u16,
        wait: Duration,
        retry_after: bool,
    },
    /// Any other status that may pass: 5xx, 408, 409.
    Unavailable {
        status: u16,
        text: String,
    },
    Unauthorized {
        text: String,
        /// Where the credentials stand.
        origin: String,
    },
    Forbidden {
        text: String,
        words: Words,
    },
    /// No token could be had for the OAuth client. A server says so with 400 as well as with 401.
    TokenRefused {
        status: u16,
        text: String,
        words: Words,
        /// Where the credentials stand.
        origin: String,
    },
    /// The start_time is younger than the server serves: nothing new yet (API notes §5).
    TooRecent,
    Redirect {
        status: u16,
        host: Option<String>,
    },
    /// The server refuses the request for good.
    Refused {
        status: u16,
        text: String,
        words: Words,
    },
    /// The server refuses the cursor that was saved.
    CursorRefused {
        status: u16,
        text: String,
    },
    Garbled(Garbled),
}

/// In what a refusal is worded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Words {
    /// JSON, as Zendesk words its own: API notes §5.
    Json,
    /// A page of HTML, plain text, nothing: it may be the word of a proxy or firewall in between.
    Other,
}

/// A proxy, as people know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Via {
    /// `http` or `https`.
    pub(crate) scheme: &'static str,
    /// Host and port.
    pub(crate) address: String,
    /// The variable that names it.
    pub(crate) variable: &'static str,
}

/// What was waited for when time ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Headers,
    Body,
    Request,
}

impl From<Garbled> for ApiError {
    fn from(garbled: Garbled) -> ApiError {
        ApiError::Garbled(garbled)
    }
}

/// A conflict passes in seconds, not in milliseconds: API notes §5.
const CONFLICT_WAIT: Duration = Duration::from_secs(10);

/// An empty page with an unmoved cursor may fill within the quota's window.
const EMPTY_STUCK_WAIT: Duration = Duration::from_secs(60);

impl ApiError {
    /// With where the credentials stand, if those were refused.
    pub(super) fn with_origin(mut self, from: &str) -> ApiError {
        if let ApiError::Unauthorized { origin, .. } | ApiError::TokenRefused { origin, .. } =
            &mut self
        {
            from.clone_into(origin);
        }
        self
    }

    pub(crate) fn treatment(&self) -> Treatment {
        match self {
            ApiError::Resolve { .. }
            | ApiError::Connect { .. }
            | ApiError::ConnectTimeout { .. }
            | ApiError::Tls { .. }
            | ApiError::Proxy { refused: false, .. }
            | ApiError::Closed { reused: false, .. }
            | ApiError::BodyCut { .. }
            | ApiError::NotHttp { .. }
            | ApiError::HeadersTooLarge
            | ApiError::Protocol { .. } => Treatment::Retry,
            ApiError::Closed { reused: true, .. } => Treatment::RetryAtOnce,
            ApiError::Timeout { .. } | ApiError::Unavailable { status: 504, .. } => {
                Treatment::Shrink
            }
            ApiError::Unavailable { status: 409, .. } => Treatment::RetryNotBefore(CONFLICT_WAIT),
            ApiError::Unavailable { .. } => Treatment::Retry,
            ApiError::Busy { status: 429, wait, .. } => Treatment::WaitForQuota(*wait),
            ApiError::Busy { wait, .. } => Treatment::RetryAfter(*wait),
            ApiError::Garbled(garbled @ Garbled::CursorStuckEmpty) => {
                Treatment::RepeatNotBefore(Kind::from(garbled), EMPTY_STUCK_WAIT)
            }
            ApiError::Garbled(Garbled::CursorCycle) => Treatment::GiveUp,
            ApiError::Garbled(garbled) => Treatment::Repeat(Kind::from(garbled)),
            ApiError::Stopped
            | ApiError::Certificate { .. }
            | ApiError::TlsIncompatible { .. }
            | ApiError::Proxy { refused: true, .. }
            | ApiError::TooLarge { .. }
            | ApiError::Unauthorized { .. }
            | ApiError::Forbidden { .. }
            | ApiError::TokenRefused { .. }
            | ApiError::TooRecent
            | ApiError::Redirect { .. }
            | ApiError::Refused { .. }
            | ApiError::CursorRefused { .. } => Treatment::GiveUp,
        }
    }

    /// Whether no request can have reached the server.
    pub(crate) fn is_before_sending(&self) -> bool {
        matches!(
            self,
            ApiError::Resolve { .. }
                | ApiError::Connect { .. }
                | ApiError::Certificate { .. }
                | ApiError::TlsIncompatible { .. }
                | ApiError::Proxy { .. }
                | ApiError::TokenRefused { .. }
        )
    }

    pub(crate) fn exit(&self) -> Exit {
        match self {
            ApiError::Resolve { .. }
            | ApiError::Connect { .. }
            | ApiError::ConnectTimeout { .. }
            | ApiError::Tls { .. }
            | ApiError::Proxy { refused: false, .. }
            | ApiError::Closed { .. }
            | ApiError::BodyCut { .. }
            | ApiError::NotHttp { .. }
            | ApiError::HeadersTooLarge
            | ApiError::Protocol { .. }
            | ApiError::Timeout { .. }
            | ApiError::Busy { .. }
            | ApiError::Unavailable { .. }
            // The callers turn these two into the signal's exit and into "nothing new yet".
            | ApiError::Stopped
            | ApiError::TooRecent => Exit::Temporary,
            ApiError::Unauthorized { .. }
            | ApiError::Forbidden { .. }
            | ApiError::TokenRefused { status: 400 | 401 | 403, .. } => Exit::Credentials,
            ApiError::Certificate { .. }
            | ApiError::TlsIncompatible { .. }
            | ApiError::Proxy { refused: true, .. }
            | ApiError::TooLarge { .. }
            | ApiError::Redirect { .. }
            | ApiError::Refused { .. }
            | ApiError::TokenRefused { .. }
            | ApiError::CursorRefused { .. }
            | ApiError::Garbled(_) => Exit::Remote,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            ApiError::Unauthorized { origin, .. } | ApiError::TokenRefused { origin, .. } => {
                return Some(format!(
                    "the credentials are those of {origin}: check them, then run the same command \
                     again"
                ));
            }
            ApiError::Refused { status: 404, .. } => {
                "check the subdomain, and that the account's plan has this resource"
            }
            ApiError::Proxy { via, reason, .. } if reason.contains("(407)") => {
                let Via { scheme, address, variable } = &**via;
                return Some(format!("{variable}={scheme}://USER:PASSWORD@{address}"));
            }
            ApiError::Proxy { via, .. } => {
                let variable = via.variable;
                return Some(format!(
                    "is {variable} right? NO_PROXY names the hosts that are reached without it"
                ));
            }
            ApiError::Certificate { .. } => {
                "where a gateway of your own opens what is sent, name its authority with \
                 SSL_CERT_FILE=/path/to/authority.pem; else do not trust this network"
            }
            ApiError::Resolve { .. } => {
                "check the subdomain and the network, then run the same command again"
            }
            ApiError::Redirect { .. } => {
                "zdx never follows redirects: was the account renamed or host-mapped? Set its \
                 own subdomain"
            }
            ApiError::TooLarge { .. } => {
                "allow larger pages with --max-page-bytes, or ask for \
                 fewer records with --per-page"
            }
            ApiError::Busy { .. }
            | ApiError::Unavailable { .. }
            | ApiError::Connect { .. }
            | ApiError::ConnectTimeout { .. }
            | ApiError::Closed { .. }
            | ApiError::BodyCut { .. }
            | ApiError::Timeout { .. } => "run the same command again, later",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Failure {
        let failure = Failure::new(error.exit(), &error);
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// `: text`, or nothing.
fn said(text: &str) -> String {
    match text {
        "" => String::new(),
        _ => format!(": {text}"),
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ApiError::Stopped => f.write_str("stopped by a signal"),
            ApiError::Resolve { host } => write!(f, "cannot resolve the host name {host}"),
            ApiError::Connect { host, reason } => write!(f, "cannot connect to {host}: {reason}"),
            ApiError::ConnectTimeout { host } => {
                write!(f, "timed out while trying to connect to {host}")
            }
            ApiError::Certificate { host, reason } => {
                write!(f, "the certificate of {host} is not trusted: {reason}")
            }
            ApiError::TlsIncompatible { host, reason } => {
                write!(f, "no common TLS version or cipher with {host}: {reason}")
            }
            ApiError::Tls { host, reason } => {
                write!(f, "the TLS handshake with {host} failed: {reason}")
            }
            ApiError::Proxy { via, reason, .. } => {
                write!(f, "the proxy {} ({}): {reason}", via.address, via.variable)
            }
            ApiError::Closed { reason, .. } => {
                write!(f, "the connection was closed before the answer was complete: {reason}")
            }
            ApiError::BodyCut { reason } => write!(f, "the answer is incomplete: {reason}"),
            ApiError::NotHttp { reason } => write!(f, "the answer is not HTTP: {reason}"),
            ApiError::HeadersTooLarge => f.write_str("the answer's headers are too large"),
            ApiError::Protocol { reason } => write!(f, "the answer breaks HTTP: {reason}"),
            ApiError::Timeout { phase, after } => {
                let what = match phase {
                    Phase::Headers => "waiting for the answer's headers",
                    Phase::Body => "waiting for more of the answer's body",
                    Phase::Request => "with the whole request",
                };
                write!(f, "timed out after {} {what}", span(*after))
            }
            ApiError::TooLarge { limit } => {
                write!(f, "the page is larger than {limit} bytes (--max-page-bytes)")
            }
            ApiError::Busy { status, wait, retry_after } => {
                let limit = if *status == 429 { "rate limit reached (429)" } else { "busy (503)" };
                match (retry_after, wait.as_secs() > 86_400) {
                    (true, true) => write!(f, "{limit}: Zendesk asks to wait > 1 day"),
                    (true, false) => {
                        write!(f, "{limit}: Zendesk asks to wait {} s", wait.as_secs())
                    }
                    (false, _) => {
                        write!(f, "{limit}, no Retry-After: waiting {} s", wait.as_secs())
                    }
                }
            }
            ApiError::Unavailable { status, text } => {
                write!(f, "Zendesk answered {status}{}", said(text))
            }
            ApiError::Unauthorized { text, .. } => {
                write!(f, "Zendesk refuses the credentials (401){}", said(text))
            }
            ApiError::TokenRefused { status, text, .. } => {
                write!(f, "Zendesk mints no token for these credentials ({status}){}", said(text))
            }
            ApiError::Forbidden { text, .. } => {
                write!(f, "Zendesk refuses access (403){}", said(text))
            }
            ApiError::TooRecent => f.write_str("nothing new yet"),
            ApiError::Redirect { status, host } => {
                let host = host.as_deref().unwrap_or("nowhere");
                write!(f, "Zendesk answered with a redirect ({status}) to {host}")
            }
            ApiError::Refused { status, text, .. } => {
                write!(f, "Zendesk refuses the request ({status}){}", said(text))
            }
            ApiError::CursorRefused { status, text } => {
                write!(f, "Zendesk refuses the saved cursor ({status}){}", said(text))
            }
            ApiError::Garbled(garbled) => garbled.fmt(f),
        }
    }
}
