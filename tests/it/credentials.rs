//! Who asks: OAuth clients, access tokens, API tokens, from the environment and from profiles.

use crate::{
    harness::{ORGANIZATIONS, Place, Still, TICKETS},
    matrix::{FRESH, pages, records},
    server::{Reply, Request, Server, lines},
};
use std::time::Duration;
use zdx::sandbox::{API_TOKEN, CLIENT_ID, CLIENT_SECRET, EMAIL, Fault, OAUTH_TOKEN, SUBDOMAIN};

const EXPORT: &str = "export organizations --since @0 --no-state";

#[test]
fn each_kind_of_credentials_exports_the_same() {
    let still = Still::of(&[ORGANIZATIONS]);
    for (place, scheme) in [
        (Place::of(&still.sandbox), "bearer"),
        (Place::of(&still.sandbox).oauth_client(), "bearer"),
        (Place::of(&still.sandbox).with_api_token(), "basic"),
    ] {
        place.zdx(EXPORT).run().exit(0).stdout(&still.ndjson(ORGANIZATIONS));
        let last = still.sandbox.requests().pop().unwrap();
        assert_eq!(last.authorization.as_deref(), Some(scheme));
    }
}

#[test]
fn an_api_token_is_warned_of_once_a_run() {
    let still = Still::of(&[]);
    let place = Place::of(&still.sandbox).with_api_token();
    let run = place.zdx("export tickets users --since @0 -o out/ --per-page 25").run();
    run.exit(0).stderr_counts("2027-04-30", 1).stderr_counts("warning", 1);
    Place::of(&still.sandbox).zdx(EXPORT).run().exit(0).stderr_lacks("2027");
}

#[test]
fn the_strongest_credentials_win() {
    let still = Still::of(&[]);
    let place =
        Place::of(&still.sandbox).oauth_client().with("ZENDESK_OAUTH_TOKEN", "wrong-c4n4ry");
    place.zdx(EXPORT).run().exit(0);
    let place = Place::of(&still.sandbox).with_api_token().with("ZENDESK_OAUTH_TOKEN", OAUTH_TOKEN);
    place.zdx(EXPORT).run().exit(0).stderr_lacks("2027");
}

#[test]
fn wrong_credentials_are_told_and_not_shown() {
    let still = Still::of(&[]);
    for place in [
        Place::of(&still.sandbox).with("ZENDESK_OAUTH_TOKEN", "wrong-c4n4ry-token"),
        Place::of(&still.sandbox).with_api_token().with("ZENDESK_API_TOKEN", "wrong-c4n4ry-token"),
        Place::of(&still.sandbox)
            .oauth_client()
            .with("ZENDESK_OAUTH_CLIENT_SECRET", "wrong-c4n4ry"),
    ] {
        place.zdx(EXPORT).run().refused(4, "credentials").stderr_has("401");
    }
}

#[test]
fn one_token_is_minted_for_all_resources() {
    let still = Still::of(&[]);
    let place = Place::of(&still.sandbox).oauth_client();
    place.zdx("export tickets users organizations --since @0 -o out/ --per-page 25").run().exit(0);
    let minted =
        still.sandbox.requests().iter().filter(|seen| seen.path == "/oauth/tokens").count();
    assert_eq!(minted, 1);
}

#[test]
fn an_expired_token_is_renewed_once() {
    let still = Still::of(&[TICKETS]);
    still.sandbox.inject(Fault::ExpiredToken, 3);
    let place = Place::of(&still.sandbox).oauth_client();
    place.zdx("export tickets --since @0 -o t.ndjson --per-page 7").run().exit(0);
    assert_eq!(place.file("t.ndjson"), still.ndjson(TICKETS));
    let minted =
        still.sandbox.requests().iter().filter(|seen| seen.path == "/oauth/tokens").count();
    assert_eq!(minted, 2);
}

#[test]
fn a_token_that_is_refused_again_is_not_renewed_for_ever() {
    let still = Still::of(&[]);
    still.sandbox.when(|_| Some(Fault::ExpiredToken));
    let place = Place::of(&still.sandbox).oauth_client();
    place.zdx(EXPORT).run().refused(4, "401");
    assert!(still.sandbox.requests().len() <= 4, "{:?}", still.sandbox.requests());
}

#[test]
fn an_access_token_of_the_users_own_is_not_renewed() {
    let still = Still::of(&[]);
    still.sandbox.inject(Fault::ExpiredToken, 1);
    Place::of(&still.sandbox).zdx(EXPORT).run().refused(4, "invalid_token");
    assert_eq!(still.sandbox.requests().len(), 1);
}

/// Mints tokens of this life, and takes only the newest.
fn minting(life: &'static str) -> Server {
    Server::answering(move |n, request| Some(mint(n, request, life)))
}

fn mint(n: usize, request: &Request, life: &str) -> Reply {
    if request.line.starts_with("POST /oauth/tokens") {
        let token =
            format!("{{\"access_token\":\"minted-c4n4ry-{n}\",\"token_type\":\"bearer\"{life}}}");
        return Reply::status(if n == 0 { "201 Created" } else { "200 OK" }, &[], token);
    }
    crate::matrix::right(request)
}

#[test]
fn a_token_is_renewed_before_it_expires() {
    // Half of a short life is over before the second page: each page mints anew.
    let server = minting(",\"expires_in\":0");
    let place = Place::at(&server.url()).oauth_client();
    place.zdx(FRESH).run().exit(0);
    assert_eq!(place.file("t.ndjson"), lines(&records()));
    let minted =
        server.requests().iter().filter(|request| request.line.starts_with("POST")).count();
    assert_eq!(minted, 3);
}

#[test]
fn a_token_without_an_expiry_is_kept() {
    for life in ["", ",\"expires_in\":null", ",\"expires_in\":1800"] {
        let server = minting(life);
        let place = Place::at(&server.url()).oauth_client();
        place.zdx(FRESH).run().exit(0);
        let requests = server.requests();
        let minted = requests.iter().filter(|request| request.line.starts_with("POST")).count();
        assert_eq!(minted, 1, "{life}");
        let body: serde_json::Value = serde_json::from_str(&requests[0].body).unwrap();
        assert_eq!(body["grant_type"], "client_credentials");
        assert_eq!(body["client_id"], CLIENT_ID);
        assert_eq!(body["scope"], "read");
        assert_eq!(requests[1].header("authorization"), Some("Bearer minted-c4n4ry-0"));
    }
}

#[test]
fn a_token_that_runs_out_in_mid_run_by_the_servers_clock_is_renewed() {
    let still = Still::of(&[TICKETS]);
    let place = Place::of(&still.sandbox).oauth_client();
    still.sandbox.inject(Fault::Hang, 3);
    let run = place.zdx("export tickets --since @0 -o t.ndjson --per-page 20");
    let run = run.env("ZDX_HEADERS_TIMEOUT", "500ms").start();
    crate::harness::eventually(|| still.sandbox.requests().len() == 4);
    // The token's 30 minutes are over when the request is sent again.
    still.sandbox.advance(Duration::from_secs(1801));
    run.end().exit(0);
    let minted =
        still.sandbox.requests().iter().filter(|seen| seen.path == "/oauth/tokens").count();
    assert_eq!(minted, 2);
}

#[test]
fn minting_is_retried_as_any_request() {
    let server = Server::answering(|n, request| {
        Some(match n {
            0 => Reply::status("503 Service Unavailable", &[], ""),
            1 => Reply::raw("").close(),
            _ => mint(n, request, ""),
        })
    });
    let place = Place::at(&server.url()).oauth_client();
    place.zdx(FRESH).run().exit(0);
    assert_eq!(place.file("t.ndjson"), lines(&records()));
}

#[test]
fn a_minted_token_is_no_more_shown_than_any_secret() {
    let server = Server::answering(|n, request| {
        let echo = request.header("authorization").unwrap_or_default().to_owned();
        Some(if request.line.starts_with("POST") {
            mint(n, request, "")
        } else {
            Reply::status("400 Bad Request", &[], format!("you sent {echo}"))
        })
    });
    let place = Place::at(&server.url()).oauth_client();
    place.zdx(FRESH).run().exit(6).stderr_has("you sent");
}

#[test]
fn what_a_server_echoes_of_credentials_is_scrubbed() {
    let echo = |request: &Request| {
        let sent = request.header("authorization").unwrap_or_default();
        Reply::status("400 Bad Request", &[], format!("you sent {sent}"))
    };
    let server = Server::answering(move |_, request| Some(echo(request)));
    for place in [Place::at(&server.url()), Place::at(&server.url()).with_api_token()] {
        place
            .zdx("export tickets --since @0 --no-state -vvv")
            .run()
            .exit(6)
            .stderr_has("(redacted)");
    }
}

const SECRET_KEYS: [(&str, &str); 3] = [
    ("client_id = \"zdx_sandbox\"\nclient_secret", CLIENT_SECRET),
    ("oauth_token", OAUTH_TOKEN),
    ("email = \"EMAIL\"\napi_token", API_TOKEN),
];

#[test]
fn a_profile_holds_secrets_in_place_in_files_or_from_commands() {
    let still = Still::of(&[ORGANIZATIONS]);
    for (key, secret) in SECRET_KEYS {
        let key = key.replace("EMAIL", EMAIL);
        for (kind, value) in [
            ("", secret.to_owned()),
            ("_file", "secret".to_owned()),
            ("_command", "cat secret".to_owned()),
        ] {
            let place = Place::of(&still.sandbox).with("ZENDESK_OAUTH_TOKEN", "");
            place.put("secret", &format!("{secret}\n"));
            place.put(
                "c.toml",
                &format!("[profiles.p]\nsubdomain = \"{SUBDOMAIN}\"\n{key}{kind} = \"{value}\"\n"),
            );
            let run = place.zdx(&format!("{EXPORT} --config c.toml --profile p")).run();
            run.exit(0).stdout(&still.ndjson(ORGANIZATIONS));
        }
    }
}

#[test]
fn a_named_profile_beats_the_environment_and_the_default_profile_does_not() {
    let still = Still::of(&[]);
    let good =
        format!("[profiles.p]\nsubdomain = \"{SUBDOMAIN}\"\noauth_token = \"{OAUTH_TOKEN}\"\n");
    let place = Place::of(&still.sandbox).with("ZENDESK_OAUTH_TOKEN", "wrong-c4n4ry");
    place.put("c.toml", &format!("default_profile = \"p\"\n{good}"));
    let words = format!("{EXPORT} --config c.toml");
    place.zdx(&words).run().exit(4);
    place.zdx(&format!("{words} --profile p")).run().exit(0);
    place.zdx(&words).env("ZDX_PROFILE", "p").run().exit(0);
    let place = place.with("ZENDESK_OAUTH_TOKEN", "");
    place.zdx(&words).run().exit(0);
}

#[test]
fn a_command_that_fails_is_a_config_error_without_its_output() {
    let place = Place::at("http://127.0.0.1:9").with("ZENDESK_OAUTH_TOKEN", "");
    place.put(
        "c.toml",
        "[profiles.p]\nsubdomain = \"acme\"\noauth_token_command = \"echo c4n$((4))ry; exit 3\"\n",
    );
    let run = place.zdx(&format!("{EXPORT} --config c.toml --profile p")).run();
    run.refused(3, "oauth_token_command");
}

#[test]
fn settings_of_a_profile_stand_in_for_flags() {
    let still = Still::of(&[TICKETS, ORGANIZATIONS]);
    let place = Place::of(&still.sandbox);
    place.put(
        "c.toml",
        "[defaults]\nstart = \"@0\"\noutput = \"out/\"\nper_page = 25\n\
         [profiles.p]\nsubdomain = \"sandbox\"\nresources = [\"tickets\", \"organizations\"]\nstate = \"p.json\"\n",
    );
    place.zdx("export all --config c.toml --profile p").run().exit(0);
    assert_eq!(place.file("out/tickets.ndjson"), still.ndjson(TICKETS));
    assert_eq!(place.file("out/organizations.ndjson"), still.ndjson(ORGANIZATIONS));
    assert_eq!(place.names(), ["c.toml", "out", "p.json", "p.json.lock"]);
    assert_eq!(still.sandbox.requests()[0].per_page, Some(25));
}

#[test]
fn files_that_the_config_file_names_lie_beside_it_wherever_zdx_is_started() {
    let still = Still::of(&[ORGANIZATIONS]);
    let place = Place::of(&still.sandbox).with("ZENDESK_OAUTH_TOKEN", "");
    for dir in ["etc", "elsewhere"] {
        std::fs::create_dir(place.path(dir)).unwrap();
    }
    place.put("etc/secret", OAUTH_TOKEN);
    place.put(
        "etc/c.toml",
        "[profiles.p]\nsubdomain = 'sandbox'\noauth_token_file = 'secret'\nstate = 's.json'\n",
    );
    let words = "--config ../etc/c.toml --profile p";
    let elsewhere = "cd elsewhere && exec \"$0\" \"$@\"";
    let run = place.zdx(&format!("export organizations --since @0 -o o.ndjson {words}"));
    run.through(elsewhere).run().exit(0);
    // What is typed is of the working directory.
    assert_eq!(place.file("elsewhere/o.ndjson"), still.ndjson(ORGANIZATIONS));
    assert!(place.path("etc/s.json").exists());
    let found = place.zdx(&format!("state path {words}")).through(elsewhere).run();
    let found = std::path::PathBuf::from(found.exit(0).text().trim_end());
    assert!(found.is_absolute(), "{found:?}");
    let same = |path: &std::path::Path| path.canonicalize().unwrap();
    assert_eq!(same(&found), same(&place.path("etc/s.json")));
    let words = "export organizations --config etc/c.toml --profile p -o elsewhere/o.ndjson";
    place.zdx(words).run().exit(0).stderr_has("goes on from");
}

#[test]
fn no_page_is_asked_for_twice() {
    let server = Server::script(pages().map(Reply::ok));
    Place::at(&server.url()).zdx(FRESH).run().exit(0);
    let agent = server.requests()[0].header("user-agent").unwrap_or_default().to_owned();
    assert!(agent.starts_with("zdx/"), "{agent}");
}
