//! Whose an output is: a position belongs to its output, and an output to its series.
//!
//! Looks at what is saved and at places, and touches nothing.

use super::{Asked, hints::anew, parameters::Wanted};
use crate::{
    failure::Failure,
    mark::STDOUT,
    output::{self, Names, Output},
    place::{Existing, Place},
    resource::Resource,
    shown::quoted,
    sink,
    state::{Owned, Series},
    words::grouped,
};
use std::path::PathBuf;

/// Rule 5: a position belongs to its output, and to its way of paging. An output that was moved is
/// gone on with: then the series with its new places is given, and the old ones.
pub(super) fn check_same(
    asked: &Asked,
    wanted: Option<&Wanted>,
    resource: &Resource,
    series: &Series,
    output: &Output,
) -> Result<Option<(Series, Vec<PathBuf>)>, Failure> {
    let saved = series.position.pagination();
    if let Some(Wanted { pagination, origin, without }) = wanted.filter(|wanted| {
        let endpoint = resource.endpoint(Some(wanted.pagination));
        endpoint.is_none_or(|endpoint| endpoint.form.saves() != saved)
    }) {
        return Err(Failure::usage(format!(
            "{origin} contradicts the saved position, which is one of {} paging",
            saved.name()
        ))
        .hint(match series.through.or_else(|| series.position.time()) {
            Some(through) => format!(
                "{without}, or begin anew: {}",
                anew(resource, Some(*pagination), through, output)
            ),
            None => without.clone(),
        }));
    }
    let same = match output {
        Output::File { template: Some(template), .. } => {
            series.output.template.as_ref() == Some(template)
        }
        Output::File { .. } | Output::Stdout => {
            series.output.template.is_none() && series.output.path == output.name()
        }
    };
    if !same && let Ok(moved) = moved(resource.name, series, output) {
        return Ok(Some(moved));
    }
    if !same {
        let was = series.output.template.as_ref().unwrap_or(&series.output.path);
        let here = output.name();
        let named = |output: &str| match output {
            STDOUT => "stdout".to_owned(),
            path => path.to_owned(),
        };
        let failure = Failure::usage(format!(
            "the saved position belongs to the output {}, not to {}: going on here would leave a \
             hole there",
            named(was),
            named(&here)
        ))
        .hint(format!("go on there with -o {}", quoted(was)));
        let failure = match series.through.or_else(|| series.position.time()) {
            Some(through) => failure
                .hint(format!("or let it go on here: {}", anew(resource, None, through, output))),
            None => failure,
        };
        return Err(failure
            .hint("or begin a second series with this output: pass --since, and another --state"));
    }
    let goes_on = asked.since.is_none() || !series.is_untouched();
    if asked.existing == Existing::Overwrite && goes_on {
        return Err(Failure::usage(
            "--overwrite would destroy what this series has exported so far",
        )
        .hint("leave it out to go on, or pass --since and another output for a one-off"));
    }
    Ok(None)
}

/// A series whose outputs were all moved, by hand, to where `output` says, with the paths that they
/// had; else what is in the way. A file was moved if it is, by length and tail, the committed one,
/// and there is none at the old place.
pub(crate) fn moved(
    resource: &str,
    series: &Series,
    output: &Output,
) -> Result<(Series, Vec<PathBuf>), String> {
    let Output::File { run: None, template, .. } = output else {
        return Err("only files that grow can be moved".to_owned());
    };
    if series.output.stage.is_some() || series.output.template.is_some() != template.is_some() {
        return Err("the new output is of another kind than the old one".to_owned());
    }
    let mut moved = series.clone();
    let mut from = Vec::new();
    let main = (&mut moved.output, output.clone());
    let beside = moved
        .sideloads
        .iter_mut()
        .map(|(name, mark)| {
            let output = output.beside(resource, name);
            (mark, output)
        })
        .filter(|(mark, _)| mark.file.is_some());
    for (mark, output) in [main].into_iter().chain(beside) {
        let Output::File { path, template, .. } = output else { continue };
        let old = PathBuf::from(&mark.path);
        // Of a name that changes with the date, the last file is gone on with first.
        let path = match (&template, old.file_name()) {
            (Some(_), Some(name)) => path.with_file_name(name),
            (_, _) => path,
        };
        let Some(committed) = mark.file else {
            return Err(format!("{} is no file", old.display()));
        };
        if old == path {
            return Err(format!("{} is where it was", old.display()));
        }
        if old.exists() {
            return Err(format!("there is still a file at {}", old.display()));
        }
        // Any empty file is like another: then only an owner file that came along proves it.
        let is_it = sink::is_as_committed(&path, committed)
            && (committed.bytes > 0 || series.id.is_some_and(|id| sink::belongs_to(&path, id)));
        if !is_it {
            return Err(format!(
                "{} is not the file that was committed, of {} bytes",
                path.display(),
                grouped(committed.bytes)
            ));
        }
        mark.path = path.to_string_lossy().into_owned();
        mark.template.clone_from(&template);
        from.push(old);
    }
    Ok((moved, from))
}

/// Nobody but its series writes into a series' output. `own` is the series that asks, if one does.
pub(super) fn check_not_owned(
    owned: &[Owned],
    names: Names<'_>,
    place: &Place,
    own: Option<&str>,
) -> Result<(), Failure> {
    let Place::File(file) = place else {
        return Ok(());
    };
    let name = file.path.to_string_lossy();
    // A series also owns the file that it would begin today.
    let today = |path: &str, owner: &str| {
        output::locate(path, owner, names).is_ok_and(|today| today.name() == name)
    };
    let mut others = owned.iter().filter(|one| Some(one.resource.as_str()) != own);
    let owner = others.find(|Owned { path, resource }| *path == name || today(path, resource));
    let Some(Owned { resource: owner, .. }) = owner else {
        return Ok(());
    };
    let (who, way_out) = match own {
        None => {
            ("a one-off", "write to another file, or leave out --since to go on with the series")
        }
        Some(_) => (
            "another series",
            "leave out the --include that goes there, or give one of them another output",
        ),
    };
    let text = format!("the output {name} belongs to the series of {owner}: {who} would break it");
    Err(Failure::usage(text).hint(way_out))
}
