//! The one way to the disk for bytes that must survive: the only syncs, renames and truncations.
//!
//! The commit protocol of a growing file, of which the steps are taken by `sink` and `export`:
//! write the page at the committed length → sync the data → replace the state (temporary file in
//! the state's directory → sync → rename, the commit point → sync the directory). Whatever stops
//! the process in between, the state never runs ahead of durable output, and what lies behind the
//! committed length is cut off by the next run. A failed sync is never tried again: the kernel may
//! have dropped the pages and call the next one good.

pub(crate) mod beside;
mod mode;
mod paths;

pub(crate) use mode::FileMode;
#[cfg(unix)]
use mode::past_the_umask;
pub(crate) use paths::{is_same, parent, resolve, resolve_missing};

use crate::mark::Identity;
#[cfg(any(target_os = "linux", target_os = "android"))]
use std::num::NonZeroU64;
#[cfg(unix)]
use std::time::UNIX_EPOCH;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};
use tempfile::{NamedTempFile, PersistError};

/// Opens a file that is there for reading and writing.
pub(crate) fn open_existing(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(path)
}

/// Makes a file that is not there.
pub(crate) fn create_new(path: &Path, mode: FileMode) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode.0);
    let made = options.open(path)?;
    #[cfg(unix)]
    past_the_umask(&made, mode.0)?;
    #[cfg(not(unix))]
    let _ = mode;
    Ok(made)
}

/// Which file an open one is, where the system tells it.
#[cfg(unix)]
pub(crate) fn identity(file: &File) -> io::Result<Option<Identity>> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = file.metadata()?;
    let birth = metadata.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Ok(Some(Identity::new(metadata.ino(), birth.map(|birth| birth.as_nanos()))))
}

/// Windows tells it in no way that the standard library knows.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "Unix can fail here")]
pub(crate) fn identity(_: &File) -> io::Result<Option<Identity>> {
    Ok(None)
}

/// Whether files could be made in a directory, as far as can be told without making one.
pub(crate) fn check_may_write(dir: &Path) -> io::Result<()> {
    #[cfg(unix)]
    rustix::fs::access(dir, rustix::fs::Access::WRITE_OK)?;
    #[cfg(not(unix))]
    fs::metadata(dir)?;
    Ok(())
}

/// Opens a file of zdx's own beside one of a user's; it is never a link to somewhere else.
pub(crate) fn open_own(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let nofollow = rustix::fs::OFlags::NOFOLLOW.bits();
        options.mode(0o600).custom_flags(i32::try_from(nofollow).unwrap_or_default());
    }
    options.open(path)
}

/// Creates a directory and those above it that are missing, for their owner alone, durably.
pub(crate) fn create_dirs_private(path: &Path) -> io::Result<()> {
    create_dirs(path, FileMode::PRIVATE)
}

/// The same for whoever may have the files that are going to lie there.
pub(crate) fn create_dirs(path: &Path, mode: FileMode) -> io::Result<()> {
    let missing = path.ancestors().take_while(|dir| !dir.as_os_str().is_empty() && !dir.exists());
    let missing: Vec<&Path> = missing.collect();
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, mode.of_directory());
    builder.create(path)?;
    #[cfg(unix)]
    missing.iter().try_for_each(|dir| past_the_umask(&File::open(dir)?, mode.of_directory()))?;
    #[cfg(not(unix))]
    let _ = mode;
    missing.into_iter().try_for_each(|dir| sync_dir(parent(dir)))
}

/// Whether anybody may put a file of theirs in the place of one in this directory.
#[cfg(unix)]
pub(crate) fn is_open_to_all(dir: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    const OTHERS_WRITE: u32 = 0o002;
    const STICKY: u32 = 0o1000;
    let mode = fs::metadata(dir).map_or(0, |metadata| metadata.permissions().mode());
    mode & (OTHERS_WRITE | STICKY) == OTHERS_WRITE
}

#[cfg(not(unix))]
pub(crate) fn is_open_to_all(_: &Path) -> bool {
    false
}

/// Renames a file to a name that is not taken.
#[expect(clippy::disallowed_methods, reason = "disk owns durability")]
pub(crate) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::{
            fs::{CWD, RenameFlags, renameat_with},
            io::Errno,
        };
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // A file system that does not know this kind of rename.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            result => return result.map_err(io::Error::from),
        }
    }
    if to.exists() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    fs::rename(from, to)
}

/// Makes the names in a directory durable. Windows has no such call, and needs none; a file system
/// that does not know it is noted (see [`knows_directory_syncs`]) and is no failure.
#[cfg_attr(not(unix), expect(clippy::unnecessary_wraps, reason = "Unix can fail here"))]
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        #[expect(clippy::disallowed_methods, reason = "disk owns durability")]
        let synced = File::open(dir)?.sync_all();
        match synced {
            Err(error) if is_not_known_here(&error) => UNKNOWN_SYNC.store(true, Ordering::Relaxed),
            result => return result,
        }
    }
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

/// What a file system answers that cannot do at all what it is asked for.
#[cfg(unix)]
fn is_not_known_here(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let known = [Errno::INVAL, Errno::NOSYS, Errno::NOTSUP, Errno::OPNOTSUPP];
    Errno::from_io_error(error).is_some_and(|errno| known.contains(&errno))
}

static UNKNOWN_SYNC: AtomicBool = AtomicBool::new(false);

/// Whether every directory so far could be asked to make its names durable.
pub(crate) fn knows_directory_syncs() -> bool {
    !UNKNOWN_SYNC.load(Ordering::Relaxed)
}

/// Where replacing a file failed.
#[derive(Debug)]
pub(crate) enum ReplaceError {
    /// The old file is still in place, and no temporary is left.
    Before(io::Error),
    /// The new file is in place; only its name may not be durable.
    After(io::Error),
}

impl ReplaceError {
    /// What went wrong, for a caller to whom it is the same on either side of the rename.
    pub(crate) fn into_io(self) -> io::Error {
        match self {
            ReplaceError::Before(error) | ReplaceError::After(error) => error,
        }
    }
}

/// Replaces a file atomically and durably. The mode of an existing file is kept, and its owner.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), ReplaceError> {
    replace_with(path, |_| Ok(bytes.to_vec()))
}

/// The same, for content that says which file it is in.
#[expect(clippy::disallowed_methods, reason = "disk owns durability")]
pub(crate) fn replace_with(
    path: &Path,
    content: impl FnOnce(Option<Identity>) -> io::Result<Vec<u8>>,
) -> Result<(), ReplaceError> {
    let write = || {
        let mut temporary = temporary(path)?;
        if let Ok(old) = fs::metadata(path) {
            keep_mode(temporary.as_file(), &old)?;
        }
        let bytes = content(identity(temporary.as_file())?)?;
        temporary.write_all(&bytes)?;
        temporary.as_file().sync_all()?;
        temporary.persist(path)?;
        Ok(())
    };
    write().map_err(ReplaceError::Before)?;
    sync_dir(parent(path)).map_err(ReplaceError::After)
}

/// Makes a file with all of its content, or not at all. Replaces nothing: a name that is taken is
/// an error of the kind `AlreadyExists`. A temporary that a kill leaves is one of `of`, which lies in
/// the same directory (see [`remove_temporaries`]).
#[expect(clippy::disallowed_methods, reason = "disk owns durability")]
pub(crate) fn make_whole(path: &Path, of: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut temporary = temporary(of)?;
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    match temporary.persist_noclobber(path) {
        // Neither a rename that replaces nothing nor a second name for a file: what is left is to look
        // first.
        Err(PersistError { error, file }) if knows_no_links(&error) => {
            if path.exists() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            file.persist(path)?;
        }
        result => drop(result?),
    }
    sync_dir(parent(path)).inspect_err(|_| drop(fs::remove_file(path)))
}

/// What a file system answers to a link that has none, as FUSE and exFAT do.
#[cfg(unix)]
fn knows_no_links(error: &io::Error) -> bool {
    use rustix::io::Errno;
    is_not_known_here(error) || Errno::from_io_error(error) == Some(Errno::PERM)
}

#[cfg(not(unix))]
fn knows_no_links(_: &io::Error) -> bool {
    false
}

/// Removes a file, durably; one that is not there is gone already.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => sync_dir(parent(path)),
    }
}

/// Appends the bytes of `from` behind `start` to the file at `to`, durably, and says how long that
/// is now. It is never shortened or replaced.
#[expect(clippy::disallowed_methods, reason = "disk owns durability")]
pub(crate) fn keep_tail(from: &File, start: u64, to: &Path) -> io::Result<u64> {
    let mut kept = open_own(to)?;
    kept.seek(SeekFrom::End(0))?;
    let end = from.metadata()?.len();
    io::copy(&mut part(from, start, end)?, &mut kept)?;
    kept.sync_all()?;
    sync_dir(parent(to))?;
    Ok(kept.metadata()?.len())
}

/// Gives a file that takes another's place its owner and its mode.
fn keep_mode(new: &File, old: &fs::Metadata) -> io::Result<()> {
    keep_owner(new, old)?;
    match new.set_permissions(old.permissions()) {
        // SMB, FUSE and exFAT have modes of their own, which nobody can set.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        result => result,
    }
}

/// Root's cron job must not take the file away from whoever runs zdx by hand.
#[cfg(unix)]
fn keep_owner(new: &File, old: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let made = new.metadata()?;
    if (made.uid(), made.gid()) != (old.uid(), old.gid()) {
        // Only root can; a file that can be replaced may well be another's.
        drop(fchown(new, Some(old.uid()), Some(old.gid())));
    }
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "Unix can fail here")]
fn keep_owner(_: &File, _: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

/// Finds out whether [`replace`] could make its temporary file.
pub(crate) fn check_replaceable(path: &Path) -> io::Result<()> {
    temporary(path).map(drop)
}

/// A new file beside `path`, under a name that [`remove_temporaries`] knows again.
fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new()
        .prefix(&temporary_prefix(path))
        .suffix(TEMPORARY_SUFFIX)
        .rand_bytes(DRAWN)
        .tempfile_in(parent(path))
}

const TEMPORARY_SUFFIX: &str = ".tmp";

/// How many letters and digits `tempfile` draws.
const DRAWN: usize = 6;

fn is_drawn(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn temporary_prefix(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!(".{name}.")
}

/// Removes temporaries that a killed process left beside `path`. Call under its lock.
pub(crate) fn remove_temporaries(path: &Path) -> io::Result<()> {
    let prefix = temporary_prefix(path);
    for entry in fs::read_dir(parent(path))? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let drawn = name.strip_prefix(&prefix).and_then(|name| name.strip_suffix(TEMPORARY_SUFFIX));
        // What stands between is drawn; another file's temporary may well begin with this name.
        if drawn.is_some_and(|drawn| drawn.len() == DRAWN && is_drawn(drawn)) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Writes into a file from an offset on. What is to be synced is begun to be written out meanwhile,
/// so that there is little left to wait for.
#[derive(Debug)]
pub(crate) struct WriterAt<'a> {
    file: &'a File,
    offset: u64,
    durability: Durability,
    written: u64,
    /// How much of that is being written out.
    begun: u64,
}

/// So much at a time is begun to be written out: enough for a disk to be busy with.
const PORTION: u64 = 1024 * 1024;

impl<'a> WriterAt<'a> {
    pub(crate) fn new(
        mut file: &'a File,
        offset: u64,
        durability: Durability,
    ) -> io::Result<WriterAt<'a>> {
        file.seek(SeekFrom::Start(offset))?;
        Ok(WriterAt { file, offset, durability, written: 0, begun: 0 })
    }

    /// How many bytes were written.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }
}

impl io::Write for WriterAt<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.written += u64::try_from(written).unwrap_or(0);
        let waiting = self.written - self.begun;
        if self.durability == Durability::Synced && waiting >= PORTION {
            begin_to_write_out(self.file, self.offset + self.begun, waiting);
            self.begun = self.written;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Has the system write a part of a file to the disk without being waited for. That makes nothing
/// durable, and is no failure where it is not known: [`sync`] is what counts.
fn begin_to_write_out(file: &File, from: u64, length: u64) {
    // Linux takes the advice that a part is not needed for one to write out what of it is not
    // written, and then forgets of it only what is.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::fs::{Advice, fadvise};
        let _advice = fadvise(file, from, NonZeroU64::new(length), Advice::DontNeed);
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _unknown_here = (file, from, length);
}

/// Whether bytes must survive a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    Synced,
    Cached,
}

/// Cuts off what lies behind `length`.
pub(crate) fn truncate(file: &File, length: u64) -> io::Result<()> {
    file.set_len(length)
}

/// Makes what was written through a descriptor durable.
#[expect(clippy::disallowed_methods, reason = "disk owns durability")]
pub(crate) fn sync(file: &File) -> io::Result<()> {
    file.sync_data()
}

/// The bytes `start..end` of a file.
pub(crate) fn read_range(file: &File, start: u64, end: u64) -> io::Result<Vec<u8>> {
    let length = end.saturating_sub(start);
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    part(file, start, end)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The same, for those who read it piece by piece and do nothing else with the file meanwhile.
pub(crate) fn part(mut file: &File, start: u64, end: u64) -> io::Result<impl io::Read> {
    file.seek(SeekFrom::Start(start))?;
    Ok(file.take(end.saturating_sub(start)))
}

/// Reads a small file; one larger than `limit` is an error, as is anything but a regular file.
pub(crate) fn read_small(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > limit) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "too large"));
    }
    Ok(bytes)
}

/// How a regular file begins; of anything else, nothing is read.
pub(crate) fn read_beginning(path: &Path, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if fs::metadata(path)?.is_file() {
        File::open(path)?.take(length).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacing_keeps_the_mode_and_leaves_no_temporary() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state.json");
        replace(&path, b"one").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&path), 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            replace(&path, b"two").unwrap();
            assert_eq!(mode(&path), 0o640);
        }
        replace(&path, b"three").unwrap();
        assert_eq!(read_small(&path, 10).unwrap(), b"three");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn f24_stale_temporaries_of_this_file_alone_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let stays = [".other.json.AbCdEf.tmp", ".state.json.AbCdEf.tmp", "state"];
        for name in stays.iter().chain(&[".state.AbCdEf.tmp"]) {
            File::create(dir.path().join(name)).unwrap();
        }
        remove_temporaries(&dir.path().join("state")).unwrap();
        let mut left: Vec<_> = fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, stays);
    }

    #[test]
    fn what_is_made_whole_replaces_nothing_and_what_is_kept_grows() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("owner");
        make_whole(&path, &path, b"one").unwrap();
        assert_eq!(
            make_whole(&path, &path, b"two").unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        let kept = dir.path().join("kept");
        let file = open_existing(&path).unwrap();
        assert_eq!(keep_tail(&file, 1, &kept).unwrap(), 2);
        assert_eq!(keep_tail(&file, 2, &kept).unwrap(), 3);
        assert_eq!(read_small(&kept, 10).unwrap(), b"nee");
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_written_out_meanwhile_is_written_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        let file = create_new(&path, FileMode::PRIVATE).unwrap();
        let lines: Vec<u8> = (0..=u8::MAX).cycle().take(300_000).collect();
        for durability in [Durability::Synced, Durability::Cached] {
            let mut out = WriterAt::new(&file, 3, durability).unwrap();
            (0..8).for_each(|_| out.write_all(&lines).unwrap());
            assert_eq!(out.written(), 2_400_000);
            sync(&file).unwrap();
            assert_eq!(read_range(&file, 3, 3_000_000).unwrap(), lines.repeat(8));
        }
    }

    #[test]
    fn another_file_of_the_same_name_is_another() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        let first = create_new(&path, FileMode::PRIVATE).unwrap();
        let moved = dir.path().join("y");
        #[expect(clippy::disallowed_methods, reason = "a test's own file")]
        fs::rename(&path, &moved).unwrap();
        let second = create_new(&path, FileMode::PRIVATE).unwrap();
        assert_eq!(identity(&first).unwrap(), identity(&File::open(moved).unwrap()).unwrap());
        assert_ne!(identity(&first).unwrap(), identity(&second).unwrap());
    }
}
