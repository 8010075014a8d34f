//! Where the account is served, on what way it is reached, and how long to wait for what: values
//! that settings make and a connection takes.

use crate::secret::Secret;
use rustls::{RootCertStore, pki_types::CertificateDer};
use std::{fmt, sync::Arc, time::Duration};
use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};

/// Where the account is served: `https://acme.zendesk.com`.
#[derive(Clone, Debug)]
pub(crate) struct BaseUrl {
    /// Scheme and authority, without a slash at the end.
    pub(crate) origin: String,
    pub(crate) host: String,
    /// On this machine: plain http is allowed, and no proxy is asked.
    pub(crate) loopback: bool,
    pub(crate) way: Way,
}

/// What lies between here and there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Way {
    /// `None` where there is none, or where it is to be gone around.
    pub(crate) proxy: Option<Proxy>,
    /// `None` for those of the system.
    pub(crate) authorities: Option<Authorities>,
}

/// A proxy that connects to the account for us.
#[derive(Clone)]
pub(crate) struct Proxy {
    pub(super) inner: ureq::Proxy,
    /// The variable that names it.
    pub(crate) variable: &'static str,
    /// The password in its URL, if there is one.
    pub(crate) password: Option<Secret>,
}

impl Proxy {
    /// Reads `[http[s]://][user:password@]host[:port]`. The error says what is wrong, and shows
    /// nothing that may be a password.
    pub(crate) fn parse(url: &str, variable: &'static str) -> Result<Proxy, &'static str> {
        const FORM: &str = "is not a proxy's URL, as http://proxy.example:3128";
        let whole = match url.split_once("://") {
            None => format!("http://{url}"),
            Some(("http" | "https", _)) => url.to_owned(),
            Some((scheme, _)) if scheme.starts_with("socks") => {
                return Err("is a SOCKS proxy, which zdx does not speak: use one of http or https");
            }
            Some(_) => return Err(FORM),
        };
        let inner = ureq::Proxy::new(&whole).map_err(|_unusable| FORM)?;
        let authority = inner.uri().authority();
        let after_host = authority.and_then(|authority| authority.as_str().rsplit(']').next());
        let after_host = after_host.and_then(|text| text.rsplit('@').next()).unwrap_or_default();
        let port_typed = after_host.contains(':');
        let port = authority.and_then(http::uri::Authority::port_u16);
        if inner.host().is_empty() || (port_typed && port.is_none()) {
            return Err(FORM);
        }
        let password = inner.password().map(Secret::new);
        Ok(Proxy { inner, variable, password })
    }

    pub(super) fn scheme(&self) -> &'static str {
        match self.inner.protocol() {
            ureq::ProxyProtocol::Https => "https",
            _ => "http",
        }
    }

    /// `proxy.example:3128`, without user and password.
    pub(crate) fn address(&self) -> String {
        format!("{}:{}", self.inner.host(), self.inner.port())
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.address(), self.variable)
    }
}

/// Who may sign the account's certificate.
#[derive(Clone)]
pub(crate) struct Authorities(Arc<Vec<Certificate<'static>>>);

impl Authorities {
    /// Reads the certificates of a PEM file; `None` if there is none that can be read.
    pub(crate) fn parse(pem: &[u8]) -> Option<Authorities> {
        let items = parse_pem(pem).filter_map(Result::ok);
        let certificates: Vec<_> = items
            .filter_map(|item| match item {
                PemItem::Certificate(certificate) => Some(certificate),
                _ => None,
            })
            .collect();
        let ders = certificates.iter().map(|one| CertificateDer::from_slice(one.der()));
        let (read, _) = RootCertStore::empty().add_parsable_certificates(ders);
        (read > 0).then(|| Authorities(Arc::new(certificates)))
    }

    pub(super) fn roots(&self) -> RootCerts {
        RootCerts::Specific(Arc::clone(&self.0))
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} authorities", self.0.len())
    }
}

/// How long to wait for what, and how much to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) connect: Duration,
    pub(crate) headers: Duration,
    /// The longest silence inside a body.
    pub(crate) body_idle: Duration,
    /// The whole request; ends a slow drip.
    pub(crate) request: Duration,
    /// The largest body after decompression, in bytes.
    pub(crate) page_bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies() {
        let address = |url| Proxy::parse(url, "HTTPS_PROXY").map(|proxy| proxy.address());
        for (url, expect) in [
            ("http://proxy.example:3128", "proxy.example:3128"),
            ("proxy.example:3128", "proxy.example:3128"),
            ("proxy.example", "proxy.example:80"),
            ("https://u:p%40ss@proxy.example/", "proxy.example:443"),
            ("http://u:p@[::1]:3128", "[::1]:3128"),
            ("http://[::1]", "[::1]:80"),
        ] {
            assert_eq!(address(url).unwrap(), expect, "{url}");
        }
        for url in
            ["", "http://", "foo://bar", "socks5://x:1", "a b", "http://x:99999", "http://x:"]
        {
            assert!(address(url).is_err(), "{url}");
        }
        let proxy = Proxy::parse("http://u:p%40ss@x", "HTTPS_PROXY").unwrap();
        assert_eq!(proxy.password.as_ref().map(Secret::expose), Some("p@ss"));
        assert!(!format!("{proxy:?}").contains("ss@"));
    }
}
