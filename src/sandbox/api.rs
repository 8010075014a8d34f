//! From a request to its answer: fault, credentials, quota, endpoint, in this order.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use super::{
    Exchange, Options,
    answer::{Answer, Delivery},
    auth::{self, Caller, Tokens},
    behaviour::{CursorLimit, LimitScope, QuotaHeaders, RetryAfter, TooManyBody},
    clock::Clock,
    errors,
    export::{self, Endpoint, Paging},
    fault::Fault,
    http::Request,
    json::{Object, iso},
    parameters, person,
    quota::{Bucket, Level, Quota},
    script::Script,
    world::{Resource, World},
};

/// Requests a window that an account may make (Enterprise, §6).
const ACCOUNT: u32 = 700;

/// So many exchanges are remembered at most.
const JOURNAL: usize = 100_000;

/// Everything that the connections share.
pub(super) struct Desk {
    pub(super) options: Options,
    pub(super) clock: Clock,
    pub(super) world: World,
    pub(super) quota: Quota,
    pub(super) script: Script,
    pub(super) tokens: Tokens,
    pub(super) journal: Mutex<Vec<Exchange>>,
    /// The last page that each path served.
    pub(super) served: Mutex<HashMap<String, Vec<u8>>>,
    pub(super) authority: String,
}

/// What is known about a request besides its answer.
#[derive(Default)]
struct Notes {
    number: u64,
    fault: Option<Fault>,
    bucket: Option<Level>,
    per_page: Option<u32>,
    records: Option<u64>,
}

impl Desk {
    /// Answers and journals one request.
    pub(super) fn answer(&self, request: &Request) -> Answer {
        let started_ms = self.clock.now_ms();
        let mut notes = Notes::default();
        let answer = self.route(request, &mut notes);
        let answer = self.finish(answer, started_ms, notes.number);
        let exchange = Exchange {
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
        };
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        if journal.len() >= JOURNAL {
            journal.drain(..JOURNAL / 2); // a sandbox may serve for months
        }
        journal.push(exchange);
        answer
    }

    fn route(&self, request: &Request, notes: &mut Notes) -> Answer {
        self.clock.pause(self.options.latency);
        let path = request.path.strip_suffix(".json").unwrap_or(&request.path);
        if path == "/oauth/tokens" {
            return if request.method == "POST" {
                self.tokens.issue(request, self.clock.now())
            } else {
                errors::unknown_path()
            };
        }
        let Some(path) = path.strip_prefix("/api/v2/") else {
            return errors::unknown_path();
        };
        self.api(request, path, notes)
    }

    fn api(&self, request: &Request, path: &str, notes: &mut Notes) -> Answer {
        let endpoint = export::find(path);
        let per_page = endpoint.as_ref().map(|endpoint| parameters::asked_size(request, endpoint));
        notes.per_page = per_page;
        let (number, fault) =
            self.script.next(&request.path, &request.query, per_page.unwrap_or(0));
        (notes.number, notes.fault) = (number, fault);
        let now = self.clock.now();
        let bearer = auth::is_bearer(request);
        let caller = match self.tokens.caller(request, now) {
            Ok(caller) => caller,
            // Who sends no or wrong credentials gets a user without an id (§5).
            Err(_) if path == "users/me" && !bearer => return anonymous(),
            Err(refusal) => return *refusal,
        };
        if let Some(delivery) = fault.and_then(lost) {
            return Answer { delivery, ..Answer::json(200, "") };
        }
        let buckets = self.buckets(endpoint.as_ref());
        let buckets: Vec<&Bucket> = buckets.iter().collect();
        let taken = self.quota.take(&buckets, self.clock.now_ms());
        let refused = taken.is_err();
        let (Ok(mut levels) | Err(mut levels)) = taken;
        if fault.is_some_and(pretends_empty)
            && let Some(last) = levels.last_mut()
        {
            last.remaining = 0;
        }
        notes.bucket = levels.last().copied();
        let answer = if refused {
            self.too_many(&levels)
        } else if let Some(answer) =
            fault.and_then(|fault| self.instead(fault, &levels, endpoint.as_ref()))
        {
            answer
        } else {
            self.serve(request, path, endpoint.as_ref(), &caller, notes)
        };
        self.with_quota(answer, &levels)
    }

    fn serve(
        &self,
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
            return self.other(path, caller);
        };
        let scope = export::scope(endpoint.resource);
        if !caller.may_read(scope) {
            return errors::missing_scope("read");
        }
        match export::page(self, request, endpoint, notes.fault) {
            Ok((answer, records)) => {
                notes.records = Some(records);
                answer
            }
            Err(refusal) => *refusal,
        }
    }

    /// The few endpoints besides the exports that clients touch when they connect.
    fn other(&self, path: &str, caller: &Caller) -> Answer {
        let now = self.clock.now();
        let body = match path {
            "users/me" => {
                Object::new().raw("user", person::record(&self.world, 0, now - now % 3600)).end()
            }
            "oauth/tokens/current" => return auth::current(caller, person::id(&self.world, 0)),
            "tickets/count" => {
                let count = Object::new()
                    .raw("value", self.world.tickets())
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
            _ => return errors::unknown_path(),
        };
        Answer { data: true, ..Answer::json(200, body) }
    }

    /// The buckets that a request takes from, the narrowest last (§6).
    fn buckets(&self, endpoint: Option<&Endpoint>) -> Vec<Bucket> {
        let help_center = endpoint.is_some_and(|endpoint| endpoint.resource == Resource::Articles);
        // The help center counts for itself, with the same numbers (§1.2).
        let account = if help_center { "help center" } else { "support" };
        let mut buckets = vec![self.bucket("", account.to_owned(), ACCOUNT, 1)];
        buckets.extend(endpoint.and_then(|endpoint| self.export_bucket(endpoint)));
        buckets
    }

    fn export_bucket(&self, endpoint: &Endpoint) -> Option<Bucket> {
        let behaviour = self.options.behaviour;
        let cursor = endpoint.paging == Paging::Cursor;
        if cursor && behaviour.cursor_limit == CursorLimit::Unlimited {
            return None;
        }
        let (header, total, windows) = match endpoint.resource {
            _ if endpoint.sample => ("incremental-exports-sample", 10, 20),
            Resource::Users if cursor => ("incremental-exports-cursor", 20, 1),
            Resource::Articles => ("help-center-incremental-exports", 10, 1),
            _ => ("incremental-exports", 10, 1),
        };
        let key = match behaviour.limit_scope {
            LimitScope::Shared => header.to_owned(),
            LimitScope::Endpoint => format!("{header} {endpoint:?}"),
        };
        Some(self.bucket(header, key, total, windows))
    }

    fn bucket(&self, header: &'static str, key: String, total: u32, windows: u64) -> Bucket {
        let total = match self.options.quota {
            None => Some(total),
            Some(0) => None,
            // The account's counter never is the tighter one.
            Some(asked) if header.is_empty() => Some(asked.max(total)),
            Some(asked) => Some(asked),
        };
        let window_ms = u64::try_from(self.options.window.as_millis()).unwrap_or(u64::MAX).max(1);
        Bucket { header, key, total, window_ms: window_ms.saturating_mul(windows) }
    }

    fn too_many(&self, levels: &[Level]) -> Answer {
        let empty = levels.iter().rfind(|level| level.remaining == 0);
        let account = empty.is_none_or(|level| level.header.is_empty());
        let text = account || self.options.behaviour.too_many_body == TooManyBody::Text;
        let answer = if text { errors::too_many_requests() } else { errors::too_many_exports() };
        let seconds = empty.map_or(60, |level| level.resets);
        match self.options.behaviour.retry_after {
            RetryAfter::Present => answer.with("retry-after", seconds),
            RetryAfter::Date => {
                let at = self.clock.now() + i64::try_from(seconds).unwrap_or(60);
                answer.with("retry-after", http_date(at))
            }
            RetryAfter::Missing => answer,
        }
    }

    /// The answer that a fault puts in the place of the real one, if it does.
    fn instead(
        &self,
        fault: Fault,
        levels: &[Level],
        endpoint: Option<&Endpoint>,
    ) -> Option<Answer> {
        let resets = levels.last().map_or(60, |level| level.resets);
        Some(match fault {
            Fault::TooMany => errors::too_many_exports().with("retry-after", resets),
            Fault::TooManyText => errors::too_many_requests().with("retry-after", resets),
            Fault::TooManySilent => errors::too_many_exports(),
            Fault::ServerError => {
                errors::titled(500, "Internal Server Error", "Something went wrong. Please retry.")
            }
            Fault::BadGateway => errors::bad_gateway(),
            Fault::Unavailable => Answer::text(503, "Service Unavailable"),
            Fault::UnavailableRetry => {
                Answer::text(503, "Service Unavailable").with("retry-after", 2)
            }
            Fault::Timeout => Answer::text(504, "upstream request timeout"),
            Fault::Conflict => errors::coded(409, "Conflict", "Please try again."),
            Fault::Unauthorized => errors::unauthorized(),
            Fault::ExpiredToken => errors::invalid_token(),
            Fault::Forbidden => errors::forbidden(),
            Fault::NotFound => errors::unknown_path(),
            Fault::TooRecent => {
                let paging = endpoint.map(|endpoint| endpoint.paging);
                errors::too_recent(paging == Some(Paging::Cursor))
            }
            Fault::Redirect => {
                Answer::html(302, "<html><body>You are being redirected.</body></html>")
                    .with("location", format!("{}/api/v2/incremental/tickets", export::FOREIGN))
            }
            Fault::Html => errors::page_instead_of_data(),
            Fault::Empty => Answer::json(200, ""),
            Fault::Garbage => Answer::json(200, "[Object object]"),
            _ => return None,
        })
    }

    fn with_quota(&self, answer: Answer, levels: &[Level]) -> Answer {
        let spelling = self.options.behaviour.quota_headers;
        if spelling == QuotaHeaders::None {
            return answer;
        }
        levels.iter().fold(answer, |answer, level| {
            let Level { header, total, remaining, resets } = level;
            if header.is_empty() {
                let (limit, left, reset) = match spelling {
                    QuotaHeaders::Old => ("rate-limit", "rate-limit-remaining", "rate-limit-reset"),
                    _ => ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"),
                };
                return answer
                    .with("x-rate-limit", total)
                    .with("x-rate-limit-remaining", remaining)
                    .with(limit, total)
                    .with(left, remaining)
                    .with(reset, resets);
            }
            let prefix = match spelling {
                QuotaHeaders::Old => "zendesk-rate-limit",
                _ => "zendesk-ratelimit",
            };
            let value = format!("total={total}; remaining={remaining}; resets={resets}");
            answer.with(&format!("{prefix}-{header}"), value)
        })
    }

    /// The headers that all answers have (§9).
    fn finish(&self, answer: Answer, started_ms: u64, number: u64) -> Answer {
        let spent = self.clock.now_ms().saturating_sub(started_ms);
        let answer = if answer.data {
            answer.with("cache-control", "max-age=0, private, must-revalidate")
        } else {
            answer.with("cache-control", "no-cache")
        };
        answer
            .with("date", http_date(self.clock.now()))
            .with("server", "cloudflare")
            .with("x-zendesk-api-version", "v2")
            .with("x-request-id", format!("{:016x}-SBX", super::dice::mix(started_ms, number)))
            .with("x-runtime", format!("{}.{:06}", spent / 1000, spent % 1000 * 1000 + 137))
            .with("x-zendesk-zorg", "yes")
    }
}

/// Faults after which nothing arrives.
fn lost(fault: Fault) -> Option<Delivery> {
    match fault {
        Fault::Hang => Some(Delivery::Hang),
        Fault::Reset => Some(Delivery::Reset),
        Fault::Close => Some(Delivery::Close),
        _ => None,
    }
}

/// Faults that say that the quota is used up.
fn pretends_empty(fault: Fault) -> bool {
    matches!(fault, Fault::TooMany | Fault::TooManyText | Fault::TooManySilent)
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

/// `Thu, 08 Feb 2024 17:26:48 GMT`.
fn http_date(seconds: i64) -> String {
    match jiff::Timestamp::from_second(seconds) {
        Ok(time) => time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
        Err(_) => iso(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_http() {
        assert_eq!(http_date(1_707_413_208), "Thu, 08 Feb 2024 17:26:48 GMT");
    }
}
