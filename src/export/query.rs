//! What is asked for: a job's request from a position, always of our own making. Pure.

use crate::{
    paging::{self, list::At},
    plan::Job,
    position::Position,
    request::Request,
    resource::{Parameter, Size},
};

/// What to ask for from a position. Every parameter is sent each time: servers do not keep them.
pub(crate) fn request(job: &Job, position: &Position, per_page: u16) -> Request {
    let (resource, endpoint) = (job.resource, job.endpoint);
    if let Position::Snapshot(_) = position {
        return of_list(job, &At::First, per_page);
    }
    let mut request = paging::ask(endpoint.form, Request::new(endpoint.path), position);
    if let Some(Size { parameter, most }) = resource.size(endpoint) {
        request = request.with(parameter, per_page.min(most).to_string());
    }
    if !job.include.is_empty() {
        let names: Vec<&str> = job.include.iter().map(|sideload| sideload.name).collect();
        request = request.with("include", names.join(","));
    }
    if job.exclude_deleted {
        request = request.with(resource.spelling(Parameter::ExcludeDeleted), "true");
    }
    match job.support_type_scope {
        Some(scope) => request.with(resource.spelling(Parameter::SupportTypeScope), scope),
        None => request,
    }
}

/// What to ask a list for. Pages by their numbers are as long as the first one was.
pub(super) fn of_list(job: &Job, at: &At, per_page: u16) -> Request {
    let (resource, endpoint) = (job.resource, job.endpoint);
    let mut request = paging::list::ask(Request::new(endpoint.path), at);
    let size = resource.size(endpoint).filter(|_| !matches!(at, At::Page { .. }));
    if let Some(Size { parameter, most }) = size {
        request = request.with(parameter, per_page.min(most).to_string());
    }
    match resource.takes(Parameter::ExcludeDeleted) {
        true => request.with("exclude_deleted", job.exclude_deleted.to_string()),
        false => request,
    }
}
