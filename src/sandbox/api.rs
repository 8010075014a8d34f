//! From a request to its answer: fault, credentials, quota, endpoint, in this order.

use super::{
    answer::Answer,
    auth::{self, Caller},
    behaviour::{Counted, Date, ThirdParty},
    calendar::{DAY, http_date},
    desk::Desk,
    dice::mix,
    errors,
    fault::Fault,
    http::Request,
    instead,
    journal::Exchange,
    json::Object,
    kind::Endpoint,
    limits, pages, parameters,
    quota::{Bucket, Level},
    records,
};

/// What is known about a request besides its answer.
#[derive(Default)]
struct Notes {
    number: u64,
    fault: Option<Fault>,
    bucket: Option<Level>,
    per_page: Option<u32>,
    records: Option<u64>,
}

/// Answers and journals one request.
pub(super) fn answer(desk: &Desk, request: &Request) -> Answer {
    let started_ms = desk.clock.now_ms();
    let mut notes = Notes::default();
    let answer = route(desk, request, &mut notes);
    let answer = finish(desk, answer, started_ms, notes.number);
    desk.journal.push(Exchange {
        number: notes.number,
        at: started_ms,
        method: request.method.clone(),
        path: request.path.clone(),
        query: request.query.clone(),
        authorization: request
            .header("authorization")
            .map(|value| value.split(' ').next().unwrap_or_default().to_ascii_lowercase()),
        status: answer.status,
        fault: notes.fault,
        bucket: notes.bucket.map(|level| level.header.to_owned()),
        remaining: notes.bucket.map(|level| level.remaining),
        per_page: notes.per_page,
        records: notes.records,
    });
    answer
}

fn route(desk: &Desk, request: &Request, notes: &mut Notes) -> Answer {
    let path = request.path.strip_suffix(".json").unwrap_or(&request.path);
    let api_path = path.strip_prefix("/api/v2/");
    if api_path.is_none() {
        desk.clock.pause(desk.options.latency);
    }
    if path == "/oauth/tokens" {
        return if request.method == "POST" {
            desk.tokens.issue(request, desk.clock.now())
        } else {
            errors::unknown_path()
        };
    }
    match api_path {
        Some(path) => api(desk, request, path, notes),
        None => errors::unknown_path(),
    }
}

fn api(desk: &Desk, request: &Request, path: &str, notes: &mut Notes) -> Answer {
    let endpoint = records::find(path);
    let per_page = endpoint.as_ref().map(|endpoint| parameters::asked_size(request, endpoint));
    notes.per_page = per_page;
    let (number, fault) = desk.script.next(&request.path, &request.query, per_page.unwrap_or(0));
    (notes.number, notes.fault) = (number, fault);
    let now = desk.clock.now();
    let bearer = auth::is_bearer(request);
    let latency = || desk.clock.pause(desk.options.latency);
    let caller = match desk.tokens.caller(request, now) {
        Ok(caller) => caller,
        // Who sends no or wrong credentials gets a user without an id (§5).
        Err(_) if path == "users/me" && !bearer => {
            latency();
            return anonymous();
        }
        Err(refusal) => {
            latency();
            return *refusal;
        }
    };
    if let Some(delivery) = fault.and_then(instead::lost) {
        latency();
        return Answer { delivery, ..Answer::json(200, "") };
    }
    if desk.options.behaviour.counted == Counted::Answer {
        latency();
    }
    let buckets = limits::buckets(&desk.options, endpoint.as_ref());
    let buckets: Vec<&Bucket> = buckets.iter().collect();
    let taken = desk.quota.take(&buckets, desk.clock.now_ms());
    let refused = taken.is_err();
    let (Ok(mut levels) | Err(mut levels)) = taken;
    if fault.is_some_and(instead::pretends_empty)
        && let Some(last) = levels.last_mut()
    {
        last.remaining = 0;
    }
    notes.bucket = levels.last().copied();
    if desk.options.behaviour.counted == Counted::Arrival {
        latency();
    }
    let answer = if refused {
        limits::too_many(&desk.options, &levels, desk.clock.now())
    } else if let Some(answer) = fault.and_then(|fault| {
        let cursor = endpoint.as_ref().is_some_and(|endpoint| endpoint.route.paging.is_cursor());
        let resets = levels.last().map_or(60, |level| level.resets);
        instead::answer(fault, resets, cursor)
    }) {
        answer
    } else {
        serve(desk, request, path, endpoint.as_ref(), &caller, notes)
    };
    limits::told(desk.options.behaviour.quota_headers, answer, &levels)
}

fn serve(
    desk: &Desk,
    request: &Request,
    path: &str,
    endpoint: Option<&Endpoint>,
    caller: &Caller,
    notes: &mut Notes,
) -> Answer {
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        return errors::unknown_path();
    }
    let Some(endpoint) = endpoint else {
        return other(desk, path, caller);
    };
    if desk.options.behaviour.third_party == ThirdParty::Refused && endpoint.is_export() {
        return errors::third_party();
    }
    if !caller.may_read(endpoint.kind.scope) {
        return errors::missing_scope("read");
    }
    match pages::page(desk, request, endpoint, notes.fault) {
        Ok((answer, records)) => {
            notes.records = Some(records);
            answer
        }
        Err(refusal) => *refusal,
    }
}

/// The few endpoints besides the exports that clients touch when they connect.
fn other(desk: &Desk, path: &str, caller: &Caller) -> Answer {
    let now = desk.clock.now();
    let body = match path {
        "users/me" => {
            Object::new().raw("user", records::agent(&desk.world, now - now % 3600)).end()
        }
        "oauth/tokens/current" => return auth::current(caller, records::agent_id(&desk.world)),
        "tickets/count" => {
            let count = Object::new()
                .raw("value", desk.world.tickets())
                .time("refreshed_at", now - now % 600);
            Object::new().raw("count", count.end()).end()
        }
        "account/settings" => {
            let localization = Object::new().raw("locale_ids", "[1,8,16,2,67]").end();
            let active = Object::new()
                .raw("user_tagging", true)
                .raw("ticket_tagging", true)
                .raw("satisfaction_ratings", true);
            let settings = Object::new()
                .raw("localization", localization)
                .raw("active_features", active.end());
            Object::new().raw("settings", settings.end()).end()
        }
        // An object that there is has an endpoint.
        _ if path.starts_with("incremental/custom_objects/") && path.ends_with("/cursor") => {
            return errors::unknown_record();
        }
        _ => return errors::unknown_path(),
    };
    Answer { data: true, ..Answer::json(200, body) }
}

/// The headers that all answers have (§9).
fn finish(desk: &Desk, answer: Answer, started_ms: u64, number: u64) -> Answer {
    let spent = desk.clock.now_ms().saturating_sub(started_ms);
    let answer = if answer.data {
        answer.with("cache-control", "max-age=0, private, must-revalidate")
    } else {
        answer.with("cache-control", "no-cache")
    };
    let now = desk.clock.now();
    let date = match desk.options.behaviour.date {
        Date::Right => Some(now),
        Date::Missing => None,
        Date::Yesterday => Some(now - DAY),
        Date::Tomorrow => Some(now + DAY),
    };
    let answer = match date {
        Some(date) => answer.with("date", http_date(date)),
        None => answer,
    };
    answer
        .with("server", "cloudflare")
        .with("x-zendesk-api-version", "v2")
        .with("x-request-id", format!("{:016x}-SBX", mix(started_ms, number)))
        .with("x-runtime", format!("{}.{:06}", spent / 1000, spent % 1000 * 1000 + 137))
        .with("x-zendesk-zorg", "yes")
}

fn anonymous() -> Answer {
    let user = Object::new()
        .null("id")
        .null("url")
        .text("name", "Anonymous user")
        .text("email", "invalid@example.com")
        .time("created_at", 0)
        .text("role", "end-user")
        .raw("verified", false);
    Answer { data: true, ..Answer::json(200, Object::new().raw("user", user.end()).end()) }
}
