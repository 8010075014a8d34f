//! What to type next when an export has failed, and what is safe. Words alone: must not know how
//! the failure came about, nor do anything about it.

use crate::{
    api::error::ApiError,
    failure::{Exit, Failure},
    garbled::Garbled,
    plan::{Job, Mode, anew},
    resource::Pagination,
    shown::shown,
    time::{UnixTime, span},
};
use std::{path::Path, time::Duration};

/// How hints say it.
const AGAIN: &str = "run the same command again";

/// With what to type next. A series that has begun goes on without the `--since` that began it: with
/// it, the next run would be a one-off. `saved` says that the run moves a position, `id` is that of
/// the last request, if it was answered.
pub(super) fn next_step(job: &Job, mut failure: Failure, saved: bool, id: Option<&str>) -> Failure {
    let began = matches!(job.mode, Mode::NewSeries { .. });
    let again = match began && job.origin.starts_with("--since") {
        true => "run the same command again, without --since",
        false => AGAIN,
    };
    if !failure.hints.is_empty() {
        let says = failure.hints.iter().any(|hint| hint.contains(AGAIN));
        for hint in &mut failure.hints {
            *hint = hint.replace(AGAIN, again);
        }
        // That the same command comes next goes without saying; that it is another one, does not.
        return match says || again == AGAIN {
            true => failure,
            false => failure.hint(format!("then, {again}")),
        };
    }
    let step = match failure.exit {
        Exit::Signal(_) if saved => format!("to go on, {again}"),
        Exit::Temporary => format!("{again}, later"),
        Exit::Output => format!("make room or give access, then {again}"),
        Exit::Remote => {
            let named = id.map(|id| format!(", which finds the request by {id}"));
            let named = named.unwrap_or_default();
            format!("{again}; if it ends like this once more, ask Zendesk's support{named}")
        }
        _ => return failure,
    };
    failure.hint(step)
}

/// What is safe whatever failed.
pub(super) fn saved(state: &Path, through: Option<UnixTime>, pages: u64) -> String {
    let state = state.display();
    match (through, pages) {
        (Some(through), _) => format!("saved up to {through} in {state}"),
        (None, 0) => format!("the position in {state} is unchanged"),
        (None, _) => format!("saved in {state}"),
    }
}

/// A start that the server's clock has not reached.
pub(super) fn future(job: &Job, date: UnixTime) -> Failure {
    let text = format!("{} is in the future of the server's clock ({date})", job.origin);
    Failure::usage(text).hint("is the clock of this machine right?")
}

/// A server that calls a start too recent which by its own clock is not.
pub(super) fn untrue(start: UnixTime, ago: Duration) -> Failure {
    let text = format!(
        "Zendesk calls the start {start} too recent, which by its own clock lies {} back",
        span(ago)
    );
    Failure::new(Exit::Remote, text)
}

/// The ways past an error. `reached` is how far the export has come: the page before may still be
/// under way to the output, but if that fails, that is told.
pub(super) fn past(
    job: &Job,
    error: &ApiError,
    reached: Option<UnixTime>,
    failure: Failure,
) -> Failure {
    match error {
        ApiError::CursorRefused { .. } if job.mode.in_series() && !job.resource.has_start() => {
            let resource = job.resource.name;
            failure.hint(format!(
                "to take all of it once more: `zdx state reset {resource}`, then export it again"
            ))
        }
        ApiError::CursorRefused { .. } if job.mode.in_series() => {
            let resource = job.resource.name;
            let since = reached.map_or("TIME".to_owned(), |time| time.to_string());
            failure.hint(format!("`zdx state set {resource} --since {since}`"))
        }
        ApiError::Forbidden { .. } => failure.hint(job.resource.needs()),
        ApiError::Garbled(Garbled::Overflow { second, .. }) => {
            past_overflow(job, *second).into_iter().fold(failure, Failure::hint)
        }
        _ => failure,
    }
}

/// A custom object that the account does not have: those that it has, as far as that was told.
pub(super) fn no_such_object(mut failure: Failure, keys: Option<&[String]>) -> Failure {
    // Where the list is, the host is right.
    failure.hints.retain(|_| keys.is_none());
    match keys {
        None => failure,
        Some([]) => failure.hint("the account has no custom objects"),
        Some(keys) => {
            let names = keys.iter().take(SHOWN_KEYS).map(|key| shown(key));
            let names = names.map(|key| format!("custom_objects:{key}")).collect::<Vec<_>>();
            let more = keys.len().saturating_sub(SHOWN_KEYS);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            failure.hint(format!("the account has {}{more}", names.join(", ")))
        }
    }
}

/// More names than this nobody reads.
const SHOWN_KEYS: usize = 20;

/// The ways past a second of more than a page.
fn past_overflow(job: &Job, second: UnixTime) -> Vec<String> {
    let resource = job.resource;
    let by_cursor =
        resource.endpoint(Some(Pagination::Cursor)).map(|_| match job.mode.in_series() {
            // A position by time cannot be gone on from by cursor.
            true => anew(resource, Some(Pagination::Cursor), second, &job.output),
            false => "use --pagination cursor".to_owned(),
        });
    let skip = format!(
        "{}{AGAIN}, with --on-overflow skip-second: it goes on behind this second and loses \
         what does not fit on the page",
        if by_cursor.is_some() { "or " } else { "" }
    );
    by_cursor.into_iter().chain([skip]).collect()
}
