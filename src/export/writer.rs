//! The writer of one resource's pages: its output, durable; then the position; then the page
//! counts. The protocol is told in `disk`.
//!
//! Must not know requests. Whatever it is handed was checked whole.

use super::{
    batch::{Batch, Place},
    lines,
    shared::Shared,
};
use crate::{
    disk::{self, ReplaceError},
    failure::{Exit, Failure, OrExit as _},
    mutex::lock,
    output::Output,
    plan::{Job, Mode},
    position::{Fingerprint, Position},
    sink::{FileSink, Owner, Sink, Stage, StdoutSink, segment},
    state::{Mark, Series, StateFile},
    time::UnixTime,
};
use std::{
    collections::HashSet,
    io,
    path::{Path, PathBuf},
    sync::MutexGuard,
};

/// The output of a sideload.
struct Beside {
    name: &'static str,
    /// What an envelope says that its records are.
    kind: String,
    sink: Sink,
    /// How long it was when the export last caught up; `None` for stdout.
    caught_up: Option<u64>,
}

pub(super) struct Writer<'a> {
    job: &'a Job,
    shared: &'a Shared<'a>,
    sink: Sink,
    sideloads: Vec<Beside>,
    /// Whether the state must be saved before the first request.
    unsaved: bool,
    /// As it is saved: [`Series::window`].
    window: Option<UnixTime>,
}

impl<'a> Writer<'a> {
    /// Opens the outputs. Nothing is saved yet: another job may still be refused.
    pub(super) fn open(job: &'a Job, shared: &'a Shared<'a>) -> Result<Writer<'a>, Failure> {
        let saved = job.mode.saved();
        let mark = saved.map(|series| &series.output);
        let (sink, mut unsaved) = open_sink(job, shared, &job.output, mark)?;
        let mut sideloads = Vec::new();
        for (name, output) in job.beside() {
            let mark = saved.and_then(|series| series.sideload(name));
            let (sink, new) = open_sink(job, shared, &output, mark)?;
            unsaved |= new;
            let committed = sink.committed();
            let known = mark.filter(|_| !new).and_then(|mark| mark.caught_up);
            let caught_up = known.map_or(committed, |known| committed.map(|end| known.min(end)));
            let kind = format!("{}.{name}", job.resource.name);
            sideloads.push(Beside { name, kind, sink, caught_up });
        }
        unsaved |= matches!(job.mode, Mode::NewSeries { .. });
        let window = saved.and_then(|series| series.window);
        Ok(Writer { job, shared, sink, sideloads, unsaved, window })
    }

    /// The sideloads that have outputs of their own, with what was written of each since the export
    /// last caught up: a run that goes on with another writes none of it again.
    pub(super) fn sideloads(&self) -> Result<Vec<(&'static str, HashSet<Fingerprint>)>, Failure> {
        let written = |Beside { name, kind, sink, caught_up }: &Beside| {
            let mut seen = HashSet::new();
            if let Some(start) = caught_up.filter(|start| Some(*start) != sink.committed()) {
                sink.lines_from(start, &mut |line| {
                    seen.insert(Fingerprint::of(lines::record_in(line, kind)));
                })?;
            }
            Ok((*name, seen))
        };
        self.sideloads.iter().map(written).collect()
    }

    /// Saves the start of a series, or the beginning of a new file after a rotation, before the
    /// first request, so that a kill at any instant is recovered from.
    pub(super) fn begin(
        &mut self,
        position: &Position,
        through: Option<UnixTime>,
    ) -> Result<(), Failure> {
        if self.unsaved {
            self.save(position, through, self.shared.clock.wall(), false)?;
        }
        Ok(())
    }

    /// Commits a page.
    pub(super) fn write(&mut self, batch: &Batch) -> Result<lines::Noticed, Failure> {
        let written = self.write_all(batch);
        if written.is_err() {
            self.each_sink(Sink::rollback);
        }
        let noticed = written?;
        self.save(&batch.next, batch.through, batch.at, batch.last)?;
        self.each_sink(Sink::commit);
        if batch.last {
            self.caught_up();
        }
        Ok(noticed)
    }

    fn write_all(&mut self, batch: &Batch) -> Result<lines::Noticed, Failure> {
        let Job { resource, envelope, surrogates, .. } = *self.job;
        let form = lines::Form { surrogates, envelope };
        let stop = self.shared.stop;
        let noticed = put(&mut self.sink, batch, &batch.records, resource.name, form, stop)?;
        for (beside, records) in self.sideloads.iter_mut().zip(&batch.sideloads) {
            put(&mut beside.sink, batch, records, &beside.kind, form, stop)?;
        }
        Ok(noticed)
    }

    /// A file that was to be overwritten is empty now, also when nothing came; a file that is this
    /// run's own gets its name. `caught_up` also holds where the last answer brought nothing.
    pub(super) fn end(
        &mut self,
        position: &Position,
        through: Option<UnixTime>,
        at: UnixTime,
        caught_up: bool,
    ) -> Result<(), Failure> {
        self.sink.overwrite()?;
        self.sideloads.iter_mut().try_for_each(|beside| beside.sink.overwrite())?;
        if self.sink.stage().is_some() {
            self.each_sink(Sink::complete);
            self.save(position, through, at, caught_up)?;
            self.sink.finalise()?;
            self.sideloads.iter_mut().try_for_each(|beside| beside.sink.finalise())?;
            return self.save(position, through, at, caught_up);
        }
        let behind = |beside: &Beside| beside.caught_up != beside.sink.committed();
        if caught_up && (self.window.is_some() || self.sideloads.iter().any(behind)) {
            self.save(position, through, at, true)?;
        }
        Ok(())
    }

    fn caught_up(&mut self) {
        self.sideloads.iter_mut().for_each(|beside| beside.caught_up = beside.sink.committed());
    }

    /// Bytes written by this run, to all outputs.
    pub(super) fn written(&self) -> u64 {
        let sideloads = self.sideloads.iter().map(|beside| beside.sink.written());
        self.sink.written() + sideloads.sum::<u64>()
    }

    /// Where positions are saved, if this run moves one.
    pub(super) fn state_path(&self) -> Option<PathBuf> {
        Some(self.state()?.path().to_owned())
    }

    fn state(&self) -> Option<MutexGuard<'a, StateFile>> {
        self.shared.state.as_ref().filter(|_| self.job.mode.in_series()).map(lock)
    }

    fn each_sink(&mut self, act: fn(&mut Sink)) {
        act(&mut self.sink);
        self.sideloads.iter_mut().for_each(|beside| act(&mut beside.sink));
    }

    /// Saves a position with what the outputs now hold.
    fn save(
        &mut self,
        position: &Position,
        through: Option<UnixTime>,
        at: UnixTime,
        caught_up: bool,
    ) -> Result<(), Failure> {
        let Some(mut state) = self.state() else { return Ok(()) };
        let window = self.window.or(self.job.updated_since).filter(|_| !caught_up);
        let series = self.marks(caught_up).map(|(output, sideloads)| Series {
            position: position.clone(),
            through,
            window,
            output,
            sideloads,
        });
        let series = match series {
            Ok(series) => series,
            Err(failure) => {
                self.each_sink(Sink::rollback);
                return Err(failure);
            }
        };
        let path = state.path().display().to_string();
        let result = state.save(self.job.resource.name, &series, at);
        drop(state);
        let failed = |what: &str, error| Failure {
            exit: Exit::Output,
            cause: anyhow::Error::from(error).context(format!("cannot {what} {path}")),
            hints: Vec::new(),
        };
        if !matches!(result, Err(ReplaceError::Before(_))) {
            self.window = window;
        }
        match result {
            Ok(()) => Ok(()),
            Err(ReplaceError::Before(error)) => {
                self.each_sink(Sink::rollback);
                Err(failed("save the position in", error))
            }
            // The rename has happened: the page is committed, only its name may not be durable.
            Err(ReplaceError::After(error)) => {
                self.each_sink(Sink::commit);
                Err(failed("sync the directory of", error))
            }
        }
    }

    /// How far each output is written, with those of sideloads that this run leaves alone.
    fn marks(&self, caught_up: bool) -> Result<(Mark, Vec<(String, Mark)>), Failure> {
        let saved = self.job.mode.saved().map_or(&[][..], |series| &series.sideloads);
        let idle = |name: &str| !self.sideloads.iter().any(|beside| beside.name == name);
        let mut sideloads: Vec<(String, Mark)> =
            saved.iter().filter(|(name, _)| idle(name)).cloned().collect();
        for (_, mark) in sideloads.iter_mut().filter(|_| caught_up) {
            mark.caught_up = mark.file.map(|file| file.bytes);
        }
        for Beside { name, sink, caught_up: before, .. } in &self.sideloads {
            let mark = sink.mark()?;
            let now = mark.file.map(|file| file.bytes);
            let caught_up = if caught_up { now } else { *before };
            sideloads.push(((*name).to_owned(), Mark { caught_up, ..mark }));
        }
        Ok((self.sink.mark()?, sideloads))
    }
}

/// Writes the lines of some records; none of them, nothing.
fn put(
    sink: &mut Sink,
    batch: &Batch,
    records: &[Place],
    name: &str,
    form: lines::Form,
    stop: &crate::signals::Stop,
) -> Result<lines::Noticed, Failure> {
    let mut noticed = lines::Noticed::default();
    if records.is_empty() {
        return Ok(noticed);
    }
    let mut page = |out: &mut dyn io::Write| {
        let records = records.iter().filter_map(|place| place.of(&batch.body));
        noticed = lines::write(records, form, name, out)?;
        Ok(())
    };
    sink.write(&mut page, stop)?;
    Ok(noticed)
}

/// Opens one output; the flag says that the state must be saved before the first byte.
fn open_sink(
    job: &Job,
    shared: &Shared<'_>,
    output: &Output,
    saved: Option<&Mark>,
) -> Result<(Sink, bool), Failure> {
    let Output::File { path, template, run } = output else {
        return Ok((Sink::Stdout(StdoutSink::open(job.mode.in_series())?), false));
    };
    let failed = || format!("cannot finish the output {}", path.display());
    if let Some(Mark { stage: Some(Stage::Finalising), path: complete, file, .. }) = saved {
        let empty = file.is_none_or(|file| file.bytes == 0);
        segment::finalise(Path::new(complete), empty).or_exit(Exit::Output, failed)?;
    }
    let growing = saved.is_some_and(|mark| mark.stage == Some(Stage::Partial));
    if let Some(run) = run.as_deref().filter(|_| !growing) {
        segment::remove_orphans(path, run);
    }
    let path = own_path(path, run.as_deref(), saved);
    let dir = disk::parent(&path);
    if !dir.exists() {
        disk::create_dir_private(dir)
            .or_exit(Exit::Output, || format!("cannot create the directory {}", dir.display()))?;
    }
    let stage = run.as_ref().map(|_| Stage::Partial);
    let (owner, moved) = owner(job, &path, saved);
    if let Some(left) = left_behind(saved, moved, stage) {
        settle(left, job, shared)?;
    }
    let (sink, opened) = FileSink::open(&path, template.clone(), stage, &owner)?;
    let name = Some(job.resource.name);
    let shown = path.display();
    tell_discarded(opened.discarded, &path, job, shared);
    if opened.rotated {
        shared.report.note(name, &format!("{shown} was moved away: starting a new file"));
    }
    Ok((Sink::File(sink), opened.rotated || moved || saved.is_none()))
}

/// Whether an output could be opened for a job, as far as can be told by looking.
pub(super) fn check(job: &Job) -> Result<(), Failure> {
    let saved = job.mode.saved();
    check_sink(job, &job.output, saved.map(|series| &series.output))?;
    job.beside().try_for_each(|(name, output)| {
        check_sink(job, &output, saved.and_then(|series| series.sideload(name)))
    })
}

/// As [`open_sink`], without opening.
fn check_sink(job: &Job, output: &Output, saved: Option<&Mark>) -> Result<(), Failure> {
    let Output::File { path, run, .. } = output else {
        return StdoutSink::open(job.mode.in_series()).map(drop);
    };
    let path = own_path(path, run.as_deref(), saved);
    let stage = run.as_ref().map(|_| Stage::Partial);
    let (owner, moved) = owner(job, &path, saved);
    if let Some(left) = left_behind(saved, moved, stage) {
        FileSink::check(Path::new(&left.path), None, &Owner::Series(left))?;
    }
    FileSink::check(&path, stage, &owner)
}

/// The file that a run writes: of runs with a file each, the one that is still growing, or else a
/// new one.
fn own_path(path: &Path, run: Option<&str>, saved: Option<&Mark>) -> PathBuf {
    match (run, saved) {
        (Some(_), Some(Mark { stage: Some(Stage::Partial), path: growing, .. })) => {
            PathBuf::from(growing)
        }
        (Some(run), _) => segment::unused(path, run),
        (None, _) => path.to_owned(),
    }
}

/// For whom a file is opened; the flag says that the series had another one before.
fn owner<'a>(job: &Job, path: &Path, saved: Option<&'a Mark>) -> (Owner<'a>, bool) {
    let moved = saved.is_some_and(|mark| mark.path != path.to_string_lossy());
    let owner = match (&job.mode, saved) {
        (Mode::OneOff { .. }, _) => Owner::OneOff(job.existing),
        (_, Some(mark)) if !moved => Owner::Series(mark),
        (_, _) => Owner::NewSeries(job.existing),
    };
    (owner, moved)
}

/// The file that a series leaves because the date in its name has changed. One that was moved away
/// needs nothing.
fn left_behind(saved: Option<&Mark>, moved: bool, stage: Option<Stage>) -> Option<&Mark> {
    saved.filter(|mark| moved && stage.is_none() && Path::new(&mark.path).is_file())
}

/// Brings the file that a series leaves to what is committed of it.
fn settle(mark: &Mark, job: &Job, shared: &Shared<'_>) -> Result<(), Failure> {
    let (path, template) = (Path::new(&mark.path), mark.template.clone());
    let (_, opened) = FileSink::open(path, template, None, &Owner::Series(mark))?;
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
