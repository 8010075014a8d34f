//! Credentials, quotas, transport and faults as clients see them.

use std::{
    collections::BTreeMap,
    io::{self, BufReader, Read as _, Write as _},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{
    API_TOKEN, AUTHORIZATION_CODE, CLIENT_ID, CLIENT_SECRET, EMAIL, Exchange, Fault, Options,
    shell_lines,
    testing::{
        basic, connect, frozen, get, get_as, get_at, local, mint, post_token, read, records,
        sandbox, send, small,
    },
};

#[test]
fn samples_hold_fifty_and_have_a_quota_of_their_own() {
    let sandbox = sandbox(Options { records: 300, quota: Some(3), ..frozen() });
    let target = "/api/v2/incremental/tickets/sample.json?start_time=0&per_page=7";
    let page = get(&sandbox, target);
    assert_eq!(page.number("count"), 50);
    let level = page.header("zendesk-ratelimit-incremental-exports-sample").unwrap();
    assert!(level.starts_with("total=3; remaining=2; resets="), "{level}");
}

#[test]
fn unknown_paths_are_no_endpoints() {
    let sandbox = sandbox(small());
    for path in ["/api/v2/incremental/requests.json", "/api/v2/nothing", "/elsewhere"] {
        let reply = get(&sandbox, path);
        let body = "{\"error\":\"InvalidEndpoint\",\"description\":\"Not found\"}";
        assert_eq!((reply.status, reply.text()), (404, body), "{path}");
    }
}

#[test]
fn any_host_is_served_and_named_in_the_urls() {
    let page =
        get(&sandbox(small()), "/api/v2/incremental/users.json?start_time=0&per_page=1").json();
    assert!(page["next_page"].as_str().unwrap().starts_with("https://acct.zendesk.com/api/v2/"));
}

#[test]
fn links_are_https_unless_this_machine_itself_was_asked() {
    let sandbox = sandbox(small());
    let targets = [
        ("/api/v2/incremental/users.json?start_time=0&per_page=1", "/next_page"),
        ("/api/v2/incremental/users/cursor.json?start_time=0&per_page=1", "/after_url"),
        ("/api/v2/incremental/ticket_metric_events.json?start_time=0&page[size]=1", "/links/next"),
    ];
    for (host, origin) in [
        ("acme.zendesk.com", "https://acme.zendesk.com/"),
        ("acme.zendesk.com:8443", "https://acme.zendesk.com:8443/"),
        ("127.example.com", "https://127.example.com/"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080/"),
        ("127.1.2.3", "http://127.1.2.3/"),
        ("localhost:1", "http://localhost:1/"),
        ("acme.localhost", "http://acme.localhost/"),
        ("[::1]:8080", "http://[::1]:8080/"),
        ("[2001:db8::1]", "https://[2001:db8::1]/"),
    ] {
        for (target, member) in targets {
            let page = get_at(&sandbox, host, target).json();
            let link = page.pointer(member).and_then(Value::as_str).unwrap();
            assert!(link.starts_with(origin), "{host}: {link}");
        }
    }
}

#[test]
fn the_quota_is_ten_in_a_window() {
    // An hour, so that the test does not meet a window's end.
    let window = Duration::from_secs(3600);
    let sandbox = sandbox(Options { records: 20, window, ..frozen() });
    let target = "/api/v2/incremental/organizations.json?start_time=0";
    let statuses: Vec<u16> = (0..11).map(|_| get(&sandbox, target).status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 10);
    let refused = get(&sandbox, "/api/v2/incremental/tickets.json?start_time=0");
    assert_eq!(refused.status, 429, "the bucket is shared");
    assert!(refused.text().contains("\"APIRateLimitExceeded\""));
    let resets = refused.header("retry-after").unwrap();
    let level = format!("total=10; remaining=0; resets={resets}");
    assert_eq!(refused.header("zendesk-ratelimit-incremental-exports"), Some(level.as_str()));
    assert_eq!(refused.header("x-rate-limit-remaining"), Some("690"));
    assert_eq!(get(&sandbox, "/api/v2/incremental/users/cursor?start_time=0").status, 200);
    sandbox.advance(window);
    assert_eq!(get(&sandbox, target).status, 200, "a new window");
}

#[test]
fn a_lifted_quota_shows_no_headers() {
    let reply = get(&sandbox(small()), "/api/v2/incremental/users.json?start_time=0");
    assert!(reply.headers.iter().all(|(name, _)| !name.contains("limit")));
}

#[test]
fn quota_headers_can_be_those_of_2023() {
    let behaviour = "quota_headers=2023".parse().unwrap();
    let sandbox = sandbox(Options { records: 20, behaviour, ..frozen() });
    let reply = get(&sandbox, "/api/v2/incremental/users.json?start_time=0");
    assert_eq!(reply.header("rate-limit"), Some("700"));
    assert!(reply.header("zendesk-rate-limit-incremental-exports").is_some());
}

#[test]
fn wrong_credentials_are_refused() {
    let sandbox = sandbox(small());
    let target = "/api/v2/incremental/users.json?start_time=0";
    let password = format!("Basic {}", STANDARD.encode(format!("{EMAIL}:{API_TOKEN}")));
    for authorization in ["", "Basic bm8=", password.as_str()] {
        let reply = get_as(&sandbox, authorization, target).unwrap();
        assert_eq!(
            (reply.status, reply.text()),
            (401, "{\"error\":\"Couldn't authenticate you\"}")
        );
    }
    let reply = get_as(&sandbox, "Bearer wrong", target).unwrap();
    assert_eq!((reply.status, reply.json()["error"].clone()), (401, "invalid_token".into()));
}

#[test]
fn anonymous_callers_are_told_that_they_have_no_id() {
    let sandbox = sandbox(small());
    let me = get_as(&sandbox, "", "/api/v2/users/me.json").unwrap();
    assert_eq!((me.status, me.json()["user"]["id"].clone()), (200, Value::Null));
    let me = get(&sandbox, "/api/v2/users/me.json").json();
    assert_eq!(me["user"]["email"], EMAIL);
}

#[test]
fn access_tokens_expire() {
    let sandbox = sandbox(small());
    let minted = mint(&sandbox, ",\"expires_in\":300");
    assert_eq!(minted["expires_in"], 300);
    let bearer = format!("Bearer {}", minted["access_token"].as_str().unwrap());
    let target = "/api/v2/incremental/users.json?start_time=0";
    assert_eq!(get_as(&sandbox, &bearer, target).unwrap().status, 200);
    let current = get_as(&sandbox, &bearer, "/api/v2/oauth/tokens/current.json").unwrap().json();
    assert!(current["token"]["expires_at"].is_string());
    sandbox.advance(Duration::from_secs(301));
    let late = get_as(&sandbox, &bearer, target).unwrap();
    assert_eq!((late.status, late.json()["error"].clone()), (401, "invalid_token".into()));
}

#[test]
fn an_expired_token_can_be_told_of_in_a_header_alone() {
    let sandbox = sandbox(small());
    sandbox.inject(Fault::ExpiredTokenText, 1);
    let reply = get(&sandbox, "/api/v2/incremental/users.json?start_time=0");
    assert_eq!((reply.status, reply.text()), (401, "Unauthorized"));
    assert_eq!(reply.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
}

#[test]
fn scopes_open_their_resources_only() {
    let sandbox = sandbox(small());
    let minted = mint(&sandbox, ",\"scope\":\"users:read\"");
    let bearer = format!("Bearer {}", minted["access_token"].as_str().unwrap());
    let status = |path: &str| {
        get_as(&sandbox, &bearer, &format!("/api/v2/incremental/{path}?start_time=0"))
            .unwrap()
            .status
    };
    assert_eq!((status("users"), status("tickets")), (200, 403));
}

#[test]
fn refreshing_rotates_both_tokens() {
    let sandbox = sandbox(small());
    let client = format!("client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}");
    let code = format!("grant_type=authorization_code&code={AUTHORIZATION_CODE}&{client}");
    let first = post_token(&sandbox, &code).json();
    let token = |minted: &Value, name: &str| minted[name].as_str().unwrap().to_owned();
    let refresh = |token: &str| {
        post_token(&sandbox, &format!("grant_type=refresh_token&refresh_token={token}&{client}"))
    };
    let second = refresh(&token(&first, "refresh_token")).json();
    let status = |minted: &Value| {
        let bearer = format!("Bearer {}", token(minted, "access_token"));
        get_as(&sandbox, &bearer, "/api/v2/tickets/count").unwrap().status
    };
    assert_eq!((status(&first), status(&second)), (401, 200));
    assert_eq!(refresh(&token(&first, "refresh_token")).status, 400);
    assert_eq!(refresh(&token(&second, "refresh_token")).status, 200);
}

#[test]
fn a_wrong_client_gets_no_token() {
    let sandbox = sandbox(small());
    let body = format!("grant_type=client_credentials&client_id={CLIENT_ID}&client_secret=no");
    let reply = post_token(&sandbox, &body);
    assert_eq!((reply.status, reply.json()["error"].clone()), (401, "invalid_client".into()));
}

#[test]
fn data_is_chunked_and_compressed_if_asked_for() {
    let sandbox = sandbox(small());
    let target = "/api/v2/incremental/users.json?start_time=0";
    let compressed = get(&sandbox, target);
    assert_eq!(compressed.header("content-encoding"), Some("gzip"));
    assert_eq!(compressed.header("content-length"), None);
    assert!(compressed.chunks > 1);
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: acct.zendesk.com\r\nAuthorization: {}\r\n\r\n",
        basic()
    );
    let plain = send(&mut connect(&sandbox), &request).unwrap();
    assert_eq!((plain.header("content-encoding"), plain.text()), (None, compressed.text()));
}

#[test]
fn a_connection_serves_many_requests() {
    let sandbox = sandbox(small());
    let mut stream = connect(&sandbox);
    let request =
        format!("GET /api/v2/tickets/count.json HTTP/1.1\r\nAuthorization: {}\r\n\r\n", basic());
    for _ in 0..3 {
        assert_eq!(send(&mut stream, &request).unwrap().status, 200);
    }
}

#[test]
fn a_request_may_come_byte_by_byte() {
    let sandbox = sandbox(small());
    let mut stream = connect(&sandbox);
    let request =
        format!("GET /api/v2/tickets/count HTTP/1.1\r\nAuthorization: {}\r\n\r\n", basic());
    for byte in request.bytes() {
        stream.write_all(&[byte]).unwrap();
        stream.flush().unwrap();
    }
    assert_eq!(read(&mut BufReader::new(&mut stream)).unwrap().status, 200);
}

#[test]
fn faults_strike_by_number() {
    let faults = vec![(Fault::Unavailable, 2), (Fault::Html, 3)];
    let sandbox = sandbox(Options { faults, ..small() });
    let target = "/api/v2/incremental/users.json?start_time=0";
    mint(&sandbox, "");
    assert_eq!(get(&sandbox, target).status, 200);
    assert_eq!(get(&sandbox, target).status, 503);
    assert_eq!(get(&sandbox, target).header("content-type"), Some("text/html; charset=utf-8"));
    sandbox.inject(Fault::Timeout, 1);
    assert_eq!(get(&sandbox, target).text(), "upstream request timeout");
    assert_eq!(get(&sandbox, target).status, 200);
}

#[test]
fn faults_strike_by_rule() {
    let sandbox = sandbox(small());
    sandbox.when(|seen| (seen.per_page > 100).then_some(Fault::Timeout));
    let status = |size: u32| {
        let target = format!("/api/v2/incremental/users.json?start_time=0&per_page={size}");
        get(&sandbox, &target).status
    };
    assert_eq!((status(101), status(100)), (504, 200));
}

#[test]
fn some_faults_end_the_connection() {
    let sandbox = sandbox(small());
    let target = "/api/v2/incremental/users.json?start_time=0";
    for fault in [Fault::Cut, Fault::Close, Fault::Reset] {
        sandbox.inject(fault, 1);
        assert!(get_as(&sandbox, &basic(), target).is_none(), "{fault}");
    }
    assert_eq!(get(&sandbox, target).status, 200);
}

#[test]
fn a_reset_is_a_reset() {
    let sandbox = sandbox(small());
    sandbox.inject(Fault::Reset, 1);
    let mut stream = connect(&sandbox);
    let request =
        format!("GET /api/v2/tickets/count HTTP/1.1\r\nAuthorization: {}\r\n\r\n", basic());
    stream.write_all(request.as_bytes()).unwrap();
    let error = stream.read(&mut [0; 10]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

#[test]
fn faults_damage_pages() {
    let sandbox = sandbox(small());
    let path = "/api/v2/incremental/users/cursor.json";
    let first = get(&sandbox, &format!("{path}?start_time=0&per_page=3"));
    let next = local(&first.json()["after_url"]);
    let struck = |fault| {
        sandbox.inject(fault, 1);
        get(&sandbox, &next)
    };
    let good = get(&sandbox, &next);
    assert!(serde_json::from_slice::<Value>(&struck(Fault::CutJson).body).is_err());
    assert_eq!(struck(Fault::Pretty).json(), good.json());
    assert_eq!(struck(Fault::NoKey).json()["users"], Value::Null);
    assert_eq!(struck(Fault::RepeatCursor).json()["after_cursor"], first.json()["after_cursor"]);
    assert_eq!(struck(Fault::NullCursor).json()["after_cursor"], Value::Null);
    assert!(struck(Fault::ForeignHost).json()["after_url"].as_str().unwrap().contains("elsewhere"));
    assert_eq!(struck(Fault::DuplicatePage).status, 200);
}

#[test]
fn a_pages_oldest_record_can_stand_last() {
    let sandbox = sandbox(small());
    let target = "/api/v2/incremental/ticket_events.json?start_time=0";
    let good = get(&sandbox, target).json();
    sandbox.inject(Fault::OutOfOrder, 1);
    let page = get(&sandbox, target).json();
    let mut records = records(&good, "ticket_events");
    records.rotate_left(1);
    assert_eq!(page["ticket_events"], Value::Array(records));
    assert_eq!((&page["end_time"], &page["count"]), (&good["end_time"], &good["count"]));
}

#[test]
fn an_empty_page_moves_on_and_skips_nothing() {
    let sandbox = sandbox(small());
    let path = "/api/v2/incremental/users/cursor.json";
    let start = format!("{path}?start_time=0&per_page=3");
    let good = get(&sandbox, &start).json();
    sandbox.inject(Fault::EmptyPage, 1);
    let empty = get(&sandbox, &start).json();
    assert_eq!(
        (empty["users"].as_array().unwrap().len(), &empty["end_of_stream"]),
        (0, &false.into())
    );
    assert_eq!(get(&sandbox, &local(&empty["after_url"])).json()["users"], good["users"]);
}

#[test]
fn requests_are_journalled() {
    let sandbox = sandbox(Options { quota: Some(5), ..small() });
    mint(&sandbox, "");
    get(&sandbox, "/api/v2/incremental/users.json?start_time=0&per_page=2");
    let [token, users] = <[Exchange; 2]>::try_from(sandbox.requests()).unwrap();
    assert_eq!((token.number, token.method.as_str(), token.status), (0, "POST", 200));
    assert_eq!((users.number, users.per_page, users.records), (1, Some(2), Some(2)));
    assert_eq!((users.bucket.as_deref(), users.remaining), (Some("incremental-exports"), Some(4)));
    assert_eq!(users.authorization.as_deref(), Some("basic"));
}

#[test]
fn a_dropped_sandbox_lets_go_of_its_clients() {
    let sandbox = sandbox(small());
    let mut stream = connect(&sandbox);
    sandbox.inject(Fault::Hang, 1);
    let request =
        format!("GET /api/v2/tickets/count HTTP/1.1\r\nAuthorization: {}\r\n\r\n", basic());
    stream.write_all(request.as_bytes()).unwrap();
    drop(sandbox);
    let ended = stream.read(&mut [0; 10]);
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
}

#[test]
fn shell_lines_name_everything_that_a_client_needs() {
    let lines = shell_lines("http://127.0.0.1:1");
    let exported: BTreeMap<&str, &str> =
        lines.split_whitespace().filter_map(|word| word.split_once('=')).collect();
    assert_eq!(exported["ZDX_BASE_URL"], "http://127.0.0.1:1");
    assert_eq!(exported["ZENDESK_EMAIL"], EMAIL);
    assert_eq!(exported["ZENDESK_OAUTH_CLIENT_ID"], CLIENT_ID);
}
