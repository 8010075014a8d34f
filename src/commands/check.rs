//! `zdx check`: proves the credentials on the resources themselves, and says which of them the
//! account can read, what quota came back, and when the credentials expire. Costs one small request
//! for each resource.

use super::Context;
use crate::{
    api::{
        Client,
        auth::{Authorizer, Credentials},
        error::ApiError,
        headers::Headers,
    },
    cli::CheckArgs,
    export::request,
    failure::{Exit, Failure},
    pacer::Quota,
    page,
    plan::{self, YOUNGEST},
    position::Position,
    request::Request,
    resource::{RESOURCES, Resource},
    shown::ENDLESS,
    time::{UnixTime, span},
};
use serde_json::{Value, json};
use std::{fmt::Write as _, sync::Arc, time::Duration};

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

pub(super) fn run(args: &CheckArgs, context: &Context) -> Result<Exit, Failure> {
    let result = check(args, context);
    if let Err(failure) = &result
        && args.json
        && failure.exit != Exit::ReaderGone
    {
        let error = failure.to_string();
        let document = json!({"resources": [], "error": error, "exit": failure.exit.code()});
        super::print(&context.report.scrubbed(&format!("{document}\n")))?;
    }
    result
}

fn check(args: &CheckArgs, context: &Context) -> Result<Exit, Failure> {
    let (settings, _sandbox) = context.settings(args.sandbox)?;
    let credentials = settings.credentials.clone();
    let authorizer = Arc::new(Authorizer::new(settings.credentials));
    let client = Client::new(
        settings.base.clone(),
        settings.limits,
        Arc::clone(&authorizer),
        context.clock,
        context.stop.clone(),
    );
    // A small page of the last hour: enough to be answered or refused.
    let start = context.clock.wall().minus(YOUNGEST + Duration::from_secs(3600));
    let mut found = Vec::new();
    for resource in RESOURCES {
        let job = plan::probe(resource, start);
        let position = Position::starting(job.endpoint.pagination, start);
        let mut body = Vec::new();
        let asked = request(&job, &position, 1);
        let (headers, answer) = client.get(&asked, &mut body);
        context.report.hide(authorizer.minted().as_slice());
        for minted in authorizer.take_asked() {
            context.report.detail(None, &minted);
        }
        let came = answer.as_ref().err().map_or("200".to_owned(), ApiError::to_string);
        context.report.detail(Some(resource.name), &format!("GET {}: {came}", asked.target()));
        if let Some(signal) = context.stop.signal() {
            return Err(Failure::stopped(signal));
        }
        // A 200 proves nothing until it is the documented page.
        let answer = answer.and_then(|()| {
            page::parse(&body, resource.record_key, &[]).map(drop).map_err(ApiError::from)
        });
        found.push(judge(resource, &headers, answer)?);
    }
    let unknown = found.iter().find_map(|found| match &found.verdict {
        Verdict::Unknown(error) => Some(error.exit()),
        Verdict::Reachable | Verdict::OutOfReach(_) => None,
    });
    let exit = match found.iter().any(|found| matches!(found.verdict, Verdict::Reachable)) {
        true => Exit::Done,
        false => unknown.unwrap_or(Exit::Credentials),
    };
    let answered = found.iter().any(|found| !matches!(found.verdict, Verdict::Unknown(_)));
    let expiry = match (&credentials, answered) {
        (Credentials::OauthToken(_), true) => ask_expiry(&client),
        (Credentials::OauthClient { .. }, _) => {
            authorizer.life().map_or(Expiry::Unknown, Expiry::Renewed)
        }
        (_, _) => Expiry::Unknown,
    };
    let told = Told {
        account: &settings.account,
        origin: &settings.base.origin,
        credentials: &credentials,
        expiry,
        now: context.clock.wall(),
        found: &found,
    };
    let text = if args.json { as_json(&told, exit) } else { as_text(&told) };
    super::print(&context.report.scrubbed(&text))?;
    Ok(exit)
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

/// A 401 is the end: no resource will answer otherwise.
fn judge(
    resource: &'static Resource,
    headers: &Headers,
    answer: Result<(), ApiError>,
) -> Result<Found, Failure> {
    let verdict = match answer {
        Ok(()) | Err(ApiError::TooRecent) => Verdict::Reachable,
        Err(error @ ApiError::Unauthorized { .. }) => return Err(error.into()),
        Err(error @ ApiError::Forbidden { .. }) => {
            Verdict::OutOfReach(format!("{error}; it is for {}", resource.readable_by))
        }
        Err(error @ ApiError::Refused { status: 404, .. }) => {
            Verdict::OutOfReach(error.to_string())
        }
        Err(error) if matches!(error, ApiError::Garbled(_)) || error.exit() == Exit::Temporary => {
            Verdict::Unknown(error)
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Found { resource, quota: headers.export_quota(), verdict })
}

fn ends(credentials: &Credentials) -> Option<&'static str> {
    matches!(credentials, Credentials::ApiToken { .. }).then_some("2027-04-30")
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

fn as_text(told: &Told<'_>) -> String {
    let expiry = match (ends(told.credentials), &told.expiry) {
        (Some(ends), _) => format!("which Zendesk ends on {ends}"),
        (None, Expiry::Never) => "which never expires".to_owned(),
        (None, Expiry::At(time)) => {
            format!("which expires in {}, at {time}", span(time.since(told.now)))
        }
        (None, Expiry::Renewed(life)) => {
            format!("whose tokens live {} and are renewed", span(*life))
        }
        (None, Expiry::Unknown) => "expiry unknown".to_owned(),
    };
    let mut out = format!("account      {} at {}\n", told.account, told.origin);
    writeln!(out, "credentials  {}, {expiry}", told.credentials.kind()).expect(ENDLESS);
    for Found { resource, quota, verdict } in told.found {
        let verdict = match verdict {
            Verdict::Reachable => "reachable".to_owned(),
            Verdict::OutOfReach(reason) => format!("out of reach: {reason}"),
            Verdict::Unknown(error) => format!("not known now: {error}"),
        };
        write!(out, "{:<22} {verdict}", resource.name).expect(ENDLESS);
        if let Some(quota) = quota {
            write!(out, ", {} of {} requests left", quota.remaining, quota.total).expect(ENDLESS);
        }
        out.push('\n');
    }
    out
}

fn as_json(told: &Told<'_>, exit: Exit) -> String {
    let rows: Vec<Value> = told
        .found
        .iter()
        .map(|Found { resource, quota, verdict }| {
            let (reachable, reason) = match verdict {
                Verdict::Reachable => (Some(true), None),
                Verdict::OutOfReach(reason) => (Some(false), Some(reason.clone())),
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
    let document = json!({
        "account": told.account,
        "base_url": told.origin,
        "credentials": {
            "kind": told.credentials.kind(),
            "ends": ends(told.credentials),
            "expiry": expiry,
            "expires_at": expires_at,
        },
        "resources": rows,
        "error": null,
        "exit": exit.code(),
    });
    format!("{document}\n")
}
