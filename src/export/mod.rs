//! The export: every job side by side, under one pacer, one state and one stop.
//!
//! Everything that a job needs is opened before the first request of any, so that a refusal
//! leaves nothing half begun.

mod accepted;
mod advice;
mod ahead;
mod apart;
mod asker;
mod batch;
mod broken;
mod clocks;
mod commit;
pub(crate) mod cost;
mod ending;
mod lines;
mod memory;
#[cfg(test)]
mod model;
mod objects;
mod opening;
#[cfg(test)]
mod overlap;
#[cfg(test)]
mod ownership_disturbances;
#[cfg(test)]
mod ownership_model;

mod query;
mod reading;
mod run;
mod shared;
mod sideloaded;
pub(crate) mod slices;
mod snapshot;
mod stream;
pub(crate) mod summary;
mod tally;
mod teller;
#[cfg(test)]
mod weeks;
mod writer;

use crate::{
    disk,
    failure::{Exit, Failure, bug},
    mutex::lock,
    output::Output,
    plan::Job,
    sink::Purpose,
};
pub(crate) use apart::Outputs;
pub(crate) use objects::keys;
pub(crate) use opening::whereabouts;
pub(crate) use query::request;
pub(crate) use shared::{Ledger, Over, Shared};
use std::{
    collections::{BTreeSet, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{Mutex, PoisonError},
    thread,
};
use stream::Stream;
use summary::Outcome;
use writer::Writer;

/// Refuses what [`run`] would refuse before the first request, and leaves everything as it is.
pub(crate) fn check(jobs: &[Job]) -> Result<(), Failure> {
    Outputs::default().take_all(jobs)?;
    jobs.iter().try_for_each(|job| {
        let looked = Looked::look(job, Purpose::Plan);
        looked.map(drop).map_err(|failure| failure.about(job.resource.name))
    })
}

/// Jobs of which every output is open, and every start is saved.
pub(crate) struct Opened<'a>(Vec<(&'a Job, Ready<'a>)>);

/// Opens what all jobs need; what can be refused is refused here. First all looks, then all acts.
pub(crate) fn open<'a>(jobs: &'a [Job], shared: &'a Shared<'a>) -> Result<Opened<'a>, Failure> {
    shared.outputs.take_all(jobs)?;
    let looked = jobs.iter().map(|job| {
        let looked = Looked::look(job, Purpose::Write);
        looked.map(|looks| (job, looks)).map_err(|failure| failure.about(job.resource.name))
    });
    let looked = looked.collect::<Result<Vec<_>, _>>()?;
    let opened = looked.into_iter().map(|(job, looks)| {
        let ready = Ready::open(job, shared, looks);
        ready.map(|ready| (job, ready)).map_err(|failure| failure.about(job.resource.name))
    });
    opened.collect::<Result<_, _>>().map(Opened)
}

/// Runs all jobs to their ends. An error means that nothing was sent.
pub(crate) fn run<'a>(
    Opened(ready): Opened<'a>,
    shared: &'a Shared<'a>,
) -> Result<Vec<Outcome>, Failure> {
    let jobs: Vec<&Job> = ready.iter().map(|(job, _)| *job).collect();
    warn_of_open_directories(&jobs, shared);
    let waiting: Mutex<VecDeque<_>> = Mutex::new(ready.into_iter().enumerate().collect());
    let ended = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..shared.jobs.min(jobs.len()) {
            scope.spawn(|| {
                while let Some((index, (job, ready))) = { lock(&waiting).pop_front() } {
                    let name = job.resource.name;
                    // A bug in one resource leaves the others running.
                    let outcome = catch_unwind(AssertUnwindSafe(|| ready.export(job, shared)))
                        .unwrap_or_else(|_panic| Outcome {
                            exit: Exit::Bug,
                            error: Some(bug().to_string()),
                            ..Outcome::of(name)
                        });
                    lock(&ended).push((index, outcome));
                }
            });
        }
    });
    let names: Vec<&str> = jobs.iter().map(|job| job.resource.name).collect();
    shared.report.say_the_rest(&names);
    if !disk::knows_directory_syncs() {
        let text = "a file system here cannot make the names of files durable: after a power cut a \
                    file may have its old name";
        shared.report.warn(None, text);
    }
    let mut ended = ended.into_inner().unwrap_or_else(PoisonError::into_inner);
    ended.sort_by_key(|(index, _)| *index);
    Ok(ended.into_iter().map(|(_, outcome)| outcome).collect())
}

/// What was found of the outputs of a job.
enum Looked {
    Stream(opening::Looks),
    List(Box<snapshot::Looks>),
}

impl Looked {
    fn look(job: &Job, purpose: Purpose) -> Result<Looked, Failure> {
        match job.resource.is_list() {
            true => snapshot::look(job, purpose).map(Box::new).map(Looked::List),
            false => opening::look(job, purpose).map(Looked::Stream),
        }
    }
}

/// A job whose outputs are open.
enum Ready<'a> {
    Stream(Box<(Stream<'a>, Writer<'a>)>),
    List(Box<snapshot::Target<'a>>),
}

impl<'a> Ready<'a> {
    fn open(job: &'a Job, shared: &'a Shared<'a>, looked: Looked) -> Result<Ready<'a>, Failure> {
        match looked {
            Looked::Stream(looks) => {
                let writer = Writer::open(job, shared, looks)?;
                let sideloads = writer.sideloads()?;
                Ok(Ready::Stream(Box::new((Stream::new(job, sideloads), writer))))
            }
            Looked::List(looks) => {
                Ok(Ready::List(Box::new(snapshot::Target::open(job, shared, *looks)?)))
            }
        }
    }

    fn export(self, job: &'a Job, shared: &'a Shared<'a>) -> Outcome {
        match self {
            Ready::Stream(ready) => {
                let (stream, writer) = *ready;
                run::export(job, shared, stream, writer)
            }
            Ready::List(target) => snapshot::export(job, shared, *target),
        }
    }
}

/// What is written and saved can be trusted as far as the directories that it lies in.
fn warn_of_open_directories(jobs: &[&Job], shared: &Shared<'_>) {
    let outputs = jobs.iter().filter_map(|job| match &job.output {
        Output::File { path, .. } => Some(path.clone()),
        Output::Stdout => None,
    });
    let state = shared.state.iter().map(|state| lock(state).path().to_owned());
    let dirs: BTreeSet<PathBuf> =
        outputs.chain(state).filter_map(|path| Some(path.parent()?.to_owned())).collect();
    for dir in dirs.iter().filter(|dir| disk::is_open_to_all(dir)) {
        let dir = dir.display();
        let text = format!("anybody can replace files in {dir}; to prevent it: chmod o-w {dir}");
        shared.report.warn(None, &text);
    }
}
