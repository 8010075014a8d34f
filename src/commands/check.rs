//! `zdx check`: proves the credentials on the resources themselves, and says which of them the
//! account can read, what quota came back, and when the credentials expire. Costs one small request
//! for each resource.
//!
//! The first is asked alone, since most of what goes wrong is the whole host's; the others follow side
//! by side, behind its answer or a moment's patience.

use super::Context;
use crate::{
    api::{
        BaseUrl, Client,
        auth::{Authorizer, Credentials, Kind},
        error::ApiError,
        headers::Headers,
    },
    cli::{CheckArgs, one_by_one},
    export::request,
    failure::{Exit, Failure},
    pacer::Quota,
    page,
    plan::{self, YOUNGEST},
    position::Position,
    request::Request,
    resource::{ALL_LISTS, LISTS, RESOURCES, Resource, every},
    shown::ENDLESS,
    time::{UnixTime, span},
};
use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

/// How long the first answer is waited for before the others are asked for.
const PATIENCE: Duration = Duration::from_secs(2);

/// How soon a signal is noticed.
const SLICE: Duration = Duration::from_millis(100);

/// An answer, and what was asked.
struct Answered {
    resource: &'static Resource,
    target: String,
    headers: Headers,
    answer: Result<(), ApiError>,
}

/// What came back for one resource.
struct Found {
    resource: &'static Resource,
    quota: Option<Quota>,
    verdict: Verdict,
}

enum Verdict {
    Reachable,
    /// The account or its user may not read it.
    OutOfReach(String),
    /// There is nothing at its path. If that is so for all, it is the host that is wrong.
    Missing(ApiError),
    /// It could not be found out now.
    Unknown(ApiError),
}

/// Until when the credentials are good.
enum Expiry {
    Never,
    At(UnixTime),
    /// zdx mints a token for so long, and renews it.
    Renewed(Duration),
    Unknown,
}

/// What is asked for where nobody says what: the exports of the vendor's reference.
const USUAL: [&str; 6] =
    ["tickets", "ticket_events", "users", "organizations", "ticket_metric_events", "articles"];

/// The resources of these names, each once.
fn named(typed: &[String]) -> Result<Vec<&'static Resource>, Failure> {
    let mut named: Vec<&'static Resource> = Vec::new();
    for typed in typed {
        let found: Vec<&'static Resource> = match typed.as_str() {
            "all" => RESOURCES.iter().collect(),
            ALL_LISTS => LISTS.iter().collect(),
            typed => vec![Resource::named(typed).map_err(Failure::usage)?],
        };
        named.extend(found);
    }
    let mut known = Vec::new();
    named.retain(|resource| {
        let new = !known.contains(&resource.name);
        known.push(resource.name);
        new
    });
    Ok(named)
}

pub(super) fn run(args: &CheckArgs, context: &Context) -> Result<Exit, Failure> {
    let typed = if args.resources.is_empty() { Vec::new() } else { one_by_one(&args.resources) };
    let mut resources = named(&typed)?;
    let (settings, _sandbox) = context.settings(args.sandbox)?;
    if resources.is_empty() {
        let of_profile = settings.defaults.resources.clone().filter(|names| !names.is_empty());
        let names = of_profile.unwrap_or_else(|| USUAL.map(str::to_owned).to_vec());
        resources = named(&names)
            .map_err(|failure| Failure::new(Exit::Config, format!("resources: {failure}")))?;
    }
    let credentials = settings.credentials.clone();
    let authorizer = Arc::new(Authorizer::new(settings.credentials));
    let client = || {
        Client::new(
            settings.base.clone(),
            settings.limits,
            Arc::clone(&authorizer),
            context.clock,
            context.stop.clone(),
        )
    };
    let say = |text: &str| match args.json {
        true => Ok(()),
        false => super::print(&context.report.scrubbed(text)),
    };
    say(&heading(&settings.account, &settings.base))?;
    // A small page of the last hour: enough to be answered or refused.
    let start = context.clock.wall().minus(YOUNGEST + Duration::from_secs(3600));
    let (sender, answers) = mpsc::channel();
    let ask = |resource: &'static Resource, sender: mpsc::Sender<Answered>| {
        let client = client();
        // Nobody waits for one that hangs when another has ended the check.
        thread::spawn(move || drop(sender.send(asked(&client, resource, start))));
    };
    let mut found: Vec<Found> = Vec::new();
    let mut unasked = resources.iter();
    unasked.by_ref().take(1).for_each(|resource| ask(resource, sender.clone()));
    // Held as long as somebody is to be asked.
    let mut sender = Some(sender);
    while found.len() < resources.len() {
        let patience = sender.as_ref().map(|_| PATIENCE);
        if let Some(answered) = next(&answers, patience, context)? {
            context.report.hide(authorizer.minted().as_slice());
            for minted in authorizer.take_asked() {
                context.report.detail(None, &minted);
            }
            context.report.detail(Some(answered.resource.name), &came(&answered));
            let judged = judge(answered)?;
            say(&row(&judged))?;
            found.push(judged);
        }
        if let Some(sender) = sender.take() {
            unasked.by_ref().for_each(|resource| ask(resource, sender.clone()));
        }
    }
    let exit = exit(&found)?;
    let answered = found.iter().any(|found| !matches!(found.verdict, Verdict::Unknown(_)));
    let expiry = match (&credentials.kind, answered) {
        (Kind::OauthToken(_), true) => ask_expiry(&client()),
        (Kind::OauthClient { .. }, _) => authorizer.life().map_or(Expiry::Unknown, Expiry::Renewed),
        (_, _) => Expiry::Unknown,
    };
    let now = context.clock.wall();
    say(&in_words(&credentials, &expiry, now))?;
    if args.json {
        // In the order of the table, whoever answered first.
        found
            .sort_by_key(|found| every().position(|resource| resource.name == found.resource.name));
        let told = Told {
            account: &settings.account,
            origin: &settings.base.origin,
            credentials: &credentials,
            expiry,
            now,
            found: &found,
        };
        let document = super::document(as_json(&told), none_can_be_read(exit), exit);
        super::print(&context.report.scrubbed(&document))?;
    }
    Ok(exit)
}

/// Why a check failed of which each row has its own reason.
fn none_can_be_read(exit: Exit) -> Option<&'static str> {
    match exit {
        Exit::Done => None,
        Exit::Credentials => Some("none of the resources can be read"),
        _ => Some("none of the resources could be read now"),
    }
}

fn asked(client: &Client, resource: &'static Resource, start: UnixTime) -> Answered {
    let job = plan::probe(resource, start);
    let position = Position::starting(job.endpoint.form.saves(), start);
    let request = request(&job, &position, 1);
    let mut body = Vec::new();
    let (headers, answer) = client.get(&request, &mut body);
    // A 200 proves nothing until it is the documented page.
    let answer = answer.and_then(|()| {
        page::parse_of(job.endpoint.form, &body, resource.record_key, &[])
            .map(drop)
            .map_err(ApiError::from)
    });
    Answered { resource, target: request.target(), headers, answer }
}

/// The next answer; none within `patience`.
fn next(
    answers: &Receiver<Answered>,
    patience: Option<Duration>,
    context: &Context,
) -> Result<Option<Answered>, Failure> {
    let begun = context.clock.instant();
    loop {
        let answered = answers.recv_timeout(SLICE);
        if let Some(signal) = context.stop.signal() {
            return Err(Failure::stopped(signal));
        }
        let waited = context.clock.instant().saturating_duration_since(begun);
        match answered {
            Ok(answered) => return Ok(Some(answered)),
            Err(RecvTimeoutError::Timeout) if patience.is_some_and(|most| waited >= most) => {
                return Ok(None);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Failure::new(Exit::Bug, "an answer got lost"));
            }
        }
    }
}

/// What came of a request, for `-v`.
fn came(answered: &Answered) -> String {
    let id = answered.headers.request_id().map(|id| format!("; x-request-id {id}"));
    match &answered.answer {
        Ok(()) => format!("GET {}: 200{}", answered.target, id.unwrap_or_default()),
        Err(error) => {
            let error = error.to_string();
            // What the server worded brings it along.
            let id = id.filter(|id| !error.ends_with(id.as_str())).unwrap_or_default();
            format!("GET {}: {error}{id}", answered.target)
        }
    }
}

fn exit(found: &[Found]) -> Result<Exit, Failure> {
    if found.iter().any(|found| matches!(found.verdict, Verdict::Reachable)) {
        return Ok(Exit::Done);
    }
    let mut missing = None;
    for found in found {
        match &found.verdict {
            Verdict::Unknown(error) => return Ok(error.exit()),
            Verdict::Missing(error) => missing = Some(error),
            Verdict::Reachable | Verdict::OutOfReach(_) => {}
        }
    }
    let all = found.iter().all(|found| matches!(found.verdict, Verdict::Missing(_)));
    match missing.filter(|_| all) {
        Some(error) => Err(error.clone().into()),
        None => Ok(Exit::Credentials),
    }
}

/// What the server says of the token that asks. It need not know the question (API notes §7), so
/// that no answer is no failure.
fn ask_expiry(client: &Client) -> Expiry {
    let mut body = Vec::new();
    let (_, answer) = client.get(&Request::new("/api/v2/oauth/tokens/current.json"), &mut body);
    let document: Option<Value> = answer.ok().and_then(|()| serde_json::from_slice(&body).ok());
    match document.as_ref().and_then(|document| document.get("token")?.get("expires_at")) {
        Some(Value::Null) => Expiry::Never,
        Some(Value::String(text)) => {
            UnixTime::from_rfc3339(text).map_or(Expiry::Unknown, Expiry::At)
        }
        _ => Expiry::Unknown,
    }
}

/// Whatever is not this resource's own is the end: no other will answer otherwise.
fn judge(answered: Answered) -> Result<Found, Failure> {
    let Answered { resource, headers, answer, .. } = answered;
    let verdict = match answer {
        Ok(()) | Err(ApiError::TooRecent) => Verdict::Reachable,
        Err(error @ ApiError::Forbidden { .. }) => {
            Verdict::OutOfReach(format!("{error}; it is for {}", resource.readable_by))
        }
        Err(error @ ApiError::Refused { status: 404, .. }) => Verdict::Missing(error),
        Err(
            error @ (ApiError::Resolve { .. }
            | ApiError::Connect { .. }
            | ApiError::ConnectTimeout { .. }
            | ApiError::Tls { .. }
            | ApiError::Proxy { .. }),
        ) => return Err(error.into()),
        Err(error) if matches!(error, ApiError::Garbled(_)) || error.exit() == Exit::Temporary => {
            Verdict::Unknown(error)
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Found { resource, quota: headers.export_quota(), verdict })
}

fn ends(credentials: &Credentials) -> Option<&'static str> {
    matches!(credentials.kind, Kind::ApiToken { .. }).then_some("2027-04-30")
}

/// What a check came to.
struct Told<'a> {
    account: &'a str,
    origin: &'a str,
    credentials: &'a Credentials,
    expiry: Expiry,
    now: UnixTime,
    found: &'a [Found],
}

fn heading(account: &str, base: &BaseUrl) -> String {
    let mut out = format!("account      {account} at {}\n", base.origin);
    if let Some(proxy) = &base.way.proxy {
        let (address, variable) = (proxy.address(), proxy.variable);
        writeln!(out, "proxy        {address} ({variable})").expect(ENDLESS);
    }
    out
}

fn row(found: &Found) -> String {
    let Found { resource, quota, verdict } = found;
    let verdict = match verdict {
        Verdict::Reachable => "reachable".to_owned(),
        Verdict::OutOfReach(reason) => format!("out of reach: {reason}"),
        Verdict::Missing(error) => format!("out of reach: {error}"),
        Verdict::Unknown(error) => format!("not known now: {error}"),
    };
    let quota =
        quota.map(|quota| format!(", {} of {} requests left", quota.remaining, quota.total));
    format!("{:<22} {verdict}{}\n", resource.name, quota.unwrap_or_default())
}

fn in_words(credentials: &Credentials, expiry: &Expiry, now: UnixTime) -> String {
    let expiry = match (ends(credentials), expiry) {
        (Some(ends), _) => format!("which Zendesk ends on {ends}"),
        (None, Expiry::Never) => "which never expires".to_owned(),
        (None, Expiry::At(time)) => {
            format!("which expires in {}, at {time}", span(time.since(now)))
        }
        (None, Expiry::Renewed(life)) => {
            format!("whose tokens live {} and are renewed", span(*life))
        }
        (None, Expiry::Unknown) => "expiry unknown".to_owned(),
    };
    let (kind, origin) = (credentials.kind.name(), &credentials.origin);
    format!("credentials  {kind}, {expiry}\nfrom         {origin}\n")
}

fn as_json(told: &Told<'_>) -> Value {
    let rows: Vec<Value> = told
        .found
        .iter()
        .map(|Found { resource, quota, verdict }| {
            let (reachable, reason) = match verdict {
                Verdict::Reachable => (Some(true), None),
                Verdict::OutOfReach(reason) => (Some(false), Some(reason.clone())),
                Verdict::Missing(error) => (Some(false), Some(error.to_string())),
                Verdict::Unknown(error) => (None, Some(error.to_string())),
            };
            json!({
                "resource": resource.name,
                "reachable": reachable,
                "reason": reason,
                "quota": quota.map(|quota| json!({
                    "total": quota.total,
                    "remaining": quota.remaining,
                    "resets": quota.resets.as_secs(),
                })),
            })
        })
        .collect();
    let (expiry, expires_at) = match (ends(told.credentials), &told.expiry) {
        (Some(ends), _) => ("at", Some(format!("{ends}T00:00:00Z"))),
        (None, Expiry::Never) => ("never", None),
        (None, Expiry::At(time)) => ("at", Some(time.to_string())),
        (None, Expiry::Renewed(life)) => ("renewed", Some(told.now.plus(*life).to_string())),
        (None, Expiry::Unknown) => ("unknown", None),
    };
    json!({
        "account": told.account,
        "base_url": told.origin,
        "credentials": {
            "kind": told.credentials.kind.name(),
            "origin": told.credentials.origin,
            "ends": ends(told.credentials),
            "expiry": expiry,
            "expires_at": expires_at,
        },
        "resources": rows,
    })
}
