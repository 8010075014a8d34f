//! Members of a page with their types, and what leads on where that is no cursor by name.
//!
//! Pure. Must not know what a page is.

use crate::{garbled::Garbled, scan::Json};
use percent_encoding::percent_decode_str;
use serde::de;
use serde_json::Value;

/// `null` is `None`; any type but the expected one is an error.
pub(super) fn typed<T: de::DeserializeOwned>(
    raw: Json<'_>,
    key: &'static str,
    expected: &'static str,
) -> Result<Option<T>, Garbled> {
    serde_json::from_slice(raw.bytes).map_err(|_wrong_type| Garbled::MemberType { key, expected })
}

/// A time and an id, as a cursor of our own: they lead on together (API notes §1.2). The units of
/// the time are the endpoint's.
pub(super) fn start_id(
    time: Option<Json<'_>>,
    id: Option<Json<'_>>,
) -> Result<Option<String>, Garbled> {
    let (Some(time), Some(id)) = (time, id) else { return Ok(None) };
    let time: Option<u64> = typed(time, "end_time", "a whole number")?;
    let id: Option<Value> = typed(id, "end_id", "an id")?;
    let id = match id {
        Some(Value::String(id)) => Some(id),
        Some(Value::Number(id)) => Some(id.to_string()),
        None | Some(Value::Null) => None,
        Some(_) => return Err(Garbled::MemberType { key: "end_id", expected: "an id" }),
    };
    Ok(time.zip(id).map(|(time, id)| format!("{time}:{id}")))
}

/// The cursor in the URL of the next page: API notes §2.3. The URL itself is never asked.
pub(super) fn token(next: Option<Json<'_>>) -> Result<Option<String>, Garbled> {
    const EXPECTED: &str = "a URL with a cursor";
    let url: Option<String> = match next {
        Some(next) => typed(next, "next_page", EXPECTED)?,
        None => None,
    };
    let Some(url) = url else { return Ok(None) };
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    let value = query.split('&').find_map(|pair| pair.strip_prefix("cursor="));
    let value = value.ok_or(Garbled::MemberType { key: "next_page", expected: EXPECTED })?;
    let decoded = percent_decode_str(value).decode_utf8();
    decoded.map_or(Err(Garbled::CursorUnusable), |text| Ok(Some(text.into_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json<'_> {
        Json { bytes: text.as_bytes(), plain: true }
    }

    #[test]
    fn a_time_and_an_id_lead_on_together() {
        let of = |time: &str, id: &str| start_id(Some(json(time)), Some(json(id)));
        let cursor = |text: &str| Ok(Some(text.to_owned()));
        // Microseconds are no time that could be shown, and need not be.
        assert_eq!(of("1795000000000000", r#""2612.7.Ab""#), cursor("1795000000000000:2612.7.Ab"));
        assert_eq!(of("17", "9007199254740993"), cursor("17:9007199254740993"));
        assert_eq!(of("null", "null"), Ok(None));
        assert_eq!(of("17", "null"), Ok(None));
        assert_eq!(start_id(Some(json("17")), None), Ok(None));
        assert_eq!(start_id(None, Some(json("17"))), Ok(None));
        for (time, id) in
            [("-1", "1"), (r#""17""#, "1"), ("1.5", "1"), ("17", "[1]"), ("17", "true")]
        {
            assert!(of(time, id).is_err(), "{time} {id}");
        }
    }

    #[test]
    fn the_cursor_of_a_next_page_is_taken_out_of_it_and_nothing_else() {
        let next = |url: &str| token(Some(json(url)));
        let cursor = |text: &str| Ok(Some(text.to_owned()));
        assert_eq!(next(r#""https://a.example/x?cursor=ab-1""#), cursor("ab-1"));
        assert_eq!(next(r#""https://evil.example/y?a=1&cursor=a%2Bb%3D#c""#), cursor("a+b="));
        assert_eq!(next(r#""?cursor=x&start_time=0""#), cursor("x"));
        assert_eq!(next("null"), Ok(None));
        assert_eq!(token(None), Ok(None));
        for odd in [r#""https://a.example/x""#, r#""x?recursor=1""#, "17", r#""x?cursor=%ff""#] {
            assert!(next(odd).is_err(), "{odd}");
        }
    }
}
