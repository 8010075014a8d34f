//! Which file a path leads to. Looks, and changes nothing.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The directory that holds `path`.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if dir != Path::new("") => dir,
        Some(_) | None => Path::new("."),
    }
}

/// The absolute path of a file that may not exist yet, with links resolved, so that two names of
/// one file are one. A link to nothing names the file that is to be made.
pub(crate) fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        if let Ok(existing) = fs::canonicalize(&path) {
            return Ok(existing);
        }
        let Ok(target) = fs::read_link(&path) else {
            let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
            return Ok(fs::canonicalize(parent(&path))?.join(name));
        };
        path = parent(&path).join(target);
    }
    Err(io::Error::other("too many links"))
}

/// The same for a file whose directories may be missing, too: links are resolved as far as they lead
/// to something.
pub(crate) fn resolve_missing(path: &Path) -> io::Result<PathBuf> {
    resolved(path, MOST_LINKS)
}

fn resolved(path: &Path, links: usize) -> io::Result<PathBuf> {
    if let Ok(existing) = fs::canonicalize(path) {
        return Ok(existing);
    }
    if let Ok(target) = fs::read_link(path) {
        let links = links.checked_sub(1).ok_or_else(|| io::Error::other("too many links"))?;
        return resolved(&parent(path).join(target), links);
    }
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    Ok(resolved(parent(path), links)?.join(name))
}

/// As many as Linux follows.
const MOST_LINKS: usize = 40;

/// Whether two paths are one file, by name or by a link.
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let which = |path: &Path| fs::metadata(path).ok().map(|found| (found.dev(), found.ino()));
        one == other || which(one).is_some_and(|which_one| which(other) == Some(which_one))
    }
    #[cfg(not(unix))]
    {
        one == other
    }
}
