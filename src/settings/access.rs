//! Who else may read a file that settings or secrets come from.

use crate::failure::{Exit, Failure, OrExit as _};
use std::path::Path;

/// Others must not read a file that holds a secret. One that is another user's, who lets us read it
/// through a group or an access list, is what service managers hand over: systemd's credentials are
/// root's, of mode 0440.
pub(super) fn refuse_readable(path: &Path) -> Result<(), Failure> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let shown = path.display();
        let failed = || format!("cannot read {shown}");
        let metadata = path.metadata().or_exit(Exit::Config, failed)?;
        let ours = metadata.uid() == rustix::process::geteuid().as_raw();
        let refused = if ours { 0o077 } else { 0o037 };
        if metadata.mode() & refused != 0 {
            return Err(Failure::new(
                Exit::Config,
                format!("{shown} holds a secret and is readable by others"),
            )
            .hint(format!("chmod 600 {shown}")));
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}
