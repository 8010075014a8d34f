//! What a row of the table of resources is made of.
//!
//! Must not know which rows there are.

use std::time::Duration;

/// The most records of a page: API notes §4.3.
const LARGEST: u16 = 1000;

/// The most of a page by `page[size]`: API notes §4.6.
const LARGEST_OF_LISTS: u16 = 100;

/// What an export is of, under Zendesk's own name.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) name: &'static str,
    /// The member of a page that holds the records.
    pub(crate) record_key: &'static str,
    /// The member of a record that says when it changed: epoch seconds or RFC 3339. Empty of a list,
    /// which is taken whole.
    pub(crate) change_time: &'static str,
    /// Whether that is what the server sorts by, so that a walk may begin at any time: API notes
    /// §4.1, §4.2.
    pub(crate) sorted_by_change: bool,
    /// In order of preference.
    pub(crate) endpoints: &'static [Endpoint],
    /// The sample endpoint: at most 50 records, and a small quota of its own.
    pub(crate) sample: Option<Endpoint>,
    pub(crate) takes: &'static [Parameter],
    /// Parameters that have a name of their own here.
    pub(crate) spellings: &'static [(Parameter, &'static str)],
    pub(crate) sideloads: &'static [Sideload],
    /// Members that change by themselves, and make no record another one.
    pub(crate) volatile: &'static [&'static str],
    /// How late a record is expected to become visible, at most, behind what the server holds back
    /// by rule.
    pub(crate) overlap: Duration,
    /// For how long the server holds back what has changed, and how old a start must therefore be.
    pub(crate) fence: Duration,
    /// The role that the server asks for.
    pub(crate) readable_by: &'static str,
}

/// One way to page through a resource.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    /// What those call it who choose between several.
    pub(crate) pagination: Pagination,
    pub(crate) form: Form,
    pub(crate) path: &'static str,
    pub(crate) bucket: Bucket,
}

/// How a path is asked, and how its answers lead on: each has a file in `paging`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// From cursor to cursor.
    Cursor,
    /// From an end_time to the next start_time.
    Time,
    /// From page to page through all that there is, at every run anew.
    List,
    /// As [`Form::Time`], of which an end_time may lie ahead of the records: where the walk stands is
    /// told by them.
    Records,
    /// From a start_time on, and inside a run from page to page of a list.
    Listed,
    /// From a start_time and an id to the next.
    StartId(StartId),
    /// From cursor to cursor, which stand in `next_page` alone; without any start.
    Token,
}

/// What differs between exports by start_time and id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StartId {
    /// The units of time in a second.
    pub(crate) per_second: i64,
    /// Which members are asked for, all of them.
    pub(crate) fields: &'static str,
}

impl Form {
    /// What is saved of a walk.
    pub(crate) const fn saves(self) -> Pagination {
        match self {
            Form::Cursor | Form::StartId(_) | Form::Token => Pagination::Cursor,
            Form::Time | Form::Records | Form::Listed => Pagination::Time,
            Form::List => Pagination::List,
        }
    }

    /// Whether a page may serve records of the page before it again.
    pub(crate) fn repeats(self) -> bool {
        self != Form::Cursor
    }

    /// Whether a start can be chosen. What has none has no times to tell the age of a page by,
    /// either: there it is told by when the page was read.
    pub(crate) fn has_start(self) -> bool {
        !matches!(self, Form::Token | Form::List)
    }

    /// Whether a page can have fewer records than were asked for, and more behind it, without a word
    /// on that.
    pub(crate) fn has_own_sizes(self) -> bool {
        matches!(self, Form::Time | Form::Records)
    }
}

/// The parameter that says how many records a page is to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) parameter: &'static str,
    pub(crate) most: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pagination {
    Cursor,
    Time,
    /// Of a list there is no other way.
    List,
}

impl Pagination {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Pagination::Cursor => "cursor",
            Pagination::Time => "time",
            Pagination::List => "list",
        }
    }
}

/// Requests of one bucket share one quota at the server, as far as is documented. What a server
/// says of it by its headers' names goes before (`pacer`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Bucket {
    Exports,
    UsersCursor,
    HelpCenter,
    Talk,
    Nps,
    CustomObjects,
    SideConversations,
    Chat,
    DeletedTickets,
    /// The account's own, which everything else that uses its API draws on, too.
    Account,
    Sample,
}

impl Bucket {
    /// Those that exports draw on.
    pub(crate) const ALL: [Bucket; 10] = [
        Bucket::Exports,
        Bucket::UsersCursor,
        Bucket::HelpCenter,
        Bucket::Talk,
        Bucket::Nps,
        Bucket::CustomObjects,
        Bucket::SideConversations,
        Bucket::Chat,
        Bucket::DeletedTickets,
        Bucket::Account,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Bucket::Exports => "exports",
            Bucket::UsersCursor => "users_cursor",
            Bucket::HelpCenter => "help_center",
            Bucket::Talk => "talk",
            Bucket::Nps => "nps",
            Bucket::CustomObjects => "custom_objects",
            Bucket::SideConversations => "side_conversations",
            Bucket::Chat => "chat",
            Bucket::DeletedTickets => "deleted_tickets",
            Bucket::Account => "account",
            Bucket::Sample => "sample",
        }
    }

    /// What its header is called, behind the prefix. Of most none is known: these are our own.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Bucket::Exports => "incremental-exports",
            Bucket::UsersCursor => "incremental-exports-cursor",
            Bucket::HelpCenter
            | Bucket::Talk
            | Bucket::Nps
            | Bucket::CustomObjects
            | Bucket::SideConversations
            | Bucket::Chat
            | Bucket::Account
            | Bucket::Sample => self.name(),
            Bucket::DeletedTickets => "deleted-tickets-index",
        }
    }

    /// How many requests in any minute are within what is documented.
    pub(crate) fn pace(self) -> u64 {
        match self {
            Bucket::SideConversations => 60,
            Bucket::Chat => 200,
            _ => 10,
        }
    }

    /// What is documented of it, for people.
    pub(crate) fn quota(self) -> &'static str {
        match self {
            Bucket::Exports => "10 requests a minute (30 with High Volume)",
            Bucket::UsersCursor => "20 requests a minute (60 with High Volume)",
            Bucket::HelpCenter => "the Help Center's",
            Bucket::Talk => "10 requests a minute",
            Bucket::Nps => "the surveys' own",
            Bucket::CustomObjects => "10 requests a minute",
            Bucket::SideConversations => "600 requests in ten minutes",
            Bucket::Chat => "200 requests a minute",
            Bucket::DeletedTickets => "10 requests a minute",
            Bucket::Account => "the account's, 200 to 2500 requests a minute by its plan",
            Bucket::Sample => "a small one",
        }
    }
}

/// Query parameters that only some resources take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parameter {
    PerPage,
    ExcludeDeleted,
    SupportTypeScope,
}

impl Parameter {
    /// As most endpoints call it.
    fn name(self) -> &'static str {
        match self {
            Parameter::PerPage => "per_page",
            Parameter::ExcludeDeleted => "exclude_deleted",
            Parameter::SupportTypeScope => "support_type_scope",
        }
    }
}

/// Related records that the server adds to a page on request.
#[derive(Debug)]
pub(crate) struct Sideload {
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    /// The member by which it can be told that it came; `None` where that cannot be told.
    pub(crate) member: Option<&'static str>,
    /// The parameter of its own that asks for it; else it is named in `include`.
    pub(crate) parameter: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A member of the page, beside the records.
    Page,
    /// Inside each record, so that it travels with it.
    Record,
}

impl Resource {
    /// The endpoint for a pagination, or the preferred one.
    pub(crate) fn endpoint(&self, pagination: Option<Pagination>) -> Option<&'static Endpoint> {
        self.endpoints
            .iter()
            .find(|endpoint| pagination.is_none_or(|asked| asked == endpoint.pagination))
    }

    /// Whether it has no incremental form, so that each run takes all of it.
    pub(crate) fn is_list(&self) -> bool {
        self.endpoints.iter().all(|endpoint| endpoint.form == Form::List)
    }

    /// The preferred endpoint whose walks leave a position of this kind.
    pub(crate) fn saving(&self, pagination: Pagination) -> Option<&'static Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.form.saves() == pagination)
    }

    /// How the size of an endpoint's pages is asked for, where that can be chosen.
    pub(crate) fn size(&self, endpoint: &Endpoint) -> Option<Size> {
        match endpoint.form {
            Form::Cursor | Form::Time => self
                .takes(Parameter::PerPage)
                .then_some(Size { parameter: "per_page", most: LARGEST }),
            Form::List => self
                .takes(Parameter::PerPage)
                .then_some(Size { parameter: "page[size]", most: LARGEST_OF_LISTS }),
            Form::Listed => Some(Size { parameter: "page[size]", most: LARGEST_OF_LISTS }),
            Form::StartId(_) => Some(Size { parameter: "limit", most: LARGEST }),
            Form::Records | Form::Token => None,
        }
    }

    /// What a parameter is called here.
    pub(crate) fn spelling(&self, parameter: Parameter) -> &'static str {
        let own = self.spellings.iter().find(|(known, _)| *known == parameter);
        own.map_or(parameter.name(), |(_, name)| name)
    }

    /// The server refuses a start that is younger: one that is exactly as old as what it holds back,
    /// too (API notes §5).
    pub(crate) fn youngest(&self) -> Duration {
        self.fence + Duration::from_secs(1)
    }

    /// Whether a start can be chosen.
    pub(crate) fn has_start(&self) -> bool {
        self.endpoints.iter().any(|endpoint| endpoint.form.has_start())
    }

    /// What the server asks of those who read it, for people whom it refuses.
    pub(crate) fn needs(&self) -> String {
        format!(
            "{} can be read by {} (with OAuth, the scope \"read\")",
            self.name, self.readable_by
        )
    }

    pub(crate) fn takes(&self, parameter: Parameter) -> bool {
        self.takes.contains(&parameter)
    }

    pub(crate) fn sideload(&self, name: &str) -> Option<&'static Sideload> {
        self.sideloads.iter().find(|sideload| sideload.name == name)
    }
}
