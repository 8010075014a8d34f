//! `zdx sandbox` as a process of its own: what its flags do from outside, and how it refuses.

use crate::harness::Place;
use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{ChildStdout, Stdio},
};
use zdx::sandbox::{Behaviour, OAUTH_TOKEN};

/// Runs `zdx sandbox` with these flags while a test asks it.
fn serving(flags: &str, ask: impl FnOnce(&str)) {
    let place = Place::new();
    let mut running = place.zdx(&format!("sandbox {flags}")).start_with(Stdio::piped());
    let stdout: ChildStdout = running.child.stdout.take().expect("a pipe");
    let mut first = String::new();
    BufReader::new(stdout).read_line(&mut first).expect("a line");
    let url = first.split_whitespace().find_map(|word| word.strip_prefix("ZDX_BASE_URL=http://"));
    ask(url.unwrap_or_else(|| panic!("no URL in {first:?}")));
    running.signal(rustix::process::Signal::TERM);
    running.end().exit(143);
}

/// The status, the header block in lower case and the body of an answer.
fn get(authority: &str, target: &str) -> (u16, String, Value) {
    let mut stream = TcpStream::connect(authority).expect("it listens");
    write!(
        stream,
        "GET {target} HTTP/1.0\r\nHost: {authority}\r\nAuthorization: Bearer {OAUTH_TOKEN}\r\n\r\n"
    )
    .expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a header block");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    (status, head.to_lowercase(), serde_json::from_str(body).expect("JSON"))
}

const METRICS: &str = "/api/v2/incremental/ticket_metric_events.json?start_time=0";

#[test]
fn its_switches_reach_what_it_serves() {
    serving("--records 40 --behaviour third_party=refused", |authority| {
        let (status, _, body) = get(authority, METRICS);
        assert_eq!((status, &body["error"]["title"]), (403, &Value::from("Forbidden")));
    });
    let flags = "--records 40 --behaviour metric_quota=account --behaviour end_of_stream=present";
    serving(flags, |authority| {
        let (status, head, body) = get(authority, METRICS);
        assert_eq!(status, 200);
        assert!(head.contains("\nx-rate-limit-remaining: 699"), "{head}");
        assert!(!head.contains("incremental-exports"), "{head}");
        assert!(body["end_of_stream"].is_boolean());
    });
}

#[test]
fn its_rows_can_be_late_by_a_day() {
    let count = |flags: &str| {
        let mut found = 0;
        serving(&format!("--records 300 {flags}"), |authority| {
            let users = "/api/v2/incremental/users.json?start_time=0";
            found = get(authority, users).2["count"].as_u64().expect("a count");
        });
        found
    };
    let (all, some) = (count(""), count("--late all=100%:24h --late organizations=off"));
    // Who has changed within the day is seen as before.
    assert_eq!((all, some), (100, 100));
    let newest = |flags: &str| {
        let mut found = String::new();
        serving(&format!("--records 300 {flags}"), |authority| {
            let target = "/api/v2/incremental/users.json?start_time=0";
            let page = get(authority, target).2;
            let users = page["users"].as_array().expect("users").iter();
            let times = users.map(|user| user["updated_at"].as_str().unwrap_or_default());
            found = times.max().unwrap_or_default().to_owned();
        });
        found
    };
    assert!(newest("--late users=100%:24h") < newest("--late users=off"));
}

#[test]
fn a_bad_value_is_a_usage_error_that_says_what_is_taken() {
    let place = Place::new();
    for (flag, text) in [
        ("--late users", "expected RESOURCE=SHARE%:DELAY"),
        ("--late users=1:60s", "expected RESOURCE=SHARE%:DELAY"),
        ("--late users=101%:60s", "0% to 100%"),
        ("--late users=1%:60", "no delay: 90s, 11m or 1h"),
        ("--late users=1%:2m-1m", "the longer delay stands behind"),
        ("--late users=1%:25h", "longer than a day"),
        ("--late user=1%:5s", "there are all, tickets, "),
        ("--fault late@1", "there are 429, "),
        ("--behaviour late_rows=on", "there are same_second, "),
        ("--behaviour fence", "fence takes documented|all"),
    ] {
        place.zdx(&format!("sandbox {flag}")).run().refused(2, text);
    }
    for (key, values, _) in Behaviour::SWITCHES {
        let flag = format!("sandbox --behaviour {key}=neither");
        place.zdx(&flag).run().refused(2, &format!("{key} takes {values}"));
    }
}

#[test]
fn its_help_names_every_switch() {
    let place = Place::new();
    let help = place.zdx("sandbox --help").run();
    help.exit(0).stdout_has("--late").stdout_has("ticket_metric_events=100%:11m-13m");
    for (key, values, _) in Behaviour::SWITCHES {
        help.stdout_has(&format!("{key}={values}"));
    }
}

#[test]
fn the_readme_has_a_row_for_every_switch() {
    let readme = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(readme).expect("the README");
    for (key, values, _) in Behaviour::SWITCHES {
        let row = format!("| `{key}={}` |", values.replace('|', "\\|"));
        assert!(readme.contains(&row), "{row}");
    }
    assert!(readme.contains("`--late RESOURCE=SHARE%:DELAY`"));
}
