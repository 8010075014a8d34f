//! The export of a list, as planned: it has no start and no position, and takes the place of the
//! last snapshot.
//!
//! Must not know requests.

use super::{
    Asked, Known, Named,
    job::{Job, bare},
    kept::check_not_kept,
    owned::{self, NotMoved},
    parameters::about,
    start::{self, Keeps, Mode},
};
use crate::{
    failure::Failure,
    mark::STDOUT,
    output::{self, Output},
    place::{self, Asker, Existing, Place},
    resource::{Parameter, Resource},
    retry,
    shown::quoted,
    state::Series,
};
use std::path::PathBuf;

/// The most records of a page: API notes §4.6.
const LARGEST: u16 = 100;

impl Asked {
    /// Refuses what contradicts that a list is taken whole; of several resources, also if others could
    /// take it.
    pub(super) fn check_lists(
        &self,
        resources: &[&'static Resource],
        to_files: bool,
    ) -> Result<(), Failure> {
        let asked = self;
        let lists: Vec<&'static Resource> =
            resources.iter().copied().filter(|resource| resource.is_list()).collect();
        let whole = "a file gets the whole list or nothing";
        let refused = [
            (
                asked.existing == Existing::Append,
                "--append: a list is taken whole, and replaces its file",
            ),
            (
                asked.until.is_some(),
                "--until: a list has no end in time, every run takes all of it",
            ),
            (to_files && asked.limit.is_some(), &format!("--limit: {whole}")),
            (to_files && asked.max_pages.is_some(), &format!("--max-pages: {whole}")),
        ];
        match refused.into_iter().find(|(typed, _)| *typed && !lists.is_empty()) {
            None => Ok(()),
            Some((_, why)) => {
                let failure = Failure::usage(why.to_owned());
                let failure =
                    match why.contains("whole list or nothing") {
                        true => failure
                            .hint("leave it out, or look at the list on stdout: leave out -o"),
                        false => failure
                            .hint("leave it out, or export the lists by a command of their own"),
                    };
                Err(about(failure, &lists))
            }
        }
    }
}

impl Known<'_> {
    /// The job of a list.
    pub(super) fn list(
        &self,
        asked: &Asked,
        Named { resource, optional, .. }: Named,
        output: Output,
    ) -> Result<Job, Failure> {
        let known = self;
        let wanted = asked.own(resource, known.defaults.of(resource));
        let saved = known.saved.series(resource);
        if let Some(series) = saved {
            start::check_kind(known.saved.state.as_deref(), resource, series)?;
        }
        let mut moved_from = Vec::new();
        let keeps = match (&output, &known.saved.state, saved) {
            // What goes to stdout is whole at every run: there is nothing to remember.
            (Output::Stdout, _, _) | (_, None, _) => Keeps::Nothing,
            (Output::File { .. }, Some(_), None) => Keeps::Begins,
            (Output::File { .. }, Some(_), Some(series)) => {
                let (series, from) = own(resource, series, &output)?;
                moved_from = from;
                Keeps::GoesOn(Box::new(series))
            }
        };
        let asker = match &keeps {
            Keeps::Nothing => Asker::OneOff(asked.existing),
            Keeps::GoesOn(_) if asked.existing == Existing::Overwrite => {
                Asker::Again(asked.existing)
            }
            Keeps::Begins | Keeps::GoesOn(_) => Asker::Series(asked.existing),
        };
        let mode = Mode::List(keeps);
        let mark = mode.saved().map(|series| &series.output);
        let place = place::place(asker, &output, mark, &output::look(&output, mark));
        if let Place::File(file) = &place {
            check_not_kept(&file.path, known.saved.kept.as_deref())?;
        }
        let of_series = mode.saved().map(|_| resource.name);
        owned::check_not_owned(&known.saved.owned, known.names, &place, of_series)?;
        let taken = mode.saved().is_some_and(Series::has_had_pages);
        Ok(Job {
            mode,
            output,
            place,
            moved_from,
            per_page: match resource.takes(Parameter::PerPage) {
                true => wanted.per_page.or(known.defaults.per_page).unwrap_or(LARGEST).min(LARGEST),
                false => retry::LARGEST,
            },
            exclude_deleted: wanted.exclude_deleted,
            limit: asked.limit,
            max_pages: asked.max_pages,
            envelope: asked.envelope,
            surrogates: asked.surrogates,
            follow: asked.follow,
            // That what has been exported before is out of reach now is news.
            optional: optional && !taken,
            ..bare(resource, known.names.now)
        })
    }
}

/// The saved series, if this output is its own, or where it was moved to, with where it lay.
fn own(
    resource: &Resource,
    series: &Series,
    output: &Output,
) -> Result<(Series, Vec<PathBuf>), Failure> {
    if owned::is_of(series, output) {
        return Ok((series.clone(), Vec::new()));
    }
    match owned::moved(resource.name, series, output) {
        Ok(moved) => return Ok(moved),
        Err(NotMoved { reason, way_out: Some(way_out) }) => {
            let text = format!("cannot go on in {}: {reason}", output.name());
            return Err(Failure::usage(text).hint(way_out));
        }
        Err(NotMoved { way_out: None, .. }) => {}
    }
    let was = series.output.template.as_ref().unwrap_or(&series.output.path);
    debug_assert_ne!(was, STDOUT);
    let name = resource.name;
    let text = format!(
        "the snapshots that are saved go to {was}, not to {}: that one would grow old",
        output.name()
    );
    Err(Failure::usage(text)
        .hint(format!("go on there with -o {}", quoted(was)))
        .hint("or take one for yourself: add --no-state")
        .hint(format!("or let them go here from now on: first `zdx state reset {name}`")))
}
