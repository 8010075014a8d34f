//! What is asked for: a job's request from a position, always of our own making. Pure.

use crate::{plan::Job, position::Position, request::Request, resource::Parameter};

/// What to ask for from a position. Every parameter is sent each time: servers do not keep them.
pub(crate) fn request(job: &Job, position: &Position, per_page: u16) -> Request {
    let request = Request::new(job.endpoint.path);
    let mut request = match position {
        Position::Start(time) | Position::Time(time) => {
            request.with("start_time", time.seconds().to_string())
        }
        Position::Cursor(cursor) => request.with("cursor", cursor.as_str()),
    };
    if job.resource.takes(Parameter::PerPage) {
        request = request.with("per_page", per_page.to_string());
    }
    if !job.include.is_empty() {
        let names: Vec<&str> = job.include.iter().map(|sideload| sideload.name).collect();
        request = request.with("include", names.join(","));
    }
    if job.exclude_deleted {
        request = request.with("exclude_deleted", "true");
    }
    match job.support_type_scope {
        Some(scope) => request.with("support_type_scope", scope),
        None => request,
    }
}
