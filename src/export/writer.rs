//! The writer of one resource's pages: its output, durable; then the position; then the page
//! counts. The protocol is told in `disk`.
//!
//! Must not know requests. Whatever it is handed was checked whole.

use super::{
    batch::{Batch, Place, Standing},
    lines,
    opening::{self, Looks},
    shared::Shared,
    sideloaded::{Generation, Sideloaded, Turn},
};
use crate::{
    disk::ReplaceError,
    failure::{Exit, Failure, OrExit as _},
    mark::{Id, Mark, Remembered},
    mutex::lock,
    output::{Names, Output},
    plan::{Job, Mode},
    position::{Fingerprint, Overlap},
    sink::{self, Me, Purpose, Sink},
    state::{Series, StateFile},
    time::UnixTime,
};
use std::{borrow::Cow, io, ops::ControlFlow, path::PathBuf, sync::MutexGuard};

/// The output of a sideload.
struct Beside {
    name: &'static str,
    /// What an envelope says that its records are.
    kind: String,
    sink: Sink,
    /// What of it is not written again; `None` for stdout.
    remembered: Option<Remembered>,
}

/// What a position that is saved lies behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behind {
    Page,
    /// A page with which a generation of sideloads' records is full.
    FullGeneration,
    /// All that there is: the export has caught up.
    End,
}

impl Behind {
    /// What is remembered there of a sideload's file that is now so long.
    fn of(self, before: Option<Remembered>, length: Option<u64>) -> Option<Remembered> {
        let (before, length) = before.zip(length)?;
        Some(match self {
            Behind::Page => before,
            Behind::FullGeneration => Remembered { older: before.younger, younger: length },
            Behind::End => Remembered::nothing(length),
        })
    }
}

pub(super) struct Writer<'a> {
    job: Cow<'a, Job>,
    shared: &'a Shared<'a>,
    sink: Sink,
    sideloads: Vec<Beside>,
    /// As it is saved: [`Series::window`].
    window: Option<UnixTime>,
    /// As it is saved: [`Series::id`].
    series: Option<Id>,
    /// As it is saved: [`Series::open`]. This run's, once it has begun to write.
    open: Option<Id>,
    writing: bool,
    /// The day on which the outputs were opened, which may be a part of their names.
    day: String,
    /// Bytes written to outputs that were moved away, or lie in another day.
    written_before: u64,
}

impl<'a> Writer<'a> {
    /// Opens the outputs, as they were looked at. What must be known of them if the run is killed
    /// at any instant is saved on the way, before the first request: the start of a series before
    /// anything says that the outputs are its own, the beginning of a new file after a rotation.
    pub(super) fn open(
        job: &'a Job,
        shared: &'a Shared<'a>,
        looks: Looks,
    ) -> Result<Writer<'a>, Failure> {
        Writer::over(Cow::Borrowed(job), shared, looks)
    }

    fn over(
        planned: Cow<'a, Job>,
        shared: &'a Shared<'a>,
        looks: Looks,
    ) -> Result<Writer<'a>, Failure> {
        let job: &Job = &planned;
        let saved = job.mode.saved();
        let begins = matches!(job.mode, Mode::NewSeries { .. });
        let ours = looks.ours();
        let me = match (&shared.state, ours) {
            (Some(state), Some(ours)) => {
                let state = lock(state);
                Some(Me {
                    series: ours.series,
                    account: state.account().to_owned(),
                    resource: job.resource.name.to_owned(),
                    state: state.path().to_owned(),
                })
            }
            (_, _) => None,
        };
        if let Some(me) = me.as_ref().filter(|me| begins || saved_id(saved) != Some(me.series)) {
            leave(job, me.series)?;
            save_start(job, shared, me.series, looks.marks(job))?;
        }
        let ready = opening::open(job, shared, looks, me.as_ref());
        let ready = ready.inspect_err(|failure| {
            if begins && saved.is_none() && failure.exit == Exit::Usage {
                // Who was first has it; what is left behind belongs to nobody.
                drop(shared.state.as_ref().map(|state| lock(state).forget(&[job.resource.name])));
            }
        })?;
        let moved = !job.moved_from.is_empty();
        let unsaved = moved || ready.iter().any(|(_, unsaved)| *unsaved) && !begins;
        let mut ready = ready.into_iter();
        let (sink, _) = ready.next().expect("a job has an output");
        let mut sideloads = Vec::new();
        for ((name, _), (sink, new)) in job.beside.iter().zip(ready) {
            let mark = saved.and_then(|series| series.sideload(name));
            let known = mark.filter(|_| !new).and_then(|mark| mark.remembered);
            let remembered = sink.committed().map(|end| match known {
                Some(Remembered { older, younger }) => {
                    Remembered { older: older.min(end), younger: younger.min(end) }
                }
                None => Remembered::nothing(end),
            });
            let kind = format!("{}.{name}", job.resource.name);
            sideloads.push(Beside { name, kind, sink, remembered });
        }
        let window = saved.and_then(|series| series.window);
        let start = at_start(job);
        // Before the state forgets them: nothing else would remove their owner files.
        ours.map_or(Ok(()), |ours| leave(job, ours.series))?;
        let mut writer = Writer {
            job: planned,
            shared,
            sink,
            sideloads,
            window,
            series: ours.map(|ours| ours.series),
            open: ours.and_then(|ours| ours.open),
            writing: false,
            day: shared.clock.wall().date(),
            written_before: 0,
        };
        if unsaved {
            writer.save(&start, shared.clock.wall(), Behind::Page)?;
        }
        Ok(writer)
    }

    /// The sideloads that have outputs of their own, with what is remembered of each: a run that goes
    /// on with another writes none of it again. That may be much to read.
    pub(super) fn sideloads(&self) -> Result<Sideloaded, Failure> {
        let names = self.sideloads.iter().map(|beside| beside.name).collect();
        let mut sideloaded = Sideloaded::new(names);
        let stop = self.shared.stop;
        for Beside { name, kind, sink, remembered } in &self.sideloads {
            let (Some(Remembered { older, younger }), Some(end)) = (remembered, sink.committed())
            else {
                continue;
            };
            for (generation, part) in
                [(Generation::Older, *older..*younger), (Generation::Younger, *younger..end)]
            {
                if part.is_empty() {
                    continue;
                }
                sink.lines(part, &mut |line| {
                    if stop.signal().is_some() {
                        return ControlFlow::Break(());
                    }
                    let written = Fingerprint::of(lines::record_in(line, kind));
                    sideloaded.recall(generation, name, written);
                    ControlFlow::Continue(())
                })?;
                if let Some(signal) = stop.signal() {
                    return Err(Failure::stopped(signal));
                }
            }
        }
        Ok(sideloaded)
    }

    /// Draws a run id and makes it durable, beside each file and in the state, before the first byte:
    /// if the run is killed, that proves what it left behind the committed part. The state comes last,
    /// because it also says that old content which gives way does not count any more: a state that
    /// says so is always one that can prove whose to cut it is.
    fn begin_writing(&mut self) -> Result<(), Failure> {
        let Some(state) = self.state().filter(|_| !self.writing) else { return Ok(()) };
        drop(state);
        self.each_sink(Sink::prepare);
        let run = Some(sink::drawn());
        self.each_claim(run)?;
        self.note_run(run)?;
        (self.open, self.writing) = (run, true);
        self.sink.overwrite()?;
        self.sideloads.iter_mut().try_for_each(|beside| beside.sink.overwrite())
    }

    /// The run has ended. What it left is whole, or else the next one may cut it.
    pub(super) fn close(&mut self) -> Result<(), Failure> {
        let mut sinks = self.sideloads.iter().map(|beside| &beside.sink).chain([&self.sink]);
        let open = self.writing || self.open.is_some();
        if !open || !sinks.all(Sink::is_whole) {
            return Ok(());
        }
        self.note_run(None)?;
        (self.open, self.writing) = (None, false);
        self.each_claim(None)
    }

    fn note_run(&self, run: Option<Id>) -> Result<(), Failure> {
        let Some(mut state) = self.state() else { return Ok(()) };
        let (output, mut sideloads) = self.marks(Behind::Page)?;
        // Those that this run leaves alone stay as they are saved.
        sideloads.retain(|(name, _)| self.sideloads.iter().any(|beside| beside.name == name));
        let path = state.path().display().to_string();
        state
            .note_run(self.job.resource.name, run, &output, &sideloads)
            .map_err(ReplaceError::into_io)
            .or_exit(Exit::Output, || format!("cannot save the position in {path}"))
    }

    fn each_claim(&self, run: Option<Id>) -> Result<(), Failure> {
        self.sink.claim(run)?;
        self.sideloads.iter().try_for_each(|beside| beside.sink.claim(run))
    }

    /// Whether a run that follows has to open its outputs anew: one was moved away or emptied, or
    /// the day in their names is over.
    fn is_over(&self) -> bool {
        let dated = match &self.job.output {
            Output::File { template: Some(template), .. } => template.contains("{date}"),
            Output::File { template: None, .. } | Output::Stdout => false,
        };
        let mut sinks = self.sideloads.iter().map(|beside| &beside.sink).chain([&self.sink]);
        self.job.follow.is_some()
            && (dated && self.day != self.shared.clock.wall().date()
                || !sinks.all(Sink::is_in_place))
    }

    /// Opens the outputs anew, as the next run would. What moves a file away may make an empty one
    /// just then: that is looked at again.
    fn begin_anew(&mut self) -> Result<(), Failure> {
        self.close()?;
        self.each_sink(Sink::let_go);
        match self.open_anew() {
            Err(failure) if failure.exit == Exit::Busy => self.open_anew(),
            result => result,
        }
    }

    fn open_anew(&mut self) -> Result<(), Failure> {
        let now = self.shared.clock.wall();
        let resource = self.job.resource.name;
        let series = self.state().map(|state| state.series(resource, now)).transpose()?.flatten();
        let names = Names { account: self.shared.account, now };
        let job = self.job.anew(series, names)?;
        self.shared.outputs.take(&job)?;
        let looks = opening::look(&job, Purpose::Write)?;
        let anew = Writer::over(Cow::Owned(job), self.shared, looks)?;
        *self = Writer { written_before: self.written(), ..anew };
        Ok(())
    }

    /// Commits a page.
    pub(super) fn write(&mut self, batch: &Batch) -> Result<lines::Noticed, Failure> {
        if self.is_over() {
            self.begin_anew()?;
        }
        let noticed = self.write_page(batch)?;
        let behind = match batch {
            Batch { last: true, .. } => Behind::End,
            Batch { turn: Turn { full: true, .. }, .. } => Behind::FullGeneration,
            _ => Behind::Page,
        };
        self.save(&batch.standing, batch.at, behind)?;
        self.each_sink(Sink::commit);
        self.remember(behind);
        Ok(noticed)
    }

    /// Writes a page to all outputs, or to none. Where one was moved away in the middle of it, the
    /// page is written anew, and whole.
    fn write_page(&mut self, batch: &Batch) -> Result<lines::Noticed, Failure> {
        match self.begin_page(batch).and_then(|()| self.write_all(batch)) {
            Err(failure) if failure.exit == Exit::Config => {
                self.each_sink(Sink::rollback);
                if !self.is_over() {
                    return Err(failure);
                }
                self.begin_anew()?;
                self.begin_page(batch)?;
                self.write_all(batch)
            }
            written => written,
        }
        .inspect_err(|_| self.each_sink(Sink::rollback))
    }

    fn begin_page(&mut self, batch: &Batch) -> Result<(), Failure> {
        if batch.turn.afresh {
            self.remember(Behind::End);
        }
        if !batch.records.is_empty() || batch.sideloads.iter().any(|records| !records.is_empty()) {
            self.begin_writing()?;
        }
        Ok(())
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
        standing: &Standing,
        at: UnixTime,
        caught_up: bool,
    ) -> Result<(), Failure> {
        if self.some_is_stale() {
            self.begin_writing()?;
        }
        self.sink.overwrite()?;
        self.sideloads.iter_mut().try_for_each(|beside| beside.sink.overwrite())?;
        let behind = if caught_up { Behind::End } else { Behind::Page };
        if self.sink.stage().is_some() {
            self.each_sink(Sink::complete);
            self.save(standing, at, behind)?;
            self.sink.finalise()?;
            self.sideloads.iter_mut().try_for_each(|beside| beside.sink.finalise())?;
            self.save(standing, at, behind)?;
        } else {
            let remembers = |beside: &Beside| {
                beside.remembered != beside.sink.committed().map(Remembered::nothing)
            };
            if caught_up && (self.window.is_some() || self.sideloads.iter().any(remembers)) {
                self.save(standing, at, Behind::End)?;
            }
        }
        if caught_up {
            self.remember(Behind::End);
        }
        Ok(())
    }

    /// Whether old content is still to give way.
    fn some_is_stale(&self) -> bool {
        let mut sinks = self.sideloads.iter().map(|beside| &beside.sink).chain([&self.sink]);
        sinks.any(Sink::is_to_be_replaced)
    }

    fn remember(&mut self, behind: Behind) {
        for beside in &mut self.sideloads {
            beside.remembered = behind.of(beside.remembered, beside.sink.committed());
        }
    }

    /// Bytes written by this run, to all outputs.
    pub(super) fn written(&self) -> u64 {
        let sideloads = self.sideloads.iter().map(|beside| beside.sink.written());
        self.written_before + self.sink.written() + sideloads.sum::<u64>()
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
    fn save(&mut self, standing: &Standing, at: UnixTime, behind: Behind) -> Result<(), Failure> {
        let Some(mut state) = self.state() else { return Ok(()) };
        let window = self.window.or(self.job.updated_since).filter(|_| behind != Behind::End);
        let Standing { position, overlap, through, capacity } = standing.clone();
        let series = self.marks(behind).map(|(output, sideloads)| Series {
            id: self.series,
            open: self.open,
            position,
            overlap,
            capacity,
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
    fn marks(&self, behind: Behind) -> Result<(Mark, Vec<(String, Mark)>), Failure> {
        let saved = self.job.mode.saved().map_or(&[][..], |series| &series.sideloads);
        let idle = |name: &str| !self.sideloads.iter().any(|beside| beside.name == name);
        let mut sideloads: Vec<(String, Mark)> =
            saved.iter().filter(|(name, _)| idle(name)).cloned().collect();
        for (_, mark) in sideloads.iter_mut().filter(|_| behind == Behind::End) {
            mark.remembered = mark.file.map(|file| Remembered::nothing(file.bytes));
        }
        for Beside { name, sink, remembered, .. } in &self.sideloads {
            let mark = sink.mark()?;
            let remembered = behind.of(*remembered, mark.file.map(|file| file.bytes));
            sideloads.push(((*name).to_owned(), Mark { remembered, ..mark }));
        }
        Ok((self.sink.mark()?, sideloads))
    }
}

#[cfg(test)]
impl Writer<'_> {
    /// Where the series stands before the first page.
    pub(super) fn standing(&self) -> Standing {
        at_start(&self.job)
    }

    pub(super) fn series_id(&self) -> Option<Id> {
        self.series
    }

    /// Writes a page as a run does that is killed before it saves the position.
    pub(super) fn tear(&mut self, batch: &Batch) -> Result<(), Failure> {
        self.begin_writing()?;
        self.write_all(batch).map(drop)
    }
}

/// Where a series stands before the first request.
fn at_start(job: &Job) -> Standing {
    let position = job.position();
    match &job.mode {
        Mode::Series(series) => Standing {
            position,
            overlap: series.overlap.clone(),
            through: series.through,
            capacity: series.capacity,
        },
        Mode::OneOff { .. } | Mode::NewSeries { .. } | Mode::List(_) => {
            Standing { overlap: Overlap::none(&position), position, through: None, capacity: None }
        }
    }
}

/// Nobody owns the places that outputs were moved from.
fn leave(job: &Job, series: Id) -> Result<(), Failure> {
    job.moved_from.iter().try_for_each(|old| sink::release(old, series))
}

fn saved_id(saved: Option<&Series>) -> Option<Id> {
    saved.and_then(|series| series.id)
}

/// Saves where a series begins, or the id of one that has none, before anything else says whose the
/// outputs are.
fn save_start(job: &Job, shared: &Shared<'_>, id: Id, mut marks: Vec<Mark>) -> Result<(), Failure> {
    let Some(mut state) = shared.state.as_ref().map(lock) else { return Ok(()) };
    let saved = job.mode.saved();
    let output = marks.remove(0);
    let busy = job.beside.iter().map(|(name, _)| (*name).to_owned()).zip(marks);
    let idle = saved.into_iter().flat_map(|series| series.sideloads.clone());
    let idle = idle.filter(|(name, _)| !job.beside.iter().any(|(busy, _)| busy == name));
    let Standing { position, overlap, through, capacity } = at_start(job);
    let series = Series {
        id: Some(id),
        open: saved.and_then(|series| series.open),
        position,
        overlap,
        capacity,
        through,
        window: saved.and_then(|series| series.window).or(job.updated_since),
        output,
        sideloads: idle.chain(busy).collect(),
    };
    let path = state.path().display().to_string();
    state
        .save(job.resource.name, &series, shared.clock.wall())
        .map_err(ReplaceError::into_io)
        .or_exit(Exit::Output, || format!("cannot save the position in {path}"))
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
