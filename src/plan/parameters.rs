//! What goes to which resource, of the flags that not every resource takes and of what is
//! configured for each: a flag beats the config file, for those that take it.
//!
//! Pure. Must not know positions and outputs.

use super::Asked;
use crate::{
    failure::{Failure, closest},
    resource::{Pagination, Parameter, Resource, Sideload, rows, streams},
    settings::OfResource,
};
use std::time::Duration;

/// A flag that was given, or one name of its list, that not every resource takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flag<'a> {
    Since,
    /// With the way of paging that was typed.
    PerPage(Option<Pagination>),
    ExcludeDeleted,
    SupportTypeScope,
    ExcludeSystemUpdates,
    Pagination(Pagination),
    Include(&'a str),
}

impl Flag<'_> {
    fn shown(self) -> String {
        match self {
            Flag::Since => "--since".to_owned(),
            Flag::PerPage(_) => "--per-page".to_owned(),
            Flag::ExcludeDeleted => "--exclude-deleted".to_owned(),
            Flag::SupportTypeScope => "--support-type-scope".to_owned(),
            Flag::ExcludeSystemUpdates => "--exclude-system-updates".to_owned(),
            Flag::Pagination(how) => format!("--pagination {}", how.name()),
            Flag::Include(name) => format!("--include {}", name.escape_debug()),
        }
    }

    fn goes_to(self, resource: &Resource) -> bool {
        match self {
            Flag::Since => resource.has_start(),
            Flag::PerPage(how) => {
                let typed = how.and_then(|how| resource.endpoint(Some(how)));
                let endpoint = typed.or_else(|| resource.endpoint(None));
                endpoint.is_some_and(|endpoint| resource.size(endpoint).is_some())
            }
            Flag::ExcludeDeleted => resource.takes(Parameter::ExcludeDeleted),
            Flag::SupportTypeScope => resource.takes(Parameter::SupportTypeScope),
            Flag::ExcludeSystemUpdates => resource.change_time == "generated_timestamp",
            Flag::Pagination(how) => resource.endpoint(Some(how)).is_some(),
            Flag::Include(name) => resource.sideload(name).is_some(),
        }
    }

    /// That none of those that were named takes it.
    fn refused_by(self, resources: &[&'static Resource]) -> Failure {
        let takers = rows().filter(|resource| self.goes_to(resource));
        let takers = takers.map(|resource| resource.name).collect::<Vec<_>>().join(", ");
        let shown = self.shown();
        let failure = match (self, resources) {
            (Flag::Include(name), _) => return no_such(name, resources),
            (Flag::Since, all) if all.iter().all(|resource| resource.is_list()) => {
                let text = "--since: a list has no start, every run takes all of it";
                return about(Failure::usage(text).hint("leave it out"), resources);
            }
            (Flag::Pagination(_), [resource]) => {
                let only = resource.endpoints.first();
                let only = only.map_or("", |endpoint| endpoint.pagination.name());
                Failure::usage(format!("pages by {only} only"))
            }
            (_, [_]) => Failure::usage(format!("does not take {shown}")),
            (_, _) => Failure::usage(format!("none of them takes {shown}")),
        };
        about(failure.hint(format!("{shown} is for {takers}")), resources)
    }
}

/// Names whom it is about: one, or several that have it in common.
pub(super) fn about(failure: Failure, resources: &[&'static Resource]) -> Failure {
    let names: Vec<&str> = resources.iter().map(|resource| resource.name).collect();
    Failure { cause: failure.cause.context(names.join(", ")), ..failure }
}

fn no_such(name: &str, resources: &[&'static Resource]) -> Failure {
    let names = || resources.iter().flat_map(|resource| resource.sideloads).map(|found| found.name);
    let failure = Failure::usage(format!("no such sideload: \"{}\"", name.escape_debug()));
    let others = streams().filter(|other| other.sideload(name).is_some());
    let others: Vec<&str> = others.map(|other| other.name).collect();
    let mut all: Vec<&str> = names().collect();
    all.sort_unstable();
    all.dedup();
    let has = match resources {
        [_] => format!("it has {}", all.join(", ")),
        _ => format!("they have {}", all.join(", ")),
    };
    let failure = match (closest(name, names()), all.as_slice()) {
        (_, all) if !others.is_empty() => {
            let failure = failure.hint(format!("{name} belongs to {}", others.join(", ")));
            if all.is_empty() { failure } else { failure.hint(has) }
        }
        (Some(near), _) => failure.hint(format!("did you mean \"{near}\"?")),
        (None, []) => failure,
        (None, _) => failure.hint(has),
    };
    about(failure, resources)
}

/// A way of paging that is wanted, and who says so.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) pagination: Pagination,
    /// As in `--pagination time`.
    pub(super) origin: String,
    /// How to take it back.
    pub(super) without: String,
}

/// With what one resource is exported.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) include: Vec<&'static Sideload>,
    pub(super) exclude_deleted: bool,
    pub(super) support_type_scope: Option<&'static str>,
    pub(super) per_page: Option<u16>,
    pub(super) pagination: Option<Wanted>,
    pub(super) overlap: Option<Duration>,
    pub(super) exclude_system_updates: bool,
}

impl Asked {
    /// `--include none`, whatever is configured.
    fn includes_none(&self) -> bool {
        self.include == ["none"]
    }

    /// The names of `--include`.
    fn includes(&self) -> impl Iterator<Item = &str> {
        self.include.iter().map(String::as_str).filter(|_| !self.includes_none())
    }

    fn flags(&self) -> Vec<Flag<'_>> {
        let mut flags = Vec::new();
        flags.extend(self.since.as_ref().map(|_| Flag::Since));
        flags.extend(self.per_page.map(|_| Flag::PerPage(self.pagination)));
        flags.extend(self.exclude_deleted.then_some(Flag::ExcludeDeleted));
        flags.extend(self.support_type_scope.map(|_| Flag::SupportTypeScope));
        flags.extend(self.exclude_system_updates.then_some(Flag::ExcludeSystemUpdates));
        flags.extend(self.pagination.map(Flag::Pagination));
        flags.extend(self.includes().map(Flag::Include));
        flags
    }

    /// A flag that none of those takes that were named is refused rather than ignored.
    pub(super) fn check_flags(&self, resources: &[&'static Resource]) -> Result<(), Failure> {
        let flags = self.flags();
        let refused =
            flags.iter().find(|flag| !resources.iter().any(|resource| flag.goes_to(resource)));
        refused.map_or(Ok(()), |flag| Err(flag.refused_by(resources)))
    }

    /// Who goes without which flag that others take.
    pub(super) fn withheld(
        &self,
        resources: &[&'static Resource],
    ) -> Vec<(Vec<&'static str>, String)> {
        let mut all: Vec<(Vec<&'static str>, Vec<String>)> = Vec::new();
        for flag in self.flags() {
            let without = resources.iter().filter(|resource| !flag.goes_to(resource));
            let names: Vec<&str> = without.map(|resource| resource.name).collect();
            match all.iter_mut().find(|(known, _)| *known == names) {
                _ if names.is_empty() => {}
                Some((_, flags)) => flags.push(flag.shown()),
                None => all.push((names, vec![flag.shown()])),
            }
        }
        let told = all.into_iter().map(|(names, flags)| {
            let flags = flags.join(", ");
            let text = match names.len() {
                1 => format!("goes without {flags}, which it does not take"),
                _ => format!("go without {flags}, which they do not take"),
            };
            (names, text)
        });
        told.collect()
    }

    /// With what a resource is exported: what was typed, as far as it takes that, else what is
    /// configured.
    pub(super) fn own(&self, resource: &Resource, configured: &OfResource) -> Own {
        let goes = |flag: Flag<'_>| flag.goes_to(resource);
        let typed: Vec<&'static Sideload> =
            self.includes().filter_map(|name| resource.sideload(name)).collect();
        let mut include = match typed.is_empty() && !self.includes_none() {
            true => configured.include.clone(),
            false => typed,
        };
        let mut known = Vec::new();
        include.retain(|sideload| {
            let new = !known.contains(&sideload.name);
            known.push(sideload.name);
            new
        });
        let typed = self.pagination.filter(|how| goes(Flag::Pagination(*how)));
        let pagination = match (typed, &configured.pagination) {
            (Some(how), _) => Some(Wanted {
                pagination: how,
                origin: format!("--pagination {}", how.name()),
                without: "leave out --pagination".to_owned(),
            }),
            (None, Some((how, place))) => Some(Wanted {
                pagination: *how,
                origin: format!("pagination = \"{}\" ({place})", how.name()),
                without: "take that out of the config file".to_owned(),
            }),
            (None, None) => None,
        };
        let scope = self.support_type_scope.filter(|_| goes(Flag::SupportTypeScope));
        Own {
            include,
            exclude_deleted: goes(Flag::ExcludeDeleted)
                && (self.exclude_deleted || configured.exclude_deleted),
            support_type_scope: scope.or(configured.support_type_scope),
            per_page: self
                .per_page
                .filter(|_| goes(Flag::PerPage(self.pagination)))
                .or(configured.per_page),
            pagination,
            overlap: self.overlap.or(configured.overlap),
            exclude_system_updates: self.exclude_system_updates && goes(Flag::ExcludeSystemUpdates),
        }
    }
}
