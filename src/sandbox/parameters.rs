//! A request's parameters: read, checked, refused, and echoed in the URL of the next page.
//!
//! It must not know records or the world.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    answer::Answer,
    behaviour::InvalidCursor,
    dice::place,
    errors,
    http::Request,
    kind::{ByTime, Endpoint, Paging, Sizes},
    paging::{self, From, Wanted},
};

const LARGEST: u32 = 1000;
const SAMPLE: u32 = 50;

/// Everything but these is escaped in a URL's parameters.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A refusal is an answer; boxed, as answers are large.
pub(super) type Refused = Box<Answer>;

pub(super) struct Parameters<'a> {
    pub(super) request: &'a Request,
    pub(super) endpoint: &'a Endpoint,
    pub(super) now: i64,
    pub(super) invalid_cursor: InvalidCursor,
    /// Scheme and host of the next page.
    pub(super) origin: String,
}

/// The page size that a request asks for, before it is checked.
pub(super) fn asked_size(request: &Request, endpoint: &Endpoint) -> u32 {
    let name = match endpoint.route.paging {
        Paging::Time(ByTime { sizes: Sizes::Sample, .. }) => return SAMPLE,
        Paging::Time(ByTime { lists: Some(_), .. }) => "page[size]",
        Paging::Time(_) | Paging::Cursor => "per_page",
    };
    request.param(name).and_then(|size| size.parse().ok()).unwrap_or(LARGEST)
}

impl Parameters<'_> {
    /// The path as error messages name it.
    fn path(&self) -> &str {
        let path = self.request.path.trim_start_matches('/');
        path.strip_suffix(".json").unwrap_or(path)
    }

    fn invalid(&self, parameter: &str, expected: &str) -> Refused {
        Box::new(errors::invalid(parameter, expected, self.path()))
    }

    /// The records that are asked for (§1.1, §8).
    pub(super) fn wanted(&self) -> Wanted {
        let exclude = self.request.param("exclude_deleted");
        let scope = self.request.param("support_type_scope");
        let tickets = self.endpoint.kind.scope == "tickets";
        let scope = scope.as_deref().filter(|_| tickets).unwrap_or("agent");
        Wanted {
            deleted: exclude.as_deref() != Some("true"),
            agent: scope != "ai_agent",
            ai_agent: matches!(scope, "ai_agent" | "all"),
        }
    }

    pub(super) fn include(&self) -> Vec<String> {
        let include = self.request.param("include").unwrap_or_default();
        include.split(',').map(|name| name.trim().to_owned()).collect()
    }

    /// Whole seconds; a fraction is cut off (§5).
    pub(super) fn start_time(&self) -> Result<i64, Refused> {
        let text = self.request.param("start_time");
        let text = text.ok_or_else(|| errors::missing("start_time", self.path()))?;
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let seconds = whole.parse::<i64>().ok();
        let seconds = seconds.filter(|_| digits(whole) && digits(fraction));
        let seconds = seconds.ok_or_else(|| self.invalid("start_time", "an integer"))?;
        // Exactly a minute is refused too.
        if self.endpoint.kind.too_recent.is_some_and(|age| seconds >= self.now - age) {
            let cursor = self.endpoint.route.paging == Paging::Cursor;
            return Err(Box::new(errors::too_recent(cursor)));
        }
        Ok(seconds)
    }

    /// Where a cursor export goes on; a cursor wins over a start_time (§4.1).
    pub(super) fn from(&self, parameter: &str) -> Result<From, Refused> {
        let Some(cursor) = self.request.param(parameter) else {
            return Ok(From::Start(self.start_time()?));
        };
        let status = match self.invalid_cursor {
            InvalidCursor::BadRequest => 400,
            InvalidCursor::NotFound => 404,
            InvalidCursor::Gone => 410,
            InvalidCursor::Unprocessable => 422,
        };
        let decoded = paging::decode(&cursor);
        let (ts, id) = decoded.ok_or_else(|| errors::invalid_cursor(status))?;
        Ok(From::After(ts, id))
    }

    /// 1000 unless less is asked for; more is cut to 1000 (§4.3).
    pub(super) fn per_page(&self) -> Result<usize, Refused> {
        let sizes = match self.endpoint.route.paging {
            Paging::Time(by_time) => by_time.sizes,
            Paging::Cursor => Sizes::Asked,
        };
        let asked = match sizes {
            Sizes::Sample => return Ok(place(SAMPLE.into())),
            Sizes::Fixed => None,
            Sizes::Asked => self.request.param("per_page"),
        };
        let Some(asked) = asked else {
            return Ok(place(LARGEST.into()));
        };
        match asked.parse::<u64>() {
            Ok(asked) if asked > 0 => Ok(place(asked.min(LARGEST.into()))),
            _ => Err(self.invalid("per_page", "a positive integer")),
        }
    }

    /// The size that makes a list with cursors of an export by time, which takes `largest` at most
    /// (§1.1).
    pub(super) fn list_size(&self, largest: Option<u32>) -> Result<Option<usize>, Refused> {
        let asked = largest.and_then(|largest| Some((largest, self.request.param("page[size]")?)));
        let Some((largest, asked)) = asked else {
            return Ok(None);
        };
        let size = asked.parse::<u32>().ok().filter(|size| (1..=largest).contains(size));
        let size = size.ok_or_else(|| {
            let detail = format!("page[size] must be between 1 and {largest}");
            errors::listed(400, "InvalidPaginationParameter", "Invalid page size", &detail)
        })?;
        Ok(Some(place(size.into())))
    }

    /// The URL of the next page: the path as it was asked for, `name` set, the other parameters
    /// echoed but for those that say where to start, all in alphabetical order as recorded
    /// (§2.1, §4.2).
    pub(super) fn next_url(&self, name: &str, value: &str) -> String {
        let position = ["start_time", "cursor", "page[after]"];
        let mut params = self.request.params();
        params.retain(|(name, value)| !position.contains(&name.as_str()) && !value.is_empty());
        params.push((name.to_owned(), value.to_owned()));
        params.sort();
        let encode = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
        let pair = |(name, value): &(String, String)| format!("{}={}", encode(name), encode(value));
        let query: Vec<String> = params.iter().map(pair).collect();
        format!("{}{}?{}", self.origin, self.request.path, query.join("&"))
    }
}
