//! Looks at where the plan says that the outputs of a job lie, and opens them: first all looks, then
//! all acts, so that a refusal leaves nothing half begun.
//!
//! Decides nothing about where an output lies (`place`), nor whose it is (`sink`).

use super::shared::Shared;
use crate::{
    failure::{Exit, Failure, OrExit as _},
    mark::{Mark, STDOUT},
    place::{FilePlace, Owner, Place},
    plan::Job,
    report::Report,
    shown::quoted,
    sink::{
        self, FileSink, Looked, Me, Note, Opened, Ours, Purpose, Sink, StdoutSink, Whereabouts,
        segment,
    },
    state,
};
use std::path::PathBuf;

/// What was found of the outputs of a job.
pub(super) struct Looks {
    ours: Option<Ours>,
    /// Of the records, and of each sideload; `None` for stdout.
    outputs: Vec<Option<Looked>>,
    /// Files that this run does not write, but an earlier one may have left longer than they are
    /// committed.
    left: Vec<(FilePlace, Looked)>,
}

/// Looks at all outputs of a job, and refuses what cannot be opened. Changes nothing.
pub(super) fn look(job: &Job, purpose: Purpose) -> Result<Looks, Failure> {
    let saved = job.mode.saved();
    let ours = job.mode.in_series().then(|| Ours {
        series: saved.and_then(|series| series.id).unwrap_or_else(sink::drawn),
        open: saved.and_then(|series| series.open),
    });
    let look = |file: &FilePlace| sink::look(file, ours, purpose, &whereabouts);
    let mut outputs = Vec::new();
    let mut left = Vec::new();
    for place in job.places() {
        let Place::File(file) = place else {
            StdoutSink::open(job.mode.in_series())?;
            outputs.push(None);
            continue;
        };
        if let Some(mark) = &file.left {
            let file = left_behind(mark);
            let looked = look(&file)?;
            left.push((file, looked));
        }
        outputs.push(Some(look(file)?));
    }
    for mark in idle(job) {
        let file = left_behind(mark);
        let looked = look(&file)?;
        left.push((file, looked));
    }
    Ok(Looks { ours, outputs, left })
}

fn left_behind(mark: &Mark) -> FilePlace {
    let place = FilePlace::growing(PathBuf::from(&mark.path), Owner::Series(mark.clone()));
    FilePlace { template: mark.template.clone(), ..place }
}

/// The files of sideloads that this run leaves alone, where a run was killed that may have written
/// to them, or where they were moved with the rest.
fn idle(job: &Job) -> impl Iterator<Item = &Mark> {
    let saved = job.mode.saved();
    let saved = saved.filter(|series| series.open.is_some() || !job.moved_from.is_empty());
    let sideloads = saved.into_iter().flat_map(|series| &series.sideloads);
    sideloads
        .filter(|(name, _)| !job.beside.iter().any(|(busy, _)| busy == name))
        .map(|(_, mark)| mark)
        .filter(|mark| mark.stage.is_none() && mark.path != STDOUT)
        .filter(|mark| PathBuf::from(&mark.path).is_file())
}

/// What has become of the series that an owner file names.
pub(crate) fn whereabouts(note: &Note) -> Whereabouts {
    match state::holds(&note.state, &note.account, &note.resource, note.series) {
        Some(true) => Whereabouts::Alive,
        Some(false) => Whereabouts::Gone,
        None => Whereabouts::Unknown,
    }
}

impl Looks {
    pub(super) fn ours(&self) -> Option<Ours> {
        self.ours
    }

    /// What the state is to say before the outputs are opened.
    pub(super) fn marks(&self, job: &Job) -> Vec<Mark> {
        let mark = |(looked, place): (&Option<Looked>, &Place)| match (looked, place) {
            (Some(looked), Place::File(file)) => looked.mark(file),
            (_, _) => Mark::of(STDOUT.to_owned()),
        };
        self.outputs.iter().zip(job.places()).map(mark).collect()
    }
}

/// An output that is open; the flag says that the state must be saved before the first byte.
pub(super) type Ready = (Sink, bool);

/// Opens all outputs of a job, as they were looked at.
pub(super) fn open(
    job: &Job,
    shared: &Shared<'_>,
    looks: Looks,
    me: Option<&Me>,
) -> Result<Vec<Ready>, Failure> {
    for (file, looked) in looks.left {
        let (_, opened) = FileSink::open(&file, looked, me, shared.file_mode)?;
        tell(job, shared.report, &file, opened);
    }
    let mut ready: Vec<Ready> = Vec::new();
    for (place, looked) in job.places().zip(looks.outputs) {
        match open_one(job, shared, place, looked, me) {
            Ok(one) => ready.push(one),
            Err(failure) => {
                // Only who loses a race is refused here; what else fails is gone on with later.
                if failure.exit == Exit::Usage {
                    ready.iter().for_each(|(sink, _)| sink.take_back());
                }
                return Err(failure);
            }
        }
    }
    Ok(ready)
}

fn open_one(
    job: &Job,
    shared: &Shared<'_>,
    place: &Place,
    looked: Option<Looked>,
    me: Option<&Me>,
) -> Result<Ready, Failure> {
    let (Place::File(file), Some(looked)) = (place, looked) else {
        return Ok((Sink::Stdout(StdoutSink::open(job.mode.in_series())?), false));
    };
    if let Some(unnamed) = &file.unnamed {
        segment::finalise(&unnamed.path, unnamed.empty).or_exit(Exit::Output, || {
            format!("cannot finish the output {}", file.path.display())
        })?;
    }
    if let Some(run) = &file.begins {
        for (left, bytes) in segment::remove_orphans(&file.path, run) {
            let text = format!(
                "{} holds {bytes} bytes of a run that was killed, of which the state knows nothing: \
                 rm {} when you do not want them",
                left.display(),
                quoted(&left.to_string_lossy())
            );
            shared.report.warn(Some(job.resource.name), &text);
        }
    }
    let (sink, opened) = FileSink::open(file, looked, me, shared.file_mode)?;
    tell(job, shared.report, file, opened);
    Ok((Sink::File(Box::new(sink)), opened.rotated || file.new))
}

fn tell(job: &Job, report: &Report, file: &FilePlace, opened: Opened) {
    let name = Some(job.resource.name);
    if let Some((bytes, kept)) = opened.discarded {
        report.warn(name, &sink::told(&file.path, bytes, kept));
    }
    if opened.rotated {
        let shown = file.path.display();
        report.note(name, &format!("{shown} was moved away: starting a new file"));
    }
}
