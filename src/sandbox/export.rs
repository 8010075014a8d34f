//! The export endpoints: parameters in, one page with its envelope out (API notes §1 to §5).

use std::sync::PoisonError;

use super::{
    answer::{Answer, Delivery},
    api::Desk,
    article,
    behaviour::{Behaviour, EmptyCursor, EndOfStream, ExcludeDeleted, LateRows},
    dice::size,
    event,
    fault::Fault,
    http::Request,
    json::{self, Object, array, quoted},
    metric, organization,
    paging::{self, FENCE, From, Page, View},
    parameters::{Parameters, Refused},
    person, sideload, ticket,
    world::{Entry, Index, Resource},
};

/// Where a page leads when it should not: a host that does not exist.
pub(super) const FOREIGN: &str = "http://elsewhere.invalid";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paging {
    Time,
    Cursor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) resource: Resource,
    pub(super) paging: Paging,
    pub(super) sample: bool,
}

/// The export endpoint at a path, which comes without `/api/v2/` and `.json`.
pub(super) fn find(path: &str) -> Option<Endpoint> {
    let parts: Vec<&str> = path.split('/').collect();
    let endpoint = |resource, paging| Some(Endpoint { resource, paging, sample: false });
    match parts.as_slice() {
        ["incremental", "tickets", "cursor"] => endpoint(Resource::Tickets, Paging::Cursor),
        ["incremental", "users", "cursor"] => endpoint(Resource::Users, Paging::Cursor),
        ["incremental", "ticket_metric_events"] => {
            endpoint(Resource::TicketMetricEvents, Paging::Time)
        }
        ["incremental", name] => endpoint(named(name)?, Paging::Time),
        ["incremental", name, "sample"] => {
            Some(Endpoint { resource: named(name)?, paging: Paging::Time, sample: true })
        }
        ["help_center", "incremental", "articles"]
        | ["help_center", _, "incremental", "articles"] => {
            endpoint(Resource::Articles, Paging::Time)
        }
        _ => None,
    }
}

fn named(name: &str) -> Option<Resource> {
    match name {
        "tickets" => Some(Resource::Tickets),
        "ticket_events" => Some(Resource::TicketEvents),
        "users" => Some(Resource::Users),
        "organizations" => Some(Resource::Organizations),
        _ => None,
    }
}

/// The granular scope that opens a resource (§7).
pub(super) fn scope(resource: Resource) -> &'static str {
    match resource {
        Resource::Tickets | Resource::TicketEvents | Resource::TicketMetricEvents => "tickets",
        Resource::Users => "users",
        Resource::Organizations => "organizations",
        Resource::Articles => "hc",
    }
}

fn key(resource: Resource) -> &'static str {
    match resource {
        Resource::Tickets => "tickets",
        Resource::TicketEvents => "ticket_events",
        Resource::Users => "users",
        Resource::Organizations => "organizations",
        Resource::TicketMetricEvents => "ticket_metric_events",
        Resource::Articles => "articles",
    }
}

/// A page under construction: what its envelope is made of.
struct Reply {
    records: Vec<String>,
    /// Arrays beside the records.
    sideloads: Vec<(String, String)>,
    /// The envelope's other members in their order.
    envelope: Vec<(&'static str, String)>,
}

/// Serves one page; the number is that of its records.
pub(super) fn page(
    desk: &Desk,
    request: &Request,
    endpoint: &Endpoint,
    fault: Option<Fault>,
) -> Result<(Answer, u64), Refused> {
    if fault == Some(Fault::DuplicatePage) {
        let served = desk.served.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(body) = served.get(&request.path) {
            let body = body.clone();
            return Ok((Answer { data: true, ..Answer::json(200, body) }, 0));
        }
    }
    let now = desk.clock.now();
    let host = request.header("host").unwrap_or(&desk.authority);
    let origin = match fault {
        Some(Fault::ForeignHost) => FOREIGN.to_owned(),
        _ => format!("http://{host}"),
    };
    let invalid_cursor = desk.options.behaviour.invalid_cursor;
    let parameters = Parameters { request, endpoint, now, invalid_cursor, origin };
    let metric_page_size = parameters.metric_page_size()?;
    let export = Export { desk, endpoint, parameters, now, fault };
    let reply = match (metric_page_size, endpoint.paging) {
        (Some(size), _) => export.metrics_by_cursor(size)?,
        (None, Paging::Cursor) => export.by_cursor()?,
        (None, Paging::Time) => export.by_time()?,
    };
    let records = size(reply.records.len());
    let body = write(endpoint.resource, &reply, fault).into_bytes();
    desk.served
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(request.path.clone(), body.clone());
    Ok((damaged(body, fault), records))
}

/// The faults that leave the envelope alone but not its bytes.
fn damaged(mut body: Vec<u8>, fault: Option<Fault>) -> Answer {
    let delivery = match fault {
        Some(Fault::Cut) => Delivery::Cut,
        Some(Fault::Slow) => Delivery::Slow,
        Some(Fault::Drip) => Delivery::Drip,
        _ => Delivery::Whole,
    };
    match fault {
        Some(Fault::CutJson) => body.truncate(body.len() * 2 / 3),
        Some(Fault::Pretty) => body = json::pretty(&body),
        _ => {}
    }
    Answer { data: true, delivery, ..Answer::json(200, body) }
}

/// The record array comes first, sideloads behind it, scalars last (§2); articles are the exception.
fn write(resource: Resource, reply: &Reply, fault: Option<Fault>) -> String {
    let scalars = |object: Object, envelope: &[(&str, String)]| {
        envelope.iter().fold(object, |object, (name, value)| object.raw(name, value))
    };
    let key = if fault == Some(Fault::NoKey) { "results" } else { key(resource) };
    let articles = resource == Resource::Articles;
    let mut object = Object::new();
    if articles {
        object = scalars(object, &reply.envelope);
    }
    object = object.raw(key, array(&reply.records));
    for (name, value) in &reply.sideloads {
        object = object.raw(name, value);
    }
    if !articles {
        object = scalars(object, &reply.envelope);
    }
    object.end()
}

struct Export<'a> {
    desk: &'a Desk,
    endpoint: &'a Endpoint,
    parameters: Parameters<'a>,
    now: i64,
    fault: Option<Fault>,
}

impl Export<'_> {
    fn behaviour(&self) -> Behaviour {
        self.desk.options.behaviour
    }

    fn by_time(&self) -> Result<Reply, Refused> {
        let start = self.parameters.start_time()?;
        let per_page = self.parameters.per_page()?;
        let index = self.index();
        let view = self.view(&index);
        let mut page = paging::by_time(&view, start, per_page, self.behaviour().same_second);
        match self.fault {
            Some(Fault::RepeatCursor) => (page.end_time, page.full) = (Some(start), true),
            Some(Fault::NullCursor) => (page.end_time, page.full) = (None, true),
            // Only a later second can be promised without leaving records out.
            Some(Fault::EmptyPage) => {
                if let Some(first) = page.entries.first().filter(|first| first.ts > start) {
                    let end_time = Some(first.ts);
                    page = Page { entries: Vec::new(), full: true, end_time };
                }
            }
            _ => {}
        }
        let envelope = self.time_envelope(&page);
        Ok(self.reply(page, envelope))
    }

    /// The members in the recorded order, which differs between tickets and users (§2.2).
    fn time_envelope(&self, page: &Page) -> Vec<(&'static str, String)> {
        let wanted = self.parameters.wanted();
        let served = page.entries.iter().filter(|entry| wanted.takes(entry)).count();
        let null = || "null".to_owned();
        let url =
            |end_time: i64| quoted(&self.parameters.next_url("start_time", &end_time.to_string()));
        let count = ("count", served.to_string());
        let end_of_stream = ("end_of_stream", (!page.full).to_string());
        let next_page = ("next_page", page.end_time.map_or_else(null, url));
        let end_time = ("end_time", page.end_time.map_or_else(null, |time| time.to_string()));
        let mut envelope = match self.endpoint.resource {
            Resource::Tickets | Resource::TicketEvents => {
                vec![count, end_of_stream, next_page, end_time]
            }
            Resource::Users | Resource::Organizations => {
                vec![next_page, count, end_of_stream, end_time]
            }
            Resource::TicketMetricEvents => vec![count, end_of_stream, end_time, next_page],
            Resource::Articles => vec![count, next_page, end_time, end_of_stream],
        };
        let switch = self.behaviour().end_of_stream;
        let missing = match self.endpoint.resource {
            Resource::Articles => true,
            Resource::TicketMetricEvents => switch != EndOfStream::Present,
            _ => switch == EndOfStream::Missing,
        };
        envelope.retain(|(name, _)| !(missing && *name == "end_of_stream"));
        envelope
    }

    fn by_cursor(&self) -> Result<Reply, Refused> {
        let from = self.parameters.from("cursor")?;
        let per_page = self.parameters.per_page()?;
        let index = self.index();
        let mut page = paging::by_cursor(&self.view(&index), from, per_page);
        let mut cursor = page.entries.last().map(|last| paging::encode(last.ts, last.id));
        if cursor.is_none() && self.behaviour().empty_cursor == EmptyCursor::Echo {
            cursor = self.parameters.request.param("cursor");
        }
        match self.fault {
            Some(Fault::RepeatCursor) => (cursor, page.full) = (Some(position(from)), true),
            Some(Fault::NullCursor) => (cursor, page.full) = (None, true),
            // Just before the next record, where that is behind the position that was asked for.
            Some(Fault::EmptyPage) => {
                if let Some(before) =
                    page.entries.first().and_then(|first| step_before(first, from))
                {
                    cursor = Some(before);
                    page = Page { entries: Vec::new(), full: true, end_time: None };
                }
            }
            _ => {}
        }
        let url = cursor.as_ref().map(|cursor| quoted(&self.parameters.next_url("cursor", cursor)));
        let null = || "null".to_owned();
        let envelope = vec![
            ("after_url", url.unwrap_or_else(null)),
            ("before_url", null()),
            ("after_cursor", cursor.map_or_else(null, |cursor| quoted(&cursor))),
            ("before_cursor", null()),
            ("end_of_stream", (!page.full).to_string()),
        ];
        Ok(self.reply(page, envelope))
    }

    /// Metric events as a list with cursors (§2.3).
    fn metrics_by_cursor(&self, size: usize) -> Result<Reply, Refused> {
        let from = self.parameters.from("page[after]")?;
        let index = self.index();
        let mut page = paging::by_cursor(&self.view(&index), from, size + 1);
        let has_more = page.full;
        page.entries.truncate(size);
        let cursor = page.entries.last().map(|last| paging::encode(last.ts, last.id));
        let next = cursor.as_ref().filter(|_| has_more);
        let next = next.map(|cursor| self.parameters.next_url("page[after]", cursor));
        let meta = Object::new()
            .raw("has_more", has_more)
            .maybe_text("after_cursor", cursor.as_deref())
            .null("before_cursor");
        let links = Object::new().maybe_text("next", next.as_deref()).null("prev");
        Ok(self.reply(page, vec![("meta", meta.end()), ("links", links.end())]))
    }

    fn reply(&self, mut page: Page, envelope: Vec<(&'static str, String)>) -> Reply {
        let wanted = self.parameters.wanted();
        page.entries.retain(|entry| wanted.takes(entry));
        let include = self.parameters.include();
        let include: Vec<&str> = include.iter().map(String::as_str).collect();
        let records = page.entries.iter().map(|entry| self.record(entry, &include)).collect();
        let resource = self.endpoint.resource;
        let sideloads = sideload::beside(&self.desk.world, resource, &include, &page.entries);
        Reply { records, sideloads, envelope }
    }

    fn record(&self, entry: &Entry, include: &[&str]) -> String {
        let world = &self.desk.world;
        match self.endpoint.resource {
            Resource::Tickets => ticket::record(world, entry.key, entry.ts, include),
            Resource::TicketEvents => {
                event::record(world, entry.key, entry.id, include.contains(&"comment_events"))
            }
            Resource::Users => person::record(world, entry.key, entry.ts),
            Resource::Organizations => organization::record(world, entry.key, entry.ts),
            Resource::TicketMetricEvents => metric::record(world, entry.key, entry.id),
            Resource::Articles => article::record(world, entry.key, entry.ts),
        }
    }

    fn index(&self) -> std::sync::Arc<Index> {
        self.desk.world.index(self.endpoint.resource, self.now)
    }

    fn view<'i>(&self, index: &'i Index) -> View<'i> {
        let help_center = self.endpoint.resource == Resource::Articles;
        let mut wanted = self.parameters.wanted();
        if self.behaviour().exclude_deleted == ExcludeDeleted::Page {
            wanted.deleted = true;
        }
        View {
            entries: &index.entries,
            now: self.now,
            fence: if help_center { 0 } else { FENCE },
            late: self.behaviour().late_rows == LateRows::On,
            wanted,
        }
    }
}

/// The cursor that stands for a position.
fn position(from: From) -> String {
    match from {
        From::Start(start) => paging::encode(start, 0),
        From::After(ts, id) => paging::encode(ts, id),
    }
}

/// The position directly before a record, if it is behind `from`.
fn step_before(next: &Entry, from: From) -> Option<String> {
    let id = next.id.checked_sub(1)?;
    let ahead = match from {
        From::Start(_) => true,
        From::After(ts, after) => (next.ts, id) > (ts, after),
    };
    ahead.then(|| paging::encode(next.ts, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_exports_are_no_endpoints() {
        for path in ["incremental/requests", "incremental/organizations/cursor", "incremental"] {
            assert_eq!(find(path), None, "{path}");
        }
    }
}
