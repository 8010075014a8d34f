//! The answers that faults put in the place of the real ones.

use super::{
    answer::{Answer, Delivery},
    errors,
    fault::Fault,
};

/// Where a page leads when it should not: a host that does not exist.
pub(super) const FOREIGN: &str = "http://elsewhere.invalid";

/// Faults after which nothing arrives.
pub(super) fn lost(fault: Fault) -> Option<Delivery> {
    match fault {
        Fault::Hang => Some(Delivery::Hang),
        Fault::Reset => Some(Delivery::Reset),
        Fault::Close => Some(Delivery::Close),
        _ => None,
    }
}

/// Faults that say that the quota is used up.
pub(super) fn pretends_empty(fault: Fault) -> bool {
    matches!(fault, Fault::TooMany | Fault::TooManyText | Fault::TooManySilent)
}

/// The answer that stands for the real one, if the fault has one; `resets` is when the quota's
/// window ends, in seconds, and `cursor` whether an export by cursor was asked for.
pub(super) fn answer(fault: Fault, resets: u64, cursor: bool) -> Option<Answer> {
    Some(match fault {
        Fault::TooMany => errors::too_many_exports().with("retry-after", resets),
        Fault::TooManyText => errors::too_many_requests().with("retry-after", resets),
        Fault::TooManySilent => errors::too_many_exports(),
        Fault::ServerError => {
            errors::titled(500, "Internal Server Error", "Something went wrong. Please retry.")
        }
        Fault::BadGateway => errors::bad_gateway(),
        Fault::Unavailable => Answer::text(503, "Service Unavailable"),
        Fault::UnavailableRetry => Answer::text(503, "Service Unavailable").with("retry-after", 2),
        Fault::Timeout => Answer::text(504, "upstream request timeout"),
        Fault::Conflict => errors::coded(409, "Conflict", "Please try again."),
        Fault::Unauthorized => errors::unauthorized(),
        Fault::ExpiredToken => errors::invalid_token(),
        Fault::ExpiredTokenText => errors::invalid_token_text(),
        Fault::Forbidden => errors::forbidden(),
        Fault::NotFound => errors::unknown_path(),
        Fault::TooRecent => errors::too_recent(cursor),
        Fault::Redirect => Answer::html(302, "<html><body>You are being redirected.</body></html>")
            .with("location", format!("{FOREIGN}/api/v2/incremental/tickets")),
        Fault::Html => errors::page_instead_of_data(),
        Fault::Empty => Answer::json(200, ""),
        Fault::Garbage => Answer::json(200, "[Object object]"),
        _ => return None,
    })
}
