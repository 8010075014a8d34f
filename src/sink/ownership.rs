//! Whose a file is, how far it counts and what may be done with it: the decision, from what the
//! state says, what the owner file says and what the file is.
//!
//! Pure. The rule behind every row: zdx cuts off only the tail that a killed run of the same series
//! provably left in the same file; anything else it leaves as it is, and says what to type.

use super::owner::Note;
use crate::{
    disk,
    failure::{Exit, Failure},
    mark::{Before, Id, Identity, Mark, Stage},
    place::{Existing, discarded, owner_file, partial},
    position::Fingerprint,
    shown::quoted,
    words::grouped,
};
use std::path::Path;

/// What the state says of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said<'a> {
    /// The run that began to write and is not known to have ended.
    pub(crate) open: Option<Id>,
    pub(crate) mark: &'a Mark,
}

/// What the owner file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    Nobody,
    /// Of the series that asks.
    Ours {
        open: Option<Id>,
    },
    Others(Note, Whereabouts),
    Unreadable(String),
    /// A segment is its run's own by its name, and has no owner file.
    NotKept,
}

/// What has become of another series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whereabouts {
    Alive,
    /// The state that its owner file names does not hold it any more.
    Gone,
    Unknown,
}

/// What the file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) length: u64,
    /// Of the end of as many bytes as are committed, where there are so many.
    pub(crate) tail: Option<Fingerprint>,
    /// Of its very end.
    pub(crate) end: Fingerprint,
    pub(crate) ends_a_line: bool,
    /// `None` where the system does not tell.
    pub(crate) identity: Option<Identity>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Go on behind so many bytes, which are the whole file.
    GoOn { committed: u64, before: Option<Before> },
    /// Keep elsewhere what stands behind, cut it off, and go on.
    Cut { committed: u64, length: u64 },
    /// It was moved away, or emptied: begin it anew.
    Rotated,
}

/// Of a file that a series has written to, or was going to.
pub(crate) fn recover(
    path: &Path,
    said: Said<'_>,
    claim: &Claim,
    seen: Option<&Seen>,
) -> Result<Verdict, Failure> {
    check_claim(path, claim, "another series")?;
    let Some(saved) = said.mark.file else {
        return Err(Failure::new(
            Exit::Config,
            format!("the state does not say how far {} is committed", path.display()),
        )
        .hint("restore the state from a backup, or begin anew with --since and another --state"));
    };
    let before = said.mark.before;
    let unowned = matches!(claim, Claim::Nobody | Claim::NotKept);
    let seen = match seen {
        None if unowned && saved.bytes > 0 => return Err(unmounted(path, saved.bytes)),
        None if saved.bytes > 0 => return Ok(Verdict::Rotated),
        None => return Ok(Verdict::GoOn { committed: 0, before: None }),
        Some(seen) => seen,
    };
    if seen.length == 0 {
        return Ok(match saved.bytes {
            0 => Verdict::GoOn { committed: 0, before: None },
            _ => Verdict::Rotated,
        });
    }
    if seen.length < saved.bytes {
        let (length, bytes) = (seen.length, saved.bytes);
        return Err(edited(
            path,
            &format!("it holds {length} bytes, fewer than the {bytes} committed"),
        ));
    }
    if seen.tail != Some(saved.tail) {
        let bytes = saved.bytes;
        return Err(edited(path, &format!("the end of its {bytes} committed bytes was changed")));
    }
    if seen.length == saved.bytes {
        return Ok(Verdict::GoOn { committed: saved.bytes, before });
    }
    let left_by_us = match (said.open, claim) {
        (Some(run), Claim::Ours { open }) => *open == Some(run),
        (run, Claim::NotKept) => run.is_some(),
        (_, _) => false,
    };
    let same_file = match (&said.mark.identity, &seen.identity) {
        (Some(saved), Some(seen)) => saved == seen,
        (None, Some(_)) => false,
        (_, None) => true,
    };
    if left_by_us && same_file {
        return Ok(Verdict::Cut { committed: saved.bytes, length: seen.length });
    }
    let (length, bytes) = (seen.length, saved.bytes);
    let what = format!(
        "it holds {length} bytes, more than the {bytes} committed, and nothing proves that zdx \
         wrote them"
    );
    let shown = quoted(&path.to_string_lossy());
    Err(edited(path, &what)
        .hint(format!("tail -c +{} {shown} shows what stands behind", bytes + 1))
        .hint(format!("to go on without it: truncate -s {bytes} {shown}")))
}

/// Who takes a file that no series of the same state has written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taker {
    OneOff,
    Series,
}

/// Of a file that a series or a one-off begins to write to. `plain` says that its lines stand there
/// as they are, so that a torn one can be seen.
pub(crate) fn begin(
    path: &Path,
    taker: Taker,
    existing: Existing,
    claim: &Claim,
    seen: Option<&Seen>,
    plain: bool,
) -> Result<Verdict, Failure> {
    let who = match taker {
        Taker::OneOff => "a one-off",
        Taker::Series => "another series",
    };
    check_claim(path, claim, who)?;
    let Some(seen) = seen.filter(|seen| seen.length > 0) else {
        return Ok(Verdict::GoOn { committed: 0, before: None });
    };
    match existing {
        Existing::Refuse => Err(Failure::usage(format!(
            "the output {} already holds {} bytes",
            path.display(),
            grouped(seen.length)
        ))
        .hint("add --append to go on behind them, or --overwrite to replace them")),
        Existing::Append if plain && !seen.ends_a_line => Err(Failure::usage(format!(
            "the output {} does not end with a newline: appending would join two lines",
            path.display()
        ))),
        Existing::Append => {
            Ok(Verdict::GoOn { committed: seen.length, before: Some(Before::Kept) })
        }
        Existing::Overwrite => {
            Ok(Verdict::GoOn { committed: seen.length, before: Some(Before::Replaced) })
        }
    }
}

/// An output belongs to one series, whoever runs when.
pub(super) fn check_claim(path: &Path, claim: &Claim, who: &str) -> Result<(), Failure> {
    let owner = owner_file(path);
    match claim {
        Claim::Nobody | Claim::Ours { .. } | Claim::NotKept => Ok(()),
        Claim::Unreadable(reason) => Err(Failure::new(
            Exit::Config,
            format!(
                "{} does not say whose the output {} is: {reason}; nothing was touched",
                owner.display(),
                path.display()
            ),
        )
        .hint("restore it from a backup, or give this run another output with -o")),
        Claim::Others(note, whereabouts) => {
            let failure = Failure::usage(format!(
                "the output {} belongs to the series of {} of the account {}, saved in {}: {who} \
                 would break it",
                path.display(),
                note.resource,
                note.account,
                note.state.display()
            ))
            .hint("give this run another output with -o");
            Err(match whereabouts {
                Whereabouts::Alive => failure,
                Whereabouts::Gone => failure.hint(format!(
                    "that series is gone from that state: to free the output, rm {}",
                    quoted(&owner.to_string_lossy())
                )),
                Whereabouts::Unknown => failure.hint(format!(
                    "cannot tell whether that series still exists: see zdx state show --state {}",
                    quoted(&note.state.to_string_lossy())
                )),
            })
        }
    }
}

fn edited(path: &Path, what: &str) -> Failure {
    Failure::new(
        Exit::Config,
        format!(
            "the output {} is not as the last run left it: {what}; nothing was touched",
            path.display()
        ),
    )
    .hint(
        "move the file away to begin a new one, or go on elsewhere with --since and another --state",
    )
}

pub(super) fn unmounted(path: &Path, bytes: u64) -> Failure {
    let shown = path.display();
    Failure::new(
        Exit::Output,
        format!(
            "the output {shown} is gone, with {} bytes committed and the file that says whose it \
             is: is its disk unmounted?",
            grouped(bytes)
        ),
    )
    .hint(mount_or(path, Some(path)))
}

/// Of an output whose directory is gone: there may be nothing wrong but that a disk is not mounted.
pub(crate) fn vanished(mark: &Mark) -> Failure {
    let own = Path::new(&mark.path);
    let bytes = match mark.file {
        Some(file) if file.bytes > 0 => {
            format!(", with {} bytes committed", grouped(file.bytes))
        }
        Some(_) | None => String::new(),
    };
    let text = format!(
        "the directory of the output {} is gone{bytes}: is its disk unmounted?",
        own.display()
    );
    let grows = match mark.stage {
        None => Some(own.to_owned()),
        Some(Stage::Partial) => Some(partial(own)),
        // What comes next is a file of its own.
        Some(Stage::Finalising | Stage::Finished) => None,
    };
    Failure::new(Exit::Output, text).hint(mount_or(own, grows.as_deref()))
}

/// What to do about a missing disk, and how to say that what was on it was moved away. An empty file
/// says it of one that `grows`.
fn mount_or(path: &Path, grows: Option<&Path>) -> String {
    let dir = quoted(&disk::parent(path).to_string_lossy());
    let touch = grows.map(|path| format!(" && touch {}", quoted(&path.to_string_lossy())));
    format!(
        "mount it, and run the same command again; if it was moved away for good: mkdir -p {dir}{}",
        touch.unwrap_or_default()
    )
}

/// What is told of a tail that was cut off.
pub(crate) fn told(path: &Path, bytes: u64, kept: u64) -> String {
    let shown = path.display();
    let at = discarded(path);
    format!(
        "discarded {bytes} bytes of {shown} that were written but not committed; what was cut off \
         is kept, {} bytes by now: rm {} when you do not want it",
        grouped(kept),
        quoted(&at.to_string_lossy())
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mark::Committed;

    const PATH: &str = "/d/x.ndjson";

    fn print(text: &str) -> Fingerprint {
        Fingerprint::of(text.as_bytes())
    }

    fn identity(inode: u64) -> Option<Identity> {
        Some(Identity::new(inode, Some(5)))
    }

    fn mark(bytes: u64, inode: Option<u64>) -> Mark {
        Mark {
            file: Some(Committed { bytes, tail: print("tail") }),
            identity: inode.and_then(identity),
            ..Mark::of(PATH.to_owned())
        }
    }

    fn seen(length: u64, tail: &str, inode: u64) -> Seen {
        Seen {
            length,
            tail: Some(print(tail)),
            end: print("end"),
            ends_a_line: true,
            identity: identity(inode),
        }
    }

    fn ours(open: Option<u128>) -> Claim {
        Claim::Ours { open: open.map(Id) }
    }

    fn others(whereabouts: Whereabouts) -> Claim {
        let note = Note {
            series: Id(1),
            account: "busy".to_owned(),
            resource: "users".to_owned(),
            state: "/s/busy.json".into(),
            open: None,
        };
        Claim::Others(note, whereabouts)
    }

    /// What the state says: bytes, the identity's inode, the open run. Then the claim, what is
    /// there, and what comes of it.
    #[track_caller]
    fn row(
        said: (u64, Option<u64>, Option<u128>),
        claim: &Claim,
        file: Option<&Seen>,
        expect: Result<Verdict, (Exit, &str)>,
    ) {
        let (bytes, inode, open) = said;
        let mark = mark(bytes, inode);
        let said = Said { open: open.map(Id), mark: &mark };
        let found = recover(Path::new(PATH), said, claim, file);
        match (found, expect) {
            (Ok(found), Ok(expect)) => assert_eq!(found, expect),
            (Err(failure), Err((exit, text))) => {
                let words = format!("{failure}\n{}", failure.hints.join("\n"));
                assert!(failure.exit == exit && words.contains(text), "{words}");
            }
            (found, expect) => panic!("{found:?} instead of {expect:?}"),
        }
    }

    #[test]
    fn what_a_run_finds_and_what_it_may_do() {
        use Claim::{Nobody, NotKept};
        let go_on = |committed| Ok(Verdict::GoOn { committed, before: None });
        let cut = |committed, length| Ok(Verdict::Cut { committed, length });
        let edited = |text| Err((Exit::Config, text));
        let same = seen(9, "tail", 4);
        let copy = seen(9, "tail", 5);
        let longer = seen(12, "tail", 4);
        let longer_copy = seen(12, "tail", 5);
        let shorter = seen(8, "", 4);
        let changed = seen(9, "x", 4);
        let empty = seen(0, "tail", 4);
        let said = (9, Some(4), None);
        // As it was committed: whoever the file is, whether a run was open or not.
        for claim in [ours(None), ours(Some(3)), Nobody, NotKept] {
            for said in [said, (9, None, None), (9, Some(4), Some(3))] {
                row(said, &claim, Some(&same), go_on(9));
                row(said, &claim, Some(&copy), go_on(9));
            }
        }
        // Longer: cut only what the open run left in the same file.
        row((9, Some(4), Some(3)), &ours(Some(3)), Some(&longer), cut(9, 12));
        row((9, Some(4), Some(3)), &NotKept, Some(&longer), cut(9, 12));
        row((0, Some(4), Some(3)), &ours(Some(3)), Some(&longer), cut(0, 12));
        for (open, claim) in [
            (None, ours(None)),
            (None, ours(Some(3))),
            (Some(3), ours(None)),
            (Some(3), ours(Some(2))),
            (Some(3), Nobody),
            (None, NotKept),
        ] {
            row((9, Some(4), open), &claim, Some(&longer), edited("more than the 9 committed"));
            // Nothing committed is no exception.
            row((0, Some(4), open), &claim, Some(&longer), edited("more than the 0 committed"));
        }
        for claim in [ours(Some(3)), NotKept] {
            row((9, Some(4), Some(3)), &claim, Some(&longer_copy), edited("12 bytes"));
            row((9, None, Some(3)), &claim, Some(&longer), edited("truncate -s 9 /d/x.ndjson"));
        }
        // Where the system tells no identity, the run alone proves it.
        let untold = Seen { identity: None, ..longer };
        row((9, None, Some(3)), &ours(Some(3)), Some(&untold), cut(9, 12));
        row((9, None, Some(3)), &ours(Some(2)), Some(&untold), edited("12 bytes"));
        // Shorter or changed: never touched, whatever run is open.
        for open in [None, Some(3)] {
            row((9, Some(4), open), &ours(open), Some(&shorter), edited("fewer than the 9"));
            row((9, Some(4), open), &ours(open), Some(&changed), edited("was changed"));
        }
        // Moved away or emptied, and never begun.
        row(said, &ours(None), None, Ok(Verdict::Rotated));
        for claim in [ours(None), Nobody, NotKept] {
            row(said, &claim, Some(&empty), Ok(Verdict::Rotated));
            row((0, None, None), &claim, None, go_on(0));
            row((0, None, None), &claim, Some(&empty), go_on(0));
        }
        for claim in [Nobody, NotKept] {
            row(said, &claim, None, Err((Exit::Output, "unmounted?")));
        }
    }

    #[test]
    fn another_series_output_is_refused_whatever_it_holds() {
        for (whereabouts, text) in [
            (Whereabouts::Alive, "another output"),
            (Whereabouts::Gone, "rm /d/.x.ndjson.owner"),
            (Whereabouts::Unknown, "cannot tell whether that series still exists"),
        ] {
            let claim = others(whereabouts);
            for file in [None, Some(&seen(0, "", 4)), Some(&seen(9, "tail", 4))] {
                row((9, Some(4), None), &claim, file, Err((Exit::Usage, text)));
                for taker in [Taker::OneOff, Taker::Series] {
                    for existing in [Existing::Refuse, Existing::Append, Existing::Overwrite] {
                        let failure = begin(Path::new(PATH), taker, existing, &claim, file, true);
                        let failure = failure.unwrap_err();
                        assert_eq!(failure.exit, Exit::Usage);
                        assert!(failure.to_string().contains("belongs to the series of users"));
                        let gone = failure.hints.iter().any(|hint| hint.contains("rm /d/"));
                        assert_eq!(gone, whereabouts == Whereabouts::Gone);
                    }
                }
            }
        }
        let damaged = Claim::Unreadable("it is not JSON".to_owned());
        row((0, None, None), &damaged, None, Err((Exit::Config, ".x.ndjson.owner")));
    }

    #[test]
    fn what_to_do_with_a_file_that_exists() {
        let file = seen(9, "tail", 4);
        let torn = Seen { ends_a_line: false, ..file.clone() };
        let begin = |existing, seen: Option<&Seen>, plain| {
            begin(Path::new(PATH), Taker::Series, existing, &Claim::Nobody, seen, plain)
                .map_err(|failure| failure.exit)
        };
        let go_on = |committed, before| Ok(Verdict::GoOn { committed, before });
        for existing in [Existing::Refuse, Existing::Append, Existing::Overwrite] {
            assert_eq!(begin(existing, None, true), go_on(0, None));
            assert_eq!(begin(existing, Some(&seen(0, "", 4)), true), go_on(0, None));
        }
        assert_eq!(begin(Existing::Refuse, Some(&file), true), Err(Exit::Usage));
        assert_eq!(begin(Existing::Append, Some(&torn), true), Err(Exit::Usage));
        let kept = go_on(9, Some(Before::Kept));
        assert_eq!(begin(Existing::Append, Some(&file), true), kept);
        assert_eq!(begin(Existing::Append, Some(&torn), false), kept);
        let replaced = go_on(9, Some(Before::Replaced));
        assert_eq!(begin(Existing::Overwrite, Some(&torn), true), replaced);
    }
}
