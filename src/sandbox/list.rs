//! Lists of what there is now: by cursor, by offset, or whole (API notes §4.6).

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    asking::{Asking, Reply},
    dice::{place, size},
    entry::Entry,
    errors,
    fault::Fault,
    json::{Object, quoted},
    kind::{Envelope, Listing, Order, RECORDS, Window},
    parameters::Refused,
};

/// Records that can be reached by offset.
const DEEPEST: u64 = 10_000;
/// Records that a page by offset holds at most.
const OFFSET_PAGE: u64 = 100;
/// An `end_time` is to be this many seconds old.
const SETTLED: i64 = 61;

/// Where an entry stands in its list.
type Position = (i64, u64);

fn position(order: Order, entry: &Entry) -> Position {
    match order {
        Order::Id => (0, entry.id),
        Order::Key => (i64::try_from(entry.key).unwrap_or(i64::MAX), entry.id),
        Order::Time => (entry.ts, entry.id),
        Order::Newest => (-entry.ts, entry.id),
    }
}

fn order_name(order: Order) -> &'static str {
    match order {
        Order::Id => "id",
        Order::Key => "key,id",
        Order::Time => "time,id",
        Order::Newest => "-time,id",
    }
}

fn encode(order: Order, entry: &Entry) -> String {
    let (value, id) = position(order, entry);
    let value = format!("{value}/{id}");
    STANDARD.encode(Object::new().text("o", order_name(order)).text("v", &value).end())
}

/// The position of a cursor of this order.
fn decode(order: Order, cursor: &str) -> Option<Position> {
    let text = String::from_utf8(STANDARD.decode(cursor).ok()?).ok()?;
    let members: serde_json::Value = serde_json::from_str(&text).ok()?;
    let (value, id) = members["v"].as_str()?.split_once('/')?;
    let same = members["o"] == order_name(order);
    same.then_some((value.parse().ok()?, id.parse().ok()?))
}

/// One page, as the request's own parameters say.
pub(super) fn page(asking: &Asking<'_>, listing: Listing) -> Result<Reply, Refused> {
    let mut entries = in_order(asking, listing)?;
    let Some(largest) = listing.largest else {
        let count = entries.len();
        return Ok(asking.reply(entries, offset_envelope(listing, None, None, count)));
    };
    let parameters = &asking.parameters;
    let by_cursor = ["page[size]", "page[after]", "page[before]"];
    if by_cursor.iter().any(|name| parameters.request.param(name).is_some()) {
        return by_position(asking, listing, largest, entries);
    }
    let number = |name: &str| match parameters.request.param(name) {
        None => Ok(None),
        Some(text) => match text.parse::<u64>() {
            Ok(number) if number > 0 => Ok(Some(number)),
            _ => Err(parameters.invalid(name, "a positive integer")),
        },
    };
    let page = number("page")?.unwrap_or(1);
    let per_page = number("per_page")?.unwrap_or(OFFSET_PAGE).min(OFFSET_PAGE);
    let end = page.saturating_mul(per_page);
    if end > DEEPEST {
        return Err(Box::new(errors::too_deep()));
    }
    let count = entries.len();
    let url = |page: u64| parameters.list_url("page", &page.to_string());
    let next = (end < size(count)).then(|| url(page + 1));
    let previous = (page > 1).then(|| url(page - 1));
    entries.truncate(place(end));
    entries.drain(..entries.len().min(place(end - per_page)));
    Ok(asking.reply(entries, offset_envelope(listing, next, previous, count)))
}

/// The list's visible entries in its order.
fn in_order(asking: &Asking<'_>, listing: Listing) -> Result<Vec<Entry>, Refused> {
    let window = match listing.window {
        Window::No => (None, None),
        Window::Chosen => {
            (asking.parameters.seconds("start_time")?, asking.parameters.seconds("end_time")?)
        }
    };
    if window.1.is_some_and(|end| end > asking.now - SETTLED) {
        return Err(asking.parameters.invalid("end_time", "more than 60 seconds ago"));
    }
    let inside = |entry: &Entry| {
        window.0.is_none_or(|start| start <= entry.ts) && window.1.is_none_or(|end| entry.ts <= end)
    };
    let index = asking.index();
    let mut entries: Vec<Entry> =
        asking.view(&index).visible().filter(|entry| inside(entry)).copied().collect();
    entries.sort_unstable_by_key(|entry| position(listing.order, entry));
    Ok(entries)
}

fn by_position(
    asking: &Asking<'_>,
    listing: Listing,
    largest: u32,
    mut entries: Vec<Entry>,
) -> Result<Reply, Refused> {
    let (order, parameters) = (listing.order, &asking.parameters);
    let size = parameters.page_size(largest)?.unwrap_or(place(largest.into()));
    let cursor = |name: &str| match parameters.request.param(name) {
        None => Ok(None),
        Some(cursor) => match decode(order, &cursor) {
            Some(position) => Ok(Some((position, cursor))),
            None => Err(Box::new(errors::invalid_paging(&format!("{name} is not valid")))),
        },
    };
    let (after, before) = (cursor("page[after]")?, cursor("page[before]")?);
    let mut has_more = false;
    if let Some((before, _)) = &before {
        entries.retain(|entry| position(order, entry) < *before);
        has_more = entries.len() > size;
        entries.drain(..entries.len().saturating_sub(size));
    } else {
        if let Some((after, _)) = &after {
            entries.retain(|entry| position(order, entry) > *after);
        }
        has_more |= entries.len() > size;
        entries.truncate(size);
    }
    let mut after_cursor = entries.last().map(|entry| encode(order, entry));
    let before_cursor = entries.first().map(|entry| encode(order, entry));
    match asking.fault {
        Some(Fault::RepeatCursor) => {
            (after_cursor, has_more) = (after.map(|(_, cursor)| cursor).or(after_cursor), true);
        }
        Some(Fault::NullCursor) => (after_cursor, has_more) = (None, true),
        // Leads to where it was asked for: nothing is left out.
        Some(Fault::EmptyPage) if after.is_some() => {
            entries.clear();
            (after_cursor, has_more) = (after.map(|(_, cursor)| cursor), true);
        }
        _ => {}
    }
    // Support's last page that is not empty leads on to an empty one.
    let leads = has_more || listing.envelope == Envelope::Support;
    let link = |name: &str, cursor: &Option<String>| {
        cursor.as_ref().map(|cursor| parameters.list_url(name, cursor))
    };
    let next = link("page[after]", &after_cursor).filter(|_| leads);
    let meta = Object::new()
        .raw("has_more", has_more)
        .maybe_text("after_cursor", after_cursor.as_deref())
        .maybe_text("before_cursor", before_cursor.as_deref())
        .end();
    let links = Object::new()
        .maybe_text("prev", link("page[before]", &before_cursor).as_deref())
        .maybe_text("next", next.as_deref())
        .end();
    let (records, meta, links) = ((RECORDS, String::new()), ("meta", meta), ("links", links));
    let envelope = match listing.envelope {
        Envelope::Support => vec![records, meta, links],
        Envelope::HelpCenter => vec![meta, links, records],
    };
    Ok(asking.reply(entries, envelope))
}

fn offset_envelope(
    listing: Listing,
    next: Option<String>,
    previous: Option<String>,
    count: usize,
) -> Vec<(&'static str, String)> {
    let url = |url: Option<String>| url.map_or_else(|| "null".to_owned(), |url| quoted(&url));
    let mut envelope = vec![
        ("next_page", url(next)),
        ("previous_page", url(previous)),
        ("count", count.to_string()),
    ];
    let records = (RECORDS, String::new());
    match listing.envelope {
        Envelope::Support => envelope.insert(0, records),
        Envelope::HelpCenter => envelope.push(records),
    }
    envelope
}
