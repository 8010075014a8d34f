//! `zdx check`: what the credentials are good for, found out on the resources themselves.

use crate::{
    harness::{ALL, Place, small},
    machine::eventually,
    server::{Reply, Server},
};
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
};
use zdx::sandbox::{CLIENT_ID, CLIENT_SECRET, Fault, Options, Sandbox};

/// What is asked for where nobody says what: the exports of the reference.
const USUAL: [&str; 6] =
    ["tickets", "ticket_events", "users", "organizations", "ticket_metric_events", "articles"];

fn sandbox() -> Sandbox {
    Sandbox::start(small()).unwrap()
}

#[track_caller]
fn document(text: &str) -> Value {
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(text).unwrap()
}

#[test]
fn each_resource_is_told_reachable_with_its_quota() {
    let sandbox = Sandbox::start(Options { records: 60, ..Options::default() }).unwrap();
    let place = Place::of(&sandbox);
    let run = place.zdx("check").run();
    run.exit(0).stdout_has(&format!("sandbox at {}\n", sandbox.base_url()));
    assert_eq!(run.stderr(), "");
    let lines = run.lines();
    for name in USUAL {
        let line = lines.iter().find(|line| line.split(' ').next() == Some(name));
        assert!(line.is_some_and(|line| line.contains(" reachable")), "{name}: {line:?}");
    }
    let tickets = lines.iter().find(|line| line.starts_with("tickets ")).unwrap();
    assert!(tickets.ends_with(", 9 of 10 requests left"), "{tickets}");
    let users = lines.iter().find(|line| line.starts_with("users ")).unwrap();
    assert!(users.ends_with(", 19 of 20 requests left"), "{users}");
}

#[test]
fn the_same_is_told_to_programs() {
    let sandbox = Sandbox::start(Options { records: 60, ..Options::default() }).unwrap();
    let place = Place::of(&sandbox);
    let run = place.zdx("check --json").run();
    let found = document(&run.exit(0).text());
    assert_eq!(found["account"], "sandbox");
    assert_eq!(found["base_url"], sandbox.base_url());
    assert_eq!(found["credentials"]["ends"], Value::Null);
    assert!(found["credentials"]["kind"].is_string());
    assert_eq!(found["exit"], 0);
    let rows = found["resources"].as_array().unwrap();
    let names: Vec<&str> = rows.iter().filter_map(|row| row["resource"].as_str()).collect();
    assert_eq!(names, USUAL);
    for row in rows {
        assert_eq!(row["reachable"], true, "{row}");
        assert_eq!(row["reason"], Value::Null, "{row}");
    }
    assert_eq!(rows[0]["quota"]["total"], 10);
    assert_eq!(rows[0]["quota"]["remaining"], 9);
    assert!(rows[0]["quota"]["resets"].as_u64().is_some_and(|resets| resets <= 60));
}

#[test]
fn nothing_but_one_small_get_for_each_resource_and_the_token_is_sent() {
    let sandbox = sandbox();
    Place::of(&sandbox).zdx("check").run().exit(0);
    let requests = sandbox.requests();
    let mut paths: Vec<&str> = requests.iter().map(|seen| seen.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "/api/v2/help_center/incremental/articles.json",
            "/api/v2/incremental/organizations.json",
            "/api/v2/incremental/ticket_events.json",
            "/api/v2/incremental/ticket_metric_events.json",
            "/api/v2/incremental/tickets/cursor.json",
            "/api/v2/incremental/users/cursor.json",
            "/api/v2/oauth/tokens/current.json",
        ]
    );
    for seen in &requests {
        assert_eq!(seen.method, "GET", "{seen:?}");
        if seen.path.contains("oauth") {
            continue;
        }
        assert!(seen.query.starts_with("start_time="), "{seen:?}");
    }
    assert!(requests.iter().filter(|seen| seen.query.contains("per_page=1")).count() >= 4);
}

#[test]
fn a_resource_out_of_reach_is_told_and_is_no_failure() {
    let sandbox = sandbox();
    sandbox.when(|seen| seen.path.contains("articles").then_some(Fault::Forbidden));
    let place = Place::of(&sandbox);
    let run = place.zdx("check").run();
    run.exit(0);
    let lines = run.lines();
    let articles = lines.iter().find(|line| line.starts_with("articles ")).unwrap();
    assert!(articles.contains("out of reach: "), "{articles}");
    assert!(articles.contains("403") && articles.contains("for Help Center agents"), "{articles}");
    assert_eq!(lines.iter().filter(|line| line.contains(" reachable")).count(), 5, "{lines:#?}");
    let run = place.zdx("check --json").run();
    let found = document(&run.exit(0).text());
    let row = &found["resources"][5];
    assert_eq!((&row["resource"], &row["reachable"]), (&json!("articles"), &json!(false)));
    assert!(row["reason"].as_str().is_some_and(|reason| reason.contains("403")), "{row}");
}

#[test]
fn an_account_that_can_read_nothing_is_refused_credentials() {
    let sandbox = sandbox();
    sandbox.when(|_| Some(Fault::Forbidden));
    let place = Place::of(&sandbox);
    let run = place.zdx("check").run();
    run.exit(4);
    assert_eq!(run.text().matches("out of reach").count(), 6, "{}", run.transcript());
    let found = document(&place.zdx("check --json").run().exit(4).text());
    assert_eq!(found["exit"], 4);
}

#[test]
fn wrong_credentials_end_it_at_the_first_answer() {
    let sandbox = sandbox();
    let place = Place::of(&sandbox).with("ZENDESK_OAUTH_TOKEN", "wrong-c4n4ry");
    for words in ["check", "check --json"] {
        let before = sandbox.requests().len();
        place.zdx(words).run().exit(4).stderr_has("401").stderr_lacks("panicked");
        assert_eq!(sandbox.requests().len(), before + 1);
    }
}

#[test]
fn no_credentials_at_all_send_nothing() {
    let sandbox = sandbox();
    let place = Place::of(&sandbox).with("ZENDESK_OAUTH_TOKEN", "");
    place.zdx("check").run().refused(4, "ZENDESK_OAUTH_TOKEN");
    assert!(sandbox.requests().is_empty());
}

#[test]
fn u9_a_server_that_is_down_is_told_once() {
    let sandbox = sandbox();
    let place = Place::of(&sandbox);
    drop(sandbox);
    let run = place.zdx("check").run();
    run.exit(5).stderr_counts("connection refused", 1).stdout_has("account ");
    assert_eq!(run.lines().len(), 1, "{}", run.transcript());
    let found = document(&place.zdx("check --json").run().exit(5).text());
    assert_eq!(found["exit"], 5);
    assert!(found["error"].as_str().is_some_and(|error| error.contains("refused")), "{found}");
    let run = Place::at("https://no-such.invalid").zdx("check").run();
    run.exit(5).stderr_counts("cannot resolve", 1);
}

#[test]
fn u9_a_server_that_does_not_answer_is_asked_side_by_side() {
    let server = Server::answering(|_, _| Some(Reply::raw("").hang()));
    let place = Place::at(&server.url()).with("ZDX_HEADERS_TIMEOUT", "4s");
    let run = place.zdx("check").run();
    run.exit(5);
    assert_eq!(run.text().matches("not known now: timed out").count(), 6, "{}", run.transcript());
    let sent: Vec<_> = server.requests().iter().map(|request| request.at).collect();
    assert_eq!(sent.len(), 6);
    // One after the other would be twenty seconds.
    let between = *sent.last().unwrap() - sent[0];
    assert!(between.as_secs() < 10, "{between:?}");
}

#[test]
fn u9_each_row_is_printed_as_it_comes() {
    let page = json!({"tickets": [], "after_cursor": null, "end_of_stream": true}).to_string();
    let server = Server::answering(move |n, _| match n {
        0 => Some(Reply::ok(&page)),
        _ => Some(Reply::raw("").hang()),
    });
    let place = Place::at(&server.url());
    let mut run = place.zdx("check").start();
    let stdout = run.child.stdout.take().expect("a pipe");
    let mut lines = BufReader::new(stdout).lines();
    assert!(lines.next().unwrap().unwrap().starts_with("account "));
    assert_eq!(lines.next().unwrap().unwrap(), "tickets                reachable");
    eventually("the others are asked for", || server.requests().len() == 6);
    run.signal(rustix::process::Signal::TERM);
    run.end().exit(143);
}

#[test]
fn u9_where_nothing_is_at_any_path_the_subdomain_is_wrong() {
    let body = "<html>No help desk at acme.zendesk.com</html>";
    let missing = Reply::status("404 Not Found", &[], body);
    let server = Server::answering(move |_, _| Some(missing.clone()));
    let place = Place::at(&server.url());
    let run = place.zdx("check").run();
    run.exit(6).stderr_counts("404", 1).stderr_has("check the subdomain");
    assert_eq!(run.text().matches("404").count(), 6, "{}", run.transcript());
    let found = document(&place.zdx("check --json").run().exit(6).text());
    assert_eq!(found["exit"], 6);
}

#[test]
fn u9_those_that_are_named_are_asked_for_alone() {
    let sandbox = sandbox();
    let place = Place::of(&sandbox);
    let run = place.zdx("check users ticket-events users").run();
    run.exit(0);
    assert_eq!(run.text().matches(" reachable").count(), 2, "{}", run.transcript());
    let requests = sandbox.requests();
    assert_eq!(requests.iter().filter(|seen| seen.path.contains("incremental")).count(), 2);
    let all = place.zdx("check all").run().exit(0).text();
    assert_eq!(all.matches(" reachable").count(), ALL.len());
    let lists = place.zdx("check lists groups").run().exit(0).text();
    assert_eq!(lists.matches(" reachable").count(), 22, "{lists}");
    place.zdx("check tikets").run().refused(2, "did you mean \"tickets\"?");
}

#[test]
fn u15_where_the_credentials_stand_is_told() {
    let sandbox = sandbox();
    let place = Place::of(&sandbox);
    place.zdx("check").run().exit(0).stdout_has("from         ZENDESK_OAUTH_TOKEN\n");
    let found = document(&place.zdx("check --json").run().exit(0).text());
    assert_eq!(found["credentials"]["origin"], "ZENDESK_OAUTH_TOKEN");
}

#[test]
fn one_resource_that_hiccups_does_not_hide_that_the_credentials_are_good() {
    let sandbox = sandbox();
    sandbox.inject(Fault::ServerError, 1);
    sandbox.inject(Fault::TooMany, 3);
    let run = Place::of(&sandbox).zdx("check").run();
    run.exit(0);
    assert_eq!(run.text().matches("not known now").count(), 2, "{}", run.transcript());
    assert_eq!(run.text().matches(" reachable").count(), 4, "{}", run.transcript());
}

#[test]
fn the_end_of_api_tokens_is_told() {
    let sandbox = sandbox();
    let place = Place::of(&sandbox).with_api_token();
    let run = place.zdx("check").run();
    run.exit(0).stdout_has("2027-04-30").stderr_counts("2027-04-30", 1);
    let found = document(&place.zdx("check --json -q").run().exit(0).text());
    assert_eq!(found["credentials"]["ends"], "2027-04-30");
    assert_eq!(found["credentials"]["expires_at"], "2027-04-30T00:00:00Z");
}

#[test]
fn an_oauth_client_is_checked_too() {
    let sandbox = sandbox();
    let run = Place::of(&sandbox).oauth_client().zdx("check -vvv").run();
    run.exit(0).stdout_has("OAuth client, whose tokens live 30 min and are renewed\n");
    let posts: Vec<String> = sandbox
        .requests()
        .into_iter()
        .filter(|seen| seen.method != "GET")
        .map(|seen| seen.path)
        .collect();
    assert_eq!(posts, ["/oauth/tokens"]);
}

/// A token that the sandbox's client is given for so many seconds.
fn minted(sandbox: &Sandbox, life: u32) -> String {
    let authority = sandbox.base_url().trim_start_matches("http://").to_owned();
    let body = json!({
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "expires_in": life,
    })
    .to_string();
    let length = body.len();
    let mut stream = TcpStream::connect(&authority).unwrap();
    write!(
        stream,
        "POST /oauth/tokens HTTP/1.0\r\nHost: {authority}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let reply: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    reply["access_token"].as_str().unwrap().to_owned()
}

#[test]
fn when_an_access_token_expires_is_told() {
    let sandbox = sandbox();
    let token = minted(&sandbox, 7200);
    let place = Place::of(&sandbox).with("ZENDESK_OAUTH_TOKEN", &token);
    let run = place.zdx("check").run();
    run.exit(0).stdout_has("OAuth access token, which expires in ");
    let found = document(&place.zdx("check --json").run().exit(0).text());
    assert_eq!(found["credentials"]["expiry"], "at");
    let at = found["credentials"]["expires_at"].as_str().unwrap();
    assert!(at.starts_with("20") && at.ends_with('Z'), "{at}");
    run.stdout_has(&format!(", at {at}\n"));
}

#[test]
fn a_token_that_never_expires_is_told() {
    let sandbox = sandbox();
    let place = Place::of(&sandbox);
    place.zdx("check").run().exit(0).stdout_has("OAuth access token, which never expires\n");
    let found = document(&place.zdx("check --json").run().exit(0).text());
    assert_eq!(found["credentials"]["expiry"], "never");
    assert_eq!(found["credentials"]["expires_at"], Value::Null);
}

#[test]
fn a_server_that_does_not_know_the_expiry_fails_no_check() {
    for fault in [
        Fault::NotFound,
        Fault::Forbidden,
        Fault::Unauthorized,
        Fault::ExpiredToken,
        Fault::ServerError,
        Fault::TooMany,
        Fault::Redirect,
        Fault::Reset,
        Fault::Empty,
        Fault::Garbage,
        Fault::Html,
    ] {
        let sandbox = sandbox();
        sandbox.when(move |seen| seen.path.contains("oauth").then_some(fault));
        let place = Place::of(&sandbox);
        let run = place.zdx("check").run();
        run.exit(0).stdout_has("OAuth access token, expiry unknown\n");
        assert_eq!(run.text().matches(" reachable").count(), 6, "{fault:?}: {}", run.transcript());
        assert_eq!(run.stderr(), "", "{fault:?}");
    }
    let sandbox = sandbox();
    sandbox.when(|seen| seen.path.contains("oauth").then_some(Fault::Garbage));
    let found = document(&Place::of(&sandbox).zdx("check --json").run().exit(0).text());
    assert_eq!(found["credentials"]["expiry"], "unknown");
    assert_eq!(found["credentials"]["expires_at"], Value::Null);
}

#[test]
fn a_check_leaves_no_file_behind() {
    let sandbox = sandbox();
    let place = Place::of(&sandbox);
    place.zdx("check").run().exit(0);
    assert_eq!(place.state_bytes(), "");
    assert!(place.names().is_empty());
}

#[test]
fn the_sandbox_inside_the_process_can_be_checked() {
    let place = Place::new();
    let run = place.zdx("check --sandbox --json").run();
    assert_eq!(document(&run.exit(0).text())["account"], "sandbox");
}

#[test]
fn programs_are_told_in_json_of_a_check_that_fails() {
    let sandbox = sandbox();
    let place = Place::of(&sandbox);
    for (token, error) in [("", "no credentials"), ("wrong-c4n4ry-token", "401")] {
        let run = place.zdx("check --json").env("ZENDESK_OAUTH_TOKEN", token).run();
        let found = document(&run.exit(4).text());
        assert_eq!((found.get("resources"), &found["exit"]), (None, &json!(4)), "{found}");
        assert!(found["error"].as_str().is_some_and(|text| text.contains(error)), "{found}");
        run.stderr_has(error);
    }
    let run = Place::new().zdx("check --json").run();
    assert_eq!(document(&run.exit(2).text())["exit"], 2);
}

#[test]
fn each_request_is_told_with_v_without_a_secret() {
    let sandbox = sandbox();
    let place = Place::of(&sandbox).oauth_client();
    for words in ["check -v", "export articles --since 3d --no-state -v", "check -vvv"] {
        let run = place.zdx(words).run();
        run.exit(0).stderr_counts("zdx: POST /oauth/tokens: 200, ", 1);
        run.stderr_has("zdx: articles: GET /api/v2/help_center/incremental/articles.json?");
    }
    let wrong = place.with("ZENDESK_OAUTH_CLIENT_SECRET", "wrong-c4n4ry");
    let run = wrong.zdx("export articles --since 3d --no-state -v").run();
    run.exit(4).stderr_has("zdx: POST /oauth/tokens: Zendesk mints no token");
}

#[test]
fn a_refusal_says_who_could_read_it() {
    let sandbox = sandbox();
    sandbox.when(|_| Some(Fault::Forbidden));
    let place = Place::of(&sandbox);
    let run = place.zdx("export articles --since 3d --no-state").run();
    run.exit(4)
        .stderr_has("hint: articles can be read by Help Center agents")
        .stderr_lacks("admin");
    let run = place.zdx("export tickets --since 3d --no-state").run();
    run.exit(4).stderr_has("hint: tickets can be read by admins");
    let run = place.zdx("export all --since 3d --no-state --envelope").run();
    run.exit(4).stderr_has("hint: `zdx resources` says who can read what");
}
