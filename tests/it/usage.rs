//! What is refused before anything happens: one clear line, nothing written, nothing sent.

use crate::{
    harness::{Place, small},
    machine::skipped,
};
use std::os::unix::fs::PermissionsExt as _;
use zdx::sandbox::{Fault, Options, Sandbox};

/// Runs a command that must be refused without a trace.
#[track_caller]
fn refused(place: &Place, args: &[&str], exit: i32, texts: &[&str]) {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let before = place.names();
    let mut zdx = place.zdx("");
    // What is wrong about the address is told by the test itself.
    let has_url = args.iter().any(|arg| arg.contains("--base-url") || arg.contains("--sandbox"));
    if !has_url {
        zdx = zdx.env("ZDX_BASE_URL", &sandbox.base_url());
    }
    for arg in args {
        zdx = zdx.arg(*arg);
    }
    let run = zdx.run();
    for text in texts {
        run.refused(exit, text);
    }
    run.exit(exit).stderr_lacks("panicked");
    assert!(!run.stderr().is_empty());
    assert_eq!(place.names(), before, "{args:?}");
    assert_eq!(place.state_bytes(), "", "{args:?}");
    assert!(sandbox.requests().is_empty(), "{args:?}");
}

fn acme() -> Place {
    Place::at("")
}

#[test]
fn what_would_let_nothing_run_is_refused_with_the_reason() {
    let place = acme();
    for (given, reason) in [
        ("--jobs=0", "at least one resource has to run"),
        ("--reserve=100", "100 % for others would leave nothing to zdx"),
    ] {
        refused(&place, &["export", "tickets", "--since=2h", given], 2, &[reason]);
    }
}

#[test]
fn names_of_resources_are_checked_with_a_suggestion() {
    let place = acme();
    for (typed, hint) in [
        ("tickest", "did you mean \"tickets\""),
        ("organisations", "did you mean \"organizations\""),
        ("user", "did you mean \"users\""),
        ("invoices", "ticket_metric_events"),
        ("", "tickets"),
        ("\u{1b}[31mred", "\\u{1b}"),
    ] {
        refused(&place, &["export", typed, "--since", "2h"], 2, &["unknown resource", hint]);
    }
}

#[test]
fn no_resource_is_a_usage_error() {
    refused(&acme(), &["export", "--since", "2h"], 2, &["RESOURCE"]);
    refused(&acme(), &["exprot", "tickets"], 2, &["export"]);
    refused(&acme(), &[], 2, &["Usage"]);
}

#[test]
fn times_are_checked() {
    let place = acme();
    for (typed, text) in [
        ("soon", "is not a time"),
        ("1763600", "@1763600"),
        ("2026-13-01", "is not a time"),
        ("2026-11-01T25:00:00Z", "is not a time"),
        ("@-5", "is not a time"),
        ("@99999999999999999999", "is not a time"),
        ("", "is not a time"),
        ("5000000000", "future"),
        ("2099-01-01", "future"),
    ] {
        let since = format!("--since={typed}");
        refused(&place, &["export", "tickets", &since], 2, &["--since", text]);
    }
    refused(&place, &["export", "tickets", "--since=2h", "--until=later"], 2, &["--until"]);
}

#[test]
fn numbers_are_checked() {
    let place = acme();
    for (flag, values) in [
        ("--per-page", &["0", "1001", "x", "-1", "1.5"][..]),
        ("--limit", &["0", "x"][..]),
        ("--max-pages", &["0", "x"][..]),
        ("--rate", &["0", "x"][..]),
        ("--reserve", &["100", "255", "256", "-1", "x"][..]),
        ("--max-wait", &["x", "5"][..]),
        ("--retry-for", &["x", ""][..]),
        ("--max-page-bytes", &["x", "0"][..]),
        ("--support-type-scope", &["everything"][..]),
        ("--on-overflow", &["explode"][..]),
        ("--pagination", &["offset"][..]),
        ("--summary", &["xml"][..]),
    ] {
        for value in values {
            let given = format!("{flag}={value}");
            refused(&place, &["export", "tickets", "--since=2h", &given], 2, &[flag]);
        }
    }
}

#[test]
fn a_parameter_that_the_resource_does_not_take_is_refused() {
    let place = acme();
    for (resource, flags, text) in [
        ("users", &["--exclude-deleted"][..], "--exclude-deleted"),
        ("organizations", &["--support-type-scope=all"], "--support-type-scope"),
        ("users", &["--exclude-system-updates"], "--exclude-system-updates"),
        ("articles", &["--per-page=100"], "--per-page"),
        ("ticket_metric_events", &["--per-page=100"], "--per-page"),
        ("organizations", &["--pagination=cursor"], "time"),
    ] {
        let mut args = vec!["export", resource, "--since=2h"];
        args.extend(flags);
        refused(&place, &args, 2, &[resource, text]);
    }
}

#[test]
fn sideloads_are_checked_with_a_suggestion() {
    let place = acme();
    for (resource, include, text) in [
        ("tickets", "user", "did you mean \"users\""),
        ("tickets", "users,grups", "did you mean \"groups\""),
        ("tickets", "last_audits", "metric_sets"),
        ("ticket_metric_events", "users", "sideload"),
        ("tickets", "", "sideload"),
    ] {
        let include = format!("--include={include}");
        let args = ["export", resource, "--since=2h", "-o", "x.ndjson", &include];
        refused(&place, &args, 2, &[text]);
    }
}

#[test]
fn several_kinds_share_stdout_only_in_envelopes() {
    let place = acme();
    for args in [
        &["export", "tickets", "users", "--since=2h"][..],
        &["export", "all", "--since=2h"],
        &["export", "tickets", "--include=users", "--since=2h"],
    ] {
        refused(&place, args, 2, &["--envelope"]);
    }
    refused(
        &place,
        &["export", "tickets", "users", "--since=2h", "-o", "x.ndjson"],
        2,
        &["{resource}"],
    );
}

#[test]
fn missing_credentials_name_the_variables() {
    let place = acme().with("ZENDESK_OAUTH_TOKEN", "");
    let names = [
        "ZENDESK_OAUTH_CLIENT_ID",
        "ZENDESK_OAUTH_CLIENT_SECRET",
        "ZENDESK_OAUTH_TOKEN",
        "ZENDESK_EMAIL",
        "ZENDESK_API_TOKEN",
    ];
    refused(&place, &["export", "tickets", "--since=2h"], 4, &names);
}

#[test]
fn variables_that_are_not_read_are_pointed_out() {
    for name in ["ZENDESK_TOKEN", "ZENDESK_ACCESS_TOKEN"] {
        let place = acme().with("ZENDESK_OAUTH_TOKEN", "").with(name, "token-c4n4ry-0123456789");
        refused(&place, &["export", "tickets", "--since=2h"], 4, &[name, "ZENDESK_OAUTH_TOKEN"]);
    }
}

#[test]
fn a_missing_account_is_a_usage_error() {
    let place = acme().with("ZENDESK_SUBDOMAIN", "");
    let run = place.zdx("export tickets --since 2h").run();
    run.refused(2, "ZENDESK_SUBDOMAIN").stderr_has("--sandbox");
}

#[test]
fn security_7_subdomains_are_checked() {
    for bad in [
        "evil.com/#",
        "a.b",
        "x@y",
        "münchen",
        "a%2Fb",
        "-acme",
        "acme:443",
        "acme/..",
        "a b",
        "http://acme.zendesk.com",
        "https://acme.zendesk.com.evil.com",
        "https://evil.com",
        "acme\\",
        "acme?x",
        "https://user@acme.zendesk.com",
        "acme.zendesk.com.",
        "\u{1b}[2J",
    ] {
        let place = acme().with("ZENDESK_SUBDOMAIN", bad);
        refused(&place, &["export", "tickets", "--since=2h"], 2, &["subdomain"]);
        let place = acme().with("ZENDESK_SUBDOMAIN", "");
        let flag = format!("--subdomain={bad}");
        refused(&place, &["export", "tickets", "--since=2h", &flag], 2, &["subdomain"]);
    }
    let long = "a".repeat(64);
    refused(
        &acme().with("ZENDESK_SUBDOMAIN", &long),
        &["export", "tickets", "--since=2h"],
        2,
        &["subdomain"],
    );
}

#[test]
fn the_spellings_of_a_subdomain_mean_the_same() {
    for good in [
        "acme",
        "ACME",
        "acme.zendesk.com",
        "https://acme.zendesk.com",
        "https://acme.zendesk.com/",
    ] {
        let place = acme().with("ZENDESK_SUBDOMAIN", good);
        let run = place.zdx("export tickets --since 2h --dry-run").run();
        run.exit(0)
            .stdout_has("GET https://acme.zendesk.com/api/v2/incremental/tickets/cursor.json?");
    }
}

#[test]
fn security_6_base_urls_are_checked() {
    for bad in [
        "http://example.com",
        "http://127.0.0.1.example.com",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "https://user:pw@127.0.0.1",
        "https://127.0.0.1/path",
        "https://127.0.0.1/?x",
        "example.com",
        "file:///etc/passwd",
        "http://localhost.evil.com",
        "https://",
        "http://[::2]",
    ] {
        let flag = format!("--base-url={bad}");
        refused(&acme(), &["export", "tickets", "--since=2h", &flag], 2, &["base URL"]);
    }
    for good in
        ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://example.com"]
    {
        let flag = format!("--base-url={good}");
        acme().zdx("export tickets --since 2h --dry-run").arg(flag).run().exit(0);
    }
}

#[test]
fn security_8_line_ends_in_credentials_are_refused() {
    let api_token = "token-c4n4ry-0123456789";
    for (email, token) in [
        ("a@b.c\r\nX-Evil: 1", api_token),
        ("a@b.c", "token-c4n4ry\n0123456789"),
        ("a@b.c\u{0}", api_token),
    ] {
        if email.contains('\0') {
            continue; // no environment can hold it
        }
        let place = acme()
            .with("ZENDESK_OAUTH_TOKEN", "")
            .with("ZENDESK_EMAIL", email)
            .with("ZENDESK_API_TOKEN", token);
        refused(&place, &["export", "tickets", "--since=2h"], 2, &["control characters"]);
    }
    let place = acme().with("ZENDESK_OAUTH_TOKEN", "token-c4n4ry\r\nX-Evil: 1");
    refused(&place, &["export", "tickets", "--since=2h"], 2, &["control characters"]);
}

#[test]
fn no_flag_takes_a_secret_and_none_is_echoed() {
    for flag in ["--token", "--api-token", "--password", "--oauth-token", "--client-secret"] {
        for args in [
            vec!["export", "tickets", "--since=2h", flag, "token-c4n4ry-0123456789"],
            vec!["export", "tickets", "--since=2h", "--token=token-c4n4ry-0123456789"],
        ] {
            refused(&acme(), &args, 2, &[]);
        }
    }
}

const EXPORT: [&str; 5] = ["export", "tickets", "--since=2h", "--config", "c.toml"];

#[test]
fn an_unknown_key_names_line_and_key_and_never_the_value() {
    for (config, texts) in [
        (
            "[profiles.acme]\nsubdomain = \"acme\"\nclient_secert = \"token-c4n4ry\"\n",
            ["line 3", "client_secert", "client_secret"],
        ),
        ("\n\n[profile.acme]\nsubdomain = \"acme\"\n", ["line 3", "profile", "profiles"]),
        ("[defaults]\napi_tokn = \"token-c4n4ry\"\n", ["line 2", "api_tokn", "api_token"]),
        ("[defaults]\noauth_token = \"token-c4n4ry\"\n", ["line 2", "oauth_token", "profile"]),
        ("[profiles.acme]\nper_page = \"c4n4ry\"\n", ["line 2", "per_page", "number"]),
        ("[profiles.acme]\napi_token = \"token-c4n4ry\nx\"\n", ["line ", "TOML", "c.toml"]),
    ] {
        let place = acme();
        place.put("c.toml", config);
        refused(&place, &EXPORT, 3, &texts);
    }
}

#[test]
fn a_config_value_that_is_not_valid_is_a_config_error() {
    for (config, text) in [
        ("[defaults]\nper_page = 0\n", "per_page"),
        ("[defaults]\nper_page = 1001\n", "per_page"),
        ("[defaults]\nreserve = 100\n", "reserve"),
        ("[defaults]\nretry_for = \"soon\"\n", "retry_for"),
        ("[defaults]\nmax_page_bytes = \"many\"\n", "max_page_bytes"),
        ("[profiles.acme]\nsubdomain = 5\n", "subdomain"),
        ("default_profile = 1\n", "default_profile"),
        ("default_profile = 'x'\n[profiles.y]\n", "c.toml, line 1: default_profile is \"x\""),
        ("[profiles.acme]\nemail = ''\n", "c.toml, line 2: email in [profiles.acme] is empty"),
        (
            "[profiles.acme]\noauth_token_file = 'x'\noauth_token = 'token-c4n4ry'\n",
            "c.toml, line 3: oauth_token and oauth_token_file in [profiles.acme]",
        ),
        (
            "[profiles.acme]\napi_token_file = 'x'\napi_token_command = 'echo token-c4n4ry'\n",
            "c.toml, line 3: api_token_file and api_token_command in [profiles.acme]",
        ),
    ] {
        let place = acme();
        place.put("c.toml", config);
        refused(&place, &EXPORT, 3, &[text]);
    }
}

#[test]
fn a_timeout_in_the_config_that_is_not_valid_is_a_config_error() {
    for key in ["connect_timeout", "headers_timeout", "body_idle_timeout", "request_timeout"] {
        let place = acme();
        place.put("c.toml", &format!("[defaults]\n{key} = \"x\"\n"));
        refused(&place, &EXPORT, 3, &[key, "c.toml, line 2"]);
    }
}

#[test]
fn a_timeout_in_the_environment_that_is_not_valid_is_a_usage_error() {
    for name in ["CONNECT", "HEADERS", "BODY_IDLE", "REQUEST"] {
        let name = format!("ZDX_{name}_TIMEOUT");
        let place = acme().with(&name, "x");
        refused(&place, &["export", "tickets", "--since=2h"], 2, &[&name]);
    }
}

#[test]
fn a_config_with_secrets_that_others_can_read_is_refused() {
    let place = acme().with("ZENDESK_OAUTH_TOKEN", "");
    let path = place.put(
        "c.toml",
        "default_profile = \"acme\"\n[profiles.acme]\noauth_token = \"token-c4n4ry\"\n",
    );
    for mode in [0o640, 0o604, 0o644] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        refused(&place, &EXPORT, 3, &["chmod 600", "c.toml"]);
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    place
        .zdx("export tickets --since 2h --config c.toml --dry-run --base-url http://[::1]:1")
        .run()
        .exit(0);
}

/// systemd hands a credential over as a file of root's, of mode 0440 with an access list.
#[test]
fn a_secret_file_that_another_user_lets_us_read_is_taken() {
    let place = acme().with("ZENDESK_OAUTH_TOKEN", "");
    let secret = place.put("secret", "token-c4n4ry\n");
    let text = format!("[profiles.acme]\noauth_token_file = \"{}\"\n", secret.display());
    place.put("c.toml", &text);
    if std::os::unix::fs::chown(&secret, Some(12_345), None).is_err() {
        return skipped("a secret file of another user", "only root can make one");
    }
    let words = "export tickets --since 2h --config c.toml --profile acme --dry-run";
    for (mode, exit) in [(0o440, 0), (0o400, 0), (0o444, 3), (0o660, 3)] {
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(mode)).unwrap();
        place.zdx(words).run().exit(exit);
    }
}

#[test]
fn a_secret_file_that_others_can_read_is_refused() {
    let place = acme().with("ZENDESK_OAUTH_TOKEN", "");
    let secret = place.put("secret", "token-c4n4ry\n");
    place.put(
        "c.toml",
        "default_profile = \"acme\"\n[profiles.acme]\noauth_token_file = \"secret\"\n",
    );
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o644)).unwrap();
    refused(&place, &EXPORT, 3, &["chmod 600", "secret"]);
}

#[test]
fn a_config_that_is_not_there_is_a_config_error() {
    refused(&acme(), &EXPORT, 3, &["c.toml"]);
}

#[test]
fn an_unknown_profile_is_a_usage_error_with_a_suggestion() {
    let place = acme();
    place.put("c.toml", "[profiles.acme]\nsubdomain = \"acme\"\n");
    let mut args = EXPORT.to_vec();
    args.push("--profile=amce");
    refused(&place, &args, 2, &["amce", "did you mean \"acme\""]);
}

#[test]
fn a_subdomain_that_contradicts_the_profile_is_refused() {
    let place = acme().with("ZENDESK_SUBDOMAIN", "other");
    place.put("c.toml", "[profiles.acme]\nsubdomain = \"acme\"\n");
    let mut args = EXPORT.to_vec();
    args.push("--profile=acme");
    refused(&place, &args, 2, &["ZENDESK_SUBDOMAIN", "other", "acme"]);
}

#[test]
fn flags_that_make_no_sense_together_are_refused_with_the_reason() {
    let place = acme();
    for (flags, reason) in [
        ("--append", "stdout has no content"),
        ("--overwrite", "stdout has no content"),
        ("--no-state --state s.json", "leave out --state"),
        ("--on-overflow skip-second", "for paging by time"),
        ("--follow --until now", "never ends by itself"),
        ("--append --overwrite -o x.ndjson", "contradict each other"),
        ("--append -o {resource}-{run}.ndjson", "each run writes a new file"),
        ("--follow -o {resource}-{run}.ndjson", "never ends by itself"),
    ] {
        let mut args = vec!["export", "tickets", "--since=2h"];
        args.extend(flags.split(' '));
        refused(&place, &args, 2, &[reason]);
    }
    for flag in ["--config=c.toml", "--profile=p", "--subdomain=s", "--base-url=http://[::1]:1"] {
        let args = ["export", "tickets", "--since=2h", "--sandbox", flag];
        refused(&place, &args, 2, &["an account of its own"]);
    }
}

#[test]
fn quiet_and_verbose_contradict() {
    refused(&acme(), &["export", "tickets", "--since=2h", "-q", "-v"], 2, &["--quiet"]);
}

/// The next command of one that began a series is that without `--since`: with it, the run would be
/// a one-off, which may not write into the series' output.
#[test]
fn what_a_failure_says_to_type_next_is_right() {
    let sandbox = Sandbox::start(small()).unwrap();
    let place = Place::of(&sandbox);
    sandbox.inject(Fault::ServerError, 1);
    let run = place.zdx("export tickets --since @0 -o t.ndjson --retry-for 0s").run();
    run.exit(5).stderr_has("hint: run the same command again, without --since, later");
    run.stderr_has("the position in ").stderr_counts("hint: ", 1);
    // Nothing has come of it: the command may be typed again as it was.
    sandbox.inject(Fault::ServerError, 1);
    let run = place.zdx("export tickets --since @0 -o t.ndjson --retry-for 0s").run();
    run.exit(5).stderr_has("the series begun again");
    sandbox.inject(Fault::ServerError, 1);
    let run = place.zdx("export tickets -o t.ndjson --retry-for 0s").run();
    run.exit(5).stderr_has("hint: run the same command again, later");
    sandbox.inject(Fault::Forbidden, 1);
    let run = place.zdx("export users --since @0 -o u.ndjson").run();
    run.exit(4).stderr_has("hint: users can be read by admins (with OAuth, the scope \"read\")");
    run.stderr_has("hint: then, run the same command again, without --since");
    place.zdx("export tickets -o t.ndjson").run().exit(0);
    sandbox.when(|_| Some(Fault::Redirect));
    let run = place.zdx("export tickets -o t.ndjson").run();
    run.exit(6).stderr_has("zdx: tickets: ").stderr_has("saved up to ").stderr_counts("hint: ", 1);
}

#[test]
fn a_start_in_the_config_that_is_no_time_is_a_config_error() {
    for start in ["soon", "2099-01-01"] {
        let place = acme();
        place.put("c.toml", &format!("[defaults]\nper_page = 10\nstart = '{start}'\n"));
        let args = ["export", "tickets", "--config", "c.toml", "--no-state"];
        refused(&place, &args, 3, &["c.toml, line 3: start"]);
    }
}

#[test]
fn an_empty_name_is_a_usage_error() {
    for flag in ["--output", "--state", "--config", "--base-url", "--subdomain", "--profile"] {
        let given = format!("{flag}=");
        refused(&acme(), &["export", "tickets", "--since=2h", &given], 2, &[]);
    }
    let args = ["export", "tickets", "--since=2h", "-o", ""];
    refused(&acme(), &args, 2, &["the output has no name", "-o - is stdout"]);
}

#[test]
fn a_profile_without_a_config_file_is_told_where_one_was_looked_for() {
    let args = ["export", "tickets", "--since=2h", "--profile=x"];
    refused(&acme(), &args, 2, &["there is no config file", "/.config/zdx/config.toml"]);
    let args = ["export", "tickets", "--since=2h"];
    refused(&acme().with("ZDX_PROFILE", "x"), &args, 2, &["ZDX_PROFILE is \"x\""]);
}

#[test]
fn a_secret_of_the_config_that_is_empty_is_a_config_error_with_its_place() {
    for (line, says) in [
        ("oauth_token_file = 'empty'", "/empty is empty"),
        ("oauth_token_command = 'true'", "what the command prints is empty"),
    ] {
        let place = acme().with("ZENDESK_OAUTH_TOKEN", "");
        place.put("empty", "\n");
        place.put("c.toml", &format!("[profiles.p]\nsubdomain = 'acme'\n{line}\n"));
        let key = line.split(' ').next().unwrap();
        let place_of_key = format!("c.toml, line 3: {key}: ");
        let args = ["export", "tickets", "--since=2h", "--config=c.toml", "--profile=p"];
        refused(&place, &args, 3, &[says, &place_of_key]);
    }
}

#[test]
fn a_profile_that_is_left_aside_is_named_where_credentials_lack() {
    let place = acme().with("ZENDESK_OAUTH_TOKEN", "").with("ZENDESK_SUBDOMAIN", "");
    place.put(
        "c.toml",
        "default_profile = 'p'\n[profiles.p]\nsubdomain = 'mine'\noauth_token = 'c4n4ry-token'\n",
    );
    let args = ["export", "tickets", "--since=2h", "--config=c.toml", "--subdomain=acme"];
    let why = "the profile p is left aside: it is of mine, and --subdomain says acme";
    refused(&place, &args, 4, &[why]);
    let place = place.with("ZENDESK_SUBDOMAIN", "acme");
    let why = "the profile p is left aside: it is of mine, and ZENDESK_SUBDOMAIN says acme";
    refused(&place, &args[..4], 4, &[why]);
}

#[test]
fn what_is_almost_right_is_answered_with_what_to_type() {
    let place = acme();
    for (words, text) in [
        ("export tickets --since -1h", "so write 1h"),
        ("export tickets --since 1h --until -1m", "so write 1m"),
        ("sample tickets --since -1h", "so write 1h"),
        ("state set tickets --since -1h", "so write 1h"),
        ("export tickets --since 1h --follow 10s", "hint: an interval is given with =, as in --"),
        ("export tickets --since 1h -f5s", "hint: an interval is given with =, as in --follow=10s"),
        ("export tickets --since 1h --limit 0", "at least 1"),
        ("export tickets --since 1h --max-pages 0", "at least 1"),
        ("export tickets --since 1h --rate 0", "at least 1"),
        ("export tickets --since 1h --include roles", "hint: roles belongs to users"),
        ("export users --since 1h --include slas", "hint: slas belongs to tickets"),
        ("export ticket_events --since 1h --include groups", "groups belongs to tickets, users"),
    ] {
        let args: Vec<&str> = words.split(' ').collect();
        refused(&place, &args, 2, &[text]);
    }
}

#[test]
fn a_list_may_have_spaces_behind_its_commas() {
    let words = "export tickets --since 1h --no-state --envelope --dry-run --include";
    let run = acme().zdx(words).arg("users, groups ,slas").run();
    run.exit(0).stdout_has("include=users%2Cgroups%2Cslas");
}

#[test]
fn help_is_a_command_too() {
    let place = Place::new();
    for (typed, same) in [("help", "--help"), ("help export", "export --help")] {
        let expected = place.zdx(same).run().exit(0).text();
        place.zdx(typed).run().exit(0).stdout(&expected);
    }
    place.zdx("help nonsense").run().refused(2, "nonsense");
}
