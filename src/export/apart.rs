//! Which files the resources of a run write to: each is one resource's, or one sideload's, alone.
//!
//! Two names may lead to one file. Must not know what is written, nor what other programs do.

use crate::{disk, failure::Failure, mutex::lock, place::Place, plan::Job};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Mutex,
};

/// The files of each resource of a run, by its name.
#[derive(Debug, Default)]
pub(crate) struct Outputs(Mutex<BTreeMap<&'static str, Vec<Named>>>);

/// A file, and what is written to it.
#[derive(Debug)]
struct Named {
    what: String,
    path: PathBuf,
}

impl Outputs {
    /// Takes note of what all jobs of a run write to.
    pub(super) fn take_all(&self, jobs: &[Job]) -> Result<(), Failure> {
        *lock(&self.0) = jobs.iter().map(|job| (job.resource.name, files(job))).collect();
        self.check().map_err(|(name, failure)| failure.about(name))
    }

    /// Takes note that a job writes to other files from now on.
    pub(super) fn take(&self, job: &Job) -> Result<(), Failure> {
        lock(&self.0).insert(job.resource.name, files(job));
        self.check().map_err(|(_, failure)| failure)
    }

    /// Refuses a second resource, or sideload, that writes to the file of a first.
    fn check(&self) -> Result<(), (&'static str, Failure)> {
        let outputs = lock(&self.0);
        let mut seen: Vec<(&str, &Path)> = Vec::new();
        for (resource, files) in outputs.iter() {
            for Named { what, path } in files {
                if let Some((other, _)) = seen.iter().find(|(_, seen)| disk::is_same(seen, path)) {
                    let text = format!(
                        "the outputs of {other} and {what} are one file, {}",
                        path.display()
                    );
                    let hint = "a link leads from one to the other: give each a file of its own";
                    return Err((resource, Failure::usage(text).hint(hint)));
                }
                seen.push((what, path));
            }
        }
        Ok(())
    }
}

fn files(job: &Job) -> Vec<Named> {
    let resource = job.resource.name;
    let beside = job.beside.iter().map(|(name, place)| (format!("{resource}.{name}"), place));
    let all = [(resource.to_owned(), &job.place)].into_iter().chain(beside);
    let file = |(what, place): (String, &Place)| match place {
        Place::File(file) => Some(Named { what, path: file.path.clone() }),
        Place::Stdout => None,
    };
    all.filter_map(file).collect()
}
