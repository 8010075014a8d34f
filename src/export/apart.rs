//! Which files the resources of a run write to: each is one resource's alone.
//!
//! Two names may lead to one file. Must not know what is written, nor what other programs do.

use crate::{failure::Failure, mutex::lock, place::Place, plan::Job};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Mutex,
};

/// The files of each resource of a run, by its name.
#[derive(Debug, Default)]
pub(crate) struct Outputs(Mutex<BTreeMap<&'static str, Vec<PathBuf>>>);

/// What two names of one file have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Which {
    /// A file that is there, by its device and its number on it.
    Found(u64, u64),
    /// One that is still to be made, or a system that does not tell.
    Named(PathBuf),
}

impl Which {
    fn of(path: &Path) -> Which {
        #[cfg(unix)]
        if let Ok(found) = std::fs::metadata(path) {
            use std::os::unix::fs::MetadataExt as _;
            return Which::Found(found.dev(), found.ino());
        }
        Which::Named(path.to_owned())
    }
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
        let mut taken: BTreeMap<Which, &Path> = BTreeMap::new();
        let all =
            outputs.iter().flat_map(|(name, files)| files.iter().map(move |file| (name, file)));
        for (name, file) in all {
            if let Some(other) = taken.insert(Which::of(file), file) {
                let text = format!(
                    "{} and {} are one file, and this run would write to it twice",
                    other.display(),
                    file.display()
                );
                return Err((
                    name,
                    Failure::usage(text).hint("give each a file of its own with -o"),
                ));
            }
        }
        Ok(())
    }
}

fn files(job: &Job) -> Vec<PathBuf> {
    let file = |place: &Place| match place {
        Place::File(file) => Some(file.path.clone()),
        Place::Stdout => None,
    };
    job.places().filter_map(file).collect()
}
