//! Files that are written whole beside the one whose place they take, or that have no name at all.
//!
//! Syncs and renames are those of `disk`.

use super::{
    DRAWN, FileMode, ReplaceError, TEMPORARY_SUFFIX, is_drawn, keep_mode, parent, rename_new, sync,
    sync_dir, temporary,
};
use std::{
    fs::{self, File},
    io,
    path::Path,
};
use tempfile::NamedTempFile;

/// A file without a name, which is gone with the process.
pub(crate) fn nameless(dir: &Path) -> io::Result<File> {
    tempfile::tempfile_in(dir)
}

/// A file that is written whole beside the one whose place it is to take. It is locked, and removed
/// unless it takes that place.
#[derive(Debug)]
pub(crate) struct Beside(NamedTempFile);

/// What a file that takes its place may replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replaces {
    Nothing,
    TheOld,
}

impl Beside {
    /// Has the mode and the owner of the old one or, where there is none, this mode.
    pub(crate) fn new(path: &Path, mode: FileMode) -> io::Result<Beside> {
        let temporary = temporary(path)?;
        temporary.as_file().try_lock()?;
        match fs::metadata(path) {
            Ok(old) => keep_mode(temporary.as_file(), &old)?,
            Err(_) => mode.give(temporary.as_file())?,
        }
        Ok(Beside(temporary))
    }

    pub(crate) fn file(&self) -> &File {
        self.0.as_file()
    }

    /// Makes it durable, but for its name.
    pub(crate) fn sync(&self) -> io::Result<()> {
        sync(self.0.as_file())
    }

    /// Takes the place, atomically and durably, and gives the file, which is still locked.
    pub(crate) fn take_place(self, path: &Path, replaces: Replaces) -> Result<File, ReplaceError> {
        let file = match replaces {
            Replaces::TheOld => self.0.persist(path).map_err(|error| error.error),
            Replaces::Nothing => rename_new(self.0.path(), path).and_then(|()| {
                // It has its name, and is not to be removed under the old one.
                let (file, old) = self.0.into_parts();
                old.keep().map_err(|error| error.error)?;
                Ok(file)
            }),
        };
        let file = file.map_err(ReplaceError::Before)?;
        sync_dir(parent(path)).map_err(ReplaceError::After)?;
        Ok(file)
    }
}

/// Removes the temporaries in a directory that killed processes left there, of the files whose names
/// `is_meant`. One that is locked is of a process that lives.
pub(crate) fn remove_idle_temporaries(
    dir: &Path,
    is_meant: impl Fn(&str) -> bool,
) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let of =
            name.to_str().and_then(|name| name.strip_prefix('.')?.strip_suffix(TEMPORARY_SUFFIX));
        let Some((of, drawn)) = of.and_then(|of| of.rsplit_once('.')) else { continue };
        if drawn.len() == DRAWN
            && is_drawn(drawn)
            && is_meant(of)
            && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok())
        {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
