//! Credentials: from what the user has to the `Authorization` header of a request.
//!
//! API notes §7. Tokens that are minted here live in memory only.

use super::{answer, error::ApiError, headers::Headers, wire::Wire};
use crate::{clock::Clock, mutex::lock, secret::Secret};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::Value;
use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

/// What the user has, and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) kind: Kind,
    /// A variable, or a place in a file, for whoever has to look there.
    pub(crate) origin: String,
}

/// Strongest first.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    OauthClient { id: String, secret: Secret, scope: String },
    OauthToken(Secret),
    ApiToken { email: String, token: Secret },
}

impl Kind {
    /// For people.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Kind::OauthClient { .. } => "OAuth client",
            Kind::OauthToken(_) => "OAuth access token",
            Kind::ApiToken { .. } => "API token",
        }
    }

    /// Every secret in here, for the scrubber.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        match self {
            Kind::OauthClient { secret, .. } => vec![secret.clone()],
            Kind::OauthToken(token) => vec![token.clone()],
            Kind::ApiToken { email, token } => {
                vec![token.clone(), Secret::new(format!("{email}/token:{}", token.expose()))]
            }
        }
    }
}

/// Hands out headers, and mints and renews tokens; shared by all clients of a run, so that a token
/// is minted once.
#[derive(Debug)]
pub(crate) struct Authorizer {
    credentials: Credentials,
    minted: Mutex<Option<Token>>,
    /// What was asked for tokens, and not told yet.
    asked: Mutex<Vec<String>>,
}

#[derive(Clone, Debug)]
struct Token {
    header: Secret,
    renew_at: Option<Instant>,
    /// How long it was good for when it was minted.
    life: Option<Duration>,
}

/// A token is renewed this long before it expires, or at half its life if that is sooner.
const MARGIN: Duration = Duration::from_secs(120);

impl Authorizer {
    pub(crate) fn new(credentials: Credentials) -> Authorizer {
        Authorizer { credentials, minted: Mutex::new(None), asked: Mutex::default() }
    }

    /// The value of the `Authorization` header, for which a token may have to be minted.
    pub(super) fn header(&self, wire: &Wire, clock: Clock) -> Result<Secret, ApiError> {
        match &self.credentials.kind {
            Kind::OauthToken(token) => Ok(bearer(token.expose())),
            Kind::ApiToken { email, token } => {
                let pair = format!("{email}/token:{}", token.expose());
                Ok(Secret::new(format!("Basic {}", STANDARD.encode(pair))))
            }
            Kind::OauthClient { id, secret, scope } => {
                let now = clock.instant();
                let mut minted = lock(&self.minted);
                if let Some(token) = &*minted
                    && token.renew_at.is_none_or(|renew_at| now < renew_at)
                {
                    return Ok(token.header.clone());
                }
                let (status, token) = mint(wire, id, secret, scope, now);
                let result = match &token {
                    Ok(_) => status.map(|status| status.to_string()).unwrap_or_default(),
                    Err(error) => error.to_string(),
                };
                let took = clock.instant().saturating_duration_since(now).as_secs_f64();
                let mut asked = lock(&self.asked);
                asked.push(format!("POST {TOKENS}: {result}, {took:.3} s"));
                Ok(minted.insert(token?).header.clone())
            }
        }
    }

    /// Where the credentials stand.
    pub(super) fn origin(&self) -> &str {
        &self.credentials.origin
    }

    /// The requests for tokens since this was last asked, for `-v`; they hold no secret.
    pub(crate) fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.asked))
    }

    /// The token that is in use, if it was minted here.
    pub(crate) fn minted(&self) -> Option<Secret> {
        let minted = lock(&self.minted);
        let header = minted.as_ref()?.header.expose();
        Some(Secret::new(header.strip_prefix(BEARER).unwrap_or(header)))
    }

    /// How long a token that was minted here is good for, if it says so.
    pub(crate) fn life(&self) -> Option<Duration> {
        lock(&self.minted).as_ref()?.life
    }

    /// Takes note that `used` was refused, and says whether a new token may help.
    pub(super) fn refused(&self, used: &Secret) -> bool {
        if !matches!(self.credentials.kind, Kind::OauthClient { .. }) {
            return false;
        }
        let mut minted = lock(&self.minted);
        if minted.as_ref().is_some_and(|token| token.header == *used) {
            *minted = None;
        }
        true
    }
}

/// Where tokens are minted.
const TOKENS: &str = "/oauth/tokens";

/// The scope that opens every resource.
pub(crate) const READ: &str = "read";

const BEARER: &str = "Bearer ";

fn bearer(token: &str) -> Secret {
    Secret::new(format!("{BEARER}{token}"))
}

/// A reply of `/oauth/tokens`, of which members may be missing or null.
#[derive(Deserialize)]
struct Reply {
    access_token: String,
    /// A number of seconds; some servers write it as a string.
    expires_in: Option<Value>,
}

/// Servers may mint tokens that never expire unless they are asked for a life: API notes §7.
const ASKED_LIFE: Duration = Duration::from_secs(1_800);

/// No token lives longer; one that says so is renewed all the same.
const LONGEST_LIFE: Duration = Duration::from_secs(30 * 86_400);

impl Reply {
    fn life(&self) -> Option<Duration> {
        let seconds: f64 = match self.expires_in.as_ref()? {
            Value::String(text) => text.parse().ok()?,
            number => number.as_f64()?,
        };
        Some(
            Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(LONGEST_LIFE).min(LONGEST_LIFE),
        )
    }
}

/// With the status that came, if any did.
fn mint(
    wire: &Wire,
    id: &str,
    secret: &Secret,
    scope: &str,
    now: Instant,
) -> (Option<u16>, Result<Token, ApiError>) {
    let wanted = serde_json::json!({
        "grant_type": "client_credentials",
        "client_id": id,
        "client_secret": secret.expose(),
        "scope": scope,
    });
    let mut with_life = wanted.clone();
    with_life["expires_in"] = ASKED_LIFE.as_secs().into();
    let post = |body: Value| match wire.post_json(TOKENS, &body.to_string()) {
        Ok((status, headers, reply)) => (Some(status), token(status, &headers, &reply, now)),
        Err(error) => (None, Err(error)),
    };
    match post(with_life) {
        // Servers that know no life to ask for.
        (Some(400 | 422), Err(ApiError::TokenRefused { text, .. })) if !names_another(&text) => {
            post(wanted)
        }
        minted => minted,
    }
}

/// Whether a refusal names what is wrong, and that is not the life that was asked for.
fn names_another(text: &str) -> bool {
    let others = ["invalid_client", "invalid_grant", "invalid_scope", "unauthorized_client"];
    others.iter().any(|other| text.starts_with(other))
}

fn token(status: u16, headers: &Headers, reply: &[u8], now: Instant) -> Result<Token, ApiError> {
    match status {
        200 | 201 => {}
        400 | 401 | 403 | 404 | 410 | 422 => {
            return Err(ApiError::TokenRefused {
                status,
                text: answer::told(headers, reply),
                words: answer::words(reply),
                origin: String::new(),
            });
        }
        _ => {
            let request = crate::request::Request::new(TOKENS);
            answer::check(&request, status, headers, reply)?;
        }
    }
    let reply: Reply = serde_json::from_slice(reply).map_err(|_not_a_token| {
        ApiError::Garbled(crate::garbled::Garbled::NoRecords {
            key: "access_token".to_owned(),
            error: None,
        })
    })?;
    let life = reply.life();
    Ok(Token {
        header: bearer(&reply.access_token),
        renew_at: life.map(|life| now + life.saturating_sub(MARGIN).max(life / 2)),
        life,
    })
}
