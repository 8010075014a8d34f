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
    /// Starts listening. Call once, before any thread is started.
    pub(crate) fn install() -> Result<Stop, Failure> {
        let stop = Stop::default();
        let armed = Arc::new(AtomicBool::new(false));
        let failed = || "cannot listen to signals".to_owned();
        for (number, signal) in SIGNALS {
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
