//! Opens where the plan says that an output lies, or only looks whether it could be opened.
//!
//! Decides nothing about where that is: see `place`.

use super::shared::Shared;
use crate::{
    disk,
    failure::{Exit, Failure, OrExit as _},
    mark::Mark,
    place::{Owner, Place},
    plan::Job,
    sink::{FileSink, Sink, StdoutSink, segment},
};
use std::path::Path;

/// Opens one output; the flag says that the state must be saved before the first byte.
pub(super) fn open_sink(
    job: &Job,
    shared: &Shared<'_>,
    place: &Place,
) -> Result<(Sink, bool), Failure> {
    let Place::File(file) = place else {
        return Ok((Sink::Stdout(StdoutSink::open(job.mode.in_series())?), false));
    };
    let shown = file.path.display();
    if let Some(unnamed) = &file.unnamed {
        segment::finalise(&unnamed.path, unnamed.empty)
            .or_exit(Exit::Output, || format!("cannot finish the output {shown}"))?;
    }
    if let Some(run) = &file.begins {
        segment::remove_orphans(&file.path, run);
    }
    let dir = disk::parent(&file.path);
    if !dir.exists() {
        disk::create_dir_private(dir)
            .or_exit(Exit::Output, || format!("cannot create the directory {}", dir.display()))?;
    }
    if let Some(left) = &file.left {
        settle(left, job, shared)?;
    }
    let (sink, opened) =
        FileSink::open(&file.path, file.template.clone(), file.stage, &file.owner)?;
    tell_discarded(opened.discarded, &file.path, job, shared);
    if opened.rotated {
        let text = format!("{shown} was moved away: starting a new file");
        shared.report.note(Some(job.resource.name), &text);
    }
    Ok((Sink::File(sink), opened.rotated || file.new))
}

/// Whether an output could be opened for a job, as far as can be told by looking.
pub(super) fn check(job: &Job) -> Result<(), Failure> {
    check_sink(job, &job.place)?;
    job.beside.iter().try_for_each(|(_, place)| check_sink(job, place))
}

/// As [`open_sink`], without opening.
fn check_sink(job: &Job, place: &Place) -> Result<(), Failure> {
    let Place::File(file) = place else {
        return StdoutSink::open(job.mode.in_series()).map(drop);
    };
    if let Some(left) = &file.left {
        FileSink::check(Path::new(&left.path), None, &Owner::Series(left.clone()))?;
    }
    FileSink::check(&file.path, file.stage, &file.owner)
}

/// Brings the file that a series leaves to what is committed of it.
fn settle(mark: &Mark, job: &Job, shared: &Shared<'_>) -> Result<(), Failure> {
    let (path, template) = (Path::new(&mark.path), mark.template.clone());
    let (_, opened) = FileSink::open(path, template, None, &Owner::Series(mark.clone()))?;
    tell_discarded(opened.discarded, path, job, shared);
    Ok(())
}

fn tell_discarded(discarded: u64, path: &Path, job: &Job, shared: &Shared<'_>) {
    if discarded > 0 {
        let shown = path.display();
        let text =
            format!("discarded {discarded} bytes of {shown} that were written but not committed");
        shared.report.warn(Some(job.resource.name), &text);
    }
}
