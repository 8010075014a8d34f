//! Where an output of a job lies, for whom it is opened, and what the run before left there: one
//! decision, which planning, announcing, checking and opening share.
//!
//! Pure: what must be looked up on the disk comes in as [`Found`]. Must not know jobs or states.

use crate::{
    mark::{Mark, Stage},
    output::{Found, Output},
};
use std::{
    collections::BTreeSet,
    ffi::OsString,
    path::{Path, PathBuf},
};

/// Where the lines of one kind of record go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Stdout,
    File(Box<FilePlace>),
}

/// A file that a run writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FilePlace {
    /// Its own name; a segment grows under [`partial`] until it is complete.
    pub(crate) path: PathBuf,
    pub(crate) template: Option<String>,
    /// Of a file for each run, how far it has come.
    pub(crate) stage: Option<Stage>,
    pub(crate) owner: Owner,
    /// The series has not written here before: that must be saved before the first byte.
    pub(crate) new: bool,
    /// A segment that an earlier run completed, but perhaps did not live to name.
    pub(crate) unnamed: Option<Unnamed>,
    /// The file that the series leaves because the date in its name has changed.
    pub(crate) left: Option<Mark>,
    /// The name of a run that begins a segment.
    pub(crate) begins: Option<String>,
}

impl FilePlace {
    /// A file that grows under its own name.
    pub(crate) fn growing(path: PathBuf, owner: Owner) -> FilePlace {
        FilePlace {
            path,
            template: None,
            stage: None,
            owner,
            new: false,
            unnamed: None,
            left: None,
            begins: None,
        }
    }

    /// Whether a position depends on what is written.
    pub(crate) fn is_series(&self) -> bool {
        match self.owner {
            Owner::OneOff(_) => false,
            Owner::NewSeries(_) | Owner::Series(_) => true,
        }
    }
}

/// A segment that is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unnamed {
    pub(crate) path: PathBuf,
    pub(crate) empty: bool,
}

/// For whom a file is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    OneOff(Existing),
    NewSeries(Existing),
    /// With what the state says of the file.
    Series(Mark),
}

/// Who asks for an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    OneOff(Existing),
    Series(Existing),
    /// A series that is begun again, and says anew what to do with an old file.
    Again(Existing),
}

/// What to do with an output file that already holds something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    Refuse,
    Append,
    Overwrite,
}

/// Decides where an output lies; `saved` is what the state says of it.
pub(crate) fn place(asker: Asker, output: &Output, saved: Option<&Mark>, found: &Found) -> Place {
    let Output::File { path, template, run } = output else {
        return Place::Stdout;
    };
    let growing = saved.filter(|mark| run.is_some() && mark.stage == Some(Stage::Partial));
    let path = match (run, growing) {
        (Some(_), Some(mark)) => PathBuf::from(&mark.path),
        (Some(run), None) => unused(path, run, &found.names, saved),
        (None, _) => path.clone(),
    };
    let moved = saved.is_some_and(|mark| mark.path != path.to_string_lossy());
    let owner = match (asker, saved) {
        (Asker::OneOff(existing), _) => Owner::OneOff(existing),
        (Asker::Series(_), Some(mark)) if !moved => Owner::Series(mark.clone()),
        (Asker::Series(existing) | Asker::Again(existing), _) => Owner::NewSeries(existing),
    };
    let unnamed = saved.filter(|mark| mark.stage == Some(Stage::Finalising));
    // One that was moved away needs nothing.
    let left = saved.filter(|_| moved && run.is_none() && found.saved_is_there);
    Place::File(Box::new(FilePlace {
        path,
        template: template.clone(),
        stage: run.as_ref().map(|_| Stage::Partial),
        owner,
        new: moved || saved.is_none(),
        unnamed: unnamed.map(|mark| Unnamed {
            path: PathBuf::from(&mark.path),
            empty: mark.file.is_none_or(|file| file.bytes == 0),
        }),
        left: left.cloned(),
        begins: run.clone().filter(|_| growing.is_none()),
    }))
}

/// The hidden name that a segment grows under: `.NAME.partial` beside its own.
pub(crate) fn partial(own: &Path) -> PathBuf {
    hidden(own, "partial")
}

/// The file that says whose an output is: `.NAME.owner` beside it.
pub(crate) fn owner_file(path: &Path) -> PathBuf {
    hidden(path, "owner")
}

/// The file that keeps what was cut off an output: `.NAME.discarded` beside it.
pub(crate) fn discarded(path: &Path) -> PathBuf {
    hidden(path, "discarded")
}

/// Whether a name is one of those that stand hidden beside an output.
pub(crate) fn is_hidden_own(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let own = name.strip_prefix('.').and_then(|name| name.rsplit_once('.'));
    own.is_some_and(|(name, what)| {
        !name.is_empty() && ["partial", "owner", "discarded"].contains(&what)
    })
}

fn hidden(path: &Path, what: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{what}"))
}

/// A name that is not taken, neither by a finished segment nor by one that grows: of two runs in
/// the same second the second gets a `-2`, behind the run or, where that names a directory, behind
/// the file's own name. So it does where the first one's file was taken away meanwhile: where it is
/// now, one of the same name would replace it.
fn unused(own: &Path, run: &str, names: &BTreeSet<OsString>, last: Option<&Mark>) -> PathBuf {
    let has = |path: &Path| path.file_name().is_some_and(|name| names.contains(name));
    let name = own.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let numbered = |n: u64| match name.split_once('.') {
        _ if n == 1 => own.to_owned(),
        _ if name.contains(run) => own.with_file_name(name.replace(run, &format!("{run}-{n}"))),
        Some((stem, ends)) => own.with_file_name(format!("{stem}-{n}.{ends}")),
        None => own.with_file_name(format!("{name}-{n}")),
    };
    let is_last = |n: &u64| last.is_some_and(|mark| Path::new(&mark.path) == numbered(*n));
    let first = (1..MOST_IN_A_SECOND).find(is_last).map_or(1, |n| n + 1);
    (first..)
        .map(numbered)
        .find(|path| !has(path) && !has(&partial(path)))
        .expect("there are more numbers than names")
}

/// No series has so many runs in one second.
const MOST_IN_A_SECOND: u64 = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{mark::Committed, position::Fingerprint};

    fn output(path: &str, template: Option<&str>, run: Option<&str>) -> Output {
        Output::File {
            path: path.into(),
            template: template.map(str::to_owned),
            run: run.map(str::to_owned),
        }
    }

    fn mark(path: &str, stage: Option<Stage>, bytes: u64) -> Mark {
        Mark {
            stage,
            file: Some(Committed { bytes, tail: Fingerprint::of(b"") }),
            ..Mark::of(path.to_owned())
        }
    }

    fn file(asker: Asker, output: &Output, saved: Option<&Mark>, found: &Found) -> FilePlace {
        match place(asker, output, saved, found) {
            Place::File(file) => *file,
            Place::Stdout => panic!("a file was meant"),
        }
    }

    const SERIES: Asker = Asker::Series(Existing::Refuse);

    #[test]
    fn a_growing_file_is_the_series_own_from_its_second_run_on() {
        let output = output("/d/t.ndjson", None, None);
        let none = Found::default();
        let first = file(SERIES, &output, None, &none);
        assert_eq!((first.owner, first.new), (Owner::NewSeries(Existing::Refuse), true));
        let saved = mark("/d/t.ndjson", None, 7);
        let next = file(SERIES, &output, Some(&saved), &none);
        assert_eq!((next.owner, next.new), (Owner::Series(saved), false));
        let other = file(Asker::OneOff(Existing::Append), &output, None, &none);
        assert_eq!(other.owner, Owner::OneOff(Existing::Append));
        assert_eq!(place(SERIES, &Output::Stdout, None, &none), Place::Stdout);
    }

    #[test]
    fn the_file_of_yesterday_is_left_if_it_is_still_there() {
        let output = output("/d/t-25.ndjson", Some("/d/t-{date}.ndjson"), None);
        let saved = mark("/d/t-24.ndjson", None, 7);
        for there in [true, false] {
            let found = Found { saved_is_there: there, ..Found::default() };
            let today = file(SERIES, &output, Some(&saved), &found);
            assert_eq!((today.new, today.left.is_some()), (true, there));
            assert_eq!(today.owner, Owner::NewSeries(Existing::Refuse));
        }
    }

    #[test]
    fn a_segment_goes_on_under_the_name_that_it_began_with() {
        let output = output("/d/t-R2.ndjson", Some("/d/t-{run}.ndjson"), Some("R2"));
        let none = Found::default();
        let saved = mark("/d/t-R1.ndjson", Some(Stage::Partial), 7);
        let next = file(SERIES, &output, Some(&saved), &none);
        assert_eq!((next.path.to_str(), next.new), (Some("/d/t-R1.ndjson"), false));
        assert_eq!((next.begins, next.unnamed), (None, None));
        let saved = mark("/d/t-R1.ndjson", Some(Stage::Finalising), 0);
        let next = file(SERIES, &output, Some(&saved), &none);
        assert_eq!(next.path.to_str(), Some("/d/t-R2.ndjson"));
        assert_eq!(next.begins.as_deref(), Some("R2"));
        let unnamed = Unnamed { path: "/d/t-R1.ndjson".into(), empty: true };
        assert_eq!((next.unnamed, next.left), (Some(unnamed), None));
    }

    #[test]
    fn a_second_run_in_the_same_second_gets_another_name() {
        let output = output("/d/t-R.ndjson", Some("/d/t-{run}.ndjson"), Some("R"));
        for (names, expect) in [
            (&[][..], "/d/t-R.ndjson"),
            (&["t-R.ndjson"], "/d/t-R-2.ndjson"),
            (&["t-R.ndjson", ".t-R-2.ndjson.partial"], "/d/t-R-3.ndjson"),
        ] {
            let names = names.iter().map(OsString::from).collect();
            let found = Found { names, saved_is_there: false };
            assert_eq!(file(SERIES, &output, None, &found).path.to_str(), Some(expect));
        }
    }

    #[test]
    fn of_two_runs_in_one_second_each_has_its_name() {
        let run = "20261124T015903Z";
        for (own, taken, expect) in [
            (format!("/d/t-{run}.gz"), format!("t-{run}.gz"), format!("/d/t-{run}-2.gz")),
            (format!("/d/{run}/t.x.gz"), "t.x.gz".to_owned(), format!("/d/{run}/t-2.x.gz")),
            (format!("/d/{run}/t"), ".t.partial".to_owned(), format!("/d/{run}/t-2")),
            (format!("/d/{run}/t.gz"), "u.gz".to_owned(), format!("/d/{run}/t.gz")),
        ] {
            let names = BTreeSet::from([OsString::from(taken)]);
            assert_eq!(unused(Path::new(&own), run, &names, None), Path::new(&expect));
        }
    }

    /// Where the first one's file is now, one of the same name would replace it.
    #[test]
    fn a_segment_that_was_taken_away_leaves_its_name_taken_for_its_second() {
        let output = output("/d/t-R.gz", Some("/d/t-{run}.gz"), Some("R"));
        for (last, expect) in [
            ("/d/t-R.gz", "/d/t-R-2.gz"),
            ("/d/t-R-2.gz", "/d/t-R-3.gz"),
            ("/d/t-Q.gz", "/d/t-R.gz"),
        ] {
            let saved = mark(last, Some(Stage::Finished), 7);
            let next = file(SERIES, &output, Some(&saved), &Found::default());
            assert_eq!((next.path.to_str(), next.new), (Some(expect), true), "{last}");
        }
    }
}
