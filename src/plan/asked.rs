//! What was typed for an export, as plain values, and what of it can be refused by itself.
//!
//! Must not know settings, states or the disk.

use super::{
    hints::INTERVAL,
    start::{self, moment},
};
use crate::{
    failure::Failure,
    place::Existing,
    record::LoneSurrogates,
    resource::{ALL_LISTS, LISTS, Pagination, Resource},
    settings,
    time::UnixTime,
};
use std::time::Duration;

/// What was typed; a name says the flag.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) resources: Vec<String>,
    pub(crate) since: Option<String>,
    pub(crate) until: Option<String>,
    pub(crate) include: Vec<String>,
    pub(crate) exclude_deleted: bool,
    /// As the server calls it.
    pub(crate) support_type_scope: Option<&'static str>,
    pub(crate) exclude_system_updates: bool,
    pub(crate) limit: Option<u64>,
    pub(crate) max_pages: Option<u64>,
    pub(crate) overlap: Option<Duration>,
    pub(crate) output: Option<String>,
    /// `--append` and `--overwrite`.
    pub(crate) existing: Existing,
    pub(crate) envelope: bool,
    /// `--raw` keeps them.
    pub(crate) surrogates: LoneSurrogates,
    pub(crate) follow: Option<Duration>,
    pub(crate) jobs: Option<u16>,
    pub(crate) pagination: Option<Pagination>,
    pub(crate) per_page: Option<u16>,
    /// `--on-overflow skip-second`
    pub(crate) skip_second: bool,
}

/// The times that the flags name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) since: Option<UnixTime>,
    pub(crate) until: Option<UnixTime>,
}

/// A script's `date` and ours may differ by so much where both mean now.
const SAME_MOMENT: Duration = Duration::from_secs(5);

impl Asked {
    /// Refuses what can be refused by what was typed alone, before any setting is looked at.
    pub(crate) fn check(&self, now: UnixTime) -> Result<Window, Failure> {
        let known = self.resources.iter().filter_map(|typed| Resource::named(typed).ok());
        self.check_lists(&known.collect::<Vec<_>>(), false)?;
        let window = self.window(now)?;
        let all = self.resources.iter().any(|typed| typed == "all");
        let single = |typed: &&String| typed.as_str() != "all" && typed.as_str() != ALL_LISTS;
        let named = self.resources.iter().filter(single).map(|typed| {
            Resource::named(typed).map_err(|error| {
                let failure = Failure::usage(error);
                match self.follow.is_some() && settings::duration(typed).is_ok() {
                    true => failure.hint(INTERVAL),
                    false => failure,
                }
            })
        });
        let mut named: Vec<&'static Resource> = named.collect::<Result<_, _>>()?;
        if self.resources.iter().any(|typed| typed == ALL_LISTS) {
            named.extend(LISTS);
        }
        // What `all` stands for, the settings say.
        if !all {
            self.check_flags(&named)?;
        }
        Ok(window)
    }

    /// What the flags say of the window: its start and its end.
    fn window(&self, now: UnixTime) -> Result<Window, Failure> {
        let since = self.since.as_deref().map(|text| start::start(text, "--since", now));
        let since = since.transpose()?;
        let until = self.until.as_deref().map(|text| moment(text, "--until", now)).transpose()?;
        if let Some(until) = until.filter(|until| *until > now.plus(SAME_MOMENT)) {
            return Err(Failure::usage(format!("--until {until} is in the future"))
                .hint("leave it out to export all that there is"));
        }
        if until.is_some() && since.is_none() {
            return Err(Failure::usage("--until makes a run a one-off, which needs a --since")
                .hint("say where to start, as in --since 30d, or leave out --until"));
        }
        if let (Some(since), Some(until)) = (since, until)
            && until <= since
        {
            return Err(Failure::usage(format!("--until {until} is not after --since {since}"))
                .hint(
                    "give the earlier time to --since; in durations back from now, the longer one",
                ));
        }
        Ok(Window { since, until })
    }
}
