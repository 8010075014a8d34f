//! Error answers in Zendesk's several envelopes (API notes §5).

use super::{answer::Answer, json::quoted};

/// The usual pair of code and description.
pub(super) fn coded(status: u16, code: &str, description: &str) -> Answer {
    let body = format!("{{\"error\":{},\"description\":{}}}", quoted(code), quoted(description));
    Answer::json(status, body)
}

/// The pair of title and message.
pub(super) fn titled(status: u16, title: &str, message: &str) -> Answer {
    let (title, message) = (quoted(title), quoted(message));
    Answer::json(status, format!("{{\"error\":{{\"title\":{title},\"message\":{message}}}}}"))
}

/// The list of errors.
pub(super) fn listed(status: u16, code: &str, title: &str, detail: &str) -> Answer {
    let (code, title, detail) = (quoted(code), quoted(title), quoted(detail));
    let error = format!("{{\"code\":{code},\"title\":{title},\"detail\":{detail}}}");
    Answer::json(status, format!("{{\"errors\":[{error}]}}"))
}

/// The OAuth pair.
pub(super) fn oauth(status: u16, code: &str, description: &str) -> Answer {
    let (code, description) = (quoted(code), quoted(description));
    let body = format!("{{\"error\":{code},\"error_description\":{description}}}");
    Answer::json(status, body)
}

pub(super) fn unknown_path() -> Answer {
    coded(404, "InvalidEndpoint", "Not found")
}

pub(super) fn unknown_record() -> Answer {
    coded(404, "RecordNotFound", "Not found")
}

pub(super) fn unauthorized() -> Answer {
    let answer = Answer::json(401, "{\"error\":\"Couldn't authenticate you\"}");
    answer.with("www-authenticate", "Basic realm=\"Web Password\"")
}

pub(super) fn invalid_token() -> Answer {
    let description = "The access token provided is expired, revoked, malformed or invalid for \
                       other reasons.";
    oauth(401, "invalid_token", description).with("www-authenticate", "Bearer")
}

pub(super) fn missing_scope(scope: &str) -> Answer {
    let description = format!("You are missing the following required scopes: {scope}");
    coded(403, "Forbidden", &description)
}

pub(super) fn forbidden() -> Answer {
    let message = "You do not have access to this page. Please contact the account owner of this \
                   help desk for further help.";
    titled(403, "Forbidden", message)
}

/// For whom Zendesk takes for a third party; the words are the sandbox's own (§0.8).
pub(super) fn third_party() -> Answer {
    let message = "Incremental exports are no longer available to third-party integrations. Please \
                   use a supported API, or an OAuth client of the account's own.";
    titled(403, "Forbidden", message)
}

/// Refusal of a parameter; `path` is without the leading slash and `.json`.
pub(super) fn invalid(parameter: &str, expected: &str, path: &str) -> Answer {
    let message = format!(
        "You passed an invalid value for the {parameter} attribute. Invalid parameter: {parameter} \
         must be {expected} from {path}"
    );
    titled(400, "Invalid attribute", &message)
}

pub(super) fn missing(parameter: &str, path: &str) -> Answer {
    let message = format!(
        "You passed an invalid value for the {parameter} attribute. Invalid parameter: missing \
         required parameter {parameter} from {path}"
    );
    titled(400, "Invalid attribute", &message)
}

/// A start_time in the last minute: the two pagings refuse it differently.
pub(super) fn too_recent(cursor: bool) -> Answer {
    if cursor {
        let detail = "start_time must be older than 60 seconds";
        listed(400, "StartTimeTooRecent", "start_time is too recent", detail)
    } else {
        let description = "Too recent start_time. Use a start_time older than 60 seconds";
        coded(422, "InvalidValue", description)
    }
}

pub(super) fn invalid_cursor(status: u16) -> Answer {
    let detail = "The cursor could not be decoded";
    listed(status, "InvalidPaginationParameter", "Invalid cursor", detail)
}

/// Refusals of a list's paging (§4.6).
pub(super) fn invalid_paging(description: &str) -> Answer {
    coded(400, "InvalidPaginationParameter", description)
}

pub(super) fn too_deep() -> Answer {
    let detail = "Offset pagination ends after 10000 records. Please use cursor pagination";
    listed(400, "InvalidPaginationDepth", "Pagination depth is too deep", detail)
}

pub(super) const TOO_MANY_EXPORTS: &str =
    "Number of allowed incremental export API requests per minute exceeded";
pub(super) const TOO_MANY_REQUESTS: &str = "Number of allowed API requests per minute exceeded";

pub(super) fn too_many_exports() -> Answer {
    coded(429, "APIRateLimitExceeded", TOO_MANY_EXPORTS)
}

/// The account's limit answers in plain text.
pub(super) fn too_many_requests() -> Answer {
    Answer::text(429, TOO_MANY_REQUESTS)
}

/// The edge in front of Zendesk has words of its own (§4.6).
pub(super) fn too_many_at_the_edge() -> Answer {
    let body = "{\"detail\":\"Rate limited by Zendesk edge protection\",\"status\":\"429\",\
                \"title\":\"Automated response\"}";
    Answer::json(429, body)
}

/// A minted token that is good no more, said in text and in a header alone.
pub(super) fn invalid_token_text() -> Answer {
    Answer::text(401, "Unauthorized").with("www-authenticate", "Bearer error=\"invalid_token\"")
}

/// The proxy's own page.
pub(super) fn bad_gateway() -> Answer {
    let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
                <center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>cloudflare</center>\r\n\
                </body>\r\n</html>\r\n";
    Answer::html(502, page)
}

/// What a login or maintenance page looks like under status 200.
pub(super) fn page_instead_of_data() -> Answer {
    let page = "<!DOCTYPE html>\n<html lang=\"en\"><head><title>Zendesk</title></head>\n\
                <body><h1>We'll be right back.</h1></body></html>\n";
    Answer::html(200, page)
}
