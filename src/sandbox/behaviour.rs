//! The switches of what is not known for certain about Zendesk (API notes §4 to §6, marked U or S).
//!
//! Each has the documented or recorded behaviour as its default and the reported contradictions as
//! the other values.

use std::str::FromStr;

macro_rules! switch {
    ($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum $name { $($(#[$value_doc])* $value),+ }

        impl $name {
            fn set(&mut self, text: &str) -> Option<()> {
                *self = match text { $($text => Self::$value,)+ _ => return None };
                Some(())
            }
        }
    };
}

switch! {
    /// More records in one second than a time-based page holds (§4.2).
    SameSecond {
        /// The page grows to the whole second and `end_time` is the next one, as recorded.
        #[default]
        Expand = "expand",
        /// The page is cut and `end_time` stays, as some accounts report.
        Stuck = "stuck",
    }
}
switch! {
    /// `after_cursor` of an empty page that was asked for with a cursor (§4.1).
    EmptyCursor {
        /// Null.
        #[default]
        Null = "null",
        /// The cursor of the request.
        Echo = "echo",
    }
}
switch! {
    /// Who shares the quota of 10 (§6).
    LimitScope {
        /// All incremental endpoints but users/cursor.
        #[default]
        Shared = "shared",
        /// Each endpoint has 10 of its own.
        Endpoint = "endpoint",
        /// All exports, users/cursor and articles too, and under one header.
        All = "all",
    }
}
switch! {
    /// The quota of the cursor endpoints (§6).
    CursorLimit {
        /// users/cursor has a bucket of its own, the others share.
        #[default]
        Own = "own",
        /// None, as recorded in 2023.
        Unlimited = "unlimited",
    }
}
switch! {
    /// Whether `end_of_stream` is there at all (§2.2, §2.3).
    EndOfStream {
        /// Where the documentation has it.
        #[default]
        Documented = "documented",
        /// On metric events too, whose documented example lacks it.
        Present = "present",
        /// On no time-based endpoint.
        Missing = "missing",
    }
}
switch! {
    /// The spelling of the quota headers (§6).
    QuotaHeaders {
        /// `ratelimit-*` and `zendesk-ratelimit-*`, since 2024.
        #[default]
        Modern = "modern",
        /// `rate-limit*` and `zendesk-rate-limit-*`.
        Old = "2023",
        /// None at all.
        None = "none",
    }
}
switch! {
    /// The body of a 429 (§5).
    TooManyBody {
        /// The JSON of the incremental limit.
        #[default]
        Json = "json",
        /// The plain text of the account's limit.
        Text = "text",
        /// The JSON of the edge in front of Zendesk (§4.6).
        Edge = "edge",
    }
}
switch! {
    /// `Retry-After` on a 429 (§6).
    RetryAfter {
        /// Whole seconds.
        #[default]
        Present = "present",
        /// An HTTP date.
        Date = "date",
        /// Not there.
        Missing = "missing",
    }
}
switch! {
    /// The status for a cursor that cannot be read (§4.1).
    InvalidCursor {
        /// 400.
        #[default]
        BadRequest = "400",
        /// 404.
        NotFound = "404",
        /// 410.
        Gone = "410",
        /// 422.
        Unprocessable = "422",
    }
}
switch! {
    /// When `exclude_deleted` takes effect.
    ExcludeDeleted {
        /// Before the page is cut: pages are full.
        #[default]
        Query = "query",
        /// After: pages can be short or empty in mid-stream.
        Page = "page",
    }
}
switch! {
    /// Which resources keep the changes of the last minute back (§4.1).
    Fence {
        /// tickets and ticket_events.
        #[default]
        Documented = "documented",
        /// All but articles.
        All = "all",
    }
}
switch! {
    /// When an export serves the `breach` events that are written ahead of their time (§4.5).
    Breaches {
        /// When their time has come: an export ends before `Date`, as all that is documented has it.
        #[default]
        Due = "due",
        /// As soon as they are written; `end_time` then lies ahead of `Date`.
        Early = "early",
    }
}
switch! {
    /// The quota of ticket_metric_events (§1.1).
    MetricQuota {
        /// The shared 10, as documented.
        #[default]
        Exports = "exports",
        /// The shared 10, but no header tells of it.
        Silent = "silent",
        /// The account's alone, as the headers of live answers look.
        Account = "account",
    }
}
switch! {
    /// What tickets with `include=slas` say of a target that is not yet met (§3).
    Slas {
        /// The hours that it had at first, so that the same ticket comes in the same bytes.
        #[default]
        Still = "still",
        /// The minutes that are left, which differ from one request to the next.
        Counting = "counting",
    }
}
switch! {
    /// The `Date` of answers (§9).
    Date {
        /// When they are sent.
        #[default]
        Right = "right",
        /// Not there.
        Missing = "missing",
        /// A day ago.
        Yesterday = "yesterday",
        /// In a day.
        Tomorrow = "tomorrow",
    }
}
switch! {
    /// Which sideloads stand beside the records (§3).
    Sideloads {
        /// All that were asked for.
        #[default]
        All = "all",
        /// `users` alone: plans can lack the others.
        Users = "users",
    }
}
switch! {
    /// When a request counts, and as of when `resets` is told (§6).
    Counted {
        /// When it comes in.
        #[default]
        Arrival = "arrival",
        /// When it is answered.
        Answer = "answer",
    }
}
switch! {
    /// Whether the answer that brings an access token says how long it lives (§7).
    ExpiresIn {
        /// It does.
        #[default]
        Told = "told",
        /// Only if the request has asked for a lifetime.
        Asked = "asked",
    }
}
switch! {
    /// Whether the caller is taken for a third party, who loses the exports (§0.8).
    ThirdParty {
        /// It is the customer's own program.
        #[default]
        Served = "served",
        /// 403 for all exports.
        Refused = "refused",
    }
}

/// All switches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Behaviour {
    /// `same_second`
    pub same_second: SameSecond,
    /// `empty_cursor`
    pub empty_cursor: EmptyCursor,
    /// `limit_scope`
    pub limit_scope: LimitScope,
    /// `cursor_limit`
    pub cursor_limit: CursorLimit,
    /// `end_of_stream`
    pub end_of_stream: EndOfStream,
    /// `quota_headers`
    pub quota_headers: QuotaHeaders,
    /// `too_many_body`
    pub too_many_body: TooManyBody,
    /// `retry_after`
    pub retry_after: RetryAfter,
    /// `invalid_cursor`
    pub invalid_cursor: InvalidCursor,
    /// `exclude_deleted`
    pub exclude_deleted: ExcludeDeleted,
    /// `fence`
    pub fence: Fence,
    /// `breaches`
    pub breaches: Breaches,
    /// `metric_quota`
    pub metric_quota: MetricQuota,
    /// `counted`
    pub counted: Counted,
    /// `slas`
    pub slas: Slas,
    /// `date`
    pub date: Date,
    /// `sideloads`
    pub sideloads: Sideloads,
    /// `expires_in`
    pub expires_in: ExpiresIn,
    /// `third_party`
    pub third_party: ThirdParty,
}

impl Behaviour {
    /// Each key, its values (the default first) and what it decides: for `--help`.
    pub const SWITCHES: &[(&str, &str, &str)] = &[
        ("same_second", "expand|stuck", "a second that holds more than a time-based page"),
        ("empty_cursor", "null|echo", "after_cursor of an empty page"),
        ("limit_scope", "shared|endpoint|all", "who shares the quota of 10"),
        ("cursor_limit", "own|unlimited", "the quota of cursor endpoints"),
        ("end_of_stream", "documented|present|missing", "end_of_stream on time-based endpoints"),
        ("quota_headers", "modern|2023|none", "spelling of the quota headers"),
        ("too_many_body", "json|text|edge", "body of a 429"),
        ("retry_after", "present|date|missing", "Retry-After on a 429"),
        ("invalid_cursor", "400|404|410|422", "status for a cursor that cannot be read"),
        ("exclude_deleted", "query|page", "deleted records go before or after the page is cut"),
        (
            "fence",
            "documented|all",
            "who keeps the last minute back: tickets and ticket_events, or all",
        ),
        ("breaches", "due|early", "SLA breach events show at their time, or as soon as written"),
        ("metric_quota", "exports|silent|account", "the quota of ticket_metric_events"),
        ("counted", "arrival|answer", "when a request counts, and as of when resets is told"),
        (
            "expires_in",
            "told|asked",
            "a new token's lifetime is told, or only if one was asked for",
        ),
        ("third_party", "served|refused", "403 for all exports, as for third parties"),
    ];

    /// Sets one switch from `KEY=VALUE`.
    pub fn set(&mut self, switch: &str) -> Result<(), String> {
        let (key, value) = switch.split_once('=').ok_or_else(|| refusal(switch))?;
        let done = match key {
            "same_second" => self.same_second.set(value),
            "empty_cursor" => self.empty_cursor.set(value),
            "limit_scope" => self.limit_scope.set(value),
            "cursor_limit" => self.cursor_limit.set(value),
            "end_of_stream" => self.end_of_stream.set(value),
            "quota_headers" => self.quota_headers.set(value),
            "too_many_body" => self.too_many_body.set(value),
            "retry_after" => self.retry_after.set(value),
            "invalid_cursor" => self.invalid_cursor.set(value),
            "exclude_deleted" => self.exclude_deleted.set(value),
            "fence" => self.fence.set(value),
            "breaches" => self.breaches.set(value),
            "metric_quota" => self.metric_quota.set(value),
            "counted" => self.counted.set(value),
            "slas" => self.slas.set(value),
            "date" => self.date.set(value),
            "sideloads" => self.sideloads.set(value),
            "expires_in" => self.expires_in.set(value),
            "third_party" => self.third_party.set(value),
            _ => None,
        };
        done.ok_or_else(|| refusal(switch))
    }
}

impl FromStr for Behaviour {
    type Err = String;

    /// Defaults with the switches of a comma-separated list of `KEY=VALUE` set.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut behaviour = Self::default();
        for switch in text.split(',').filter(|switch| !switch.is_empty()) {
            behaviour.set(switch)?;
        }
        Ok(behaviour)
    }
}

fn refusal(switch: &str) -> String {
    let key = switch.split('=').next().unwrap_or_default();
    match Behaviour::SWITCHES.iter().find(|(name, ..)| *name == key) {
        Some((name, values, _)) => format!("{name} takes {values}"),
        None => {
            let names: Vec<&str> = Behaviour::SWITCHES.iter().map(|(name, ..)| *name).collect();
            format!("no switch {key:?}; there are {}", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_the_table_is_accepted() {
        for (key, values, _) in Behaviour::SWITCHES {
            for value in values.split('|') {
                Behaviour::default().set(&format!("{key}={value}")).unwrap();
            }
        }
    }

    #[test]
    fn the_first_value_of_the_table_is_the_default() {
        for (key, values, _) in Behaviour::SWITCHES {
            let first = values.split('|').next().unwrap();
            let set: Behaviour = format!("{key}={first}").parse().unwrap();
            assert_eq!(set, Behaviour::default(), "{key}");
        }
    }

    #[test]
    fn a_refusal_names_the_values() {
        let refused = "same_second=never".parse::<Behaviour>().unwrap_err();
        assert_eq!(refused, "same_second takes expand|stuck");
    }
}
