//! The writer of one resource's pages: its output, durable; then the position; then the page
//! counts. The protocol is told in `disk`.
//!
//! Must not know requests. Whatever it is handed was checked whole.

use super::{
    batch::{Batch, Place},
    lines,
    opening::open_sink,
    shared::Shared,
};
use crate::{
    disk::ReplaceError,
    failure::{Exit, Failure},
    mark::Mark,
    mutex::lock,
    plan::{Job, Mode},
    position::{Fingerprint, Position},
    sink::Sink,
    state::{Series, StateFile},
    time::UnixTime,
};
use std::{collections::HashSet, io, path::PathBuf, sync::MutexGuard};

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
        let (sink, mut unsaved) = open_sink(job, shared, &job.place)?;
        let mut sideloads = Vec::new();
        for (name, place) in &job.beside {
            let mark = saved.and_then(|series| series.sideload(name));
            let (sink, new) = open_sink(job, shared, place)?;
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
