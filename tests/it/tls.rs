//! Rows N3, N6 to N9 and N25 of the fault matrix: what stands between zdx and the first byte of a
//! request. The certificates are made here, by an authority that only `SSL_CERT_FILE` makes known.

use crate::{
    harness::Place,
    matrix::{records, right},
    server::{Evil, lines, parse},
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::{
    io::{Read, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// Somebody who signs certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Authority {
        Authority::named("an authority")
    }

    fn named(name: &str) -> Authority {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// What a server needs to be `name` until the end of `year`.
    fn signs(&self, name: &str, year: i32) -> Arc<ServerConfig> {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(year, 12, 31);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        config(certificate.der().clone(), &key)
    }

    /// A run that trusts this authority and no other.
    fn place(&self, url: &str) -> Place {
        let place = Place::at(url);
        let path = place.put("authority.pem", &self.pem);
        place.with("SSL_CERT_FILE", &path.display().to_string())
    }
}

fn config(certificate: CertificateDer<'static>, key: &KeyPair) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    Arc::new(builder.with_single_cert(vec![certificate], key).unwrap())
}

/// A listener on loopback and what came in: heads of requests, in the clear.
struct Listener {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Listener {
    /// Each connection is handed to `serve`. Ends with the process: it waits for connections that
    /// may or may not come.
    fn start(
        serve: impl Fn(TcpStream, &Mutex<Vec<String>>) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Listener {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::default());
        let (serve, journal) = (Arc::new(serve), Arc::clone(&heads));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (serve, journal) = (Arc::clone(&serve), Arc::clone(&journal));
                thread::spawn(move || drop(serve(stream, &journal)));
            }
        });
        Listener { address, heads }
    }

    /// The export of three pages, over TLS.
    fn tls(config: Arc<ServerConfig>) -> Listener {
        Listener::start(move |stream, heads| pages(stream, &config, heads))
    }

    fn url(&self, host: &str) -> String {
        format!("https://{host}:{}", self.address.port())
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

/// Speaks TLS and gives the right answers.
fn pages(
    stream: TcpStream,
    config: &Arc<ServerConfig>,
    heads: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let connection = ServerConnection::new(Arc::clone(config)).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    while let Some(head) = head(&mut stream)? {
        stream.write_all(right(&parse(head.as_bytes())).bytes())?;
        heads.lock().unwrap().push(head);
    }
    Ok(())
}

/// The head of a request, whose body is empty; `None` at the end.
fn head(stream: &mut impl Read) -> std::io::Result<Option<String>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    Ok(Some(String::from_utf8_lossy(&head).into_owned()))
}

const EXPORT: &str = "export tickets --since @0 --no-state --retry-for 300ms";

#[test]
fn security_9_the_roots_are_those_of_the_system() {
    let authority = Authority::new();
    let server = Listener::tls(authority.signs("localhost", 4000));
    let run = authority.place(&server.url("localhost")).zdx(EXPORT).run();
    run.exit(0).stdout(&lines(&records()));
    assert_eq!(server.heads().len(), 3);
}

/// Beside a directory of certificates, it is the system's own reader that reads the file, too.
#[test]
fn security_9_the_systems_own_reader_heeds_the_variables() {
    let authority = Authority::new();
    let server = Listener::tls(authority.signs("localhost", 4000));
    let place = authority.place(&server.url("localhost")).with("SSL_CERT_DIR", "/nowhere");
    place.zdx(EXPORT).run().exit(0).stdout(&lines(&records()));
}

#[track_caller]
fn refused(authority: &Authority, config: Arc<ServerConfig>) {
    let server = Listener::tls(config);
    let run = authority.place(&server.url("localhost")).zdx(EXPORT).run();
    run.exit(6).stdout("").stderr_has("certificate").stderr_has("localhost");
    assert_eq!(server.heads(), Vec::<String>::new(), "not a byte of a request may be sent");
}

#[test]
fn n6_a_certificate_of_an_unknown_authority() {
    refused(&Authority::new(), Authority::new().signs("localhost", 4000));
}

#[test]
fn n6_a_certificate_that_signs_itself() {
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    refused(&Authority::new(), config(certificate.der().clone(), &key));
}

#[test]
fn n7_a_certificate_that_has_expired() {
    let authority = Authority::new();
    refused(&authority, authority.signs("localhost", 2024));
}

#[test]
fn n7_a_certificate_of_another_name() {
    let authority = Authority::new();
    refused(&authority, authority.signs("other.example", 4000));
}

#[test]
fn n8_a_handshake_that_is_cut() {
    for (first, says) in [(&b""[..], "TLS"), (b"\x16\x03\x03\x00\x7a\x02\x00", "TLS")] {
        let server = Listener::start(move |mut stream, _| {
            let mut hello = [0; 64];
            stream.read_exact(&mut hello)?;
            stream.write_all(first)
        });
        let run = Authority::new().place(&server.url("localhost")).zdx(EXPORT).run();
        run.exit(5).stderr_has(says);
    }
}

#[test]
fn n9_no_version_in_common() {
    // What a server says that speaks TLS 1.1 at most: the fatal alert protocol_version.
    let server = Listener::start(|mut stream, _| {
        let mut hello = [0; 64];
        stream.read_exact(&mut hello)?;
        stream.write_all(&[0x15, 3, 1, 0, 2, 2, 70])?;
        stream.read_to_end(&mut Vec::new()).map(drop)
    });
    let run = Authority::new().place(&server.url("localhost")).zdx(EXPORT).run();
    run.exit(6).stderr_has("TLS");
}

/// A proxy that says this to CONNECT, and serves what is behind it itself.
fn proxy(answer: &'static str, behind: Option<Arc<ServerConfig>>) -> Listener {
    Listener::start(move |mut stream, heads| {
        let Some(connect) = head(&mut stream)? else { return Ok(()) };
        heads.lock().unwrap().push(connect);
        write!(stream, "HTTP/1.1 {answer}\r\n\r\n")?;
        behind.as_ref().map_or(Ok(()), |config| pages(stream, config, heads))
    })
}

/// An account that is reached through a proxy with a password.
fn through(authority: &Authority, proxy: &Listener) -> Place {
    let url = format!("http://me:password-c4n4ry@{}", proxy.address);
    authority.place("https://acme.zendesk.com").with("HTTPS_PROXY", &url)
}

#[test]
fn n25_a_proxy_that_refuses() {
    let authority = Authority::new();
    for (answer, exit) in [("407 Proxy Authentication Required", 6), ("502 Bad Gateway", 5)] {
        let proxy = proxy(answer, None);
        let run = through(&authority, &proxy).zdx(EXPORT).run();
        run.exit(exit).stderr_has("proxy").stderr_has(&answer[..3]);
        if exit == 6 {
            assert_eq!(proxy.heads().len(), 1, "it is asked once: {:?}", proxy.heads());
        }
    }
}

#[test]
fn security_10_a_proxy_sees_nothing_of_what_goes_through_it() {
    let authority = Authority::new();
    let proxy =
        proxy("200 Connection established", Some(authority.signs("acme.zendesk.com", 4000)));
    let run = through(&authority, &proxy).zdx(EXPORT).run();
    run.exit(0).stdout(&lines(&records()));
    let heads = proxy.heads();
    assert!(heads[0].starts_with("CONNECT acme.zendesk.com:443 "), "{}", heads[0]);
    let authorization = heads[0].to_lowercase();
    assert!(!authorization.contains("bearer"), "the account's token is not the proxy's");
    assert!(heads[1].starts_with("GET /api/v2/"), "{}", heads[1]);
}

#[test]
fn security_10_no_proxy_is_heeded() {
    let evil = Evil::listen();
    let place = Place::at("https://no-such.invalid")
        .with("HTTPS_PROXY", &format!("http://{}", evil.authority()))
        .with("NO_PROXY", ".invalid");
    place.zdx(EXPORT).run().exit(5).stderr_has("resolve");
}

/// A port whose queue of connections is full: nothing is refused, nothing is accepted.
fn black_hole() -> (impl Sized, SocketAddr) {
    use rustix::net::{AddressFamily, SocketType, bind, getsockname, listen, socket};
    let listener = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&listener, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    listen(&listener, 0).unwrap();
    let address = SocketAddr::try_from(getsockname(&listener).unwrap()).unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        waiting.push(stream);
    }
    ((listener, waiting), address)
}

#[test]
fn n3_a_connection_that_is_never_accepted() {
    let (_held, address) = black_hole();
    let place = Place::at(&format!("http://{address}")).with("ZDX_CONNECT_TIMEOUT", "300ms");
    let run = place.zdx(EXPORT).run();
    run.exit(5).stderr_has("timed out").stderr_has("connect");
}

#[test]
fn u1_a_proxy_that_cannot_be_used_is_refused_and_nothing_is_sent() {
    let evil = Evil::listen();
    for url in [
        "socks5://me:password-c4n4ry@127.0.0.1:1080",
        "socks5h://127.0.0.1",
        "foo://bar",
        "http://",
        "http://me:password-c4n4ry@:3128",
        "http://a b",
        "http://proxy.example:99999",
    ] {
        for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
            let place = Place::at(&format!("https://{}", evil.authority())).with(variable, url);
            for words in [EXPORT, "check"] {
                place.zdx(words).run().refused(2, variable);
            }
            // Whom a proxy does not concern is not bothered.
            place.zdx("state path").run().exit(0);
            place.zdx("export tickets --since 2h --sandbox --max-pages 1").run().exit(0);
        }
    }
}

#[test]
fn u1_hosts_that_are_named_go_without_the_proxy() {
    let evil = Evil::listen();
    let authority = Authority::new();
    let server = Listener::tls(authority.signs("localhost", 4000));
    for exempt in [
        "localhost",
        "*",
        ".localhost",
        "x.example, LOCALHOST",
        "a localhost",
        "*.localhost,localhost:0",
    ] {
        let exempt = exempt.replace(":0", &format!(":{}", server.address.port()));
        let place = authority
            .place(&server.url("localhost"))
            .with("HTTPS_PROXY", &format!("http://{}", evil.authority()))
            .with("no_proxy", &exempt);
        place.zdx(EXPORT).run().exit(0);
    }
    // The proxy of plain http concerns nothing.
    let place = authority.place(&server.url("localhost"));
    place.with("HTTP_PROXY", &format!("http://{}", evil.authority())).zdx(EXPORT).run().exit(0);
}

#[test]
fn u2_a_proxy_that_is_down_is_named_with_its_variable() {
    let authority = Authority::new();
    for (url, says) in [
        ("http://me:password-c4n4ry@127.0.0.1:9", "the proxy 127.0.0.1:9 (HTTPS_PROXY)"),
        ("http://no-such.invalid:3128", "the proxy no-such.invalid:3128 (HTTPS_PROXY)"),
        ("no-such.invalid", "the proxy no-such.invalid:80 (HTTPS_PROXY)"),
    ] {
        let place = authority.place("https://acme.zendesk.com").with("HTTPS_PROXY", url);
        for words in [EXPORT, "check"] {
            let run = place.zdx(words).run();
            run.exit(5).stderr_has(says).stderr_has("NO_PROXY");
            run.stderr_lacks("acme.zendesk.com:").stderr_lacks("support").stderr_lacks("subdomain");
        }
    }
}

#[test]
fn u2_a_proxy_that_hangs_or_talks_of_something_else_is_named() {
    let authority = Authority::new();
    for (answer, exit) in
        [("", 5), ("SSH-2.0-OpenSSH_9.9\r\n\r\n", 5), ("HTTP/1.1 403 No\r\n\r\n", 6)]
    {
        let proxy = Listener::start(move |mut stream, _| {
            head(&mut stream)?;
            stream.write_all(answer.as_bytes())
        });
        let run = through(&authority, &proxy).zdx(EXPORT).run();
        run.exit(exit).stderr_has(&format!("the proxy {} (HTTPS_PROXY)", proxy.address));
    }
}

#[test]
fn u2_a_proxy_that_wants_a_password_is_told_how_it_gets_one() {
    let authority = Authority::new();
    let proxy = proxy("407 Proxy Authentication Required", None);
    let url = format!("http://{}", proxy.address);
    let place = authority.place("https://acme.zendesk.com").with("https_proxy", &url);
    for words in [EXPORT, "check"] {
        let run = place.zdx(words).run();
        run.exit(6)
            .stderr_has("407")
            .stderr_has(&format!("https_proxy=http://USER:PASSWORD@{}", proxy.address));
    }
}

#[test]
fn u2_what_lies_behind_a_proxy_is_not_blamed_on_it() {
    let authority = Authority::new();
    let proxy = proxy("200 OK", Some(Authority::new().signs("acme.zendesk.com", 4000)));
    let run = through(&authority, &proxy).zdx(EXPORT).run();
    run.exit(6).stderr_has("the certificate of acme.zendesk.com").stderr_lacks("the proxy 127");
}

#[test]
fn u3_a_certificate_that_is_not_trusted_is_told_in_words() {
    let authority = Authority::new();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    let own = config(params.self_signed(&key).unwrap().der().clone(), &key);
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let as_authority = config(params.self_signed(&key).unwrap().der().clone(), &key);
    let names: Vec<String> = (0..200).map(|n| format!("host-{n}.example")).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.not_after = date_time_ymd(4000, 1, 1);
    let many = params.signed_by(&key, &authority.issuer).unwrap();
    for (config, says) in [
        (Authority::named("another").signs("localhost", 4000), "does not know"),
        (own, "does not know"),
        (as_authority, "signs itself"),
        (authority.signs("other.example", 4000), "is for other.example, not for localhost"),
        (
            config(many.der().clone(), &key),
            "host-0.example, host-1.example, host-2.example and 197 more",
        ),
        (authority.signs("localhost", 2024), "expired at 2024-12-31T"),
    ] {
        let server = Listener::tls(config);
        for words in [EXPORT, "check"] {
            let run = authority.place(&server.url("localhost")).zdx(words).run();
            run.exit(6).stderr_has("the certificate of localhost").stderr_has(says);
            run.stderr_has("SSL_CERT_FILE").stderr_lacks("Error").stderr_lacks("support");
            run.stderr_lacks("Context").stderr_lacks("DnsName");
            assert!(run.stderr().lines().all(|line| line.len() < 400), "{}", run.transcript());
        }
    }
}

#[test]
fn u4_a_file_of_authorities_that_cannot_be_read_is_named() {
    let evil = Evil::listen();
    let place = Place::at(&format!("https://{}", evil.authority()));
    place.put("empty.pem", "");
    place.put("key.pem", &KeyPair::generate().unwrap().serialize_pem());
    place.put("broken.pem", "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n");
    place.put("other.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    for name in ["/nope.pem", ".", "empty.pem", "key.pem", "broken.pem", "other.pem"] {
        for words in [EXPORT, "check"] {
            let run = place.zdx(words).env("SSL_CERT_FILE", name).run();
            run.refused(3, "SSL_CERT_FILE").refused(3, name);
        }
        place.zdx("state path").env("SSL_CERT_FILE", name).run().exit(0);
    }
}
