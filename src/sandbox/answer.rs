//! An answer, and how it goes over the wire: whole, in pieces, or not at all.
//!
//! It must not know what was asked.

use std::{
    fmt::Display,
    io::{self, Write},
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};

use super::clock::Clock;

/// What happens to the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    Whole,
    /// In pieces over two seconds.
    Slow,
    /// One byte a second.
    Drip,
    /// The connection closes in the middle of the body.
    Cut,
    /// Nothing comes, and the connection stays open.
    Hang,
    /// The connection is reset.
    Reset,
    /// The connection closes before anything is sent.
    Close,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// Data comes compressed and chunked (§9); errors come with their length.
    pub(super) data: bool,
    pub(super) delivery: Delivery,
}

/// What the client can take.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    pub(super) gzip: bool,
    pub(super) http10: bool,
    pub(super) head_only: bool,
    pub(super) keep_alive: bool,
}

impl Answer {
    pub(super) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: body.into(),
            data: false,
            delivery: Delivery::Whole,
        }
    }

    pub(super) fn json(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, "application/json; charset=utf-8", body)
    }

    pub(super) fn text(status: u16, body: &str) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body)
    }

    pub(super) fn html(status: u16, body: &str) -> Self {
        Self::new(status, "text/html; charset=utf-8", body)
    }

    pub(super) fn with(mut self, name: &str, value: impl Display) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    /// Sends the answer; whether the connection can be used again.
    pub(super) fn send(self, to: &mut impl Write, terms: Terms, clock: &Clock) -> io::Result<bool> {
        match self.delivery {
            Delivery::Hang => {
                clock.pause(Duration::from_secs(3600));
                return Ok(false);
            }
            Delivery::Reset | Delivery::Close => return Ok(false),
            Delivery::Whole | Delivery::Slow | Delivery::Drip | Delivery::Cut => {}
        }
        let chunked = self.data && !terms.http10;
        let compressed = self.data && terms.gzip;
        let body = if compressed { gzip(&self.body)? } else { self.body };
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        let mut line = |name: &str, value: &str| head.extend([name, ": ", value, "\r\n"]);
        for (name, value) in &self.headers {
            line(name, value);
        }
        if compressed {
            line("content-encoding", "gzip");
        }
        if chunked {
            line("transfer-encoding", "chunked");
        } else {
            line("content-length", &body.len().to_string());
        }
        line("connection", if terms.keep_alive { "keep-alive" } else { "close" });
        head.push_str("\r\n");
        to.write_all(head.as_bytes())?;
        if !terms.head_only {
            send_body(to, &body, chunked, self.delivery, clock)?;
        }
        to.flush()?;
        Ok(terms.keep_alive && self.delivery != Delivery::Cut)
    }
}

fn send_body(
    to: &mut impl Write,
    body: &[u8],
    chunked: bool,
    delivery: Delivery,
    clock: &Clock,
) -> io::Result<()> {
    let (piece, pause) = match delivery {
        Delivery::Slow => (body.len() / 20 + 1, Duration::from_millis(100)),
        Delivery::Drip => (1, Duration::from_secs(1)),
        _ => ((body.len() / 3 + 1).min(16 * 1024), Duration::ZERO),
    };
    let body = if delivery == Delivery::Cut { &body[..body.len() / 2] } else { body };
    for piece in body.chunks(piece) {
        if chunked {
            write!(to, "{:x}\r\n", piece.len())?;
        }
        to.write_all(piece)?;
        if chunked {
            to.write_all(b"\r\n")?;
        }
        if !pause.is_zero() {
            to.flush()?;
            clock.pause(pause);
            if clock.stopped() {
                return Err(io::ErrorKind::Interrupted.into());
            }
        }
    }
    if chunked && delivery != Delivery::Cut {
        to.write_all(b"0\r\n\r\n")?;
    }
    Ok(())
}

fn gzip(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        413 => "Content Too Large",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: Terms = Terms { gzip: false, http10: false, head_only: false, keep_alive: true };

    fn sent(answer: Answer, terms: Terms) -> String {
        let mut wire = Vec::new();
        answer.send(&mut wire, terms, &Clock::new(None)).unwrap();
        String::from_utf8(wire).unwrap()
    }

    fn data(delivery: Delivery) -> Answer {
        Answer { data: true, delivery, ..Answer::json(200, "{\"a\":123}") }
    }

    #[test]
    fn data_comes_in_several_chunks() {
        let wire = sent(data(Delivery::Whole), TERMS);
        let body = wire.split_once("\r\n\r\n").unwrap().1;
        assert_eq!(body, "4\r\n{\"a\"\r\n4\r\n:123\r\n1\r\n}\r\n0\r\n\r\n");
    }

    #[test]
    fn a_cut_body_has_no_last_chunk() {
        assert!(sent(data(Delivery::Cut), TERMS).ends_with("4\r\n{\"a\"\r\n"));
    }

    #[test]
    fn old_clients_get_a_length() {
        let wire = sent(data(Delivery::Whole), Terms { http10: true, ..TERMS });
        assert!(wire.contains("content-length: 9\r\n") && wire.ends_with("{\"a\":123}"));
    }
}
