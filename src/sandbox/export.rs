//! The exports: one page by time or by cursor, with its envelope (API notes §1 to §4).

use super::{
    asking::{Asking, Reply},
    behaviour::{EmptyCursor, EndOfStream},
    entry::Entry,
    fault::Fault,
    json::{Object, quoted},
    kind::{ByTime, CursorEnd, Ending, Idle, RECORDS},
    paging::{self, From, Page},
    parameters::Refused,
};

pub(super) fn by_time(asking: &Asking<'_>, form: ByTime) -> Result<Reply, Refused> {
    let start = asking.parameters.start_time()?;
    let per_page = asking.parameters.per_page()?;
    let index = asking.index();
    let view = asking.view(&index);
    let mut page = paging::by_time(&view, start, per_page, asking.behaviour().same_second);
    match asking.fault {
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
    let envelope = time_envelope(asking, &page, form, start);
    Ok(asking.reply(page.entries, envelope))
}

/// The members in the recorded order, which differs between tickets and users (§2.2).
fn time_envelope(
    asking: &Asking<'_>,
    page: &Page,
    form: ByTime,
    start: i64,
) -> Vec<(&'static str, String)> {
    let wanted = asking.parameters.wanted();
    let served = page.entries.iter().filter(|entry| wanted.takes(entry)).count();
    let null = || "null".to_owned();
    let url =
        |end_time: i64| quoted(&asking.parameters.next_url("start_time", &end_time.to_string()));
    let end_time = match form.idle {
        Idle::Stay if page.entries.is_empty() && !page.full => Some(start),
        Idle::Stay | Idle::Null => page.end_time,
    };
    let switch = asking.behaviour().end_of_stream;
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
            "next_page" => end_time.map_or_else(null, url),
            "end_time" => end_time.map_or_else(null, |time| time.to_string()),
            _ => String::new(),
        };
        (*name, value)
    };
    members.map(member).collect()
}

pub(super) fn by_cursor(asking: &Asking<'_>, end: CursorEnd) -> Result<Reply, Refused> {
    let from = asking.parameters.from("cursor")?;
    let per_page = asking.parameters.per_page()?;
    let index = asking.index();
    let mut page = paging::by_cursor(&asking.view(&index), from, per_page);
    let mut cursor = page.entries.last().map(|last| paging::encode(last.ts, last.id));
    if cursor.is_none() && asking.behaviour().empty_cursor == EmptyCursor::Echo {
        cursor = asking.parameters.request.param("cursor");
    }
    match asking.fault {
        Some(Fault::RepeatCursor) => (cursor, page.full) = (Some(position(from)), true),
        Some(Fault::NullCursor) => (cursor, page.full) = (None, true),
        // Just before the next record, where that is behind the position that was asked for.
        Some(Fault::EmptyPage) => {
            if let Some(before) = page.entries.first().and_then(|first| step_before(first, from)) {
                cursor = Some(before);
                page = Page { entries: Vec::new(), full: true, end_time: None };
            }
        }
        _ => {}
    }
    let url = cursor.as_ref().map(|cursor| quoted(&asking.parameters.next_url("cursor", cursor)));
    let null = || "null".to_owned();
    let after_url = ("after_url", url.unwrap_or_else(null));
    let after_cursor = ("after_cursor", cursor.map_or_else(null, |cursor| quoted(&cursor)));
    let (before_url, before_cursor) = (("before_url", null()), ("before_cursor", null()));
    let records = (RECORDS, String::new());
    let envelope = match end {
        CursorEnd::EndOfStream => {
            let end_of_stream = ("end_of_stream", (!page.full).to_string());
            vec![records, after_url, before_url, after_cursor, before_cursor, end_of_stream]
        }
        CursorEnd::HasMore => {
            let deleted = !asking.parameters.wanted().deleted;
            let filter = Object::new().raw("exclude_deleted", deleted).end();
            let meta = Object::new().raw("has_more", page.full).end();
            let (filter, meta) = (("filter", filter), ("meta", meta));
            vec![records, after_cursor, after_url, before_cursor, before_url, filter, meta]
        }
    };
    Ok(asking.reply(page.entries, envelope))
}

/// An export as a list with cursors (§2.3).
pub(super) fn as_list(asking: &Asking<'_>, size: usize) -> Result<Reply, Refused> {
    let from = asking.parameters.from("page[after]")?;
    let index = asking.index();
    let mut page = paging::by_cursor(&asking.view(&index), from, size + 1);
    let mut has_more = page.full;
    page.entries.truncate(size);
    let mut cursor = page.entries.last().map(|last| paging::encode(last.ts, last.id));
    match asking.fault {
        Some(Fault::RepeatCursor) => {
            (cursor, has_more) = (asking.parameters.request.param("page[after]"), true);
        }
        Some(Fault::NullCursor) => (cursor, has_more) = (None, true),
        _ => {}
    }
    let next = cursor.as_ref().filter(|_| has_more);
    let next = next.map(|cursor| asking.parameters.next_url("page[after]", cursor));
    let meta = Object::new()
        .raw("has_more", has_more)
        .maybe_text("after_cursor", cursor.as_deref())
        .null("before_cursor");
    let links = Object::new().maybe_text("next", next.as_deref()).null("prev");
    Ok(asking.reply(
        page.entries,
        vec![(RECORDS, String::new()), ("meta", meta.end()), ("links", links.end())],
    ))
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
