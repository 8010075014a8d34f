//! Where the rows of a list go: page by page to stdout, or as a whole into a file, of which the
//! state says whose it is.
//!
//! Must not know requests or walks.

use super::rows::Rows;
use crate::{
    disk::ReplaceError,
    export::{opening::whereabouts, shared::Shared},
    failure::{Exit, Failure, OrExit as _},
    mark::{Id, Mark},
    mutex::lock,
    output::{Names, Output},
    place::{FilePlace, Place},
    plan::{Job, Keeps, Mode},
    position::{Fingerprint, Overlap, Position},
    sink::{self, Me, Ours, Purpose, Sink, SnapshotPlace, SnapshotSink, StdoutSink},
    state::Series,
    time::UnixTime,
};
use std::{borrow::Cow, io, path::PathBuf};

/// What was found of the output of a list.
pub(in crate::export) struct Looks {
    ours: Option<Ours>,
    /// `None` for stdout.
    file: Option<SnapshotPlace>,
}

/// Looks at the output, and refuses what may not be replaced. Changes nothing.
pub(in crate::export) fn look(job: &Job, purpose: Purpose) -> Result<Looks, Failure> {
    let saved = job.mode.saved();
    let ours = job.mode.in_series().then(|| Ours {
        series: saved.and_then(|series| series.id).unwrap_or_else(sink::drawn),
        open: None,
    });
    let file = match &job.place {
        Place::Stdout => {
            StdoutSink::open(false)?;
            None
        }
        Place::File(file) => Some(sink::look_at_snapshot(file, ours, purpose, &whereabouts)?),
    };
    Ok(Looks { ours, file })
}

pub(in crate::export) enum Target<'a> {
    Stdout(Sink),
    File(Box<Files<'a>>),
}

/// The file of a list, and its series, if it has one.
pub(in crate::export) struct Files<'a> {
    job: Cow<'a, Job>,
    shared: &'a Shared<'a>,
    sink: SnapshotSink,
    series: Option<Id>,
    /// The fingerprint of the last snapshot.
    last: Option<Fingerprint>,
    /// The day on which it was opened, which may be a part of its name.
    day: String,
    written_before: u64,
}

impl<'a> Target<'a> {
    /// Opens the output as it was looked at. A series that begins is saved before anything says that
    /// the output is its own.
    pub(in crate::export) fn open(
        job: &'a Job,
        shared: &'a Shared<'a>,
        looks: Looks,
    ) -> Result<Target<'a>, Failure> {
        Ok(match (&job.place, looks.file) {
            (Place::File(place), Some(looked)) => {
                let files = Files::open(Cow::Borrowed(job), shared, place, looks.ours, looked)?;
                Target::File(Box::new(files))
            }
            (_, _) => Target::Stdout(Sink::Stdout(StdoutSink::open(false)?)),
        })
    }

    pub(super) fn written(&self) -> u64 {
        match self {
            Target::Stdout(sink) => sink.written(),
            Target::File(files) => files.written_before + files.sink.written(),
        }
    }

    pub(super) fn state_path(&self) -> Option<PathBuf> {
        match self {
            Target::Stdout(_) => None,
            Target::File(files) => {
                let state = files.shared.state.as_ref().filter(|_| files.series.is_some())?;
                Some(lock(state).path().to_owned())
            }
        }
    }

    /// Writes lines to stdout, of which there is at least one.
    pub(super) fn put(&mut self, lines: &[u8], stop: &crate::signals::Stop) -> Result<(), Failure> {
        match self {
            Target::Stdout(sink) => {
                sink.write(&mut |out: &mut dyn io::Write| out.write_all(lines), stop)
            }
            Target::File(_) => Ok(()),
        }
    }
}

impl<'a> Files<'a> {
    fn open(
        job: Cow<'a, Job>,
        shared: &'a Shared<'a>,
        place: &FilePlace,
        ours: Option<Ours>,
        looked: SnapshotPlace,
    ) -> Result<Files<'a>, Failure> {
        let name = job.resource.name;
        let series = ours.map(|ours| ours.series);
        let me = match (&shared.state, series) {
            (Some(state), Some(series)) => {
                let state = lock(state);
                Some(Me {
                    series,
                    account: state.account().to_owned(),
                    resource: name.to_owned(),
                    state: state.path().to_owned(),
                })
            }
            (_, _) => None,
        };
        let begins = matches!(job.mode, Mode::List(Keeps::Begins));
        let last = match job.position() {
            Position::Snapshot(last) => last,
            _ => None,
        };
        let saves = |mark: Mark, at: UnixTime| save(shared, name, series, last, mark, at);
        let now = shared.clock.wall();
        if begins {
            saves(looked.mark(place), now)?;
        }
        let opened = SnapshotSink::open(place, looked, me.as_ref(), shared.file_mode);
        let (sink, moved_away) = opened.inspect_err(|failure| {
            if begins && failure.exit == Exit::Usage {
                // Who was first has it; what is left behind belongs to nobody.
                drop(shared.state.as_ref().map(|state| lock(state).forget(&[name])));
            }
        })?;
        if moved_away {
            let shown = sink.path().display();
            shared.report.note(Some(name), &format!("{shown} was moved away: starting a new file"));
        }
        if !job.moved_from.is_empty() {
            saves(sink.mark(None), now)?;
            if let Some(series) = series {
                job.moved_from.iter().try_for_each(|old| sink::release(old, series))?;
            }
        }
        let day = now.date();
        Ok(Files { job, shared, sink, series, last, day, written_before: 0 })
    }

    pub(super) fn scratch(&self) -> Result<sink::Scratch, Failure> {
        self.sink.scratch()
    }

    /// Lets a snapshot that is whole take its place, if it is another one than the last. Says whether
    /// it did.
    pub(super) fn replace(
        &mut self,
        scratch: &sink::Scratch,
        rows: &Rows,
        at: UnixTime,
    ) -> Result<bool, Failure> {
        self.follow_the_day()?;
        let next = self.sink.prepare(scratch, rows.superseded())?;
        let print = next.print;
        if self.last == Some(print) && self.sink.is_in_place() {
            return Ok(false);
        }
        let name = self.job.resource.name;
        let of_one_run = self.sink.mark(None).stage.is_some();
        if !of_one_run {
            save(self.shared, name, self.series, self.last, self.sink.mark(Some(&next)), at)?;
        }
        self.sink.replace(next)?;
        self.last = Some(print);
        save(self.shared, name, self.series, self.last, self.sink.mark(None), at)?;
        Ok(true)
    }

    /// The last snapshot's fingerprint.
    pub(super) fn last(&self) -> Option<Fingerprint> {
        self.last
    }

    /// Where the day is a part of the name, a run that follows goes on in today's file.
    fn follow_the_day(&mut self) -> Result<(), Failure> {
        let now = self.shared.clock.wall();
        let dated = match &self.job.output {
            Output::File { template: Some(template), .. } => template.contains("{date}"),
            Output::File { template: None, .. } | Output::Stdout => false,
        };
        if self.job.follow.is_none() || !dated || self.day == now.date() {
            return Ok(());
        }
        let resource = self.job.resource.name;
        let state = self.shared.state.as_ref().filter(|_| self.series.is_some());
        let series = state.map(|state| lock(state).series(resource, now)).transpose()?.flatten();
        let job = self.job.anew(series, Names { account: self.shared.account, now })?;
        self.shared.outputs.take(&job)?;
        let looks = look(&job, Purpose::Write)?;
        let (Place::File(place), Some(looked)) = (&job.place, looks.file) else { return Ok(()) };
        let place = place.clone();
        let anew = Files::open(Cow::Owned(job), self.shared, &place, looks.ours, looked)?;
        let written_before = self.written_before + self.sink.written();
        *self = Files { written_before, ..anew };
        Ok(())
    }
}

/// Saves whose the output is, and what it holds.
fn save(
    shared: &Shared<'_>,
    resource: &str,
    series: Option<Id>,
    last: Option<Fingerprint>,
    output: Mark,
    at: UnixTime,
) -> Result<(), Failure> {
    let (Some(state), Some(_)) = (&shared.state, series) else { return Ok(()) };
    let mut state = lock(state);
    let position = Position::Snapshot(last);
    let series = Series {
        id: series,
        open: None,
        overlap: Overlap::none(&position),
        position,
        capacity: None,
        through: None,
        window: None,
        output,
        sideloads: Vec::new(),
    };
    let path = state.path().display().to_string();
    state
        .save(resource, &series, at)
        .map_err(ReplaceError::into_io)
        .or_exit(Exit::Output, || format!("cannot save whose the output is in {path}"))
}
