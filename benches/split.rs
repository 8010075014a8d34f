//! The parser and the splitter in MB/s, beside their floors measured in the same run.

use crate::{
    measure,
    replay::{self, Shape},
};
use flate2::{Compression, read::GzDecoder, read::GzEncoder};
use std::{hint::black_box, io::Read as _, time::Instant};
use zdx::bench::{parse, split};

pub(crate) fn run() {
    let shape = Shape { pages: 1, records: 1000, record_bytes: 5_000 };
    let tickets = replay::tickets(shape, 1);
    let body = format!("{{\"tickets\":[{}],\"end_of_stream\":true}}", tickets.join(","));
    let pretty = body.replace(',', ", ");
    let whole = replay::whole_tickets(shape.records).join(",");
    let whole = format!("{{\"tickets\":[{whole}],\"end_of_stream\":true}}");
    let mut gz = Vec::new();
    GzEncoder::new(body.as_bytes(), Compression::default()).read_to_end(&mut gz).expect("memory");
    let mut out: Vec<u8> = Vec::with_capacity(2 * body.len());

    println!("| one thread, a page of 1,000 tickets of 5 KB in memory | MB/s | of memcpy |");
    println!("|---|---|---|");
    let megabytes = body.len() as f64 / 1e6;
    let copied = rate(megabytes, || {
        out.clear();
        out.extend_from_slice(black_box(body.as_bytes()));
        black_box(&out);
    });
    let row = |name: &str, rate: f64| println!("| {name} | {rate:.0} | {:.3} |", rate / copied);
    row("floor: memcpy", copied);
    let valid = rate(megabytes, || {
        black_box(std::str::from_utf8(black_box(body.as_bytes())).is_ok());
    });
    row("floor: UTF-8 checked", valid);
    let inflated = rate(megabytes, || {
        out.clear();
        GzDecoder::new(black_box(&gz[..])).read_to_end(&mut out).expect("our own");
    });
    row("floor: gunzip (zlib-rs)", inflated);
    let theirs = rate(megabytes, || {
        let checked: Result<serde::de::IgnoredAny, _> = serde_json::from_slice(body.as_bytes());
        checked.expect("our own");
    });
    row("serde_json, checked and ignored", theirs);
    let parsed = rate(megabytes, || {
        assert_eq!(parse(black_box(body.as_bytes())), Some(shape.records));
    });
    row("parser: checked to its end, records found", parsed);
    let lines = rate(megabytes, || {
        out.clear();
        assert_eq!(split(black_box(body.as_bytes()), &mut out), Some(shape.records));
    });
    row("splitter: parser and one line for each record", lines);
    let parsed = rate(whole.len() as f64 / 1e6, || {
        assert_eq!(parse(black_box(whole.as_bytes())), Some(shape.records));
    });
    row("parser, tickets with all their members: nulls, escapes, short strings", parsed);
    let lines = rate(whole.len() as f64 / 1e6, || {
        out.clear();
        assert_eq!(split(black_box(whole.as_bytes()), &mut out), Some(shape.records));
    });
    row("splitter, the same tickets", lines);
    let lines = rate(pretty.len() as f64 / 1e6, || {
        out.clear();
        assert_eq!(split(black_box(pretty.as_bytes()), &mut out), Some(shape.records));
    });
    row("splitter, white space to take out", lines);
    let mut inflated = Vec::new();
    let all = rate(megabytes, || {
        inflated.clear();
        GzDecoder::new(black_box(&gz[..])).read_to_end(&mut inflated).expect("our own");
        out.clear();
        assert_eq!(split(&inflated, &mut out), Some(shape.records));
    });
    row("gunzip and splitter", all);
    println!();
}

/// MB/s, of the round in the middle.
fn rate(megabytes: f64, mut work: impl FnMut()) -> f64 {
    work();
    let rounds = (0..41).map(|_| {
        let began = Instant::now();
        work();
        began.elapsed().as_secs_f64()
    });
    megabytes / measure::middle(rounds.collect())
}
