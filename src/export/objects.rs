//! Which custom objects an account has: asked for before a plan that takes them all, and when one is
//! not there that was named.
//!
//! Must not know what is exported of them.

use crate::{api::Client, api::error::ApiError, page, position::Cursor, request::Request};
use serde::Deserialize;

/// The list of their definitions: API notes §4.6.
const PATH: &str = "/api/v2/custom_objects";

/// A page of lists holds no more.
const SIZE: &str = "100";

/// No account has so many: a list that does not end is one that goes round.
const MOST_PAGES: usize = 100;

#[derive(Deserialize)]
struct Definition {
    key: String,
}

/// The keys of all custom objects, as the server lists them: mostly one request.
pub(crate) fn keys(client: &Client) -> Result<Vec<String>, ApiError> {
    let mut keys = Vec::new();
    let mut after: Option<Cursor> = None;
    let mut body = Vec::new();
    for _ in 0..MOST_PAGES {
        let request = Request::new(PATH).with("page[size]", SIZE);
        let request = match &after {
            Some(cursor) => request.with("page[after]", cursor.as_str()),
            None => request,
        };
        let (_, answer) = client.get(&request, &mut body);
        answer?;
        let page = page::parse(&body, "custom_objects", &[])?;
        let found = page.records.iter().filter_map(|record| {
            serde_json::from_slice(record.bytes).ok().map(|Definition { key }| key)
        });
        keys.extend(found);
        let next = page.envelope.after_cursor.filter(|next| after.as_ref() != Some(next));
        match (page.envelope.end_of_stream, next) {
            (Some(false), Some(next)) => after = Some(next),
            (_, _) => break,
        }
    }
    Ok(keys)
}
