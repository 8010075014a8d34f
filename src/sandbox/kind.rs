//! What a kind of record is: its name, what exists of it, how it is written, and where it is served.
//!
//! Each file of `records/` describes one kind or a few by a value of [`Kind`]; `records/mod.rs`
//! lists them. Nothing here knows which kinds there are.

use super::{entry::Entry, late::Lateness, world::World};

/// One kind of record.
pub(super) struct Kind {
    /// Zendesk's name.
    pub(super) name: &'static str,
    /// The member that holds the records.
    pub(super) key: &'static str,
    /// The granular scope that opens it (§7).
    pub(super) scope: &'static str,
    pub(super) routes: &'static [Route],
    /// Seconds for which its entries, drawn up once, are good. Events never change, so theirs can
    /// reach far ahead.
    pub(super) good_for: i64,
    /// Whether changes of the last minute are kept back (§4.1).
    pub(super) fence: Fenced,
    /// How late its rows were seen to be (§4.5).
    pub(super) late: Lateness,
    /// A start_time of this age in seconds or younger is refused (§5).
    pub(super) too_recent: Option<i64>,
    /// The versions that live at some time in `from..to`, in any order.
    pub(super) entries: fn(&World, i64, i64) -> Vec<Entry>,
    /// What an entry's record says, as JSON.
    pub(super) record: fn(&World, &Entry, &Extras<'_>) -> String,
    /// A sideload that stands beside the records of a page, as it is at a time (§3); names that the
    /// kind does not know are ignored.
    pub(super) beside: fn(&World, i64, &str, &[Entry]) -> Option<String>,
}

/// What a record is told of the request besides its entry.
#[derive(Clone, Copy)]
pub(super) struct Extras<'a> {
    /// The names of the sideloads that are asked for.
    pub(super) include: &'a [&'a str],
    pub(super) now: i64,
    /// Embedded targets count down to their end.
    pub(super) counting: bool,
}

/// Whether changes of the last minute are kept back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fenced {
    /// As documented, for so many seconds.
    Yes(i64),
    /// Not that it were known: a switch decides.
    Perhaps,
    No,
}

/// What is kept back, and what is too recent for a start_time (§4.1, §5).
pub(super) const MINUTE: i64 = 60;

/// Entries of what changes are drawn up for this long.
pub(super) const TEN_MINUTES: i64 = 600;

impl Kind {
    /// What kinds mostly are: changing without delay, and with nothing beside their records.
    pub(super) const PLAIN: Self = Self {
        name: "",
        key: "",
        scope: "read",
        routes: &[],
        good_for: TEN_MINUTES,
        fence: Fenced::No,
        late: Lateness::NONE,
        too_recent: None,
        entries: |_, _, _| Vec::new(),
        record: |_, _, _| String::new(),
        beside: |_, _, _, _| None,
    };
}

/// One path under which a kind is served.
#[derive(Debug)]
pub(super) struct Route {
    /// Without `/api/v2/` and `.json`; `*` stands for any one part.
    pub(super) path: &'static str,
    pub(super) paging: Paging,
    /// The counter of the account that a request takes from; the Help Center counts for itself,
    /// with the same numbers (§1.2).
    pub(super) account: &'static str,
    /// The narrower quota that it takes from, too.
    pub(super) allowance: Option<Allowance>,
}

/// One place where one kind is served.
#[derive(Clone, Copy)]
pub(super) struct Endpoint {
    pub(super) kind: &'static Kind,
    pub(super) route: &'static Route,
}

impl Endpoint {
    /// Whether this is one of the incremental exports, which third parties lose (§0.8).
    pub(super) fn is_export(&self) -> bool {
        self.route.path.split('/').any(|part| part == "incremental")
    }
}

/// A quota of exports (§6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allowance {
    /// What the header is called after.
    pub(super) header: &'static str,
    /// Requests in a window.
    pub(super) total: u32,
    /// How many minutes a window has.
    pub(super) minutes: u64,
    pub(super) shown: Shown,
}

/// Whether answers have a header for a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Yes,
    /// Live answers had none: a switch decides what that means (§1.1).
    Perhaps,
    No,
}

pub(super) const SUPPORT: &str = "support";
pub(super) const HELP_CENTER: &str = "help center";

pub(super) const EXPORTS: Option<Allowance> =
    Some(Allowance { header: "incremental-exports", total: 10, minutes: 1, shown: Shown::Yes });
pub(super) const METRIC_EXPORTS: Option<Allowance> =
    Some(Allowance { header: "incremental-exports", total: 10, minutes: 1, shown: Shown::Perhaps });
pub(super) const CURSOR_EXPORTS: Option<Allowance> = Some(Allowance {
    header: "incremental-exports-cursor",
    total: 20,
    minutes: 1,
    shown: Shown::Yes,
});
pub(super) const SAMPLES: Option<Allowance> = Some(Allowance {
    header: "incremental-exports-sample",
    total: 10,
    minutes: 20,
    shown: Shown::Yes,
});
pub(super) const TICKETS_INDEX: Option<Allowance> =
    Some(Allowance { header: "tickets-index", total: 100, minutes: 1, shown: Shown::Yes });
pub(super) const HELP_CENTER_EXPORTS: Option<Allowance> = Some(Allowance {
    header: "help-center-incremental-exports",
    total: 10,
    minutes: 1,
    shown: Shown::Yes,
});

/// How the records of a route come in pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paging {
    /// From a start_time on (§4.2).
    Time(ByTime),
    /// From a start_time on, then from cursor to cursor (§4.1).
    Cursor(CursorEnd),
    /// A list of what there is now (§4.6).
    List(Listing),
    /// From a start_time and an id on, as Chat's exports go (§1.2).
    StartId(ByStartId),
    /// From cursor to cursor, without a start_time, as routing's exports go (§2.3).
    Token,
}

/// What differs between Chat's exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ByStartId {
    /// The units of `start_time` and `end_time` in a second.
    pub(super) per_second: i64,
}

impl Paging {
    pub(super) fn is_cursor(self) -> bool {
        matches!(self, Self::Cursor(_))
    }
}

/// How an export by cursor says that it is at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CursorEnd {
    /// By `end_of_stream`.
    EndOfStream,
    /// By `meta.has_more`, as custom objects do (§2.3).
    HasMore,
}

/// What differs between lists (§4.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listing {
    /// The largest `page[size]`; a list without one knows no cursors and comes whole.
    pub(super) largest: Option<u32>,
    pub(super) order: Order,
    pub(super) envelope: Envelope,
    pub(super) deleted: Deleted,
    pub(super) window: Window,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Id,
    /// By the places of the entries, which say what the kind sorts by: a name, a count.
    Key,
    /// By time, the oldest first.
    Time,
    /// By time, the newest first.
    Newest,
}

/// Where the records stand in the envelope of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Envelope {
    /// First, and the last page still has `links.next`.
    Support,
    /// Last.
    HelpCenter,
}

/// What a list does with deleted records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deleted {
    Hidden,
    /// `exclude_deleted=false` shows them.
    OnRequest,
}

/// Whether `start_time` and `end_time` choose from a list by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Window {
    No,
    Chosen,
}

/// What differs between exports by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ByTime {
    /// The envelope's members in their order (§2.2); [`RECORDS`] stands for the records and the
    /// sideloads behind them.
    pub(super) members: &'static [&'static str],
    pub(super) end_of_stream: Ending,
    pub(super) sizes: Sizes,
    pub(super) idle: Idle,
    /// The largest `page[size]`, where giving one makes a list with cursors of the export (§2.3).
    pub(super) lists: Option<u32>,
}

pub(super) const RECORDS: &str = "*";

/// What an empty page by time says of the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Idle {
    /// `end_time` and `next_page` are null.
    Null,
    /// They are those of the request.
    Stay,
}

/// Whether `end_of_stream` is documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Always,
    /// Live answers have it, the vendor's example has not (§2.3).
    Perhaps,
    Never,
}

/// How many records a page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sizes {
    /// As many as `per_page` asks for.
    Asked,
    /// 1000 at any rate.
    Fixed,
    /// 50 at any rate.
    Sample,
}

/// By time as most of Support's exports are.
pub(super) const fn by_time(members: &'static [&'static str]) -> ByTime {
    ByTime {
        members,
        end_of_stream: Ending::Always,
        sizes: Sizes::Asked,
        idle: Idle::Null,
        lists: None,
    }
}

/// A list as most of Support's are.
pub(super) const LISTED: Listing = Listing {
    largest: Some(100),
    order: Order::Id,
    envelope: Envelope::Support,
    deleted: Deleted::Hidden,
    window: Window::No,
};

/// A list that comes whole.
pub(super) const WHOLE: Listing = Listing { largest: None, ..LISTED };

impl Route {
    /// One of the incremental exports of Support by cursor.
    pub(super) const fn cursor(path: &'static str, allowance: Option<Allowance>) -> Self {
        let paging = Paging::Cursor(CursorEnd::EndOfStream);
        Self { path, paging, account: SUPPORT, allowance }
    }

    /// One of the incremental exports of Support by time.
    pub(super) const fn time(path: &'static str, members: &'static [&'static str]) -> Self {
        let paging = Paging::Time(by_time(members));
        Self { path, paging, account: SUPPORT, allowance: EXPORTS }
    }

    /// The first records of an export, to see their shape.
    pub(super) const fn sample(path: &'static str, members: &'static [&'static str]) -> Self {
        let paging = Paging::Time(ByTime { sizes: Sizes::Sample, ..by_time(members) });
        Self { path, paging, account: SUPPORT, allowance: SAMPLES }
    }

    /// A list of Support's, which takes from the account's quota alone.
    pub(super) const fn list(path: &'static str, listing: Listing) -> Self {
        Self { path, paging: Paging::List(listing), account: SUPPORT, allowance: None }
    }

    /// Whether this is the route of a path, which comes without `/api/v2/` and `.json`.
    pub(super) fn serves(&self, path: &str) -> bool {
        let same = |(own, asked): (&str, &str)| own == "*" || own == asked;
        self.path.split('/').count() == path.split('/').count()
            && self.path.split('/').zip(path.split('/')).all(same)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_part_of_the_path() {
        let route = Route::time("help_center/*/articles", &[RECORDS]);
        assert!(route.serves("help_center/de/articles"));
        assert!(!route.serves("help_center/articles") && !route.serves("help_center/a/b/articles"));
    }
}
