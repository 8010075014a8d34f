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
    kind::{ByTime, CursorEnd, Deleted, Endpoint, Listing, Paging, Sizes},
    paging::{self, From, Wanted},
};

const LARGEST: u32 = 1000;
const SAMPLE: u32 = 50;
/// Attributes on a page of routing (§1.1).
pub(super) const ROUTED: u32 = 3000;

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
    let asked = |name| request.param(name).and_then(|size| size.parse().ok());
    match endpoint.route.paging {
        Paging::Time(ByTime { sizes: Sizes::Sample, .. }) => SAMPLE,
        Paging::Time(ByTime { lists: Some(_), .. }) => asked("page[size]").unwrap_or(LARGEST),
        Paging::Time(_) | Paging::Cursor(_) => asked("per_page").unwrap_or(LARGEST),
        Paging::StartId(_) => asked("limit").unwrap_or(LARGEST),
        Paging::Token => ROUTED,
        Paging::List(listing) => {
            let asked = asked("page[size]").or_else(|| asked("per_page"));
            asked.or(listing.largest).unwrap_or(LARGEST)
        }
    }
}

impl Parameters<'_> {
    /// The path as error messages name it.
    fn path(&self) -> &str {
        let path = self.request.path.trim_start_matches('/');
        path.strip_suffix(".json").unwrap_or(path)
    }

    pub(super) fn invalid(&self, parameter: &str, expected: &str) -> Refused {
        Box::new(errors::invalid(parameter, expected, self.path()))
    }

    /// The records that are asked for (§1.1, §8).
    pub(super) fn wanted(&self) -> Wanted {
        let exclude = self.exclude_deleted();
        let scope = self.request.param("support_type_scope");
        let tickets = self.endpoint.kind.scope == "tickets";
        let scope = scope.as_deref().filter(|_| tickets).unwrap_or("agent");
        let objects = Paging::Cursor(CursorEnd::HasMore);
        let excludable = tickets || self.endpoint.route.paging == objects;
        Wanted {
            deleted: match self.endpoint.route.paging {
                // By default exports show what is deleted, and lists do not.
                Paging::List(Listing { deleted: Deleted::Hidden, .. }) => false,
                Paging::List(Listing { deleted: Deleted::OnRequest, .. }) => {
                    exclude.as_deref() == Some("false")
                }
                Paging::Time(_) | Paging::Cursor(_) => {
                    !excludable || exclude.as_deref() != Some("true")
                }
                Paging::StartId(_) | Paging::Token => true,
            },
            agent: scope != "ai_agent",
            ai_agent: matches!(scope, "ai_agent" | "all"),
        }
    }

    fn exclude_deleted(&self) -> Option<String> {
        let exclude = self.request.param("exclude_deleted");
        exclude.or_else(|| self.request.param("filter[exclude_deleted]"))
    }

    pub(super) fn include(&self) -> Vec<String> {
        let include = self.request.param("include").unwrap_or_default();
        include.split(',').map(|name| name.trim().to_owned()).collect()
    }

    /// Whole seconds; a fraction is cut off (§5).
    pub(super) fn seconds(&self, name: &str) -> Result<Option<i64>, Refused> {
        let Some(text) = self.request.param(name) else {
            return Ok(None);
        };
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let seconds = whole.parse::<i64>().ok();
        let seconds = seconds.filter(|_| digits(whole) && digits(fraction));
        seconds.map(Some).ok_or_else(|| self.invalid(name, "an integer"))
    }

    pub(super) fn start_time(&self) -> Result<i64, Refused> {
        self.start_time_in(1)
    }

    /// The same where there are so many units in a second; what is left of one is cut off.
    pub(super) fn start_time_in(&self, per_second: i64) -> Result<i64, Refused> {
        let seconds = self.seconds("start_time")?.map(|time| time / per_second);
        let seconds = seconds.ok_or_else(|| errors::missing("start_time", self.path()))?;
        // Exactly a minute is refused too.
        if self.endpoint.kind.too_recent.is_some_and(|age| seconds >= self.now - age) {
            return Err(Box::new(errors::too_recent(self.endpoint.route.paging.is_cursor())));
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
            Paging::Cursor(_) | Paging::List(_) | Paging::StartId(_) | Paging::Token => {
                Sizes::Asked
            }
        };
        let asked = match sizes {
            Sizes::Sample => return Ok(place(SAMPLE.into())),
            Sizes::Fixed => None,
            Sizes::Asked => self.request.param("per_page"),
        };
        self.size("per_page", asked)
    }

    /// The same under the name that Chat has for it.
    pub(super) fn limit(&self) -> Result<usize, Refused> {
        self.size("limit", self.request.param("limit"))
    }

    fn size(&self, name: &str, asked: Option<String>) -> Result<usize, Refused> {
        let Some(asked) = asked else {
            return Ok(place(LARGEST.into()));
        };
        match asked.parse::<u64>() {
            Ok(asked) if asked > 0 => Ok(place(asked.min(LARGEST.into()))),
            _ => Err(self.invalid(name, "a positive integer")),
        }
    }

    /// `page[size]`, where it is given; `largest` at most (§1.1, §4.6).
    pub(super) fn page_size(&self, largest: u32) -> Result<Option<usize>, Refused> {
        let refused = |description: &str| Box::new(errors::invalid_paging(description));
        let Some(asked) = self.request.param("page[size]") else {
            return Ok(None);
        };
        match asked.parse::<u32>() {
            Ok(0) | Err(_) => Err(refused("page[size] is not valid")),
            Ok(size) if size > largest => {
                Err(refused(&format!("page[size] cannot be greater than {largest}")))
            }
            Ok(size) => Ok(Some(place(size.into()))),
        }
    }

    /// The URL of the next page: the path as it was asked for, `name` set, the other parameters
    /// echoed but for those that say where to start, all in alphabetical order as recorded
    /// (§2.1, §4.2).
    pub(super) fn next_url(&self, name: &str, value: &str) -> String {
        self.next_url_with(&[(name, value)])
    }

    /// The same where several parameters say where to start.
    pub(super) fn next_url_with(&self, next: &[(&str, &str)]) -> String {
        self.url(&["start_time", "start_id", "cursor", "page[after]"], next)
    }

    /// The same for lists.
    pub(super) fn list_url(&self, name: &str, value: &str) -> String {
        self.url(&["page", "page[after]", "page[before]"], &[(name, value)])
    }

    fn url(&self, position: &[&str], next: &[(&str, &str)]) -> String {
        let mut params = self.request.params();
        params.retain(|(name, value)| !position.contains(&name.as_str()) && !value.is_empty());
        params.extend(next.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        params.sort();
        let encode = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
        let pair = |(name, value): &(String, String)| format!("{}={}", encode(name), encode(value));
        let query: Vec<String> = params.iter().map(pair).collect();
        format!("{}{}?{}", self.origin, self.request.path, query.join("&"))
    }
}
