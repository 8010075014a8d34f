//! A server that replays pages as fast as a socket takes them, plain or with TLS, so that what is
//! measured is the client. Knows as much of Zendesk as an export needs.

use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned, crypto::ring, pki_types::PrivatePkcs8KeyDer,
};
use std::{
    fmt::Write as _,
    io::{self, BufRead as _, BufReader, Read, Write},
    net::TcpListener,
    sync::Arc,
    thread,
};

/// The start_time with which an export gets all pages.
pub(crate) const START: usize = 1_600_000_000;

/// Pages of one shape.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) pages: usize,
    pub(crate) records: usize,
    /// Bytes of one record, about.
    pub(crate) record_bytes: usize,
}

/// The records of a page, compressed once; only the envelope differs from page to page. Two sets
/// take turns, because a client may drop what the page before held too.
struct Pages {
    shape: Shape,
    sets: [Deflated; 2],
}

/// Deflate blocks that end on a byte and are not the last.
struct Deflated {
    blocks: Vec<u8>,
    crc: Crc,
}

/// Where pages are served.
pub(crate) struct Served {
    pub(crate) url: String,
    /// The authority to trust, in PEM, where there is TLS.
    pub(crate) authority: Option<String>,
    /// The bytes of a page before compression.
    pub(crate) page_bytes: usize,
}

/// Serves pages of a shape in the background, with TLS or without.
pub(crate) fn serve(shape: Shape, tls: bool) -> Served {
    let sets = [1, 2].map(|seed| Deflated::of(tickets(shape, seed).join(",").as_bytes()));
    let page_bytes = usize::try_from(sets[0].crc.amount()).expect("fits in memory");
    let pages = Arc::new(Pages { shape, sets });
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    let (config, authority) = match tls {
        true => certified(),
        false => (None, None),
    };
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (pages, config) = (Arc::clone(&pages), config.clone());
            thread::spawn(move || {
                stream.set_nodelay(true)?;
                match config {
                    None => answer(stream, &pages),
                    Some(config) => {
                        let tls = ServerConnection::new(config).map_err(io::Error::other)?;
                        answer(StreamOwned::new(tls, stream), &pages)
                    }
                }
            });
        }
    });
    let scheme = if tls { "https" } else { "http" };
    Served { url: format!("{scheme}://{address}"), authority, page_bytes }
}

/// A certificate for 127.0.0.1 and the authority that signed it.
fn certified() -> (Option<Arc<ServerConfig>>, Option<String>) {
    let key = || KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = key();
    let authority = params.self_signed(&authority_key).expect("our own");
    let issuer = Issuer::new(params, authority_key);
    let own_key = key();
    let own = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("an address");
    let own = own.signed_by(&own_key, &issuer).expect("our own");
    let private = PrivatePkcs8KeyDer::from(own_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("what the provider has")
        .with_no_client_auth()
        .with_single_cert(vec![own.der().clone()], private.into())
        .expect("a key that fits");
    (Some(Arc::new(config)), Some(authority.pem()))
}

fn answer(stream: impl Read + Write, pages: &Pages) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut request = String::new();
        if stream.read_line(&mut request)? == 0 {
            return Ok(());
        }
        let mut header = String::new();
        while stream.read_line(&mut header)? > 2 {
            header.clear();
        }
        let body = pages.gzip(&request);
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        stream.get_mut().write_all(head.as_bytes())?;
        stream.get_mut().write_all(&body)?;
        stream.get_mut().flush()?;
    }
}

impl Pages {
    /// The gzip body that answers a request line: the beginning of the page as a stored block, the
    /// shared deflate blocks, and the page's envelope as a stored block.
    fn gzip(&self, request: &str) -> Vec<u8> {
        let after = |name: &str| {
            let parts = request.split(['?', '&', ' ']);
            parts.filter_map(|part| part.strip_prefix(name)?.parse::<usize>().ok()).next()
        };
        let started = || after("start_time=").map(|time| time.saturating_sub(START));
        let page = after("cursor=p").or_else(started).unwrap_or(0);
        let names = ["ticket_events", "ticket_metric_events", "users", "organizations", "articles"];
        let key = names.iter().find(|name| request.contains(&format!("/{name}")));
        let next = page + 1;
        let last = next >= self.shape.pages;
        let start = format!("{{\"{}\":[", key.unwrap_or(&"tickets"));
        let end = format!(
            "],\"after_url\":null,\"before_url\":null,\"after_cursor\":\"p{next}\",\
             \"before_cursor\":null,\"next_page\":{},\"count\":{},\"end_time\":{},\
             \"end_of_stream\":{last}}}",
            if last { "null" } else { "\"\"" },
            self.shape.records,
            START + next
        );
        let set = &self.sets[page % 2];
        let mut whole = Crc::new();
        let mut body = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
        store(&mut body, &mut whole, start.as_bytes(), false);
        body.extend_from_slice(&set.blocks);
        whole.combine(&set.crc);
        store(&mut body, &mut whole, end.as_bytes(), true);
        body.extend_from_slice(&whole.sum().to_le_bytes());
        body.extend_from_slice(&whole.amount().to_le_bytes());
        body
    }
}

/// Appends a stored block.
fn store(body: &mut Vec<u8>, whole: &mut Crc, bytes: &[u8], last: bool) {
    let length = u16::try_from(bytes.len()).expect("a short block");
    body.push(u8::from(last));
    body.extend_from_slice(&length.to_le_bytes());
    body.extend_from_slice(&(!length).to_le_bytes());
    body.extend_from_slice(bytes);
    let mut crc = Crc::new();
    crc.update(bytes);
    whole.combine(&crc);
}

impl Deflated {
    fn of(bytes: &[u8]) -> Deflated {
        let mut crc = Crc::new();
        crc.update(bytes);
        Deflated { blocks: deflate(bytes), crc }
    }
}

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

const WORDS: [&str; 18] = [
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

/// A number below another, drawn anew at each call; the same numbers for the same seed.
fn drawing(seed: u64) -> impl FnMut(usize) -> usize {
    let mut seed = 42 + seed;
    move |n| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % u64::try_from(n).expect("small")).expect("small")
    }
}

/// Tickets with the members that the API documents, as an account with many fields has them: most
/// of their bytes are names, numbers and nulls, and texts have escapes.
pub(crate) fn whole_tickets(records: usize) -> Vec<String> {
    let mut draw = drawing(3);
    let mut text = |words: usize| {
        let escapes = ["\\n", "\\\"", "\\u003c"];
        let mut word = || {
            let escape = escapes.get(draw(20)).unwrap_or(&"");
            format!("{}{escape}", WORDS[draw(WORDS.len())])
        };
        (0..words).map(|_| word()).collect::<Vec<_>>().join(" ")
    };
    let mut draw = drawing(4);
    let mut ticket = |id: usize| {
        let mut fields = || {
            let value = |kind: usize, text: String| match kind {
                0..6 => "null".to_owned(),
                6 => "true".to_owned(),
                7 => format!("[\"{text}\"]"),
                _ => format!("\"{text}\""),
            };
            let field = |n: usize, kind, text| {
                format!("{{\"id\":36000{:05},\"value\":{}}}", n * 7919, value(kind, text))
            };
            let fields = (0..50).map(|n| field(n, draw(10), text(1)));
            fields.collect::<Vec<_>>().join(",")
        };
        let (custom_fields, fields) = (fields(), fields());
        format!(
            "{{\"url\":\"https://acme.zendesk.com/api/v2/tickets/{id}.json\",\"id\":{id},\
             \"external_id\":null,\"via\":{{\"channel\":\"email\",\"source\":{{\"from\":{{\"address\":\
             \"a{id}@example.com\",\"name\":\"{name}\"}},\"to\":{{\"name\":\"Acme\",\"address\":\
             \"support@acme.example\"}},\"rel\":null}}}},\"created_at\":\"2026-10-30T08:11:12Z\",\
             \"updated_at\":\"2026-11-01T00:00:00Z\",\"type\":\"incident\",\"subject\":\"{subject}\",\
             \"raw_subject\":\"{subject}\",\"description\":\"{description}\",\"priority\":\"high\",\
             \"status\":\"open\",\"recipient\":null,\"requester_id\":{requester},\
             \"submitter_id\":{requester},\"assignee_id\":null,\"organization_id\":null,\
             \"group_id\":1142,\"collaborator_ids\":[],\"follower_ids\":[1,2],\"email_cc_ids\":[],\
             \"forum_topic_id\":null,\"problem_id\":null,\"has_incidents\":false,\"is_public\":true,\
             \"due_at\":null,\"tags\":[\"refund\",\"vip\"],\"custom_fields\":[{custom_fields}],\
             \"satisfaction_rating\":{{\"score\":\"unoffered\"}},\"sharing_agreement_ids\":[],\
             \"custom_status_id\":1,\"fields\":[{fields}],\"followup_ids\":[],\
             \"ticket_form_id\":36000001,\"brand_id\":3600,\"allow_channelback\":false,\
             \"allow_attachments\":true,\"from_messaging_channel\":false,\
             \"generated_timestamp\":1795000000}}",
            name = text(2),
            subject = text(6),
            description = text(120),
            requester = 9_007_199_254_740_993_u64,
        )
    };
    (0..records).map(&mut ticket).collect()
}

/// Tickets that compress as real ones do, about ten to one.
pub(crate) fn tickets(shape: Shape, seed: u64) -> Vec<String> {
    let mut draw = drawing(seed);
    (0..shape.records)
        .map(|id| {
            let mut ticket = format!(
                "{{\"url\":\"https://acme.zendesk.com/api/v2/tickets/{id}.json\",\"id\":{id},\
                 \"external_id\":null,\"via\":{{\"channel\":\"web\"}},\
                 \"updated_at\":\"2026-11-01T00:00:00Z\",\"status\":\"open\",\"description\":\""
            );
            for _ in 0..shape.record_bytes / 24 {
                write!(ticket, "{} ", WORDS[draw(WORDS.len())]).expect("a String");
            }
            ticket.push_str("\\n\",\"custom_fields\":[");
            let mut field = 0;
            while ticket.len() + 64 < shape.record_bytes {
                let value = WORDS[draw(WORDS.len())];
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
