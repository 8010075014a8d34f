//! Signals: the first asks the run to stop on a page's edge, the second leaves at once.
//!
//! Must not know what is being stopped.

use crate::failure::{Exit, Failure, OrExit as _, Signal};
use signal_hook::{consts, flag};
use std::{
    ffi::c_int,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

/// Says whether a signal has asked this process to stop.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop(Arc<AtomicUsize>);

#[cfg(unix)]
const SIGNALS: [(c_int, Signal); 3] =
    [(consts::SIGHUP, Signal::Hup), (consts::SIGINT, Signal::Int), (consts::SIGTERM, Signal::Term)];
#[cfg(not(unix))]
const SIGNALS: [(c_int, Signal); 2] =
    [(consts::SIGINT, Signal::Int), (consts::SIGTERM, Signal::Term)];

impl Stop {
    /// Starts listening, but not to signals that whoever started us had us ignore, as `nohup` does.
    /// Call once, before any thread is started.
    pub(crate) fn install() -> Result<Stop, Failure> {
        let stop = Stop::default();
        let armed = Arc::new(AtomicBool::new(false));
        let failed = || "cannot listen to signals".to_owned();
        let ignored = ignored();
        let heard = SIGNALS.into_iter().filter(|(number, _)| !is_in(ignored, *number));
        for (number, signal) in heard {
            let code = Exit::Signal(signal).code().into();
            // Order matters: the shutdown is only armed by the handler that comes after it, so
            // that it takes a second signal.
            flag::register_conditional_shutdown(number, code, Arc::clone(&armed))
                .or_exit(Exit::Bug, failed)?;
            flag::register(number, Arc::clone(&armed)).or_exit(Exit::Bug, failed)?;
            let value = usize::from(Exit::Signal(signal).code());
            flag::register_usize(number, Arc::clone(&stop.0), value).or_exit(Exit::Bug, failed)?;
        }
        // A file-size limit is to be an error of the write, not the death of the process.
        #[cfg(unix)]
        flag::register(consts::SIGXFSZ, Arc::default()).or_exit(Exit::Bug, failed)?;
        Ok(stop)
    }

    pub(crate) fn signal(&self) -> Option<Signal> {
        let code = self.0.load(Ordering::Relaxed);
        SIGNALS
            .into_iter()
            .map(|(_, signal)| signal)
            .find(|signal| usize::from(Exit::Signal(*signal).code()) == code)
    }
}

/// A set of signals, of which number `n` is bit `n - 1`.
type Set = u128;

fn is_in(set: Set, number: c_int) -> bool {
    let bit = u32::try_from(number).ok().and_then(|number| number.checked_sub(1));
    bit.and_then(|bit| set.checked_shr(bit)).is_some_and(|set| set & 1 == 1)
}

/// Which signals this process ignores; none where that cannot be found out.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn ignored() -> Set {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.map(set).unwrap_or_default()
}

/// The systems that tell it to `ps` alone.
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn ignored() -> Set {
    let own = std::process::id().to_string();
    let asked = std::process::Command::new("ps").args(["-o", "sigignore=", "-p", &own]).output();
    asked.map(|told| set(&String::from_utf8_lossy(&told.stdout))).unwrap_or_default()
}

#[cfg(not(unix))]
fn ignored() -> Set {
    0
}

/// Reads a set as systems write it, in hexadecimal digits.
#[cfg(unix)]
fn set(mask: &str) -> Set {
    Set::from_str_radix(mask.trim().trim_start_matches("0x"), 16).unwrap_or_default()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_signals_is_read() {
        for (mask, hup, int, term) in [
            ("\t0000000000000000\n", false, false, false),
            ("\t0000000000000003\n", true, true, false),
            ("0x4001", true, false, true),
            ("ffffffffffffffffffffffffffffffff", true, true, true),
            ("", false, false, false),
            ("?", false, false, false),
        ] {
            let found =
                [consts::SIGHUP, consts::SIGINT, consts::SIGTERM].map(|n| is_in(set(mask), n));
            assert_eq!(found, [hup, int, term], "{mask:?}");
        }
        assert!(!is_in(Set::MAX, 0) && !is_in(Set::MAX, 129));
    }
}
