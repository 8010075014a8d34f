//! One finished file for each run: it grows under a hidden name, and gets its own only when it is
//! complete.
//!
//! The protocol of a segment's end: the state says *finalising* → the file is renamed, replacing
//! nothing → its directory is synced → the state says *finished*. A run that dies in between is
//! completed by the next one.

use crate::{disk, place::partial};
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

/// Removes the empty hidden files that runs of this template left behind when they were killed
/// before the state knew of them, and says which of those that hold something nobody grows: they are
/// left as they are. One that is locked belongs to a run under way. A courtesy: what cannot be
/// removed stays.
pub(crate) fn remove_orphans(own: &Path, run: &str) -> Vec<(PathBuf, u64)> {
    let hidden = partial(own);
    let name = hidden.file_name().unwrap_or_default().to_string_lossy();
    let mut left = Vec::new();
    let Some((before, behind)) = name.split_once(run) else { return left };
    // The second run of a second has a number in its own name.
    let numbered = behind.strip_prefix('-').map(|rest| rest.trim_start_matches(is_digit));
    let behind = numbered.unwrap_or(behind);
    let is_run =
        |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'T' | b'Z' | b'-'));
    for entry in std::fs::read_dir(disk::parent(own)).into_iter().flatten().flatten() {
        let found = entry.file_name();
        let middle =
            found.to_str().and_then(|found| found.strip_prefix(before)?.strip_suffix(behind));
        if middle.is_none_or(|middle| !is_run(middle)) {
            continue;
        }
        if let Ok(file) = File::open(entry.path())
            && file.try_lock().is_ok()
            && let Ok(data) = file.metadata()
            && data.is_file()
        {
            match data.len() {
                0 => drop(std::fs::remove_file(entry.path())),
                length => left.push((entry.path(), length)),
            }
        }
    }
    left
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

/// Gives a complete segment its name. One that already has it is left alone, so that this can be
/// done again after a kill; an empty one is removed.
pub(crate) fn finalise(own: &Path, empty: bool) -> io::Result<()> {
    let hidden = partial(own);
    if empty {
        return match std::fs::remove_file(&hidden) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
    }
    // Where the hidden file is gone, it has got its name, and may already have been taken away.
    if hidden.exists() {
        disk::rename_new(&hidden, own)?;
    }
    disk::sync_dir(disk::parent(own))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test's own files")]
    fn finalising_can_be_done_again_and_replaces_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let own = dir.path().join("a.ndjson");
        fs::write(partial(&own), "x\n").unwrap();
        finalise(&own, false).unwrap();
        finalise(&own, false).unwrap();
        assert_eq!(fs::read_to_string(&own).unwrap(), "x\n");
        fs::write(partial(&own), "y\n").unwrap();
        assert_eq!(finalise(&own, false).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&own).unwrap(), "x\n");
        finalise(&own, true).unwrap();
        assert!(!partial(&own).exists());
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test's own files")]
    fn empty_files_that_nobody_grows_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let run = "20261124T015903Z";
        let own = at(&format!("t-{run}.ndjson"));
        let stays = [
            ".t-20251124T015903Z.users.ndjson.partial",
            ".t-x.ndjson.partial",
            ".u-20251124T015903Z.ndjson.partial",
            "t-20251124T015903Z.ndjson",
        ];
        for name in stays {
            File::create(at(name)).unwrap();
        }
        let (full, held) =
            (".t-20251124T015904Z.ndjson.partial", ".t-20251124T015905Z.ndjson.partial");
        fs::write(at(full), "x").unwrap();
        let held_by = File::create(at(held)).unwrap();
        held_by.lock().unwrap();
        let orphans =
            [".t-20251124T015903Z.ndjson.partial", ".t-20251124T015903Z-2.ndjson.partial"];
        for name in orphans {
            File::create(at(name)).unwrap();
        }
        let second = at(&format!("t-{run}-2.ndjson"));
        assert_eq!(remove_orphans(&own, run), [(at(full), 1)]);
        assert_eq!(remove_orphans(&second, run), [(at(full), 1)]);
        assert!(stays.iter().chain([&full, &held]).all(|name| at(name).exists()));
        assert!(orphans.iter().all(|name| !at(name).exists()));
    }
}
