//! One keep-alive connection to the account: one request, one answer, one classified error. The
//! only user of the HTTP library, with `transport` below it.
//!
//! Must not know credentials beyond the header that it is handed.

use super::{
    base::{Authorities, BaseUrl, Limits},
    broken,
    error::{ApiError, Phase},
    headers::Headers,
    transport::{Begun, Established, Watch},
};
use crate::{garbled::Garbled, request::Request, secret::Secret, signals::Stop};
use flate2::read::MultiGzDecoder;
use std::{
    cell::Cell,
    io::{self, Read as _},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use ureq::{
    Agent, Body, Timeout,
    http::Response,
    tls::{RootCerts, TlsConfig},
    unversioned::{
        resolver::DefaultResolver,
        transport::{ConnectProxyConnector, Connector as _, RustlsConnector, TcpConnector},
    },
};

/// The connection, which is made anew when it is closed.
#[derive(Debug)]
pub(super) struct Wire {
    agent: Agent,
    base: BaseUrl,
    limits: Limits,
    watch: Watch,
    /// Whether the connection may have served an answer before.
    warm: Cell<bool>,
}

const USER_AGENT: &str = concat!("zdx/", env!("CARGO_PKG_VERSION"));

/// The largest header block that is read.
const HEADER_BYTES: usize = 64 * 1024;

impl Wire {
    pub(super) fn new(base: BaseUrl, limits: Limits, stop: Stop) -> Wire {
        let watch = Watch {
            stop,
            body_idle: limits.body_idle,
            in_body: Arc::new(AtomicBool::new(false)),
            at_proxy: Arc::new(AtomicBool::new(false)),
            established: Arc::new(AtomicBool::new(false)),
            cancelled: Arc::new(AtomicBool::new(false)),
        };
        let proxy = base.way.proxy.as_ref().map(|proxy| proxy.inner.clone());
        let authorities = base.way.authorities.as_ref();
        let roots = authorities.map_or(RootCerts::PlatformVerifier, Authorities::roots);
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .https_only(!base.loopback)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(HEADER_BYTES)
            .max_idle_age(Duration::from_secs(55))
            .user_agent(USER_AGENT)
            .accept("application/json")
            .proxy(proxy)
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .timeout_resolve(Some(limits.connect))
            .timeout_connect(Some(limits.connect))
            .timeout_send_request(Some(limits.headers))
            .timeout_recv_response(Some(limits.headers))
            .timeout_global(Some(limits.request))
            .build();
        let connector =
            ().chain(Begun(Arc::clone(&watch.at_proxy)))
                .chain(ConnectProxyConnector::default())
                .chain(TcpConnector::default())
                .chain(watch.clone())
                .chain(RustlsConnector::default())
                .chain(Established(Arc::clone(&watch.established)));
        let agent = Agent::with_parts(config, connector, DefaultResolver::default());
        Wire { agent, base, limits, watch, warm: Cell::new(false) }
    }

    /// What breaks off a request from another thread.
    pub(super) fn canceller(&self) -> impl Fn() + Send + use<> {
        let cancelled = Arc::clone(&self.watch.cancelled);
        move || cancelled.store(true, Ordering::Relaxed)
    }

    /// Asks for a page. Its body replaces what is in `body`, which is cheapest where that holds as
    /// much already.
    pub(super) fn get(
        &self,
        request: &Request,
        authorization: &Secret,
        body: &mut Vec<u8>,
    ) -> Result<(u16, Headers), (Headers, ApiError)> {
        let answer = self.ask(request, authorization, body);
        if answer.is_err() {
            body.clear(); // nothing of an earlier page is taken for this one's
        }
        answer
    }

    fn ask(
        &self,
        request: &Request,
        authorization: &Secret,
        body: &mut Vec<u8>,
    ) -> Result<(u16, Headers), (Headers, ApiError)> {
        let url = format!("{}{}", self.base.origin, request.target());
        self.watch.in_body.store(false, Ordering::Relaxed);
        let response = self
            .agent
            .get(url)
            .header("authorization", authorization.expose())
            .call()
            .map_err(|error| (Headers::default(), self.failed(error)))?;
        let (status, headers) = (response.status().as_u16(), owned(&response));
        match self.receive(response, body).and_then(|()| self.inflate(&headers, body)) {
            Ok(()) => Ok((status, headers)),
            Err(error) => Err((headers, error)),
        }
    }

    /// Sends a JSON body without credentials in a header, for minting tokens.
    pub(super) fn post_json(
        &self,
        path: &str,
        json: &str,
    ) -> Result<(u16, Headers, Vec<u8>), ApiError> {
        let url = format!("{}{path}", self.base.origin);
        self.watch.in_body.store(false, Ordering::Relaxed);
        let response = self
            .agent
            .post(url)
            .header("content-type", "application/json")
            .send(json)
            .map_err(|error| self.failed(error))?;
        let (status, headers) = (response.status().as_u16(), owned(&response));
        let mut body = Vec::new();
        self.receive(response, &mut body)?;
        Ok((status, headers, body))
    }

    fn receive(&self, response: Response<Body>, body: &mut Vec<u8>) -> Result<(), ApiError> {
        self.watch.in_body.store(true, Ordering::Relaxed);
        let limit = self.limits.page_bytes;
        let reader = response.into_body().into_with_config().limit(u64::MAX).reader();
        let result = overwrite(body, reader.take(limit.saturating_add(1)));
        self.watch.in_body.store(false, Ordering::Relaxed);
        result.map_err(|error| self.body_failed(error))?;
        if u64::try_from(body.len()).is_ok_and(|size| size > limit) {
            body.clear();
            body.shrink_to(1024);
            return Err(ApiError::TooLarge { limit });
        }
        self.warm.set(true);
        Ok(())
    }

    /// Inflates a body whose coding the HTTP library does not know in this spelling: it takes
    /// `gzip`, but servers may write `GZIP` or `x-gzip`.
    fn inflate(&self, headers: &Headers, body: &mut Vec<u8>) -> Result<(), ApiError> {
        let coding = headers.get("content-encoding").unwrap_or_default();
        if !["gzip", "x-gzip"].iter().any(|known| coding.eq_ignore_ascii_case(known)) {
            return Ok(());
        }
        let limit = self.limits.page_bytes;
        let mut inflated = Vec::new();
        let reader = MultiGzDecoder::new(body.as_slice()).take(limit.saturating_add(1));
        overwrite(&mut inflated, reader)
            .map_err(|error| Garbled::Compression { reason: error.to_string() })?;
        if u64::try_from(inflated.len()).is_ok_and(|size| size > limit) {
            return Err(ApiError::TooLarge { limit });
        }
        *body = inflated;
        Ok(())
    }

    /// A broken connection surfaces through the decompressor; only what the decompressor itself
    /// finds wrong is damage.
    fn body_failed(&self, error: io::Error) -> ApiError {
        // A body that is left off is not damaged.
        if self.watch.stop.signal().is_some() {
            return self.failed(ureq::Error::Io(error));
        }
        let error = match ureq::Error::from(error) {
            ureq::Error::Decompress(_, inner) => match ureq::Error::from(inner) {
                ureq::Error::Io(inner) if !broken::disconnected(&inner) => {
                    return Garbled::Compression { reason: inner.to_string() }.into();
                }
                cause => cause,
            },
            error => error,
        };
        match error {
            ureq::Error::Io(error) => ApiError::BodyCut { reason: broken::worded(&error) },
            other => self.failed(other),
        }
    }

    /// Whether the newest connection failed before it stood.
    fn in_handshake(&self) -> bool {
        self.base.origin.starts_with("https") && !self.watch.established.load(Ordering::Relaxed)
    }

    fn failed(&self, error: ureq::Error) -> ApiError {
        let warm = self.warm.replace(false);
        if self.watch.stop.signal().is_some() {
            return ApiError::Stopped;
        }
        let proxy = self.base.way.proxy.as_ref();
        if let Some(proxy) = proxy.filter(|_| self.watch.at_proxy.load(Ordering::Relaxed)) {
            return broken::at_proxy(proxy, error);
        }
        let host = self.base.host.clone();
        match error {
            ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
                ApiError::ConnectTimeout { host }
            }
            ureq::Error::Timeout(Timeout::PerRead) => {
                ApiError::Timeout { phase: Phase::Body, after: self.limits.body_idle }
            }
            ureq::Error::Timeout(Timeout::Global | Timeout::PerCall) => {
                ApiError::Timeout { phase: Phase::Request, after: self.limits.request }
            }
            ureq::Error::Timeout(_) => {
                ApiError::Timeout { phase: Phase::Headers, after: self.limits.headers }
            }
            error => match broken::direct(host.clone(), warm, error) {
                ApiError::Closed { reused: false, .. } if self.in_handshake() => ApiError::Tls {
                    host,
                    reason: "the connection was closed in the middle of it".to_owned(),
                },
                error => error,
            },
        }
    }
}

/// Reads to the end, over what is in `body`: only where it grows must it be zeroed first.
fn overwrite(body: &mut Vec<u8>, mut reader: impl io::Read) -> io::Result<()> {
    const STEP: usize = 128 * 1024;
    let mut filled = 0;
    let result = loop {
        if filled == body.len() {
            body.resize(filled + STEP, 0);
        }
        match reader.read(&mut body[filled..]) {
            Ok(0) => break Ok(()),
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Err(error),
        }
    };
    body.truncate(filled);
    result
}

fn owned(response: &Response<Body>) -> Headers {
    let pair = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    };
    Headers(response.headers().iter().map(pair).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_and_a_shorter_page_take_turns_in_a_body() {
        let mut body = b"what was there before".to_vec();
        for length in [0, 3, 21, 22, 300_000, 131_072, 262_144, 7] {
            let page: Vec<u8> = (0..=u8::MAX).cycle().take(length).collect();
            overwrite(&mut body, page.as_slice()).unwrap();
            assert_eq!(body, page, "{length}");
        }
    }

    #[test]
    fn a_page_that_breaks_off_leaves_what_came() {
        struct Broken;
        impl io::Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::ConnectionReset.into())
            }
        }
        let mut body = b"what was there before".to_vec();
        let error = overwrite(&mut body, b"cut".chain(Broken)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        assert_eq!(body, b"cut");
    }
}
