//! The export endpoints: parameters in, one page with its envelope out (API notes §1 to §5).

use std::net::Ipv4Addr;

use super::{
    answer::{Answer, Delivery},
    behaviour::{Behaviour, Breaches, EmptyCursor, EndOfStream, ExcludeDeleted, Fence},
    desk::Desk,
    dice::{LATE, size},
    entry::Entry,
    fault::Fault,
    http::Request,
    index::Index,
    instead::FOREIGN,
    json::{self, Object, array, quoted},
    kind::{ByTime, Ending, Endpoint, Fenced, MINUTE, Paging, RECORDS},
    paging::{self, From, Page, View},
    parameters::{Parameters, Refused},
};

/// A page under construction: what its envelope is made of.
struct Reply {
    records: Vec<String>,
    /// Arrays beside the records.
    sideloads: Vec<(String, String)>,
    /// The envelope's members in their order, with [`RECORDS`] where the records stand.
    envelope: Vec<(&'static str, String)>,
}

/// Serves one page; the number is that of its records.
pub(super) fn page(
    desk: &Desk,
    request: &Request,
    endpoint: &Endpoint,
    fault: Option<Fault>,
) -> Result<(Answer, u64), Refused> {
    if fault == Some(Fault::DuplicatePage)
        && let Some(body) = desk.last_served(&request.path)
    {
        return Ok((Answer { data: true, ..Answer::json(200, body) }, 0));
    }
    let now = desk.clock.now();
    let host = request.header("host").unwrap_or(&desk.authority);
    let origin = match fault {
        Some(Fault::ForeignHost) => FOREIGN.to_owned(),
        _ if is_loopback(host) => format!("http://{host}"),
        // Behind a front with TLS, as Zendesk's own links are.
        _ => format!("https://{host}"),
    };
    let invalid_cursor = desk.options.behaviour.invalid_cursor;
    let parameters = Parameters { request, endpoint, now, invalid_cursor, origin };
    let export = Export { desk, endpoint, parameters, now, fault };
    let reply = match endpoint.route.paging {
        Paging::Cursor => export.by_cursor()?,
        Paging::Time(by_time) => match export.parameters.list_size(by_time.lists)? {
            Some(size) => export.as_list(size)?,
            None => export.by_time(by_time)?,
        },
    };
    let records = size(reply.records.len());
    let body = write(endpoint, &reply, fault).into_bytes();
    desk.remember(&request.path, body.clone());
    Ok((damaged(body, fault), records))
}

/// Whether a `Host` is this machine itself, which is asked without TLS.
fn is_loopback(host: &str) -> bool {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.starts_with("::1]");
    }
    let name = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let ip = name.parse::<Ipv4Addr>();
    ip.is_ok_and(|ip| ip.is_loopback()) || name == "localhost" || name.ends_with(".localhost")
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

/// The envelope in its order; the sideloads stand behind the records (§2).
fn write(endpoint: &Endpoint, reply: &Reply, fault: Option<Fault>) -> String {
    let key = if fault == Some(Fault::NoKey) { "results" } else { endpoint.kind.name };
    reply
        .envelope
        .iter()
        .fold(Object::new(), |object, (name, value)| {
            if *name != RECORDS {
                return object.raw(name, value);
            }
            let object = object.raw(key, array(&reply.records));
            reply.sideloads.iter().fold(object, |object, (name, value)| object.raw(name, value))
        })
        .end()
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

    fn by_time(&self, form: ByTime) -> Result<Reply, Refused> {
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
        let envelope = self.time_envelope(&page, form);
        Ok(self.reply(page, envelope))
    }

    /// The members in the recorded order, which differs between tickets and users (§2.2).
    fn time_envelope(&self, page: &Page, form: ByTime) -> Vec<(&'static str, String)> {
        let wanted = self.parameters.wanted();
        let served = page.entries.iter().filter(|entry| wanted.takes(entry)).count();
        let null = || "null".to_owned();
        let url =
            |end_time: i64| quoted(&self.parameters.next_url("start_time", &end_time.to_string()));
        let switch = self.behaviour().end_of_stream;
        let ends = match form.end_of_stream {
            Ending::Always => switch != EndOfStream::Missing,
            Ending::Perhaps => switch == EndOfStream::Present,
            Ending::Never => false,
        };
        let members = form.members.iter().filter(|name| ends || **name != "end_of_stream");
        let member = |name: &&'static str| {
            let value = match *name {
                "count" => served.to_string(),
                "end_of_stream" => (!page.full).to_string(),
                "next_page" => page.end_time.map_or_else(null, url),
                "end_time" => page.end_time.map_or_else(null, |time| time.to_string()),
                _ => String::new(),
            };
            (*name, value)
        };
        members.map(member).collect()
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
            (RECORDS, String::new()),
            ("after_url", url.unwrap_or_else(null)),
            ("before_url", null()),
            ("after_cursor", cursor.map_or_else(null, |cursor| quoted(&cursor))),
            ("before_cursor", null()),
            ("end_of_stream", (!page.full).to_string()),
        ];
        Ok(self.reply(page, envelope))
    }

    /// An export as a list with cursors (§2.3).
    fn as_list(&self, size: usize) -> Result<Reply, Refused> {
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
        Ok(self.reply(
            page,
            vec![(RECORDS, String::new()), ("meta", meta.end()), ("links", links.end())],
        ))
    }

    fn reply(&self, mut page: Page, envelope: Vec<(&'static str, String)>) -> Reply {
        let wanted = self.parameters.wanted();
        page.entries.retain(|entry| wanted.takes(entry));
        if self.fault == Some(Fault::OutOfOrder) {
            // The envelope was made before: only the records stand otherwise.
            let oldest = usize::from(!page.entries.is_empty());
            page.entries.rotate_left(oldest);
        }
        let include = self.parameters.include();
        let include: Vec<&str> = include.iter().map(String::as_str).collect();
        let (world, kind) = (&self.desk.world, self.endpoint.kind);
        let records =
            page.entries.iter().map(|entry| (kind.record)(world, entry, &include)).collect();
        let beside = |name: &&str| {
            let value = (kind.beside)(world, self.now, name, &page.entries)?;
            Some(((*name).to_owned(), value))
        };
        let sideloads = include.iter().filter_map(beside).collect();
        Reply { records, sideloads, envelope }
    }

    fn index(&self) -> std::sync::Arc<Index> {
        self.desk.index(self.endpoint.kind, self.now)
    }

    fn view<'i>(&self, index: &'i Index) -> View<'i> {
        let kind = self.endpoint.kind;
        let mut wanted = self.parameters.wanted();
        if self.behaviour().exclude_deleted == ExcludeDeleted::Page {
            wanted.deleted = true;
        }
        View {
            entries: &index.entries,
            now: self.now,
            fence: match (kind.fence, self.behaviour().fence) {
                (Fenced::Yes, _) | (Fenced::Perhaps, Fence::All) => MINUTE,
                (Fenced::No, _) | (Fenced::Perhaps, Fence::Documented) => 0,
            },
            late: self.desk.lateness(kind),
            late_key: self.desk.world.key(LATE),
            early: self.behaviour().breaches == Breaches::Early,
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
