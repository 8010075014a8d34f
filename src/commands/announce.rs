//! What is said before the first request: where each job starts, why, and what that does to the
//! saved position. Said once for all jobs of which the same is said.
//!
//! Pure: words of what was planned.

use crate::{
    output::file_name,
    place::Place,
    plan::{Job, Keeps, Mode},
    time::UnixTime,
};
use std::path::Path;

/// What is common to all jobs.
pub(super) struct Scene<'a> {
    /// Where positions are kept, if a state takes part.
    pub(super) state: Option<&'a Path>,
    /// Rule 7: what stdout passes on begins no series.
    pub(super) passing: bool,
    /// What stdout is called.
    pub(super) stdout: &'a str,
}

/// Each line with the names of whom it is said.
pub(super) fn announcements(jobs: &[Job], scene: &Scene<'_>) -> Vec<(Vec<&'static str>, String)> {
    let mut groups: Vec<(String, Vec<&Job>)> = Vec::new();
    for job in jobs {
        let key = line(job, scene, "", &place_of(job, scene, Told::OfAll));
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, members)) => members.push(job),
            None => groups.push((key, vec![job])),
        }
    }
    let told = groups.into_iter().map(|(_, members)| {
        let names = members.iter().map(|job| job.resource.name).collect();
        let line = match members.as_slice() {
            [job] => line(job, scene, &start_of(&members), &place_of(job, scene, Told::OfOne)),
            [job, ..] => {
                let told =
                    line(job, scene, &start_of(&members), &place_of(job, scene, Told::OfAll));
                match told.strip_prefix("goes ") {
                    Some(rest) => format!("go {rest}"),
                    None => told,
                }
            }
            [] => String::new(),
        };
        (names, line)
    });
    told.collect()
}

/// A line for each job, for programs, which look for one resource.
pub(super) fn each(jobs: &[Job], scene: &Scene<'_>) -> Vec<(Vec<&'static str>, String)> {
    let own = |job: &Job| {
        let told = line(job, scene, &start_of(&[job]), &place_of(job, scene, Told::OfOne));
        (vec![job.resource.name], told)
    };
    jobs.iter().map(own).collect()
}

/// Of whom a place is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    OfOne,
    /// With `{resource}` in place of the resource's name.
    OfAll,
}

fn place_of(job: &Job, scene: &Scene<'_>, told: Told) -> String {
    let Place::File(file) = &job.place else { return scene.stdout.to_owned() };
    let path = file.path.display().to_string();
    match path.rsplit_once(&file_name(job.resource.name)) {
        Some((before, behind)) if told == Told::OfAll => format!("{before}{{resource}}{behind}"),
        _ => path,
    }
}

fn start(job: &Job) -> Option<UnixTime> {
    match &job.mode {
        Mode::OneOff { start } | Mode::NewSeries { start, .. } => Some(*start),
        Mode::Series(series) => series.through.or_else(|| series.position.time()),
        Mode::List(_) => None,
    }
}

/// Of what has no start, all is taken.
fn begins_without_a_start(job: &Job) -> bool {
    !job.resource.has_start() && !matches!(job.mode, Mode::Series(_))
}

/// The start, or of several the earliest, with whose it is.
fn start_of(jobs: &[&Job]) -> String {
    let mut starts: Vec<(Option<UnixTime>, &str)> =
        jobs.iter().map(|job| (start(job), job.resource.name)).collect();
    starts.sort_by_key(|(start, _)| *start);
    let alike = starts.windows(2).all(|pair| pair[0].0 == pair[1].0);
    if jobs.iter().all(|job| begins_without_a_start(job)) {
        return "the beginning".to_owned();
    }
    match starts.iter().find_map(|(start, name)| start.map(|start| (start, name))) {
        None => "the saved cursor".to_owned(),
        Some((start, _)) if alike => start.to_string(),
        Some((start, name)) => format!("{start} ({name}) and later"),
    }
}

fn line(job: &Job, scene: &Scene<'_>, start: &str, to: &str) -> String {
    let state = scene.state.map(|path| path.display().to_string()).unwrap_or_default();
    let origin = &job.origin;
    match &job.mode {
        Mode::OneOff { .. } if scene.passing => format!(
            "from {start} ({origin}) to {to}, a one-off: what stdout passes on moves no position; to \
             begin a series, give a file with -o, or a --state"
        ),
        Mode::OneOff { .. } if state.is_empty() => {
            format!("from {start} ({origin}) to {to}, a one-off")
        }
        Mode::OneOff { .. } => format!(
            "from {start} ({origin}) to {to}, a one-off: the saved position in {state} stays as it is"
        ),
        Mode::NewSeries { again: None, .. } => {
            format!("from {start} ({origin}) to {to}, a new series saved in {state}")
        }
        Mode::NewSeries { again: Some(_), .. } => format!(
            "from {start} to {to}, the series begun again that is saved in {state}: of its start and \
             {origin} the earlier one"
        ),
        Mode::Series(_) => {
            let moved =
                if job.moved_from.is_empty() { "" } else { ", where the output was moved to" };
            format!("goes on from {start} to {to}{moved}, saved in {state}")
        }
        Mode::List(Keeps::Nothing) => format!("all that there is now, to {to}, a one-off"),
        Mode::List(Keeps::Begins) => {
            format!("all that there is now, to {to}; whose that is, is saved in {state}")
        }
        Mode::List(Keeps::GoesOn(_)) => {
            let moved =
                if job.moved_from.is_empty() { "" } else { ", where the output was moved to" };
            format!("all that there is now, to {to}{moved}, in place of the last snapshot")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{plan::probe, resource::RESOURCES};

    #[test]
    fn u14_what_is_said_of_several_is_said_once() {
        let job = |at: usize, start: i64, origin: &str| Job {
            origin: origin.to_owned(),
            ..probe(&RESOURCES[at], UnixTime::clamped(start))
        };
        let scene = Scene { state: None, passing: false, stdout: "stdout" };
        let told = |jobs: &[Job]| {
            let told = announcements(jobs, &scene).into_iter();
            told.map(|(names, text)| format!("{}: {text}", names.join(" "))).collect::<Vec<_>>()
        };
        let names: Vec<&str> = RESOURCES.iter().map(|resource| resource.name).collect();
        let since = "--since @0";
        assert_eq!(
            told(&[job(0, 0, since), job(1, 0, since), job(2, 0, "start = \"1970\"")]),
            [
                format!(
                    "{} {}: from 1970-01-01T00:00:00Z (--since @0) to stdout, a one-off",
                    names[0], names[1]
                ),
                format!(
                    "{}: from 1970-01-01T00:00:00Z (start = \"1970\") to stdout, a one-off",
                    names[2]
                ),
            ]
        );
        assert_eq!(
            told(&[job(0, 60, since), job(1, 0, since)]),
            [format!(
                "{} {}: from 1970-01-01T00:00:00Z ({}) and later (--since @0) to stdout, a one-off",
                names[0], names[1], names[1]
            )]
        );
    }
}
