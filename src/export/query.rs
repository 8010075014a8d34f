//! What is asked for: a job's request from a position, always of our own making. Pure.

use crate::{
    paging::{self, At, list},
    plan::Job,
    position::Position,
    request::Request,
    resource::{Parameter, Size},
};

/// What to ask for from a position. Every parameter is sent each time: servers do not keep them.
pub(crate) fn request(job: &Job, position: &Position, per_page: u16) -> Request {
    request_at(job, At { position, inside: None }, per_page)
}

/// The same from within a walk.
pub(super) fn request_at(job: &Job, at: At<'_>, per_page: u16) -> Request {
    let (resource, endpoint) = (job.resource, job.endpoint);
    if let Position::Snapshot(_) = at.position {
        return of_list(job, &list::At::First, per_page);
    }
    let mut request = paging::ask(endpoint.form, Request::new(endpoint.path), at);
    if let Some(Size { parameter, most }) = resource.size(endpoint) {
        request = request.with(parameter, per_page.min(most).to_string());
    }
    let named = job.include.iter().filter(|sideload| sideload.parameter.is_none());
    let names: Vec<&str> = named.map(|sideload| sideload.name).collect();
    if !names.is_empty() {
        request = request.with("include", names.join(","));
    }
    for parameter in job.include.iter().filter_map(|sideload| sideload.parameter) {
        request = request.with(parameter, "true");
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
pub(super) fn of_list(job: &Job, at: &list::At, per_page: u16) -> Request {
    let (resource, endpoint) = (job.resource, job.endpoint);
    let mut request = list::ask(Request::new(endpoint.path), at);
    let size = resource.size(endpoint).filter(|_| !matches!(at, list::At::Page { .. }));
    if let Some(Size { parameter, most }) = size {
        request = request.with(parameter, per_page.min(most).to_string());
    }
    match resource.takes(Parameter::ExcludeDeleted) {
        true => request.with("exclude_deleted", job.exclude_deleted.to_string()),
        false => request,
    }
}
