//! Whether a list's snapshot may take the place of what is there: the decision, from what the state
//! says, what the owner file says and what the file is.
//!
//! Pure. A snapshot is written whole beside its place, and the state names it before it takes that
//! place. So the file there is the last snapshot, or the one that was to take its place when the run
//! before was killed; anything else is not zdx's own, and stays as it is.

use super::ownership::{Claim, Seen, check_claim, unmounted};
use crate::{
    failure::{Exit, Failure},
    mark::{Committed, Mark},
    place::{Existing, Owner},
    words::grouped,
};
use std::path::Path;

/// What a snapshot finds at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum There {
    /// Nothing, or an empty file.
    Nothing,
    /// Nothing or an empty file, where the last snapshot was.
    MovedAway,
    /// The last snapshot.
    Last(Committed),
    /// Something that is to be replaced, as was asked.
    Given,
}

/// What may be replaced at a place.
pub(crate) fn there(
    path: &Path,
    owner: &Owner,
    claim: &Claim,
    seen: Option<&Seen>,
) -> Result<There, Failure> {
    let who = match owner {
        Owner::OneOff(_) => "a one-off",
        Owner::NewSeries(_) | Owner::Series(_) => "another series",
    };
    check_claim(path, claim, who)?;
    match owner {
        Owner::OneOff(existing) | Owner::NewSeries(existing) => given(path, *existing, seen),
        Owner::Series(mark) => last(path, mark, claim, seen),
    }
}

fn given(path: &Path, existing: Existing, seen: Option<&Seen>) -> Result<There, Failure> {
    match (existing, seen.filter(|seen| seen.length > 0)) {
        (_, None) => Ok(There::Nothing),
        (Existing::Overwrite, Some(_)) => Ok(There::Given),
        (Existing::Refuse | Existing::Append, Some(seen)) => Err(Failure::usage(format!(
            "the output {} already holds {} bytes",
            path.display(),
            grouped(seen.length)
        ))
        .hint("add --overwrite to replace them with the list, or give another output with -o")),
    }
}

fn last(path: &Path, mark: &Mark, claim: &Claim, seen: Option<&Seen>) -> Result<There, Failure> {
    let bytes = mark.file.map_or(0, |file| file.bytes);
    let Some(seen) = seen else {
        return match claim {
            Claim::Nobody if bytes > 0 => Err(unmounted(path, bytes)),
            _ if bytes > 0 => Ok(There::MovedAway),
            _ => Ok(There::Nothing),
        };
    };
    let is = |file: &Committed| file.bytes == seen.length && file.tail == seen.end;
    if let Some(file) = [mark.file, mark.next].into_iter().flatten().find(is) {
        return Ok(if file.bytes == 0 { There::Nothing } else { There::Last(file) });
    }
    if seen.length == 0 {
        return Ok(There::MovedAway);
    }
    let (shown, length, bytes) = (path.display(), grouped(seen.length), grouped(bytes));
    let text = format!(
        "the output {shown} is not as the last run left it: it holds {length} bytes, the last \
         snapshot had {bytes}, and they do not end alike; nothing was touched"
    );
    Err(Failure::new(Exit::Config, text)
        .hint("move the file away, or add --overwrite to replace it with the list"))
}

/// What stands at a place while a snapshot is taken: the same as when that began.
pub(crate) fn is_unchanged(before: Option<&Seen>, now: Option<&Seen>) -> bool {
    match (before, now) {
        // What was moved away or emptied is in nobody's way.
        (_, None) => true,
        (_, Some(now)) if now.length == 0 => true,
        (None, Some(_)) => false,
        (Some(before), Some(now)) => (before.length, before.end) == (now.length, now.end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{mark::Id, position::Fingerprint, sink::Note};

    fn seen(text: &str) -> Seen {
        Seen {
            length: u64::try_from(text.len()).unwrap(),
            tail: None,
            end: Fingerprint::of(text.as_bytes()),
            ends_a_line: true,
            identity: None,
        }
    }

    fn committed(text: &str) -> Committed {
        let Seen { length: bytes, end: tail, .. } = seen(text);
        Committed { bytes, tail }
    }

    fn series(file: &str, next: Option<&str>) -> Owner {
        Owner::Series(Mark {
            file: Some(committed(file)),
            next: next.map(committed),
            ..Mark::of("/d/groups.ndjson".to_owned())
        })
    }

    #[test]
    fn what_a_snapshot_may_replace() {
        use There::{Given, MovedAway, Nothing};
        let one_off = Owner::OneOff;
        let new = Owner::NewSeries;
        let ours = Claim::Ours { open: None };
        let note = Note {
            series: Id(1),
            account: "acme".to_owned(),
            resource: "brands".to_owned(),
            state: "/s".into(),
            open: None,
        };
        let others = Claim::Others(note, super::super::ownership::Whereabouts::Unknown);
        let last = |text| Ok(There::Last(committed(text)));
        let (usage, config) = (Err(Exit::Usage), Err(Exit::Config));
        for (owner, claim, found, expect) in [
            (one_off(Existing::Refuse), &Claim::Nobody, None, Ok(Nothing)),
            (one_off(Existing::Refuse), &Claim::Nobody, Some(""), Ok(Nothing)),
            (one_off(Existing::Refuse), &Claim::Nobody, Some("x\n"), usage),
            (one_off(Existing::Overwrite), &Claim::Nobody, Some("x\n"), Ok(Given)),
            (one_off(Existing::Overwrite), &others, Some("x\n"), usage),
            (one_off(Existing::Overwrite), &others, None, usage),
            (new(Existing::Refuse), &Claim::Nobody, None, Ok(Nothing)),
            (new(Existing::Refuse), &Claim::Nobody, Some("x\n"), usage),
            (new(Existing::Overwrite), &ours, Some("x\n"), Ok(Given)),
            (new(Existing::Overwrite), &others, Some("x\n"), usage),
            (new(Existing::Refuse), &Claim::Unreadable("torn".to_owned()), None, config),
            (series("", None), &ours, None, Ok(Nothing)),
            (series("", None), &Claim::Nobody, None, Ok(Nothing)),
            (series("", None), &ours, Some("x\n"), config),
            (series("", Some("b\n")), &ours, Some("b\n"), last("b\n")),
            (series("", Some("b\n")), &ours, None, Ok(Nothing)),
            (series("a\n", None), &ours, Some("a\n"), last("a\n")),
            (series("a\n", None), &Claim::Nobody, Some("a\n"), last("a\n")),
            (series("a\n", Some("b\n")), &ours, Some("a\n"), last("a\n")),
            (series("a\n", Some("b\n")), &ours, Some("b\n"), last("b\n")),
            (series("a\n", Some("")), &ours, Some(""), Ok(Nothing)),
            (series("a\n", None), &ours, Some("b\n"), config),
            (series("a\n", None), &ours, Some("a\nb\n"), config),
            (series("a\n", None), &ours, Some(""), Ok(MovedAway)),
            (series("a\n", None), &ours, None, Ok(MovedAway)),
            (series("a\n", None), &Claim::Nobody, None, Err(Exit::Output)),
            (series("a\n", None), &others, Some("a\n"), usage),
        ] {
            let found = found.map(seen);
            let verdict = there(Path::new("/d/groups.ndjson"), &owner, claim, found.as_ref());
            let verdict = verdict.map_err(|failure| failure.exit);
            assert_eq!(verdict, expect, "{owner:?} {claim:?} {found:?}");
        }
    }

    #[test]
    fn what_is_there_must_not_change_under_the_walk() {
        for (before, now, expect) in [
            (None, None, true),
            (Some("a\n"), None, true),
            (Some("a\n"), Some(""), true),
            (Some("a\n"), Some("a\n"), true),
            (Some("a\n"), Some("b\n"), false),
            (Some("a\n"), Some("a\nb\n"), false),
            (None, Some("b\n"), false),
            (None, Some(""), true),
        ] {
            let (before, now) = (before.map(seen), now.map(seen));
            assert_eq!(is_unchanged(before.as_ref(), now.as_ref()), expect, "{before:?} {now:?}");
        }
    }
}
