//! A server that does as it is told, byte for byte, and knows nothing of Zendesk.
//!
//! ```text
//! let server = Server::script([Reply::ok(page), Reply::ok(page).cut(20), Reply::ok(page)]);
//! Place::at(&server.url()).zdx("export tickets --since @0").run().exit(0);
//! ```
//!
//! Each request gets the next reply. When the server is dropped, the test fails if a reply was
//! never asked for, or if a request came for which there was none.

use serde_json::{Value, json};
use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// A request as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// `GET /path?query HTTP/1.1`
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) at: Instant,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// What the query says of a parameter, as it was sent.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let target = self.line.split(' ').nth(1)?;
        let query = target.split_once('?')?.1;
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

/// What happens behind the bytes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// The next request may come on the same connection.
    KeepAlive,
    Close,
    /// The connection is reset.
    Reset,
    /// Nothing more comes, and nothing is closed.
    Hang,
}

/// One answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    bytes: Vec<u8>,
    then: Then,
    /// How long each single byte is held back.
    drip: Option<Duration>,
}

impl Reply {
    /// These bytes and nothing else, then the connection closes.
    pub(crate) fn raw(bytes: impl Into<Vec<u8>>) -> Reply {
        Reply { bytes: bytes.into(), then: Then::Close, drip: None }
    }

    /// A whole answer with these headers and its length.
    pub(crate) fn status(status: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Reply {
        let body = body.as_ref();
        let mut bytes = format!("HTTP/1.1 {status}\r\n").into_bytes();
        for (name, value) in headers {
            bytes.extend(format!("{name}: {value}\r\n").bytes());
        }
        bytes.extend(format!("Content-Length: {}\r\n\r\n", body.len()).bytes());
        bytes.extend(body);
        Reply { then: Then::KeepAlive, ..Reply::raw(bytes) }
    }

    /// 200 with JSON, dated now.
    pub(crate) fn ok(body: impl AsRef<[u8]>) -> Reply {
        Reply::with(&[], body)
    }

    /// 200 with more headers.
    pub(crate) fn with(headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Reply {
        let date = now();
        let mut all = vec![("Content-Type", "application/json; charset=utf-8"), ("Date", &date)];
        all.extend(headers);
        Reply::status("200 OK", &all, body)
    }

    /// 200 with a compressed body, of which a test may change the bytes.
    pub(crate) fn gzip(body: impl AsRef<[u8]>, change: impl FnOnce(&mut Vec<u8>)) -> Reply {
        let mut packed = packed(body.as_ref());
        change(&mut packed);
        Reply::with(&[("Content-Encoding", "gzip")], packed)
    }

    /// The same under another name of gzip.
    pub(crate) fn coded(name: &str, body: impl AsRef<[u8]>) -> Reply {
        Reply::with(&[("Content-Encoding", name)], packed(body.as_ref()))
    }

    /// 200 in chunks of this size.
    pub(crate) fn chunked(body: impl AsRef<[u8]>, size: usize) -> Reply {
        let mut bytes =
            format!("HTTP/1.1 200 OK\r\nDate: {}\r\nTransfer-Encoding: chunked\r\n\r\n", now())
                .into_bytes();
        for chunk in body.as_ref().chunks(size) {
            bytes.extend(format!("{:x}\r\n", chunk.len()).bytes());
            bytes.extend(chunk);
            bytes.extend(b"\r\n");
        }
        bytes.extend(b"0\r\n\r\n");
        Reply { then: Then::KeepAlive, ..Reply::raw(bytes) }
    }

    /// What is sent, for a server that sends it in another way.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Without its last `n` bytes, then the connection closes.
    pub(crate) fn cut(mut self, n: usize) -> Reply {
        self.bytes.truncate(self.bytes.len().saturating_sub(n));
        self.then = Then::Close;
        self
    }

    /// Then the connection is reset.
    pub(crate) fn reset(mut self) -> Reply {
        self.then = Then::Reset;
        self
    }

    /// Then nothing more happens.
    pub(crate) fn hang(mut self) -> Reply {
        self.then = Then::Hang;
        self
    }

    /// Then the connection closes, without a word.
    pub(crate) fn close(mut self) -> Reply {
        self.then = Then::Close;
        self
    }

    /// Byte by byte.
    pub(crate) fn drip(mut self, pause: Duration) -> Reply {
        self.drip = Some(pause);
        self
    }
}

fn packed(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

/// Now, as an HTTP date.
pub(crate) fn now() -> String {
    date(0)
}

/// So many seconds from now, as an HTTP date.
pub(crate) fn date(seconds: i64) -> String {
    let time = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
    let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
    printer.timestamp_to_rfc9110_string(&time).expect("a year of four digits")
}

type Answer = dyn Fn(usize, &Request) -> Option<Reply> + Send + Sync;

struct Shared {
    answer: Box<Answer>,
    requests: Mutex<Vec<Request>>,
    surplus: Mutex<Vec<String>>,
    open: Mutex<Vec<TcpStream>>,
    stopping: AtomicBool,
    stop: (Mutex<bool>, Condvar),
}

pub(crate) struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    acceptor: Option<JoinHandle<()>>,
    /// How many requests must have come; any number where the answers are made on demand.
    expected: Option<usize>,
}

impl Server {
    /// Answers each request with the next reply.
    pub(crate) fn script(replies: impl IntoIterator<Item = Reply>) -> Server {
        let replies: Vec<Reply> = replies.into_iter().collect();
        let expected = replies.len();
        let mut server = Server::answering(move |n, _request| replies.get(n).cloned());
        server.expected = Some(expected);
        server
    }

    /// Makes each answer from the number of the request, from 0, and the request.
    pub(crate) fn answering(
        answer: impl Fn(usize, &Request) -> Option<Reply> + Send + Sync + 'static,
    ) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared {
            answer: Box::new(answer),
            requests: Mutex::default(),
            surplus: Mutex::default(),
            open: Mutex::default(),
            stopping: AtomicBool::new(false),
            stop: Default::default(),
        });
        let acceptor = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Server { shared, address, acceptor: Some(acceptor), expected: None }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The times between requests.
    pub(crate) fn pauses(&self) -> Vec<Duration> {
        let requests = self.requests();
        requests.windows(2).map(|pair| pair[1].at - pair[0].at).collect()
    }

    /// All requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        lock(&self.shared.requests).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        *lock(&self.shared.stop.0) = true;
        self.shared.stop.1.notify_all();
        drop(TcpStream::connect(self.address));
        for stream in lock(&self.shared.open).iter() {
            drop(stream.shutdown(Shutdown::Both));
        }
        if let Some(acceptor) = self.acceptor.take() {
            drop(acceptor.join());
        }
        if thread::panicking() {
            return;
        }
        let came = lock(&self.shared.requests).len();
        let surplus = lock(&self.shared.surplus);
        assert!(surplus.is_empty(), "unexpected after {came} requests: {surplus:#?}");
        if let Some(expected) = self.expected {
            assert_eq!(came, expected, "a request that was expected never came");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { return };
        if let Ok(copy) = stream.try_clone() {
            lock(&shared.open).push(copy);
        }
        let shared = Arc::clone(shared);
        thread::spawn(move || drop(serve(stream, &shared)));
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    while let Some(head) = peek(&stream)? {
        let mut request = parse(&head);
        let length = request.header("content-length").and_then(|length| length.parse().ok());
        let mut received = vec![0; head.len()];
        if let Some(length) = length {
            stream.read_exact(&mut received)?;
            let mut body = vec![0; length];
            stream.read_exact(&mut body)?;
            request.body = String::from_utf8_lossy(&body).into_owned();
        }
        let number = {
            let mut requests = lock(&shared.requests);
            requests.push(request.clone());
            requests.len() - 1
        };
        let Some(reply) = (shared.answer)(number, &request) else {
            lock(&shared.requests).truncate(number);
            lock(&shared.surplus).push(request.line);
            return stream.shutdown(Shutdown::Both);
        };
        if reply.then == Then::Reset {
            stream.write_all(&reply.bytes)?;
            let peer = stream.peer_addr()?;
            lock(&shared.open).retain(|known| known.peer_addr().is_ok_and(|known| known != peer));
            // A socket that closes with something unread sends a reset.
            return Ok(());
        }
        if length.is_none() {
            stream.read_exact(&mut received)?;
        }
        match reply.drip {
            None => stream.write_all(&reply.bytes)?,
            Some(pause) => {
                for byte in &reply.bytes {
                    stream.write_all(&[*byte])?;
                    rest(shared, pause);
                }
            }
        }
        match reply.then {
            Then::KeepAlive => {}
            Then::Close | Then::Reset => return stream.shutdown(Shutdown::Both),
            Then::Hang => rest(shared, Duration::from_secs(600)),
        }
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a server of the tests: its time is real")]
fn clock() -> Instant {
    Instant::now()
}

/// Waits, but not longer than the server lives.
fn rest(shared: &Shared, time: Duration) {
    let stopped = lock(&shared.stop.0);
    drop(shared.stop.1.wait_timeout_while(stopped, time, |stopped| !*stopped));
}

/// The head of the next request, which stays unread; `None` when the client is done.
fn peek(stream: &TcpStream) -> std::io::Result<Option<Vec<u8>>> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = stream.peek(&mut buffer)?;
        if length == 0 {
            return Ok(None);
        }
        if let Some(end) = memchr::memmem::find(&buffer[..length], b"\r\n\r\n") {
            buffer.truncate(end + 4);
            return Ok(Some(buffer));
        }
        thread::yield_now();
    }
}

pub(crate) fn parse(head: &[u8]) -> Request {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let line = lines.next().unwrap_or_default().to_owned();
    let headers = lines.filter_map(|line| line.split_once(": "));
    Request {
        line,
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        body: String::new(),
        at: clock(),
    }
}

/// A listener that nobody may connect to.
pub(crate) struct Evil(TcpListener);

impl Evil {
    pub(crate) fn listen() -> Evil {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("it can be asked without waiting");
        Evil(listener)
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn authority(&self) -> String {
        self.0.local_addr().expect("its address").to_string()
    }
}

impl Drop for Evil {
    fn drop(&mut self) {
        if !thread::panicking() {
            assert!(self.0.accept().is_err(), "somebody connected to the evil host");
        }
    }
}

/// Any second of the past.
pub(crate) const T: i64 = 1_700_000_000;

/// A record with its change time, small enough to read.
pub(crate) fn record(id: u64, at: i64) -> Value {
    json!({"id": id, "generated_timestamp": at})
}

/// `{"id":1,…}` and so on, one line each.
pub(crate) fn lines(records: &[Value]) -> String {
    records.iter().map(|record| format!("{record}\n")).collect()
}

/// A page of a cursor export.
pub(crate) fn cursor_page(records: &[Value], cursor: Option<&str>, end: bool) -> String {
    json!({
        "tickets": records,
        "after_url": null,
        "before_url": null,
        "after_cursor": cursor,
        "before_cursor": null,
        "end_of_stream": end,
    })
    .to_string()
}

/// A page of a time-based export.
pub(crate) fn time_page(records: &[Value], end_time: Option<i64>, end: bool) -> String {
    json!({
        "tickets": records,
        "count": records.len(),
        "end_of_stream": end,
        "next_page": null,
        "end_time": end_time,
    })
    .to_string()
}
