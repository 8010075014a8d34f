//! Reads HTTP/1.1 requests from a socket. It must not know what they ask for.

use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream,
};

use percent_encoding::percent_decode_str;

const HEAD_LIMIT: usize = 64 * 1024;
const BODY_LIMIT: usize = 1024 * 1024;
const HEADER_LIMIT: usize = 100;

/// A request that was read whole.
pub(super) struct Request {
    pub(super) method: String,
    /// As sent, without the query.
    pub(super) path: String,
    pub(super) query: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) http10: bool,
    /// One byte of the head is still in the socket. Closing with it unread is what makes the
    /// system send a reset, which std has no other way to ask for.
    pub(super) byte_left: bool,
}

/// Why there is no request.
pub(super) enum NoRequest {
    /// The client closed the connection or was silent for too long.
    Gone,
    /// What came is answered with this status, and the connection is closed.
    Bad(u16),
}

impl From<io::Error> for NoRequest {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether a comma-separated header names this token.
    fn lists(&self, name: &str, token: &str) -> bool {
        let value = self.header(name).unwrap_or_default();
        value.split(',').any(|part| part.trim().eq_ignore_ascii_case(token))
    }

    pub(super) fn accepts_gzip(&self) -> bool {
        let accepted = self.header("accept-encoding").unwrap_or_default();
        accepted.split(',').any(|part| {
            let (coding, weight) = part.split_once(';').unwrap_or((part, ""));
            let refused = matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
            matches!(coding.trim(), "gzip" | "*") && !refused
        })
    }

    pub(super) fn keeps_alive(&self) -> bool {
        if self.http10 {
            self.lists("connection", "keep-alive")
        } else {
            !self.lists("connection", "close")
        }
    }

    /// The query's parameters, decoded.
    pub(super) fn params(&self) -> Vec<(String, String)> {
        form(&self.query)
    }

    /// A parameter's value; the last one counts, and an empty one is as good as none: the vendor's
    /// own examples send `cursor=&start_time=…`.
    pub(super) fn param(&self, name: &str) -> Option<String> {
        let found = self.params().into_iter().rfind(|(known, _)| known == name);
        found.map(|(_, value)| value).filter(|value| !value.is_empty())
    }
}

/// Decodes `a=1&b=2`.
pub(super) fn form(text: &str) -> Vec<(String, String)> {
    let decode =
        |part: &str| percent_decode_str(&part.replace('+', "%20")).decode_utf8_lossy().into_owned();
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    };
    pairs.map(pair).collect()
}

/// Waits for the next request on a connection.
pub(super) fn read(stream: &mut TcpStream) -> Result<Request, NoRequest> {
    let head = read_head(stream)?;
    let mut request = parse(&head)?;
    if request.header("content-length").is_some() || request.header("transfer-encoding").is_some() {
        finish(stream, &mut request)?;
        read_body(stream, &mut request)?;
    }
    Ok(request)
}

/// Takes the head's last byte out of the socket.
pub(super) fn finish(stream: &mut TcpStream, request: &mut Request) -> io::Result<()> {
    if request.byte_left {
        stream.read_exact(&mut [0])?;
        request.byte_left = false;
    }
    Ok(())
}

/// The head with its empty line, of which the last byte stays in the socket.
fn read_head(stream: &mut TcpStream) -> Result<Vec<u8>, NoRequest> {
    let mut head = Vec::new();
    let mut window = [0; 8192];
    loop {
        let seen = stream.peek(&mut window)?;
        if seen == 0 {
            return Err(NoRequest::Gone);
        }
        let before = head.len();
        head.extend_from_slice(&window[..seen]);
        let from = before.saturating_sub(3);
        if let Some(end) = head[from..].windows(4).position(|four| four == b"\r\n\r\n") {
            let end = from + end + 4;
            stream.read_exact(&mut window[..end - before - 1])?;
            head.truncate(end);
            return Ok(head);
        }
        stream.read_exact(&mut window[..seen])?;
        if head.len() > HEAD_LIMIT {
            return Err(NoRequest::Bad(431));
        }
    }
}

fn parse(head: &[u8]) -> Result<Request, NoRequest> {
    let mut headers = [httparse::EMPTY_HEADER; HEADER_LIMIT];
    let mut parsed = httparse::Request::new(&mut headers);
    match parsed.parse(head) {
        Ok(httparse::Status::Complete(_)) => {}
        Err(httparse::Error::TooManyHeaders) => return Err(NoRequest::Bad(431)),
        Ok(httparse::Status::Partial) | Err(_) => return Err(NoRequest::Bad(400)),
    }
    let target = parsed.path.unwrap_or("/");
    // A proxy's form, http://host/path, is served too.
    let target = match target.split_once("://") {
        Some((_, rest)) if !target.starts_with('/') => rest.find('/').map_or("/", |at| &rest[at..]),
        _ => target,
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let header = |header: &httparse::Header<'_>| {
        let value = String::from_utf8_lossy(header.value).into_owned();
        (header.name.to_ascii_lowercase(), value)
    };
    Ok(Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: parsed.headers.iter().map(header).collect(),
        body: Vec::new(),
        http10: parsed.version == Some(0),
        byte_left: true,
    })
}

fn read_body(stream: &mut TcpStream, request: &mut Request) -> Result<(), NoRequest> {
    if request.header("transfer-encoding").is_some() {
        return Err(NoRequest::Bad(411));
    }
    let length = request.header("content-length").unwrap_or_default();
    let Ok(length) = length.parse::<usize>() else {
        return Err(NoRequest::Bad(400));
    };
    if length > BODY_LIMIT {
        return Err(NoRequest::Bad(413));
    }
    if request.lists("expect", "100-continue") {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    request.body = vec![0; length];
    stream.read_exact(&mut request.body)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(head: &str) -> Request {
        parse(head.as_bytes()).unwrap_or_else(|_| panic!("not parsed: {head}"))
    }

    #[test]
    fn parameters_are_decoded_and_the_last_one_counts() {
        let request = request("GET /x?a=1&cursor=M%3D%3D&a=2&page%5Bsize%5D=5 HTTP/1.1\r\n\r\n");
        assert_eq!(request.param("a").as_deref(), Some("2"));
        assert_eq!(request.param("cursor").as_deref(), Some("M=="));
        assert_eq!(request.param("page[size]").as_deref(), Some("5"));
    }

    #[test]
    fn an_empty_parameter_is_none() {
        assert_eq!(request("GET /x?cursor= HTTP/1.1\r\n\r\n").param("cursor"), None);
    }

    #[test]
    fn gzip_is_for_those_who_accept_it() {
        let accepts = |value: &str| {
            request(&format!("GET / HTTP/1.1\r\nAccept-Encoding: {value}\r\n\r\n")).accepts_gzip()
        };
        assert!(accepts("deflate, gzip") && accepts("gzip;q=1.0") && accepts("*"));
        assert!(!accepts("identity") && !accepts("gzip;q=0") && !accepts("br"));
    }

    #[test]
    fn a_connection_is_kept_unless_the_client_says_otherwise() {
        assert!(request("GET / HTTP/1.1\r\n\r\n").keeps_alive());
        assert!(!request("GET / HTTP/1.1\r\nConnection: close\r\n\r\n").keeps_alive());
        assert!(!request("GET / HTTP/1.0\r\n\r\n").keeps_alive());
    }
}
