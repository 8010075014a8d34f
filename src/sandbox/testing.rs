//! A client of the tests' own, over the socket: it must not be the one that zdx ships.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{API_TOKEN, CLIENT_ID, CLIENT_SECRET, EMAIL, Options, Sandbox, kind::Paging};

/// An answer as it came over the wire, decompressed.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) chunks: usize,
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(super) fn number(&self, member: &str) -> i64 {
        self.json()[member].as_i64().unwrap_or_else(|| panic!("{member} in {}", self.text()))
    }
}

pub(super) fn basic() -> String {
    format!("Basic {}", STANDARD.encode(format!("{EMAIL}/token:{API_TOKEN}")))
}

pub(super) fn sandbox(options: Options) -> Sandbox {
    Sandbox::start(options).unwrap()
}

/// A Wednesday.
pub(super) const NOW: i64 = 1_795_000_000;

/// A world whose clock stands still, so that nothing changes during a test.
pub(super) fn frozen() -> Options {
    Options { frozen_at: Some(NOW), ..Options::default() }
}

/// A small such world without quotas.
pub(super) fn small() -> Options {
    Options { records: 150, quota: Some(0), ..frozen() }
}

/// The records of a page.
pub(super) fn records(page: &Value, resource: &str) -> Vec<Value> {
    page[resource].as_array().unwrap_or_else(|| panic!("no {resource} in {page}")).clone()
}

/// Seconds since 1970 of an ISO time in a record.
pub(super) fn seconds(record: &Value, member: &str) -> i64 {
    let text = record[member].as_str().unwrap_or_else(|| panic!("no {member} in {record}"));
    text.parse::<jiff::Timestamp>().unwrap().as_second()
}

pub(super) fn connect(sandbox: &Sandbox) -> TcpStream {
    TcpStream::connect(sandbox.base_url().trim_start_matches("http://")).unwrap()
}

/// Sends a request and reads its answer; `None` when the connection ended before a whole one.
pub(super) fn send(stream: &mut TcpStream, request: &str) -> Option<Reply> {
    stream.write_all(request.as_bytes()).ok()?;
    read(&mut BufReader::new(stream))
}

pub(super) fn read(stream: &mut BufReader<&mut TcpStream>) -> Option<Reply> {
    let mut line = String::new();
    stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let status = line.split(' ').nth(1)?.parse().ok()?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.push((name.to_owned(), value.to_owned()));
    }
    let mut reply = Reply { status, headers, body: Vec::new(), chunks: 0 };
    match reply.header("content-length").map(str::to_owned) {
        Some(length) => {
            reply.body = vec![0; length.parse().ok()?];
            stream.read_exact(&mut reply.body).ok()?;
        }
        None => read_chunks(stream, &mut reply)?,
    }
    if reply.header("content-encoding") == Some("gzip") {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(reply.body.as_slice()).read_to_end(&mut plain).ok()?;
        reply.body = plain;
    }
    Some(reply)
}

pub(super) fn read_chunks(stream: &mut BufReader<&mut TcpStream>, reply: &mut Reply) -> Option<()> {
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let size = usize::from_str_radix(line.trim_end(), 16).ok()?;
        let mut chunk = vec![0; size + 2];
        stream.read_exact(&mut chunk).ok()?;
        if size == 0 {
            return Some(());
        }
        reply.body.extend_from_slice(&chunk[..size]);
        reply.chunks += 1;
    }
}

pub(super) fn get_as(sandbox: &Sandbox, authorization: &str, target: &str) -> Option<Reply> {
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: acct.zendesk.com\r\nAuthorization: {authorization}\r\n\
         Accept-Encoding: gzip\r\nConnection: close\r\n\r\n"
    );
    send(&mut connect(sandbox), &request)
}

/// The same with a `Host` of the caller's choice.
pub(super) fn get_at(sandbox: &Sandbox, host: &str, target: &str) -> Reply {
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {}\r\nConnection: close\r\n\r\n",
        basic()
    );
    send(&mut connect(sandbox), &request).unwrap_or_else(|| panic!("no answer to {target}"))
}

pub(super) fn get(sandbox: &Sandbox, target: &str) -> Reply {
    get_as(sandbox, &basic(), target).unwrap_or_else(|| panic!("no answer to {target}"))
}

pub(super) fn post_token(sandbox: &Sandbox, body: &str) -> Reply {
    let request = format!(
        "POST /oauth/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\nConnection: close\r\n\r\n\
         {body}",
        body.len()
    );
    send(&mut connect(sandbox), &request).unwrap()
}

pub(super) fn mint(sandbox: &Sandbox, more: &str) -> Value {
    let body = format!(
        "{{\"grant_type\":\"client_credentials\",\"client_id\":\"{CLIENT_ID}\",\
         \"client_secret\":\"{CLIENT_SECRET}\"{more}}}"
    );
    post_token(sandbox, &body).json()
}

/// A URL without its scheme and host.
pub(super) fn local(url: &Value) -> String {
    url.as_str().unwrap().trim_start_matches("https://acct.zendesk.com").to_owned()
}

/// All records of an export by cursor.
pub(super) fn records_of(sandbox: &Sandbox, mut target: String) -> Vec<Value> {
    let key = target.split('/').nth(4).unwrap().to_owned();
    let mut found = Vec::new();
    loop {
        let page = get(sandbox, &target).json();
        found.extend(records(&page, &key));
        if page["end_of_stream"] == true {
            return found;
        }
        target = local(&page["after_url"]);
    }
}

/// The endpoints' paths of all lists, each with the member of its records.
pub(super) fn lists() -> Vec<(String, &'static str)> {
    let routes =
        super::records::ALL.iter().flat_map(|kind| kind.routes.iter().map(|r| (r, kind.key)));
    let lists = routes.filter(|(route, _)| matches!(route.paging, Paging::List(_)));
    lists.map(|(route, key)| (format!("/api/v2/{}", route.path.replace('*', "de")), key)).collect()
}

/// A list in one go, as far as a page of 100 goes on.
pub(super) fn list(sandbox: &Sandbox, path: &str, key: &str) -> Vec<Value> {
    let mut target = format!("{path}?page[size]=100");
    let mut found = Vec::new();
    loop {
        let page = get(sandbox, &target).json();
        found.extend(records(&page, key));
        if page["meta"]["has_more"] != true {
            return found;
        }
        target = local(&page["links"]["next"]);
    }
}
