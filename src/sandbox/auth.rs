//! Who is asking: API tokens, access tokens and the place where they are issued (API notes §7).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use super::{
    answer::Answer,
    behaviour::ExpiresIn,
    errors,
    furniture::AGENT_EMAIL,
    http::{Request, form},
    json::{Object, texts},
};

/// The API token that the sandbox accepts with its e-mail address.
pub const API_TOKEN: &str = "sandbox-api-token-0123456789abcdefghijklmn";
/// The OAuth client that may ask for access tokens.
pub const CLIENT_ID: &str = "zdx_sandbox";
/// Its secret.
pub const CLIENT_SECRET: &str = "sandbox-client-secret-0123456789abcdef";
/// An access token that never expires and may read everything.
pub const OAUTH_TOKEN: &str = "sandbox-oauth-token-0123456789abcdefghijk";
/// The code that the `authorization_code` grant accepts.
pub const AUTHORIZATION_CODE: &str = "sandbox-authorization-code";

const LIFETIME: i64 = 1800;
const LONGEST_LIFETIME: i64 = 172_800;
const REFRESH_LIFETIME: i64 = 2_592_000;

/// What a caller may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Caller {
    pub(super) scope: String,
    /// Of an access token: its expiry, if it has one.
    pub(super) token_expires: Option<Option<i64>>,
}

impl Caller {
    /// Whether one of the caller's scopes is `read` or the granular scope of a resource.
    pub(super) fn may_read(&self, resource: &str) -> bool {
        let mut scopes = self.scope.split([' ', ',']);
        scopes.any(|scope| scope == "read" || scope.strip_suffix(":read") == Some(resource))
    }
}

#[derive(Clone)]
struct Grant {
    scope: String,
    expires: i64,
    /// The client kept no secret and refreshes without one.
    public: bool,
}

#[derive(Default)]
struct Issued {
    count: u64,
    access: HashMap<String, Grant>,
    /// Refresh tokens with their access token and expiry.
    refresh: HashMap<String, (String, i64)>,
}

pub(super) struct Tokens {
    issued: Mutex<Issued>,
    told: ExpiresIn,
}

impl Tokens {
    pub(super) fn new(told: ExpiresIn) -> Self {
        Self { issued: Mutex::default(), told }
    }

    /// The caller of a request, or the answer that refuses it.
    pub(super) fn caller(&self, request: &Request, now: i64) -> Result<Caller, Box<Answer>> {
        let header = request.header("authorization").unwrap_or_default();
        let (scheme, value) = header.split_once(' ').unwrap_or((header, ""));
        if scheme.eq_ignore_ascii_case("bearer") {
            let caller = self.bearer(value.trim(), now);
            return caller.ok_or_else(|| Box::new(errors::invalid_token()));
        }
        if scheme.eq_ignore_ascii_case("basic") && basic(value.trim()) {
            return Ok(Caller { scope: "read write".to_owned(), token_expires: None });
        }
        Err(Box::new(errors::unauthorized()))
    }

    fn bearer(&self, token: &str, now: i64) -> Option<Caller> {
        if token == OAUTH_TOKEN {
            return Some(Caller { scope: "read".to_owned(), token_expires: Some(None) });
        }
        let issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        let grant = issued.access.get(token).filter(|grant| now < grant.expires)?;
        Some(Caller { scope: grant.scope.clone(), token_expires: Some(Some(grant.expires)) })
    }

    /// `POST /oauth/tokens`.
    pub(super) fn issue(&self, request: &Request, now: i64) -> Answer {
        let fields = Fields::of(request);
        match fields.get("grant_type") {
            Some("client_credentials") => self.client_credentials(&fields, now),
            Some("refresh_token") => self.refresh(&fields, now),
            Some("authorization_code") => self.authorization_code(&fields, now),
            _ => {
                let description = "The authorization grant type is not supported.";
                errors::oauth(400, "unsupported_grant_type", description)
            }
        }
    }

    fn client_credentials(&self, fields: &Fields, now: i64) -> Answer {
        if !fields.names_client() || fields.get("client_secret") != Some(CLIENT_SECRET) {
            return invalid_client();
        }
        self.grant(fields, fields.scope(), now, None)
    }

    fn authorization_code(&self, fields: &Fields, now: i64) -> Answer {
        let secret = fields.get("client_secret");
        let public = secret.is_none() && fields.get("code_verifier").is_some();
        if !fields.names_client() || (!public && secret != Some(CLIENT_SECRET)) {
            return invalid_client();
        }
        if fields.get("code") != Some(AUTHORIZATION_CODE) {
            return invalid_grant();
        }
        self.grant(fields, fields.scope(), now, Some(public))
    }

    /// Rotation: the old access and refresh tokens are dead at once.
    fn refresh(&self, fields: &Fields, now: i64) -> Answer {
        let old = {
            let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
            let token = fields.get("refresh_token").unwrap_or_default();
            let Some((access, expires)) = issued.refresh.get(token).cloned() else {
                return invalid_grant();
            };
            let public = issued.access.get(&access).is_some_and(|grant| grant.public);
            let secret = fields.get("client_secret");
            if !fields.names_client() || (!public && secret != Some(CLIENT_SECRET)) {
                return invalid_client();
            }
            issued.refresh.remove(token);
            issued.access.remove(&access).filter(|_| now < expires)
        };
        match old {
            Some(old) => self.grant(fields, &old.scope, now, Some(old.public)),
            None => invalid_grant(),
        }
    }

    /// `refreshable` says whether there is a refresh token, and if so, for a public client.
    fn grant(&self, fields: &Fields, scope: &str, now: i64, refreshable: Option<bool>) -> Answer {
        let asked = fields.get("expires_in").map_or(Some(LIFETIME), |text| text.parse().ok());
        let Some(lifetime) = asked.filter(|lifetime| *lifetime > 0) else {
            return errors::oauth(400, "invalid_request", "expires_in must be a positive integer");
        };
        let lifetime = lifetime.min(LONGEST_LIFETIME);
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        let access = issued.token("access", now);
        let refresh = refreshable.map(|_| issued.token("refresh", now));
        let grant = Grant {
            scope: scope.to_owned(),
            expires: now + lifetime,
            public: refreshable == Some(true),
        };
        let object = Object::new()
            .text("access_token", &access)
            .text("token_type", "bearer")
            .text("scope", scope);
        let object = match self.told {
            ExpiresIn::Asked if fields.get("expires_in").is_none() => object,
            ExpiresIn::Asked | ExpiresIn::Told => object.raw("expires_in", lifetime),
        };
        let object = match refresh {
            Some(refresh) => {
                let expires = now + REFRESH_LIFETIME;
                let object = object.text("refresh_token", &refresh);
                issued.refresh.insert(refresh, (access.clone(), expires));
                object.raw("refresh_token_expires_in", REFRESH_LIFETIME)
            }
            None => object,
        };
        issued.access.insert(access, grant);
        Answer::json(200, object.end())
    }
}

impl Issued {
    fn token(&mut self, kind: &str, now: i64) -> String {
        self.count += 1;
        let text = format!("{kind} {now} {} {}", self.count, std::process::id());
        let digest = Sha256::digest(text.as_bytes());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

pub(super) fn is_bearer(request: &Request) -> bool {
    let header = request.header("authorization").unwrap_or_default();
    header.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer "))
}

/// `email/token:token`. Passwords are not accepted.
fn basic(value: &str) -> bool {
    let decoded = STANDARD.decode(value).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let Some((user, token)) = decoded.as_deref().and_then(|text| text.split_once(':')) else {
        return false;
    };
    let email = user.strip_suffix("/token");
    email.is_some_and(|email| email.eq_ignore_ascii_case(AGENT_EMAIL)) && token == API_TOKEN
}

/// `GET /api/v2/oauth/tokens/current`.
pub(super) fn current(caller: &Caller, user: u64) -> Answer {
    let Some(expires) = caller.token_expires else {
        return errors::unknown_record();
    };
    let token = Object::new()
        .raw("id", 223_443)
        .raw("user_id", user)
        .raw("client_id", 1234)
        .maybe_time("expires_at", expires)
        .raw("scopes", texts(caller.scope.split(' ')));
    Answer::json(200, Object::new().raw("token", token.end()).end())
}

fn invalid_client() -> Answer {
    let description = "Client authentication failed due to unknown client, no client \
                       authentication included, or unsupported authentication method.";
    errors::oauth(401, "invalid_client", description)
}

fn invalid_grant() -> Answer {
    let description = "The provided authorization grant is invalid, expired or revoked.";
    errors::oauth(400, "invalid_grant", description)
}

/// The fields of a token request: JSON, or a form.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn of(request: &Request) -> Self {
        let json =
            serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&request.body);
        if let Ok(members) = json {
            let text = |value: serde_json::Value| match value {
                serde_json::Value::String(text) => text,
                other => other.to_string(),
            };
            return Self(members.into_iter().map(|(name, value)| (name, text(value))).collect());
        }
        Self(form(&String::from_utf8_lossy(&request.body)))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn scope(&self) -> &str {
        self.get("scope").unwrap_or("read")
    }

    fn names_client(&self) -> bool {
        self.get("client_id") == Some(CLIENT_ID)
    }
}
