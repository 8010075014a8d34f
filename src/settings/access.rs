//! Who else may read or write a file that settings or secrets come from.

use crate::failure::{Exit, Failure, OrExit as _};
use std::path::Path;

/// Others must not read a file that holds a secret.
///
/// Two kinds are what platforms hand over, and taken. One that is another user's, who lets us read it
/// through a group or an access list: systemd's credentials are root's, of mode 0440. And one that
/// lies on a file system that can only be read, as containers get their secrets: root's, of mode 0444
/// or 0644.
#[cfg(unix)]
pub(super) fn refuse_readable(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::MetadataExt as _;
    let shown = path.display();
    let metadata = path.metadata().or_exit(Exit::Config, || format!("cannot read {shown}"))?;
    let ours = metadata.uid() == rustix::process::geteuid().as_raw();
    let refused = if ours { 0o077 } else { 0o037 };
    let handed_over = metadata.uid() == 0 && metadata.mode() & 0o022 == 0 && is_read_only(path);
    if metadata.mode() & refused == 0 || handed_over || !metadata.is_file() {
        return Ok(());
    }
    let what = format!("{shown} holds a secret and is readable by others");
    Err(Failure::new(Exit::Config, what).hint(format!("chmod 600 {shown}")))
}

/// Others must not write a file whose commands are run for us.
#[cfg(unix)]
pub(super) fn refuse_writable(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::MetadataExt as _;
    let shown = path.display();
    let metadata = path.metadata().or_exit(Exit::Config, || format!("cannot read {shown}"))?;
    if metadata.mode() & 0o022 == 0 || !metadata.is_file() || is_read_only(path) {
        return Ok(());
    }
    let what = format!("{shown} names a command and is writable by others");
    Err(Failure::new(Exit::Config, what).hint(format!("chmod go-w {shown}")))
}

#[cfg(unix)]
fn is_read_only(path: &Path) -> bool {
    use rustix::fs::{StatVfsMountFlags, statvfs};
    statvfs(path).is_ok_and(|system| system.f_flag.contains(StatVfsMountFlags::RDONLY))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "Unix can refuse here")]
pub(super) fn refuse_readable(_: &Path) -> Result<(), Failure> {
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "Unix can refuse here")]
pub(super) fn refuse_writable(_: &Path) -> Result<(), Failure> {
    Ok(())
}
