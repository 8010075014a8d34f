//! The exports of other products, which go on in ways of their own (API notes §1.2, §2.3).

use super::{
    asking::{Asking, Reply},
    dice::place,
    entry::Entry,
    errors,
    fault::Fault,
    json::quoted,
    kind::{ByStartId, RECORDS},
    paging::{self, From},
    parameters::{ROUTED, Refused},
};

/// Chat's exports: from `start_time` and `start_id` on, `limit` at a time. A page that is shorter
/// is the last.
pub(super) fn by_start_id(asking: &Asking<'_>, form: ByStartId) -> Result<Reply, Refused> {
    let parameters = &asking.parameters;
    let start = parameters.start_time_in(form.per_second)?;
    let from = match parameters.request.param("start_id") {
        None => From::Start(start),
        Some(text) => match text.parse() {
            Ok(id) => From::After(start, id),
            Err(_) => return Err(parameters.invalid("start_id", "an id that a page ended with")),
        },
    };
    let limit = parameters.limit()?;
    let index = asking.index();
    let page = paging::by_cursor(&asking.view(&index), from, limit);
    let end = page.entries.last();
    let end_time = end.map_or(start, |last| last.ts) * form.per_second;
    let end_id = match (end, from) {
        (Some(last), _) => last.id.to_string(),
        (None, From::After(_, id)) => id.to_string(),
        (None, From::Start(_)) => "0".to_owned(),
    };
    let (end_time, end_id) = match (asking.fault, from) {
        (Some(Fault::RepeatCursor), From::Start(start)) => {
            (start * form.per_second, "0".to_owned())
        }
        (Some(Fault::RepeatCursor), From::After(ts, id)) => (ts * form.per_second, id.to_string()),
        (_, _) => (end_time, end_id),
    };
    let end_time_text = end_time.to_string();
    let next = [("start_time", end_time_text.as_str()), ("start_id", end_id.as_str())];
    let told = |text: String| match asking.fault {
        Some(Fault::NullCursor) => "null".to_owned(),
        _ => text,
    };
    let envelope = vec![
        (RECORDS, String::new()),
        ("count", page.entries.len().to_string()),
        ("end_time", told(end_time.to_string())),
        ("end_id", told(quoted(&end_id))),
        ("next_page", told(quoted(&parameters.next_url_with(&next)))),
    ];
    Ok(asking.reply(page.entries, envelope))
}

/// Routing's exports: from a cursor to the next, which stands in `next_page` alone. They end with a
/// page that is empty, and leads on.
pub(super) fn by_token(asking: &Asking<'_>) -> Result<Reply, Refused> {
    let parameters = &asking.parameters;
    let token = parameters.request.param("cursor");
    let from = match &token {
        None => From::Start(0),
        Some(token) => match position(token) {
            Some((ts, id)) => From::After(ts, id),
            None => return Err(Box::new(errors::invalid_paging("cursor is not valid"))),
        },
    };
    let index = asking.index();
    let page = paging::by_cursor(&asking.view(&index), from, place(ROUTED.into()));
    let last = page.entries.last().filter(|_| asking.fault != Some(Fault::RepeatCursor));
    let next = last.map(write_token).or(token);
    let next = next.unwrap_or_else(|| write_token(&Entry::EMPTY));
    let next = match asking.fault {
        Some(Fault::NullCursor) => "null".to_owned(),
        _ => quoted(&parameters.next_url("cursor", &next)),
    };
    let end_time = page.entries.last().map_or(asking.now, |last| last.ts);
    let envelope = vec![
        (RECORDS, String::new()),
        ("count", page.entries.len().to_string()),
        ("end_time", end_time.to_string()),
        ("next_page", next),
    ];
    Ok(asking.reply(page.entries, envelope))
}

/// A position in the shape of a UUID.
fn write_token(entry: &Entry) -> String {
    let (time, id) = (format!("{:012x}", entry.ts), format!("{:020x}", entry.id));
    let (a, b) = time.split_at(8);
    format!("{a}-{b}-{}-{}-{}", &id[..4], &id[4..8], &id[8..])
}

fn position(token: &str) -> Option<(i64, u64)> {
    let digits = token.replace('-', "");
    let right = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !right {
        return None;
    }
    let (time, id) = digits.split_at(12);
    Some((i64::from_str_radix(time, 16).ok()?, u64::from_str_radix(id, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_position_and_looks_like_a_uuid() {
        let entry = Entry { ts: 1_795_000_000, id: 6_130_869_168_922, ..Entry::EMPTY };
        let token = write_token(&entry);
        assert_eq!(position(&token), Some((entry.ts, entry.id)));
        let parts: Vec<usize> = token.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert_eq!(position("nonsense"), None);
    }
}
