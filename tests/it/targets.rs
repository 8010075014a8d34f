//! Where `-o` may lead: directories that are made, names that are refused, devices.

use crate::{
    harness::{Place, Still, TICKETS, USERS, eventually},
    server::{Reply, Server, T, cursor_page, record},
};
use rustix::process::Signal;
use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

#[test]
fn u6_directories_from_the_first_placeholder_on_are_made() {
    let still = Still::of(&[TICKETS, USERS]);
    for output in [
        "{resource}/{date}.ndjson",
        "x-{account}/y/{resource}.ndjson",
        "{date}/",
        "{run}/{resource}.gz",
    ] {
        let place = Place::of(&still.sandbox);
        let words = format!("export tickets users -o {output}");
        place.zdx(&format!("{words} --since @0 --dry-run")).run().exit(0);
        assert_eq!(place.all_names(), Vec::<String>::new(), "{output}: a dry run makes nothing");
        place.zdx(&format!("{words} --since @0")).run().exit(0);
        let made = place.names();
        for name in &made {
            let mode = fs::metadata(place.path(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "{output}: {name}");
        }
        place.zdx(&words).run().exit(0).stderr_counts("nothing new", 2);
    }
}

#[test]
fn u6_the_fixed_part_must_exist() {
    let place = Place::at("http://127.0.0.1:9");
    for output in ["no/x.ndjson", "no/such/", "no/{date}/{resource}.ndjson", "no/{resource}.ndjson"]
    {
        let run = place.zdx(&format!("export tickets --since 2h -o {output}")).run();
        run.refused(2, "the directory of the output does not exist: no");
        run.stderr_has("hint: mkdir -p no");
    }
}

#[test]
fn u6_an_object_store_is_reached_by_a_pipe() {
    let place = Place::at("http://127.0.0.1:9");
    for (output, pipe) in [
        ("s3://bucket/x.ndjson", "zdx export … | aws s3 cp - s3://bucket/x.ndjson\n"),
        (
            "gs://bucket/{resource}.ndjson",
            "| gcloud storage cp - 'gs://bucket/{resource}.ndjson'\n",
        ),
        ("https://x.example/y", "| rclone rcat REMOTE:PATH\n"),
        ("s3://bucket/dir/", "| aws s3 cp - s3://bucket/dir/"),
    ] {
        let run = place.zdx(&format!("export tickets --since 2h -o {output}")).run();
        run.refused(2, "is no file, and records go to files or to stdout").stderr_has(pipe);
        run.stderr_lacks("mkdir");
    }
}

#[test]
fn u19_a_name_that_promises_another_format_is_refused() {
    let place = Place::at("http://127.0.0.1:9");
    for end in ["parquet", "csv", "CSV", "csv.gz", "xlsx", "avro"] {
        let run = place.zdx(&format!("export tickets --since 2h --no-state -o t.{end}")).run();
        run.refused(2, "records are written as NDJSON, one a line, not as .")
            .stderr_has("name it .ndjson;");
    }
    for end in ["xz", "bz2", "zip", "ndjson.7z"] {
        let run = place.zdx(&format!("export tickets --since 2h -o {{resource}}.{end}")).run();
        run.refused(2, "gzip and zstd compress here, not .");
    }
    for end in ["json", "jsonl", "ndjson", "txt", "log", "gz", "zst", "ndjson.gz"] {
        let words = format!("export tickets --since 2h --no-state --dry-run -o t.{end}");
        place.zdx(&words).run().exit(0);
    }
    assert_eq!(place.names(), Vec::<String>::new());
}

const LOOK: &str = "export tickets --since @0 --no-state";

#[test]
fn u20_a_one_off_writes_to_the_null_device_and_to_stdout_by_its_other_name() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    let run = place.zdx(&format!("{LOOK} -o /dev/null")).run();
    run.exit(0).stdout("").stderr_has(" to /dev/null, a one-off").stderr_has(" records, ");
    let run = place.zdx(&format!("{LOOK} -o /dev/stdout")).run();
    run.exit(0).stdout(&still.ndjson(TICKETS));
    // A series in a pipe is one, whatever the pipe is called.
    let place = place.keeping();
    let run = place.zdx("export tickets --since @0 -o /dev/stdout").run();
    run.exit(0).stdout(&still.ndjson(TICKETS));
    place.zdx("export tickets").run().exit(0).stdout("").stderr_has("nothing new");
    place.zdx(&format!("{LOOK} -o /dev/full")).run().exit(7);
}

#[test]
fn u20_a_one_off_writes_to_a_fifo_whose_reader_it_waits_for() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox);
    assert!(Command::new("mkfifo").arg(place.path("fifo")).status().unwrap().success());
    let run = place.zdx(&format!("{LOOK} -o fifo")).start();
    let read = fs::read_to_string(place.path("fifo")).unwrap();
    run.end().exit(0).stdout("");
    assert_eq!(read, still.ndjson(TICKETS));
    // Of a shell's own making.
    let line = "exec bash -c '\"$@\" -o >(cat >copy)' bash \"$0\" \"$@\"";
    place.zdx(LOOK).through(line).run().exit(0);
    eventually(|| {
        fs::read_to_string(place.path("copy")).is_ok_and(|read| read == still.ndjson(TICKETS))
    });
}

#[test]
fn u20_a_one_off_that_waits_for_a_reader_hears_a_signal() {
    let still = Still::of(&[]);
    let place = Place::of(&still.sandbox);
    assert!(Command::new("mkfifo").arg(place.path("fifo")).status().unwrap().success());
    let run = place.zdx(&format!("{LOOK} -o fifo")).start();
    // It listens once it has told where it begins; a signal before that is heard, too.
    eventually(|| is_caught(run.child.id()));
    run.signal(Signal::TERM);
    run.end().exit(143);
    assert!(still.sandbox.requests().is_empty());
}

/// Whether a process has a handler for SIGTERM.
fn is_caught(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let mask = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask & (1 << 14) != 0
}

#[test]
fn u20_a_series_needs_a_file_that_stays() {
    let place = Place::at("http://127.0.0.1:9");
    for words in ["--since 2h", "--since 2h --follow", ""] {
        let run = place.zdx(&format!("export tickets -o /dev/null {words}")).run();
        run.refused(2, "the output /dev/null is not a regular file");
        run.stderr_has("hint: a one-off may write to any device or FIFO: add --no-state");
    }
    let page = cursor_page(&[record(1, T)], Some("c1"), true);
    let server = Server::script([Reply::ok(page)]);
    let place = Place::at(&server.url());
    place.zdx("export tickets --since @0 --until 2h -o /dev/null").run().exit(0);
}
