//! What a broken connection is called: from the HTTP library's errors to an [`ApiError`].
//!
//! Pure. Must not know what is being asked.

use super::{
    base::Proxy,
    error::{ApiError, Via},
};
use crate::{shown::shown, time::UnixTime};
use rustls::CertificateError;
use std::{error::Error as StdError, io};

/// What failed before a proxy had made the connection for us.
pub(super) fn at_proxy(proxy: &Proxy, error: ureq::Error) -> ApiError {
    let address = proxy.address();
    let (refused, reason) = match error {
        ureq::Error::ConnectProxyFailed(reason) => match status(&reason) {
            Some(407) => (true, "it wants a user and a password (407)".to_owned()),
            // What may pass: a proxy that is busy, or does not reach the host just now.
            Some(status @ (408 | 429 | 500..)) => (false, format!("it answers {status}")),
            Some(status) => (true, format!("it refuses to connect us ({status})")),
            None => (false, "it does not answer".to_owned()),
        },
        ureq::Error::Timeout(_) => (false, "it does not answer in time".to_owned()),
        error => match direct(address.clone(), false, error) {
            ApiError::Resolve { .. } => (false, "its name cannot be resolved".to_owned()),
            ApiError::ConnectTimeout { .. } => (false, "it does not answer in time".to_owned()),
            ApiError::NotHttp { .. } | ApiError::Protocol { .. } | ApiError::HeadersTooLarge => {
                (false, "what it answers is not HTTP".to_owned())
            }
            ApiError::Connect { reason, .. } | ApiError::Closed { reason, .. } => (false, reason),
            ApiError::Certificate { reason, .. } => {
                (true, format!("its certificate is not trusted: {reason}"))
            }
            ApiError::TlsIncompatible { reason, .. } => (true, reason),
            other => (false, other.to_string()),
        },
    };
    let via = Via { scheme: proxy.scheme(), address, variable: proxy.variable };
    ApiError::Proxy { via: Box::new(via), reason, refused }
}

/// The status in what the HTTP library says of a proxy: `proxy server responded 407/407`.
fn status(reason: &str) -> Option<u16> {
    let digits = reason.split(|c: char| !c.is_ascii_digit()).find(|part| !part.is_empty());
    digits.and_then(|digits| digits.parse().ok())
}

/// What failed between here and a host. `warm` is a connection that had served before.
pub(super) fn direct(host: String, warm: bool, error: ureq::Error) -> ApiError {
    match error {
        ureq::Error::HostNotFound => ApiError::Resolve { host },
        ureq::Error::ConnectionFailed => {
            ApiError::Connect { host, reason: "no address answered".to_owned() }
        }
        ureq::Error::Tls(reason) => ApiError::Tls { host, reason: reason.to_owned() },
        ureq::Error::Rustls(error) => tls(host, &error),
        ureq::Error::LargeResponseHeader(..) => ApiError::HeadersTooLarge,
        ureq::Error::Protocol(error) => {
            let reason = error.to_string();
            if reason.contains("parse fail") || reason.contains("http version") {
                ApiError::NotHttp { reason }
            } else {
                ApiError::Protocol { reason }
            }
        }
        ureq::Error::Io(error) => io_failed(host, warm, &error),
        other => ApiError::Protocol { reason: shown(&other.to_string()) },
    }
}

fn io_failed(host: String, warm: bool, error: &io::Error) -> ApiError {
    if let Some(error) = cause::<rustls::Error>(error) {
        return tls(host, error);
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::AddrNotAvailable => ApiError::Connect { host, reason: worded(error) },
        io::ErrorKind::TimedOut => ApiError::ConnectTimeout { host },
        // The standard library gives a failed look-up no kind of its own.
        _ if error.to_string().contains("failed to lookup address") => ApiError::Resolve { host },
        _ => ApiError::Closed { reused: warm, reason: worded(error) },
    }
}

/// The error of type `T` among the causes of `error`.
fn cause<T: StdError + 'static>(error: &io::Error) -> Option<&T> {
    let mut inner: Option<&(dyn StdError + 'static)> = error.get_ref().map(|inner| {
        let inner: &(dyn StdError + 'static) = inner;
        inner
    });
    while let Some(error) = inner {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        inner = error.source();
    }
    None
}

fn tls(host: String, error: &rustls::Error) -> ApiError {
    let reason = shown(&error.to_string());
    match error {
        rustls::Error::InvalidCertificate(why) => {
            ApiError::Certificate { host, reason: untrusted(why) }
        }
        rustls::Error::PeerIncompatible(_)
        | rustls::Error::AlertReceived(
            rustls::AlertDescription::ProtocolVersion
            | rustls::AlertDescription::HandshakeFailure
            | rustls::AlertDescription::InsufficientSecurity,
        ) => ApiError::TlsIncompatible { host, reason },
        _ => ApiError::Tls { host, reason },
    }
}

/// Why a certificate is not trusted, in words.
fn untrusted(error: &CertificateError) -> String {
    let at = |seconds: u64| UnixTime::clamped(i64::try_from(seconds).unwrap_or(i64::MAX));
    match error {
        CertificateError::UnknownIssuer => {
            "it is signed by an authority that this machine does not know".to_owned()
        }
        CertificateError::Expired => "it has expired".to_owned(),
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("it expired at {}", at(not_after.as_secs()))
        }
        CertificateError::NotValidYet => "it is not valid yet".to_owned(),
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("it is not valid before {}", at(not_before.as_secs()))
        }
        CertificateError::NotValidForName => "it is for another host".to_owned(),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let expected = expected.to_str();
            format!("it is for {}, not for {}", few(presented), shown(&expected))
        }
        CertificateError::Revoked => "it was revoked".to_owned(),
        CertificateError::BadSignature => "its signature is wrong".to_owned(),
        CertificateError::BadEncoding => "it cannot be read".to_owned(),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it is not one of a server".to_owned()
        }
        CertificateError::Other(other) => match other.to_string() {
            text if text.contains("CaUsedAsEndEntity") => {
                "it is that of an authority, which signs itself".to_owned()
            }
            // What the system says is a sentence; the library's own names are not for people.
            text if text.contains(' ') => shown(&text),
            _ => "it cannot be verified".to_owned(),
        },
        _ => "it cannot be verified".to_owned(),
    }
}

/// The first names of a certificate, and how many more there are.
fn few(presented: &[String]) -> String {
    const FEW: usize = 3;
    // Each is written as `DnsName("acme.example")`.
    let name = |text: &String| shown(text.split('"').nth(1).unwrap_or(text));
    let names: Vec<String> = presented.iter().take(FEW).map(name).collect();
    match presented.len().saturating_sub(FEW) {
        0 if names.is_empty() => "no host".to_owned(),
        0 => names.join(" and "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

/// Whether this is the connection's end rather than the decompressor's finding. The HTTP library
/// tells an early end by this text alone.
pub(super) fn disconnected(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::NotConnected
    ) || error.to_string() == "Peer disconnected"
}

pub(super) fn worded(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::ConnectionReset => "connection reset by the server".to_owned(),
        io::ErrorKind::UnexpectedEof => "connection closed by the server".to_owned(),
        _ => error.to_string(),
    }
}
