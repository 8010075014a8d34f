//! A layer between the TCP socket and TLS that ends waits: on a signal within a fraction of a
//! second, and on too long a silence inside a body, which the HTTP library cannot tell from a
//! silence before the headers.

use crate::signals::Stop;
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use ureq::{
    Error, Timeout,
    unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport, time},
};

/// How soon a wait notices a signal.
const SLICE: Duration = Duration::from_millis(200);

/// What the client tells its connections.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    pub(super) stop: Stop,
    /// The longest silence once the headers are there.
    pub(super) body_idle: Duration,
    /// Whether the headers are there.
    pub(super) in_body: Arc<AtomicBool>,
    /// Whether the newest connection has got no further than to a proxy.
    pub(super) at_proxy: Arc<AtomicBool>,
    /// Whether the newest connection stands, TLS and all.
    pub(super) established: Arc<AtomicBool>,
    /// Set when nobody waits for the answer any more.
    pub(super) cancelled: Arc<AtomicBool>,
}

impl Watch {
    fn ended(&self) -> bool {
        self.stop.signal().is_some() || self.cancelled.load(Ordering::Relaxed)
    }
}

impl<In: Transport> Connector<In> for Watch {
    type Out = Watched<In>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Watched<In>>, Error> {
        self.established.store(false, Ordering::Relaxed);
        // The connection to the proxy itself is made with no proxy in its settings.
        if details.config.proxy().is_some() {
            self.at_proxy.store(false, Ordering::Relaxed);
        }
        Ok(chained.map(|inner| Watched { inner, watch: self.clone() }))
    }
}

#[derive(Debug)]
pub(super) struct Watched<T> {
    inner: T,
    watch: Watch,
}

impl<T: Transport> Transport for Watched<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let whole: Option<Duration> = match timeout.after {
            time::Duration::Exact(after) => Some(after),
            time::Duration::NotHappening => None,
        };
        let idle = self.watch.in_body.load(Ordering::Relaxed).then_some(self.watch.body_idle);
        let (limit, reason) = match (whole, idle) {
            (Some(whole), Some(idle)) if idle < whole => (Some(idle), Timeout::PerRead),
            (None, Some(idle)) => (Some(idle), Timeout::PerRead),
            (whole, _) => (whole, timeout.reason),
        };
        let mut waited = Duration::ZERO;
        loop {
            if self.watch.ended() {
                // Not `Interrupted`: readers take that for an invitation to try again.
                return Err(Error::Io(io::Error::other("stopped")));
            }
            let left = limit.map(|limit| limit.saturating_sub(waited));
            if left == Some(Duration::ZERO) {
                return Err(Error::Timeout(reason));
            }
            let slice = left.map_or(SLICE, |left| left.min(SLICE));
            let sliced = NextTimeout { after: slice.into(), reason, ..timeout };
            match self.inner.await_input(sliced) {
                Err(Error::Timeout(_)) => waited += slice,
                result => return result,
            }
        }
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

/// Stands before everything else, where a connection begins.
#[derive(Debug)]
pub(super) struct Begun(pub(super) Arc<AtomicBool>);

impl<In: Transport> Connector<In> for Begun {
    type Out = In;

    fn connect(&self, _: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<In>, Error> {
        self.0.store(true, Ordering::Relaxed);
        Ok(chained)
    }
}

/// Stands behind TLS, where a connection arrives once its handshake is done.
#[derive(Debug)]
pub(super) struct Established(pub(super) Arc<AtomicBool>);

impl<In: Transport> Connector<In> for Established {
    type Out = In;

    fn connect(&self, _: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<In>, Error> {
        self.0.store(true, Ordering::Relaxed);
        Ok(chained)
    }
}
