//! What a person met in use, each row as the fact that holds since.

use crate::{
    harness::{ORGANIZATIONS, Place, Still, TICKETS, small},
    machine::{eventually, mounts},
    server::{Reply, Server, T, cursor_page, record, time_page},
};
use rustix::process::Signal;
use serde_json::json;
use zdx::sandbox::{Options, Sandbox};

/// The last second of the year 9999, and others at the limits of calendars and types.
const ABSURD: [i64; 8] = [
    253_402_300_799,
    253_402_300_800,
    253_402_207_200,
    253_402_207_201,
    253_402_207_199,
    i64::MAX,
    i64::MAX - 1,
    i64::MIN,
];

#[test]
fn f6_no_number_of_a_server_is_a_panic() {
    for number in ABSURD {
        for page in [
            time_page(&[record(1, T)], Some(number), true),
            time_page(&[record(1, number)], Some(T), true),
            time_page(&[record(1, T)], Some(number), false),
        ] {
            let server = Server::answering(move |_, _| Some(Reply::ok(&page)));
            let words = "export tickets --since @0 --pagination time --max-pages 1 --retry-for 0s";
            // A run that panics ends with an exit code that no run may have.
            let run = Place::at(&server.url()).zdx(words).run();
            run.stderr_lacks("a bug");
        }
        let page = cursor_page(&[record(1, number)], Some("c1"), true);
        let server = Server::script([Reply::ok(page)]);
        Place::at(&server.url()).zdx("export tickets --since @0 -o t.ndjson").run().exit(0);
    }
}

#[test]
fn f6_no_number_in_a_state_is_a_panic() {
    for number in ABSURD {
        let place = Place::at("http://127.0.0.1:9");
        let entry =
            json!({"pagination": "time", "end_time": number, "seen": [], "through": number});
        let document = json!({
            "format": "zdx-state", "version": 1, "account": "acme", "resources": {"tickets": entry},
        });
        place.put("s.json", &document.to_string());
        place.zdx("state show --state s.json").run().stderr_lacks("a bug");
        let words = "export tickets --pagination time --state s.json -o t.ndjson --dry-run";
        place.zdx(words).run().stderr_lacks("a bug");
    }
}

#[test]
fn f6_a_time_that_no_calendar_shows_is_refused_in_words() {
    let place = Place::at("http://127.0.0.1:9");
    for number in ["253402300799", "253402300800", "9223372036854775807"] {
        for words in [
            format!("export tickets --since @{number}"),
            format!("export tickets --since @0 --until @{number}"),
            format!("sample tickets --since @{number}"),
            format!("state set tickets --since @{number}"),
        ] {
            place.zdx(&words).run().refused(2, "no calendar shows");
        }
    }
}

#[test]
fn u11_milliseconds_are_told_as_seconds() {
    let place = Place::at("http://127.0.0.1:9");
    for typed in ["1763600000000", "@1763600000000"] {
        let words = format!("export tickets --since {typed}");
        place.zdx(&words).run().refused(2, "milliseconds: write @1763600000");
    }
}

#[test]
fn u24_a_time_without_an_offset_is_of_utc() {
    let place = Place::at("http://127.0.0.1:9");
    for typed in ["2026-11-01T12:00", "2026-11-01T12:00:00", "2026-11-01 12:00"] {
        let run = place.zdx("export tickets --no-state --dry-run --since").arg(typed).run();
        run.exit(0).stderr_has("from 2026-11-01T12:00:00Z ");
    }
    for typed in ["2026-11-31", "2026-02-29T12:00", "2026-13-01"] {
        let run = place.zdx("export tickets --no-state --dry-run --since").arg(typed).run();
        run.refused(2, "there is no such day");
    }
}

#[test]
fn u24_a_subdomain_is_the_first_label_of_any_address_of_the_account() {
    for typed in ["https://acme.zendesk.com/agent/tickets/1", "acme.zendesk.com/hc/en-us", "acme"] {
        let place = Place::new().with("ZENDESK_SUBDOMAIN", typed);
        let run = place.zdx("state path").run();
        assert!(run.exit(0).text().ends_with("/acme.json\n"), "{typed}: {}", run.transcript());
    }
}

#[test]
fn u32_a_giant_duration_is_refused() {
    let place = Place::at("http://127.0.0.1:9");
    let giants = ["18446744073709551615s", "18446744073709551615s 1000000000ns", "500000000000y"];
    for giant in giants {
        for flag in ["--follow", "--retry-for", "--max-wait"] {
            let run =
                place.zdx("export tickets --since 2h --no-state").arg(format!("{flag}={giant}"));
            run.run().refused(2, "longer than a century");
        }
        let run = place.zdx("export tickets --no-state --since").arg(giant).run();
        run.exit(2).stderr_lacks("a bug");
        let run = place.zdx("check").env("ZDX_CONNECT_TIMEOUT", giant).run();
        run.refused(2, "ZDX_CONNECT_TIMEOUT");
        let run = place.zdx("sandbox").arg("--latency").arg(giant).run();
        run.refused(2, "longer than a century");
    }
}

#[test]
fn f32_a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let sandbox = Sandbox::start(Options { quota: Some(0), ..small() }).unwrap();
    let place = Place::of(&sandbox);
    let run = place
        .zdx("export organizations --since @0 -o o.ndjson --follow=50ms")
        .through("trap '' HUP INT; exec \"$0\" \"$@\"")
        .start();
    eventually("it polls", || sandbox.requests().len() > 2);
    run.signal(Signal::HUP);
    run.signal(Signal::INT);
    let before = sandbox.requests().len();
    eventually("it goes on", || sandbox.requests().len() > before + 3);
    run.signal(Signal::TERM);
    run.end().exit(143);
}

#[test]
fn f32_a_signal_that_was_not_ignored_ends_the_run() {
    let still = Still::of(&[ORGANIZATIONS, TICKETS]);
    let place = Place::of(&still.sandbox);
    let run = place
        .zdx("export organizations --since @0 -o o.ndjson --follow=50ms")
        .through("trap '' INT; exec \"$0\" \"$@\"")
        .start();
    eventually("it polls", || still.sandbox.requests().len() > 2);
    run.signal(Signal::HUP);
    run.end().exit(129);
}

/// An account whose tokens are minted.
fn minting(server: &Server) -> Place {
    Place::at(&server.url())
        .with("ZENDESK_OAUTH_TOKEN", "")
        .with("ZENDESK_OAUTH_CLIENT_ID", "zdx_test")
        .with("ZENDESK_OAUTH_CLIENT_SECRET", "secret-c4n4ry-0123456789")
}

fn token(name: &str) -> Reply {
    Reply::ok(json!({"access_token": format!("{name}-c4n4ry-0123456789")}).to_string())
}

const INVALID: [(&str, &str); 1] = [("WWW-Authenticate", "Bearer error=\"invalid_token\"")];

const ONCE: &str = "export tickets --since @0 --no-state";

#[test]
fn f29_a_minted_token_that_is_refused_is_renewed_once_whatever_the_body() {
    for body in ["", "Unauthorized", "<html>", r#"{"error":"Couldn't authenticate you"}"#] {
        let page = Reply::ok(cursor_page(&[record(1, T)], Some("c1"), true));
        let refused = Reply::status("401 Unauthorized", &INVALID, body);
        let server = Server::script([token("one"), refused.clone(), token("two"), page]);
        minting(&server).zdx(ONCE).run().exit(0);
        let sent: Vec<_> = server.requests();
        let bearer = |n: usize| sent[n].header("authorization").unwrap_or_default().to_owned();
        assert_eq!(bearer(1), "Bearer one-c4n4ry-0123456789");
        assert_eq!(bearer(3), "Bearer two-c4n4ry-0123456789");
        let server = Server::script([token("one"), refused.clone(), token("two"), refused]);
        minting(&server).zdx(ONCE).run().exit(4).stderr_has("401");
    }
}

#[test]
fn a_token_is_asked_for_with_a_lifetime_and_without_where_that_is_refused() {
    let page = || Reply::ok(cursor_page(&[record(1, T)], Some("c1"), true));
    let server = Server::script([token("one"), page()]);
    minting(&server).zdx(ONCE).run().exit(0);
    let asked: serde_json::Value = serde_json::from_str(&server.requests()[0].body).unwrap();
    assert_eq!((&asked["expires_in"], &asked["scope"]), (&json!(1800), &json!("read")));
    for status in ["400 Bad Request", "422 Unprocessable Content"] {
        let refused = Reply::status(status, &[], r#"{"error":"invalid_request"}"#);
        let server = Server::script([refused.clone(), token("one"), page()]);
        minting(&server).zdx(ONCE).run().exit(0);
        let asked: serde_json::Value = serde_json::from_str(&server.requests()[1].body).unwrap();
        assert_eq!(asked["expires_in"], json!(null));
        let server = Server::script([refused.clone(), refused]);
        minting(&server).zdx(ONCE).run().exit(if status.starts_with("400") { 4 } else { 6 });
    }
}

#[test]
fn the_scope_can_be_set() {
    let page = || Reply::ok(cursor_page(&[record(1, T)], Some("c1"), true));
    let server = Server::script([token("one"), page()]);
    let run = minting(&server).with("ZENDESK_OAUTH_SCOPE", "tickets:read users:read");
    run.zdx(ONCE).run().exit(0);
    let scope = |server: &Server| {
        let asked: serde_json::Value = serde_json::from_str(&server.requests()[0].body).unwrap();
        asked["scope"].clone()
    };
    assert_eq!(scope(&server), "tickets:read users:read");
    let server = Server::script([token("one"), page()]);
    let place = Place::at(&server.url()).with("ZENDESK_OAUTH_TOKEN", "");
    place.put(
        "c.toml",
        "[profiles.p]\nsubdomain = 'acme'\nclient_id = 'zdx_test'\n\
         client_secret = 'secret-c4n4ry-0123456789'\nscope = 'tickets:read'\n",
    );
    place.zdx(&format!("{ONCE} --config c.toml --profile p")).run().exit(0);
    assert_eq!(scope(&server), "tickets:read");
}

#[test]
fn u36_the_id_of_a_request_is_told_with_its_error() {
    for (status, exit) in [
        ("401 Unauthorized", 4),
        ("403 Forbidden", 4),
        ("404 Not Found", 6),
        ("422 Unprocessable Content", 6),
        ("500 Internal Server Error", 5),
    ] {
        let headers = [("X-Request-Id", "8525946539c9230a-SJC"), ("X-Request-Id", "other")];
        let refused =
            Reply::status(status, &headers, r#"{"error":"Nothing","description":"Said"}"#);
        let server = Server::answering(move |_, _| Some(refused.clone()));
        let run = Place::at(&server.url()).zdx(&format!("{ONCE} --retry-for 0s")).run();
        run.exit(exit).stderr_has("Nothing: Said").stderr_has("x-request-id 8525946539c9230a-SJC");
    }
    let server = Server::answering(|_, _| {
        Some(Reply::with(&[("x-request-id", "8525946539c9230a-SJC")], "{}"))
    });
    let run = Place::at(&server.url()).zdx("check -v").run();
    run.stderr_has("x-request-id 8525946539c9230a-SJC");
}

/// A server that refuses everybody.
fn unauthorized() -> Server {
    let body = r#"{"error":"Couldn't authenticate you"}"#;
    Server::answering(move |_, _| Some(Reply::status("401 Unauthorized", &[], body)))
}

#[test]
fn u15_refused_credentials_are_told_with_where_they_stand() {
    let server = unauthorized();
    let bare = || Place::at(&server.url()).with("ZENDESK_OAUTH_TOKEN", "");
    let of_file = |key: &str| {
        let place = bare();
        place.put("secret", "token-c4n4ry-0123456789\n");
        place.put("c.toml", &format!("[profiles.p]\nsubdomain = 'acme'\n{key}\n"));
        place
    };
    let in_place = of_file("oauth_token = 'token-c4n4ry-0123456789'");
    let in_a_file = of_file("oauth_token_file = 'secret'");
    let by_a_command = of_file("oauth_token_command = 'cat secret'");
    let api_token = bare()
        .with("ZENDESK_EMAIL", "a@b.example")
        .with("ZENDESK_API_TOKEN", "token-c4n4ry-0123456789");
    let profile = "--config c.toml --profile p";
    for (place, words, says) in [
        (&Place::at(&server.url()), "", "ZENDESK_OAUTH_TOKEN"),
        (&api_token, "", "ZENDESK_EMAIL and ZENDESK_API_TOKEN"),
        (&minting(&server), "", "ZENDESK_OAUTH_CLIENT_ID and ZENDESK_OAUTH_CLIENT_SECRET"),
        (&in_place, profile, "c.toml, line 3: oauth_token"),
        (&in_a_file, profile, "/secret (c.toml, line 3: oauth_token_file)"),
        (&by_a_command, profile, "the command of c.toml, line 3: oauth_token_command"),
    ] {
        for command in [ONCE, "check"] {
            let run = place.zdx(&format!("{command} {words}")).run();
            run.exit(4).stderr_has("401").stderr_has("the credentials are those of");
            run.stderr_has(says);
        }
    }
}

#[test]
fn u16_a_secret_may_end_in_one_line_break() {
    let sandbox = Sandbox::start(Options { quota: Some(0), ..small() }).unwrap();
    for (end, code) in [("\n", 0), ("\r\n", 0), ("", 0), ("\n\n", 2), ("\u{1}", 2)] {
        let place = Place::of(&sandbox).with_api_token();
        let words = "export organizations --since 2h --no-state";
        let token = format!("{}{end}", zdx::sandbox::API_TOKEN);
        let run = place.zdx(words).env("ZENDESK_API_TOKEN", &token).run();
        run.exit(code);
        if code == 2 {
            run.stderr_has("ZENDESK_API_TOKEN holds control characters");
        }
        let email = format!("{}{end}", zdx::sandbox::EMAIL);
        let run = place.zdx(words).env("ZENDESK_EMAIL", &email).run();
        run.exit(code);
        if code == 2 {
            run.stderr_has("ZENDESK_EMAIL holds control characters");
        }
        let place = Place::of(&sandbox).with("ZENDESK_OAUTH_TOKEN", "");
        place.put("secret", &format!("{}{end}", zdx::sandbox::OAUTH_TOKEN));
        place.put("c.toml", "[profiles.p]\nsubdomain = 'sandbox'\noauth_token_file = 'secret'\n");
        let run = place.zdx(&format!("{words} --config c.toml --profile p")).run();
        run.exit(if code == 2 { 3 } else { 0 });
        if code == 2 {
            run.stderr_has("oauth_token_file").stderr_has("/secret");
        }
    }
    // Nothing but a line break is no secret.
    let place = Place::of(&sandbox);
    place.zdx("check").env("ZENDESK_OAUTH_TOKEN", "\n").run().refused(4, "no credentials");
}

#[test]
fn u22_what_a_config_file_lacks_is_told_with_its_name() {
    let place = Place::new();
    place.zdx("config init --config c.toml").run().exit(0);
    for words in ["check --config c.toml", "export tickets --since 2h --config c.toml"] {
        place
            .zdx(words)
            .run()
            .refused(4, "no credentials")
            .refused(4, "the profile acme of c.toml has none");
    }
    place.put("d.toml", "[profiles.p]\nsubdomain = 'acme'\n");
    place
        .zdx("check --config d.toml --profile p")
        .run()
        .refused(4, "the profile p of d.toml has none");
}

#[test]
fn u22_a_config_file_that_is_no_toml_is_told_with_the_reason() {
    let place = Place::new();
    for (text, says) in [
        ("[profiles.p]\nsubdomain 'acme'\n", "c.toml, line 2: not valid TOML: "),
        ("[profiles.p\nsubdomain = 'acme'\n", "c.toml, line 1: not valid TOML: "),
        ("[profiles.p]\napi_token = secret-c4n4ry\n", "c.toml, line 2: not valid TOML: "),
        ("[profiles.p]\napi_token = 'secret-c4n4ry\n", "c.toml, line 2: not valid TOML: "),
        ("[profiles.p]\napi_token = \"secret-c4n4ry\\q\"\n", "c.toml, line 2: not valid TOML: "),
        ("[p]\na = 1\na = 'secret-c4n4ry'\n", "c.toml, line 3: not valid TOML: dupl"),
        ("api_token 'secret-c4n4ry' = 1\n", "c.toml, line 1: not valid TOML: "),
    ] {
        place.put("c.toml", text);
        let run = place.zdx("config show --config c.toml").run();
        run.refused(3, says);
        let line = run.stderr().lines().next().unwrap_or_default();
        assert!(line.len() > says.len() + 8, "{}", run.transcript());
    }
}

#[test]
fn u22_resources_of_the_config_file_are_checked() {
    let place = Place::at("http://127.0.0.1:9");
    place.put("c.toml", "[profiles.p]\nsubdomain = 'acme'\nresources = ['tickets', 'user']\n");
    for words in ["check", "export all --since 2h", "config show"] {
        let run = place.zdx(&format!("{words} --config c.toml --profile p")).run();
        run.refused(3, "c.toml, line 3: resources").refused(3, "did you mean \"users\"?");
    }
}

#[test]
fn u27_variables_that_are_not_read_are_told() {
    let sandbox = Sandbox::start(small()).unwrap();
    let place = Place::of(&sandbox);
    for (name, says) in [
        ("ZDX_TIMEOUT", "warning: ZDX_TIMEOUT is not read: there are ZDX_CONNECT_TIMEOUT, "),
        ("ZDX_STATES", "warning: ZDX_STATES is not read: did you mean ZDX_STATE?"),
        (
            "ZENDESK_CLIENT_ID",
            "warning: ZENDESK_CLIENT_ID is not read: set ZENDESK_OAUTH_CLIENT_ID",
        ),
    ] {
        place.zdx("check").env(name, "1").run().exit(0).stderr_has(says);
        place.zdx("check -q").env(name, "1").run().exit(0).stderr_lacks("not read");
    }
    let run = Place::new().zdx("check").env("ZENDESK_DOMAIN", "acme").run();
    run.refused(2, "ZENDESK_DOMAIN is not read: set ZENDESK_SUBDOMAIN");
}

#[test]
fn u27_a_variable_that_is_no_text_is_refused() {
    let place = Place::at("http://127.0.0.1:9");
    for name in ["ZDX_STATE", "ZDX_CONFIG", "ZENDESK_SUBDOMAIN", "HTTPS_PROXY", "ZENDESK_API_TOKEN"]
    {
        let line = format!("{name}=$(printf '\\377x') exec \"$0\" \"$@\"");
        for words in ["state path", "export tickets --since 2h"] {
            place.zdx(words).through(&line).run().refused(2, &format!("{name} is not UTF-8"));
        }
    }
}

#[test]
fn u32_a_config_file_whose_commands_others_could_change_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::at("http://127.0.0.1:9").with("ZENDESK_OAUTH_TOKEN", "");
    let text = "[profiles.p]\nsubdomain = 'acme'\noauth_token_command = 'touch ran; echo x'\n";
    let path = place.put("c.toml", text);
    let words = "export tickets --since 2h --no-state --dry-run --config c.toml --profile p";
    for (mode, code) in [(0o666, 3), (0o662, 3), (0o620, 3), (0o644, 0), (0o600, 0)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let run = place.zdx(words).run();
        run.exit(code);
        if code == 3 {
            run.stderr_has("names a command and is writable by others")
                .stderr_has("chmod go-w c.toml");
            assert_eq!(place.names(), ["c.toml"]);
        }
    }
    assert_eq!(place.names(), ["c.toml", "ran"]);
}

#[test]
fn u32_a_command_for_a_secret_that_hangs_hears_a_signal() {
    let place = Place::at("http://127.0.0.1:9").with("ZENDESK_OAUTH_TOKEN", "");
    for command in ["touch ran; exec sleep 20", "touch ran; sleep 20 2>/dev/null; echo x"] {
        place.put(
            "c.toml",
            &format!("[profiles.p]\nsubdomain = 'acme'\noauth_token_command = '{command}'\n"),
        );
        let run = place.zdx("export tickets --since 2h --config c.toml --profile p").start();
        eventually("the command runs", || place.path("ran").exists());
        run.signal(Signal::TERM);
        run.end().exit(143);
        std::fs::remove_file(place.path("ran")).unwrap();
    }
}

#[test]
fn u33_the_effective_settings_tell_who_is_meant() {
    let place = Place::new().with("ZENDESK_SUBDOMAIN", "acme");
    let run = place
        .zdx("config show")
        .env("ZENDESK_EMAIL", "admin@acme.example")
        .env("ZENDESK_API_TOKEN", "token-c4n4ry-0123456789")
        .run();
    run.exit(0).stdout_has("email              admin@acme.example");
    let run = place
        .zdx("config show --json")
        .env("ZENDESK_OAUTH_CLIENT_ID", "zdx_export")
        .env("ZENDESK_OAUTH_CLIENT_SECRET", "secret-c4n4ry-0123456789")
        .run();
    let origin = r#"{"name":"client_id","value":"zdx_export","origin":"ZENDESK_OAUTH_CLIENT_ID"}"#;
    run.exit(0).stdout_has(origin);
    place.put("c.toml", "[profiles.p]\nclient_id = 'own'\nclient_secret_command = 'x'\n");
    let run = place.zdx("config show --config c.toml --profile p").run();
    run.exit(0).stdout_has("client_id          own ").stdout_has("from profile p\n");
}

#[test]
fn u10_a_new_config_file_is_tried_by_its_name() {
    let place = Place::new();
    let run = place.zdx("config init --config ./mine.toml").run();
    run.exit(0).stderr_has("then try zdx check --config ./mine.toml\n");
    let run = place.zdx("config init").env("ZDX_CONFIG", "other.toml").run();
    run.exit(0).stderr_has("then try zdx check\n");
    let run = place.zdx("config init --config").arg("my own.toml").run();
    run.exit(0).stderr_has("then try zdx check --config 'my own.toml'\n");
}

#[test]
fn u26_what_is_no_resource_of_its_own_is_told_where_it_is() {
    let place = Place::at("http://127.0.0.1:9");
    for (typed, says) in [
        ("comments", "ticket_events --include comment_events"),
        ("ticket_comments", "ticket_events --include comment_events"),
        ("audits", "ticket_events"),
        ("slas", "the policies are sla_policies"),
        ("help_center", "categories and sections"),
        ("voice", "in calls, and who took part in legs"),
        ("satisfaction-ratings", "member satisfaction_rating, in tickets"),
    ] {
        for command in ["export", "sample"] {
            let run = place.zdx(&format!("{command} {typed} --since 2h")).run();
            run.refused(2, &format!("unknown resource \"{typed}\"")).refused(2, says);
        }
    }
}

#[test]
fn u20_a_config_file_may_come_from_anywhere() {
    let place = Place::new().with("ZENDESK_SUBDOMAIN", "acme");
    place.zdx("state path").env("ZDX_CONFIG", "/dev/null").run().exit(0);
    let line = "exec bash -c '\"$0\" \"$@\" --config <(echo \"[profiles.p]\"; echo \"subdomain = \\\"acme\\\"\")' \"$0\" \"$@\"";
    let run = place.zdx("config show --profile p").through(line).run();
    run.exit(0).stdout_has("acme");
    place.zdx("state path --config .").run().refused(3, "cannot read the config file");
}

#[test]
fn secrets_that_a_container_platform_mounts_are_taken() {
    let Some(unshare) = mounts("secrets on a mount that can only be read") else { return };
    let sandbox = Sandbox::start(Options { quota: Some(0), ..small() }).unwrap();
    for (mode, remount, code) in [
        ("0444", "mount -o remount,ro m", 0),
        ("0644", "mount -o remount,ro m", 0),
        ("0600", "mount -o remount,ro m", 0),
        ("0666", "mount -o remount,ro m", 3),
        ("0644", ":", 3),
        ("0444", ":", 3),
    ] {
        let place = Place::of(&sandbox).with("ZENDESK_OAUTH_TOKEN", "");
        place.put("secret", &format!("{}\n", zdx::sandbox::OAUTH_TOKEN));
        place.put("c.toml", "[profiles.p]\nsubdomain = 'sandbox'\noauth_token_file = 'm/secret'\n");
        let line = format!(
            "exec {unshare} sh -c 'mkdir m; mount -t tmpfs none m; cp secret m/; \
             chmod {mode} m/secret; {remount}; exec \"$0\" \"$@\"' \"$0\" \"$@\""
        );
        let words = "export organizations --since 2h --no-state --config c.toml --profile p";
        let run = place.zdx(words).through(&line).run();
        run.exit(code);
        if code == 3 {
            run.stderr_has("readable by others").stderr_has("chmod 600");
        }
    }
}

#[test]
fn u6_the_home_directory_is_understood_in_the_config_file() {
    let still = Still::of(&[ORGANIZATIONS]);
    let place = Place::of(&still.sandbox).with("ZENDESK_OAUTH_TOKEN", "");
    let home = place.path("");
    for dir in ["etc", "elsewhere"] {
        std::fs::create_dir(place.path(dir)).unwrap();
    }
    place.put("secret", &format!("{}\n", zdx::sandbox::OAUTH_TOKEN));
    place.put(
        "etc/c.toml",
        "[profiles.p]\nsubdomain = 'sandbox'\noauth_token_file = '~/secret'\n\
         state = '~/s.json'\noutput = '~/z/'\nstart = '3000d'\n",
    );
    let elsewhere = "cd elsewhere && exec \"$0\" \"$@\"";
    let zdx = |words: &str| {
        let zdx = place.zdx(words).arg("--config").arg("../etc/c.toml").arg("--profile").arg("p");
        zdx.env("HOME", home.to_str().unwrap()).through(elsewhere).run()
    };
    zdx("export organizations").exit(0);
    assert!(home.join("s.json").exists() && home.join("z/organizations.ndjson").exists());
    zdx("config show").exit(0).stdout_has("work/s.json");
}
