//! Whose an output is: a position belongs to its output, and an output to its series.
//!
//! Looks at what is saved and at places, and touches nothing.

use super::{Asked, hints::anew, parameters::Wanted};
use crate::{
    disk,
    failure::Failure,
    mark::STDOUT,
    output::{self, Names, Output},
    place::{Existing, Place, owner_file},
    resource::Resource,
    shown::quoted,
    sink,
    state::{Owned, Series},
    words::grouped,
};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

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
    let same = is_of(series, output);
    if !same {
        match moved(resource.name, series, output) {
            Ok(moved) => return Ok(Some(moved)),
            Err(NotMoved { reason, way_out: Some(way_out) }) => {
                let text = format!("cannot go on in {}: {reason}", output.name());
                return Err(Failure::usage(text).hint(way_out));
            }
            Err(NotMoved { way_out: None, .. }) => {}
        }
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
        let failure = match along(resource.name, series, output) {
            Some(moves) => failure.hint(format!(
                "or take the output along: {moves}, then run the same command again"
            )),
            None => failure,
        };
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

/// Whether an output is the one that a series was saved for.
pub(super) fn is_of(series: &Series, output: &Output) -> bool {
    match output {
        Output::File { template: Some(template), .. } => {
            series.output.template.as_ref() == Some(template)
        }
        Output::File { .. } | Output::Stdout => {
            series.output.template.is_none() && series.output.path == output.name()
        }
    }
}

/// Why a series cannot go on where its outputs are said to be now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotMoved {
    pub(crate) reason: String,
    /// Where the file is the series', and something else is in the way.
    pub(crate) way_out: Option<String>,
}

impl From<String> for NotMoved {
    fn from(reason: String) -> NotMoved {
        NotMoved { reason, way_out: None }
    }
}

/// A series whose outputs were all moved, by hand, to where `output` says, with the paths that they
/// had; else what is in the way. A file was moved if it is, by length and tail, the committed one,
/// and there is none at the old place.
pub(crate) fn moved(
    resource: &str,
    series: &Series,
    output: &Output,
) -> Result<(Series, Vec<PathBuf>), NotMoved> {
    let Output::File { run: None, template, .. } = output else {
        return Err("only files that grow can be moved".to_owned().into());
    };
    if series.output.stage.is_some() || series.output.template.is_some() != template.is_some() {
        return Err("the new output is of another kind than the old one".to_owned().into());
    }
    let mut moved = series.clone();
    let mut from = Vec::new();
    let sideloads = moved.sideloads.iter_mut().map(|(name, mark)| (Some(&**name), mark));
    let marks = [(None, &mut moved.output)].into_iter().chain(sideloads);
    for (sideload, mark) in marks.filter(|(name, mark)| name.is_none() || mark.file.is_some()) {
        let old = PathBuf::from(&mark.path);
        let Some(committed) = mark.file else {
            return Err(format!("{} is no file", old.display()).into());
        };
        let Some(path) = moved_to(resource, output, sideload, &old) else { continue };
        if old == path {
            return Err(format!("{} is where it was", old.display()).into());
        }
        if old.exists() {
            return Err(format!("there is still a file at {}", old.display()).into());
        }
        // Any empty file is like another: then only an owner file that came along proves it.
        let is_it = sink::is_as_committed(&path, committed)
            && (committed.bytes > 0 || series.id.is_some_and(|id| sink::belongs_to(&path, id)));
        if !is_it {
            let bytes = grouped(committed.bytes);
            let path = path.display();
            return Err(
                format!("{path} is not the file that was committed, of {bytes} bytes").into()
            );
        }
        if let Some(told) = sink::named_as(&old, &path) {
            return Err(NotMoved {
                reason: format!("the name tells how a file is compressed, and {}", told.reason),
                way_out: Some(format!(
                    "give it a name that says so: mv {} {}, then go on with -o {}",
                    quoted(&path.to_string_lossy()),
                    quoted(&told.name.to_string_lossy()),
                    quoted(&told.name.to_string_lossy())
                )),
            });
        }
        mark.path = path.to_string_lossy().into_owned();
        mark.template.clone_from(template);
        from.push(old);
    }
    Ok((moved, from))
}

/// Where a file of a series lies once it was moved to where `output` says.
fn moved_to(
    resource: &str,
    output: &Output,
    sideload: Option<&str>,
    old: &Path,
) -> Option<PathBuf> {
    let output = match sideload {
        Some(name) => output.beside(resource, name),
        None => output.clone(),
    };
    let Output::File { path, template, .. } = output else { return None };
    // Of a name that changes with the date, the last file is gone on with first.
    Some(match (template, old.file_name()) {
        (Some(_), Some(name)) => path.with_file_name(name),
        (_, _) => path,
    })
}

/// The commands that move the files of a series to where `output` says, as far as they are not there;
/// `None` where moving alone does not do.
fn along(resource: &str, series: &Series, output: &Output) -> Option<String> {
    let Output::File { run: None, template: None, .. } = output else { return None };
    if series.output.stage.is_some() || series.output.template.is_some() {
        return None;
    }
    let sideloads = series.sideloads.iter().map(|(name, mark)| (Some(&**name), mark));
    let marks = [(None, &series.output)].into_iter().chain(sideloads);
    let mut dirs = BTreeSet::new();
    let mut moves = Vec::new();
    let mut to_move = |from: &Path, to: &Path| {
        let [from, to] = [from, to].map(|path| quoted(&path.to_string_lossy()));
        moves.push(format!("mv {from} {to}"));
    };
    for (sideload, mark) in marks.filter(|(name, mark)| name.is_none() || mark.file.is_some()) {
        let (old, committed) = (Path::new(&mark.path), mark.file?);
        let new = moved_to(resource, output, sideload, old)?;
        let is_there = committed.bytes > 0 && sink::is_as_committed(&new, committed);
        match (old.is_file(), is_there) {
            (false, true) => {}
            // A copy: the old one is in the way.
            (true, true) => {
                let aside = PathBuf::from(format!("{}.old", old.display()));
                if aside.exists() {
                    return None;
                }
                to_move(old, &aside);
            }
            (true, false) if !new.exists() && sink::named_as(old, &new).is_none() => {
                dirs.extend(new.parent().filter(|dir| !dir.exists()).map(Path::to_owned));
                to_move(old, &new);
                if committed.bytes == 0 {
                    // Any empty file is like another: what proves that it is this one comes along.
                    to_move(&owner_file(old), &owner_file(&new));
                }
            }
            (_, false) => return None,
        }
    }
    let dirs = dirs.iter().map(|dir| format!("mkdir -p {}", quoted(&dir.to_string_lossy())));
    let all: Vec<String> = dirs.chain(moves).collect();
    Some(all.join(" && "))
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
    let owner = others.find(|Owned { path, resource }| {
        disk::is_same(Path::new(path), &file.path) || today(path, resource)
    });
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
