//! A server that replays pages as fast as a socket takes them, so that what is measured is the
//! client. Knows as much of Zendesk as a cursor export needs.

use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

/// Pages of one shape.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) pages: usize,
    pub(crate) records: usize,
    /// Bytes of one record, about.
    pub(crate) record_bytes: usize,
}

/// The records of a page, compressed once; only the envelope differs from page to page.
struct Pages {
    shape: Shape,
    deflated: Vec<u8>,
    crc: Crc,
}

/// Serves pages of a shape in the background and returns the address.
pub(crate) fn serve(shape: Shape) -> String {
    let records = format!("{{\"tickets\":[{}]", tickets(shape).join(","));
    let mut crc = Crc::new();
    crc.update(records.as_bytes());
    let pages = Arc::new(Pages { shape, deflated: deflate(records.as_bytes()), crc });
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound socket").to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let pages = Arc::clone(&pages);
            thread::spawn(move || drop(answer(&stream, &pages)));
        }
    });
    address
}

fn answer(stream: &TcpStream, pages: &Pages) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut lines = BufReader::new(stream).lines();
    loop {
        let Some(request) = lines.next() else { return Ok(()) };
        let request = request?;
        for header in lines.by_ref() {
            if header?.is_empty() {
                break;
            }
        }
        let page = request
            .split(['?', '&', ' '])
            .find_map(|part| part.strip_prefix("cursor=p")?.parse::<usize>().ok())
            .unwrap_or(0);
        let body = pages.gzip(page);
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = stream;
        stream.write_all(head.as_bytes())?;
        stream.write_all(&body)?;
    }
}

impl Pages {
    /// A gzip body: the shared deflate blocks, then the page's envelope as a stored block.
    fn gzip(&self, page: usize) -> Vec<u8> {
        let next = page + 1;
        let last = next >= self.shape.pages;
        let envelope = format!(
            ",\"after_url\":null,\"before_url\":null,\"after_cursor\":\"p{next}\",\
             \"before_cursor\":null,\"end_of_stream\":{last}}}"
        );
        let length = u16::try_from(envelope.len()).expect("a short envelope");
        let mut crc = Crc::new();
        crc.update(envelope.as_bytes());
        let mut whole = Crc::new();
        whole.combine(&self.crc);
        whole.combine(&crc);
        let mut body = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
        body.extend_from_slice(&self.deflated);
        body.push(1); // the last block, stored
        body.extend_from_slice(&length.to_le_bytes());
        body.extend_from_slice(&(!length).to_le_bytes());
        body.extend_from_slice(envelope.as_bytes());
        body.extend_from_slice(&whole.sum().to_le_bytes());
        body.extend_from_slice(&whole.amount().to_le_bytes());
        body
    }
}

/// Deflate blocks that end on a byte and are not the last.
fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut compress = Compress::new(Compression::default(), false);
    let mut out = Vec::with_capacity(bytes.len() + 1024);
    loop {
        let read = usize::try_from(compress.total_in()).expect("fits in memory");
        let status = compress
            .compress_vec(&bytes[read..], &mut out, FlushCompress::Full)
            .expect("deflate takes everything");
        if status == Status::BufError || (status == Status::Ok && out.len() < out.capacity()) {
            return out;
        }
        out.reserve(64 * 1024);
    }
}

/// Tickets that compress as real ones do, about ten to one.
pub(crate) fn tickets(shape: Shape) -> Vec<String> {
    let words = [
        "order",
        "refund",
        "printer",
        "invoice",
        "Grüße",
        "login",
        "password",
        "delivery",
        "broken",
        "please",
        "thanks",
        "reset",
        "account",
        "since",
        "yesterday",
        "screen",
        "update",
        "日本語",
    ];
    let mut seed = 42_u64;
    let mut draw = move |n: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % u64::try_from(n).expect("small")).expect("small")
    };
    (0..shape.records)
        .map(|id| {
            let mut ticket = format!(
                "{{\"url\":\"https://acme.zendesk.com/api/v2/tickets/{id}.json\",\"id\":{id},\
                 \"external_id\":null,\"via\":{{\"channel\":\"web\"}},\
                 \"updated_at\":\"2026-11-01T00:00:00Z\",\"status\":\"open\",\"description\":\""
            );
            for _ in 0..shape.record_bytes / 24 {
                write!(ticket, "{} ", words[draw(words.len())]).expect("a String");
            }
            ticket.push_str("\\n\",\"custom_fields\":[");
            let mut field = 0;
            while ticket.len() + 64 < shape.record_bytes {
                let value = words[draw(words.len())];
                write!(ticket, "{{\"id\":3600{field:05},\"value\":\"{value}\"}},")
                    .expect("a String");
                field += 1;
            }
            write!(ticket, "{{\"id\":1,\"value\":null}}],\"generated_timestamp\":1795000000}}")
                .expect("a String");
            ticket
        })
        .collect()
}
