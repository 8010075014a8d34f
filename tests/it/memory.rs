//! How much memory a run takes, whatever it is sent. Measured by GNU time.

use crate::{
    harness::{Place, Zdx, eventually},
    machine::{next_run, skipped},
    server::{Reply, Server, T},
};
use flate2::{Compress, Compression, FlushCompress};
use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::Command,
    thread,
    time::Duration,
};

const KILOBYTES_PER_MEGABYTE: u64 = 1024;

/// Whether peaks can be measured. Says so when not.
fn measurable(what: &str) -> bool {
    let tried = Command::new("/usr/bin/time").args(["-f", "%M", "true"]).output();
    let works = tried.is_ok_and(|output| output.status.success());
    if !works {
        skipped(what, "GNU time is not installed");
    }
    works
}

/// Runs it, and returns the most memory that it held at once, in kilobytes.
#[track_caller]
fn peak(place: &Place, run: Zdx<'_>, exit: i32, says: &str) -> u64 {
    let line = "exec /usr/bin/time -q -f %M -o peak \"$0\" \"$@\"";
    run.through(line).run().exit(exit).stderr_has(says);
    let peak = fs::read_to_string(place.path("peak")).expect("a measurement");
    peak.trim().parse().expect("kilobytes")
}

/// Answers every request with gzip that inflates to ten gigabytes of one record.
fn bomb() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for stream in listener.incoming() {
            drop(explode(stream.expect("a connection")));
        }
    });
    url
}

fn explode(mut stream: TcpStream) -> std::io::Result<()> {
    let mut request = [0; 4096];
    let _ = stream.read(&mut request)?;
    stream.write_all(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n\
          Connection: close\r\n\r\n",
    )?;
    stream.write_all(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])?;
    let mut deflate = Compress::new(Compression::best(), false);
    stream.write_all(&flushed(&mut deflate, b"{\"tickets\":[{\"subject\":\""))?;
    // After a full flush a block stands for itself, and can be sent again and again.
    let block = flushed(&mut deflate, &vec![b'a'; 1 << 20]);
    for _ in 0..10_000 {
        stream.write_all(&block)?;
    }
    Ok(())
}

fn flushed(deflate: &mut Compress, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 1024);
    deflate.compress_vec(bytes, &mut out, FlushCompress::Full).expect("room");
    out
}

#[test]
fn b7_and_security_11_a_gzip_bomb_stays_under_the_cap() {
    const CAP: u64 = 32;
    if !measurable("b7, the memory that a gzip bomb takes") {
        return;
    }
    let place = Place::at(&bomb());
    let run = next_run(&place, &format!("tickets -o x.ndjson --max-page-bytes {CAP}MiB"));
    let peak = peak(&place, run, 6, "--max-page-bytes");
    assert!(peak < (CAP + 64) * KILOBYTES_PER_MEGABYTE, "{peak} kB");
    assert_eq!(place.file("x.ndjson"), "");
}

/// Answers every request with a body that never ends, a little at a time.
fn endless(piece: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            thread::spawn(move || {
                let mut request = [0; 4096];
                let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"tickets\":[";
                let mut open = stream.read(&mut request).is_ok() && stream.write_all(head).is_ok();
                while open {
                    open = stream.write_all(piece).is_ok();
                    thread::park_timeout(Duration::from_millis(1));
                }
            });
        }
    });
    url
}

#[test]
fn n20_a_body_that_drips_for_ever_takes_no_memory() {
    if !measurable("n20, the memory that a drip takes") {
        return;
    }
    let place = Place::at(&endless(b"{\"id\":1},"))
        .with("ZDX_REQUEST_TIMEOUT", "1s")
        .with("ZDX_BODY_IDLE_TIMEOUT", "500ms");
    let run = next_run(&place, "tickets -o x.ndjson --retry-for 1s");
    let peak = peak(&place, run, 5, "timed out");
    assert!(peak < 64 * KILOBYTES_PER_MEGABYTE, "{peak} kB");
    assert_eq!(place.file("x.ndjson"), "");
}

/// Serves so many pages without records, each of which moves the position, and an end.
fn empty_pages(count: u32) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        let mut page = 0;
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut request = [0; 4096];
            // A client that waits for the answer sends its request in one piece.
            while stream.read(&mut request).is_ok_and(|read| read > 0) {
                page += 1;
                let body = format!(
                    "{{\"tickets\":[],\"after_cursor\":\"{page:08}\",\"end_of_stream\":{}}}",
                    page > count
                );
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
                     Content-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                // In one piece too, or two waits meet: Nagle's and that for an acknowledgement.
                stream.write_all(answer.as_bytes()).expect("a client that reads");
            }
        }
    });
    url
}

#[test]
fn s18_empty_pages_take_no_memory() {
    if !measurable("s18, the memory that empty pages take") {
        return;
    }
    let peak_of = |pages: u32| {
        let place = Place::at(&empty_pages(pages));
        let peak = peak(&place, next_run(&place, "tickets -o x.ndjson --rate 1000000"), 0, "");
        assert_eq!(place.saved("tickets")["cursor"], format!("{:08}", pages + 1));
        peak
    };
    let (few, many) = (peak_of(20), peak_of(10_000));
    assert!(many < few + 4 * KILOBYTES_PER_MEGABYTE, "{few} kB, then {many} kB");
}

/// Pages of a cursor export, each of which brings so many users that no other brings.
fn users(pages: u64, each: u64) -> Server {
    Server::answering(move |_, request| {
        let page =
            request.parameter("cursor").map_or(0, |at| at[1..].parse::<u64>().expect("ours"));
        let users: Vec<String> =
            (page * each..(page + 1) * each).map(|id| format!("{{\"id\":{id}}}")).collect();
        Some(Reply::ok(format!(
            "{{\"tickets\":[{{\"id\":{page},\"generated_timestamp\":{T}}}],\"users\":[{}],\
             \"after_cursor\":\"c{}\",\"end_of_stream\":{}}}",
            users.join(","),
            page + 1,
            page + 1 == pages
        )))
    })
}

#[test]
fn f22_sideloads_take_no_more_memory_the_more_there_are() {
    const EACH: u64 = 20_000;
    if !measurable("f22, the memory that sideloads take") {
        return;
    }
    let peak_of = |pages: u64| {
        let server = users(pages, EACH);
        let place = Place::at(&server.url());
        let words = "tickets --include users -o x.ndjson --overlap 0 --rate 1000000";
        let peak = peak(&place, next_run(&place, words), 0, "");
        let lines = place.file("x.tickets.users.ndjson").lines().count();
        assert_eq!(u64::try_from(lines), Ok(pages * EACH));
        peak
    };
    let (few, many) = (peak_of(15), peak_of(40));
    assert!(many < few + 4 * KILOBYTES_PER_MEGABYTE, "{few} kB, then {many} kB");
}

/// What a running process holds, in kilobytes: now (`VmRSS`), or the most ever (`VmHWM`). `None`
/// where that is not told.
fn resident(id: u32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

/// Each poll brings a row, a cursor and a user that no other brings.
#[test]
fn f22_following_takes_no_more_memory_the_longer_it_lasts() {
    let server = Server::answering(|n, _| {
        let at = jiff::Timestamp::now().as_second() - 500;
        Some(Reply::ok(format!(
            "{{\"tickets\":[{{\"id\":{n},\"generated_timestamp\":{at}}}],\"users\":[{{\"id\":{n}}}],\
             \"after_cursor\":\"c{n}\",\"end_of_stream\":true}}"
        )))
    });
    let place = Place::at(&server.url());
    let words = "export tickets --include users --since @0 --follow=1ms -o x.ndjson -q";
    let run = place.zdx(&format!("{words} --rate 1000000")).start();
    let held_at = |polls: usize| {
        eventually(|| server.requests().len() >= polls);
        resident(run.child.id(), "VmRSS")
    };
    let (few, many) = (held_at(200), held_at(1_000));
    run.signal(rustix::process::Signal::TERM);
    run.end().exit(143);
    match few.zip(many) {
        Some((few, many)) => {
            assert!(many < few + KILOBYTES_PER_MEGABYTE, "{few} kB, then {many} kB");
        }
        None => skipped("f22, the memory that following takes", "no /proc here"),
    }
}

/// One page of many megabytes leaves nothing behind, in whatever way it comes and is written.
#[test]
fn f27_after_a_large_page_the_memory_falls_back() {
    const MEGABYTES: usize = 96;
    for (coding, file) in [("", "x.ndjson"), ("gzip", "x.ndjson.gz"), ("X-Gzip", "x.ndjson.zst")] {
        let text = "a".repeat(1 << 20);
        let large: Vec<String> = (0..MEGABYTES)
            .map(|id| format!("{{\"id\":{id},\"generated_timestamp\":{T},\"text\":\"{text}\"}}"))
            .collect();
        let large = format!(
            "{{\"tickets\":[{}],\"after_cursor\":\"c\",\"end_of_stream\":true}}",
            large.join(",")
        );
        let large = match coding {
            "" => Reply::ok(large),
            "gzip" => Reply::gzip(large, |_| {}),
            other => Reply::coded(other, large),
        };
        let small = r#"{"tickets":[],"after_cursor":"c","end_of_stream":true}"#;
        let server = Server::answering(move |n, _| {
            Some(if n == 0 { large.clone() } else { Reply::ok(small) })
        });
        let place = Place::at(&server.url());
        let words = format!("export tickets --since @0 --follow=20ms -o {file} -q");
        let run = place.zdx(&format!("{words} --rate 1000000")).start();
        eventually(|| server.requests().len() > 8);
        let id = run.child.id();
        let measured = resident(id, "VmHWM").zip(resident(id, "VmRSS"));
        run.signal(rustix::process::Signal::TERM);
        run.end().exit(143);
        let Some((most, now)) = measured else {
            return skipped("f27, the memory after a large page", "no /proc here");
        };
        let megabytes = u64::try_from(MEGABYTES).expect("small") * KILOBYTES_PER_MEGABYTE;
        assert!(most > megabytes, "{coding} {file}: {most} kB");
        assert!(now < megabytes * 2 / 3, "{coding} {file}: {most} kB, then {now} kB");
    }
}
