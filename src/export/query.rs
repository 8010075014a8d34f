//! What is asked for: a job's request from a position, always of our own making. Pure.

use crate::{
    paging,
    plan::Job,
    position::Position,
    request::Request,
    resource::{Parameter, Size},
};

/// What to ask for from a position. Every parameter is sent each time: servers do not keep them.
pub(crate) fn request(job: &Job, position: &Position, per_page: u16) -> Request {
    let (resource, endpoint) = (job.resource, job.endpoint);
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
