//! `zdx check`: proves the credentials on the resources themselves, and says which of them the
//! account can read and what quota came back. Costs one small request for each resource.

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
    resource::{RESOURCES, Resource},
    shown::ENDLESS,
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

pub(super) fn run(args: &CheckArgs, context: &Context) -> Result<Exit, Failure> {
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
        let (headers, answer) = client.get(&request(&job, &position, 1), &mut body);
        context.report.hide(authorizer.minted().as_slice());
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
    let text = match args.json {
        true => as_json(&settings.account, &settings.base.origin, &credentials, &found, exit),
        false => as_text(&settings.account, &settings.base.origin, &credentials, &found),
    };
    super::print(&context.report.scrubbed(&text))?;
    Ok(exit)
}

/// A 401 is the end: no resource will answer otherwise.
fn judge(
    resource: &'static Resource,
    headers: &Headers,
    answer: Result<(), ApiError>,
) -> Result<Found, Failure> {
    let verdict = match answer {
        Ok(()) | Err(ApiError::TooRecent { .. }) => Verdict::Reachable,
        Err(error @ ApiError::Unauthorized { .. }) => return Err(error.into()),
        Err(error @ (ApiError::Forbidden { .. } | ApiError::Refused { status: 404, .. })) => {
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

fn as_text(account: &str, origin: &str, credentials: &Credentials, found: &[Found]) -> String {
    let mut out =
        format!("account      {account} at {origin}\ncredentials  {}", credentials.kind());
    if let Some(ends) = ends(credentials) {
        write!(out, ", which Zendesk ends on {ends}").expect(ENDLESS);
    }
    out.push('\n');
    for Found { resource, quota, verdict } in found {
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

fn as_json(
    account: &str,
    origin: &str,
    credentials: &Credentials,
    found: &[Found],
    exit: Exit,
) -> String {
    let rows: Vec<Value> = found
        .iter()
        .map(|Found { resource, quota, verdict }| {
            let reason = match verdict {
                Verdict::Reachable => None,
                Verdict::OutOfReach(reason) => Some(reason.clone()),
                Verdict::Unknown(error) => Some(error.to_string()),
            };
            json!({
                "resource": resource.name,
                "reachable": matches!(verdict, Verdict::Reachable),
                "reason": reason,
                "quota": quota.map(|quota| json!({
                    "total": quota.total,
                    "remaining": quota.remaining,
                    "resets": quota.resets.as_secs(),
                })),
            })
        })
        .collect();
    let document = json!({
        "account": account,
        "base_url": origin,
        "credentials": {"kind": credentials.kind(), "ends": ends(credentials)},
        "resources": rows,
        "exit": exit.code(),
    });
    format!("{document}\n")
}
