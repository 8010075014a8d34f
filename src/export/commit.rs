//! The commit of a page: its output, durable; then the position; then the page counts.
//!
//! The protocol is told in `disk`.

use super::{Shared, lock, run::Run};
use crate::{
    disk::ReplaceError,
    failure::{Exit, Failure, OrExit as _},
    output::Output,
    plan::{Job, Mode},
    position::{Fingerprint, Position},
    sink::{FileSink, Owner, Sink, Stage, StdoutSink, segment},
    state::{Mark, Series, StateFile},
    time::UnixTime,
};
use std::{
    mem,
    path::{Path, PathBuf},
    sync::MutexGuard,
};

impl<'a> Run<'a> {
    /// The page's output first, durable; then the position; then the page counts.
    pub(super) fn commit(&mut self, next: Position) -> Result<(), Failure> {
        let stop = self.shared.stop;
        let mut written = self.sink.write(&self.lines, stop);
        for sideload in &mut self.sideloads {
            written = written.and_then(|()| sideload.sink.write(&sideload.lines, stop));
        }
        if let Err(failure) = written {
            self.each_sink(Sink::rollback);
            return Err(failure);
        }
        let through = self.through.or(self.outcome.through);
        self.save(&next, through)?;
        self.outcome.through = through;
        self.each_sink(Sink::commit);
        for sideload in &mut self.sideloads {
            sideload.seen.extend(sideload.fresh.drain(..));
            sideload.lines.clear();
        }
        if let Position::Cursor(cursor) = &self.position {
            self.earlier.insert(Fingerprint::of(cursor.as_str().as_bytes()));
        }
        self.position = next;
        self.outcome.pages += 1;
        self.outcome.records += self.counts.written;
        self.outcome.duplicates += self.counts.duplicates;
        self.outcome.left_out += self.counts.left_out;
        self.outcome.deleted += self.counts.deleted;
        self.outcome.surrogates += self.counts.surrogates;
        if self.outcome.surrogates > 0 && !mem::replace(&mut self.warned.surrogates, true) {
            let text = "lone surrogate escapes, which many readers refuse, become \\ufffd \
                        (--raw keeps them)";
            self.shared.report.warn(Some(self.job.resource.name), text);
        }
        Ok(())
    }

    pub(super) fn each_sink(&mut self, act: fn(&mut Sink)) {
        act(&mut self.sink);
        self.sideloads.iter_mut().for_each(|sideload| act(&mut sideload.sink));
    }

    /// The state, if this run moves a position in it.
    pub(super) fn series_state(&self) -> Option<MutexGuard<'a, StateFile>> {
        match self.job.mode {
            Mode::OneOff { .. } => None,
            Mode::NewSeries { .. } | Mode::Series(_) => self.shared.state.as_ref().map(lock),
        }
    }

    /// Saves a position with what the outputs now hold.
    pub(super) fn save(
        &mut self,
        position: &Position,
        through: Option<UnixTime>,
    ) -> Result<(), Failure> {
        let Some(mut state) = self.series_state() else {
            return Ok(());
        };
        let saved: Vec<(String, Mark)> = match &self.job.mode {
            Mode::Series(series) => series.sideloads.clone(),
            Mode::OneOff { .. } | Mode::NewSeries { .. } => Vec::new(),
        };
        let marked = self.sink.mark().and_then(|output| {
            let sideloads = self
                .sideloads
                .iter()
                .map(|sideload| Ok((sideload.name.to_owned(), sideload.sink.mark()?)))
                .collect::<Result<Vec<_>, Failure>>()?;
            Ok((output, sideloads))
        });
        let (output, current) = match marked {
            Ok(marks) => marks,
            Err(failure) => {
                self.each_sink(Sink::rollback);
                return Err(failure);
            }
        };
        let others = saved
            .into_iter()
            .filter(|(name, _)| !self.sideloads.iter().any(|known| known.name == name));
        let series = Series {
            position: position.clone(),
            through,
            output,
            sideloads: others.chain(current).collect(),
        };
        let at = self.date.unwrap_or_else(|| self.shared.clock.wall());
        let path = state.path().display().to_string();
        let result = state.save(self.job.resource.name, &series, at);
        drop(state);
        let failed = |what: &str, error| Failure {
            exit: Exit::Output,
            cause: anyhow::Error::from(error).context(format!("cannot {what} {path}")),
            hints: Vec::new(),
        };
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
}

/// Opens one output; the flag says that the state must be saved before the first byte.
pub(super) fn open_sink(
    job: &Job,
    shared: &Shared<'_>,
    output: &Output,
    saved: Option<&Mark>,
) -> Result<(Sink, bool), Failure> {
    let Output::File { path, template, run } = output else {
        let series = !matches!(job.mode, Mode::OneOff { .. });
        return Ok((Sink::Stdout(StdoutSink::open(series)?), false));
    };
    let failed = || format!("cannot finish the output {}", path.display());
    let mut path = path.clone();
    if let Some(run) = run {
        match saved.map(|mark| (mark.stage, &mark.path)) {
            Some((Some(Stage::Partial), growing)) => path = PathBuf::from(growing),
            Some((Some(Stage::Finalising), complete)) => {
                let empty = saved.and_then(|mark| mark.file).is_none_or(|file| file.bytes == 0);
                segment::finalise(Path::new(complete), empty).or_exit(Exit::Output, failed)?;
                path = segment::unused(&path, run);
            }
            Some(_) | None => path = segment::unused(&path, run),
        }
    }
    let stage = run.as_ref().map(|_| Stage::Partial);
    let moved = saved.is_some_and(|mark| mark.path != path.to_string_lossy());
    let owner = match (&job.mode, saved) {
        (Mode::OneOff { .. }, _) => Owner::OneOff(job.existing),
        (_, Some(mark)) if !moved => Owner::Series(mark),
        (_, _) => Owner::NewSeries(job.existing),
    };
    let (sink, opened) = FileSink::open(&path, template.clone(), stage, &owner)?;
    let name = Some(job.resource.name);
    let shown = path.display();
    if opened.discarded > 0 {
        let text = format!(
            "discarded {} bytes of {shown} that were written but not committed",
            opened.discarded
        );
        shared.report.warn(name, &text);
    }
    if opened.rotated {
        shared.report.note(name, &format!("{shown} was moved away: starting a new file"));
    }
    Ok((Sink::File(sink), opened.rotated || moved || saved.is_none()))
}
