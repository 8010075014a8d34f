//! Who may do what with files that are made.

#[cfg(unix)]
use std::fs;
use std::{fs::File, io};

/// Who may do what with files that are made: the nine bits of Unix, whatever the umask. Elsewhere
/// there is nothing but [`FileMode::PRIVATE`], which means nothing there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileMode(pub(super) u32);

impl FileMode {
    /// Its owner's alone.
    pub(crate) const PRIVATE: FileMode = FileMode(0o600);

    /// Reads `0640`. Its owner must be able to read and write, and records are no programs.
    pub(crate) fn parse(text: &str) -> Result<FileMode, String> {
        if cfg!(not(unix)) {
            return Err("files have no such modes here".to_owned());
        }
        let octal = text.len() <= 4 && text.bytes().all(|digit| digit.is_ascii_digit());
        let mode = u32::from_str_radix(text, 8).ok().filter(|_| octal);
        let mode = mode.filter(|mode| mode & 0o600 == 0o600 && mode & !0o666 == 0);
        mode.map(FileMode).ok_or_else(|| {
            "use octal digits that let the owner read and write, and nobody execute, as in 0640"
                .to_owned()
        })
    }

    /// Gives it to what was just made.
    #[cfg_attr(not(unix), expect(clippy::unnecessary_wraps, reason = "Unix can fail here"))]
    pub(super) fn give(self, made: &File) -> io::Result<()> {
        #[cfg(unix)]
        past_the_umask(made, self.0)?;
        #[cfg(not(unix))]
        let _ = made;
        Ok(())
    }

    /// The same of a directory: whoever may read or write a file may also reach it.
    #[cfg(unix)]
    pub(super) fn of_directory(self) -> u32 {
        let FileMode(mode) = self;
        mode | (mode & 0o444) >> 2 | (mode & 0o222) >> 1
    }
}

/// Gives what was just made its mode where the umask has taken something of it.
#[cfg(unix)]
pub(super) fn past_the_umask(made: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    const MODE: u32 = 0o777;
    if made.metadata()?.permissions().mode() & MODE == mode {
        return Ok(());
    }
    match made.set_permissions(fs::Permissions::from_mode(mode)) {
        // SMB, FUSE and exFAT have modes of their own, which nobody can set.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn modes_are_octal_and_leave_the_owner_his_file() {
        for (text, file, directory) in [
            ("0600", 0o600, 0o700),
            ("640", 0o640, 0o750),
            ("0644", 0o644, 0o755),
            ("0660", 0o660, 0o770),
            ("0666", 0o666, 0o777),
        ] {
            let mode = FileMode::parse(text).unwrap();
            assert_eq!((mode.0, mode.of_directory()), (file, directory), "{text}");
        }
        for text in ["", "0", "0440", "0755", "1640", "0o640", "+640", "00640", "0648", "rw-r-----"]
        {
            assert!(FileMode::parse(text).is_err(), "{text}");
        }
    }
}
