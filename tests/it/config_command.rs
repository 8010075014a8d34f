//! `zdx config`: write a config file, and say which settings are in effect and why.

use crate::harness::Place;
use serde_json::Value;
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

const EXAMPLE: &str = include_str!("../../config.example.toml");

/// An account of its own in a config file.
const CONFIG: &str = "\
default_profile = 'acme'
[defaults]
start = '30d'
retry_for = '5m'
[profiles.acme]
subdomain = 'acme'
email = 'admin@example.com'
api_token = 'c4n4ry-token'
resources = ['tickets', 'users']
state = 'acme.json'
headers_timeout = '33s'
max_page_bytes = '64MiB'
per_page = 500
";

/// Each setting's value and origin.
#[track_caller]
fn setting(shown: &Value, name: &str) -> (String, String) {
    let rows = shown["settings"].as_array().expect("settings");
    let row = rows.iter().find(|row| row["name"] == name);
    let row = row.unwrap_or_else(|| panic!("no {name} in {shown:#}"));
    let text = |key: &str| match &row[key] {
        Value::Array(list) => {
            list.iter().map(|one| one.as_str().expect("a text")).collect::<Vec<_>>().join(", ")
        }
        value => value.as_str().expect("a text").to_owned(),
    };
    (text("value"), text("origin"))
}

#[track_caller]
fn is(shown: &Value, name: &str, value: &str, origin: &str) {
    assert_eq!(setting(shown, name), (value.to_owned(), origin.to_owned()), "{name}");
}

/// A file's absolute name, as zdx tells it.
fn at(place: &Place, name: &str) -> String {
    place.path("").canonicalize().unwrap().join(name).display().to_string()
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn a_config_file_is_written_for_its_owner_alone() {
    let place = Place::new();
    let run = place.zdx("config init").through("umask 000; exec \"$0\" \"$@\"").run();
    run.exit(0).stdout("").stderr_has("wrote ");
    let path = place.zdx("config path").run();
    let path = path.exit(0).text();
    let path = Path::new(path.trim_end());
    assert!(path.is_absolute() && path.ends_with(".config/zdx/config.toml"), "{path:?}");
    assert_eq!(mode(path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(fs::read_to_string(path).unwrap(), EXAMPLE);
}

#[test]
fn what_was_written_is_read_as_a_config_file() {
    let place = Place::new();
    place.zdx("config init --config new/dir/c.toml").run().exit(0);
    assert_eq!(mode(&place.path("new/dir/c.toml")), 0o600);
    let run = place.zdx("config show --json --config new/dir/c.toml").run();
    let shown: Value = serde_json::from_str(&run.exit(0).text()).unwrap();
    assert_eq!(shown["exists"], true);
    is(&shown, "account", "acme", "profile acme");
    is(&shown, "start", "30d", "[defaults] of new/dir/c.toml");
    is(&shown, "resources", "tickets, users, organizations", "profile acme");
    // Nothing that must first be made elsewhere stands in it.
    assert!(setting(&shown, "state").0.ends_with(".local/state/zdx/acme.json"));
    not_set(&shown, "credentials");
    let words = "export tickets --dry-run --config new/dir/c.toml";
    place.zdx(words).env("ZENDESK_OAUTH_TOKEN", "c4n4ry-0123456789").run().exit(0);
}

#[test]
fn a_config_file_that_exists_is_left_as_it_is() {
    let place = Place::new();
    place.put("c.toml", "# mine\n");
    for words in ["--config c.toml", "--config c.toml -q"] {
        place.zdx(&format!("config init {words}")).run().refused(2, "c.toml exists already");
    }
    place.zdx("config init").env("ZDX_CONFIG", "c.toml").run().exit(2);
    assert_eq!(place.file("c.toml"), "# mine\n");
    assert_eq!(place.names(), ["c.toml"]);
}

#[test]
fn a_link_in_the_place_of_a_config_file_is_left_as_it_is() {
    let place = Place::new();
    std::os::unix::fs::symlink("elsewhere.toml", place.path("c.toml")).unwrap();
    place.zdx("config init --config c.toml").run().refused(2, "c.toml exists already");
    assert!(place.path("c.toml").is_symlink());
    assert_eq!(place.names(), ["c.toml"]);
}

#[test]
fn the_path_is_that_of_flag_or_environment() {
    let place = Place::new();
    place.zdx("config path --config a.toml").run().exit(0).stdout("a.toml\n");
    place.zdx("config path").env("ZDX_CONFIG", "b.toml").run().exit(0).stdout("b.toml\n");
    let run = place.zdx("config path --config a.toml").env("ZDX_CONFIG", "b.toml").run();
    run.exit(0).stdout("a.toml\n");
}

#[test]
fn each_setting_is_shown_with_where_it_comes_from() {
    let place = Place::new();
    place.put("c.toml", CONFIG);
    let run = place
        .zdx("config show --json --config c.toml --base-url http://127.0.0.1:9")
        .env("ZDX_CONNECT_TIMEOUT", "3s")
        .run();
    assert_eq!(run.exit(0).stderr(), "");
    let text = run.text();
    assert_eq!(text.lines().count(), 1);
    let shown: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(shown["config"], "c.toml");
    assert_eq!(shown["exists"], true);
    is(&shown, "base_url", "http://127.0.0.1:9", "--base-url");
    is(&shown, "connect_timeout", "3s", "ZDX_CONNECT_TIMEOUT");
    is(&shown, "headers_timeout", "33s", "profile acme");
    is(&shown, "request_timeout", "5m", "the default");
    is(&shown, "account", "acme", "profile acme");
    is(&shown, "state", &at(&place, "acme.json"), "profile acme");
    is(&shown, "resources", "tickets, users", "profile acme");
    is(&shown, "start", "30d", "[defaults] of c.toml");
    is(&shown, "retry_for", "5m", "[defaults] of c.toml");
    is(&shown, "max_page_bytes", "64MiB", "profile acme");
    is(&shown, "per_page", "500", "profile acme");
}

#[test]
fn credentials_are_shown_with_where_they_stand() {
    let place = Place::new();
    place.put("c.toml", CONFIG);
    let show = |words: &str, token: &str| {
        let words = format!("config show --json --config c.toml {words}");
        let run = place.zdx(&words).env("ZENDESK_OAUTH_TOKEN", token).run();
        let shown: Value = serde_json::from_str(&run.exit(0).text()).unwrap();
        setting(&shown, "credentials")
    };
    let pair = |value: &str, origin: &str| (format!("{value} (redacted)"), origin.to_owned());
    assert_eq!(show("", ""), pair("API token", "profile acme"));
    assert_eq!(show("", "c4n4ry"), pair("OAuth access token", "ZENDESK_OAUTH_TOKEN"));
    assert_eq!(show("--profile acme", "c4n4ry"), pair("API token", "profile acme"));
}

#[test]
fn a_flag_beats_the_environment_which_beats_the_config_file() {
    let place = Place::new();
    place.put("c.toml", CONFIG);
    let show = |words: &str, state: &str| {
        let words = format!("config show --json --config c.toml {words}");
        let run = place.zdx(&words).env("ZDX_STATE", state).run();
        let shown: Value = serde_json::from_str(&run.exit(0).text()).unwrap();
        setting(&shown, "state")
    };
    let pair = |value: &str, origin: &str| (at(&place, value), origin.to_owned());
    assert_eq!(show("", ""), pair("acme.json", "profile acme"));
    assert_eq!(show("", "env.json"), pair("env.json", "ZDX_STATE"));
    assert_eq!(show("--state flag.json", "env.json"), pair("flag.json", "--state"));
}

#[test]
fn a_variable_that_no_setting_reads_is_no_origin() {
    let place = Place::new();
    place.put("c.toml", CONFIG);
    let run = place
        .zdx("config show --json --config c.toml")
        .env("ZDX_START", "1d")
        .env("ZDX_RETRY_FOR", "1s")
        .env("ZDX_RESOURCES", "articles")
        .run();
    let shown: Value = serde_json::from_str(&run.exit(0).text()).unwrap();
    is(&shown, "start", "30d", "[defaults] of c.toml");
    is(&shown, "retry_for", "5m", "[defaults] of c.toml");
    is(&shown, "resources", "tickets, users", "profile acme");
}

#[test]
fn the_environment_alone_is_shown_with_the_defaults() {
    let place = Place::new()
        .with("ZENDESK_SUBDOMAIN", "acme")
        .with("ZENDESK_OAUTH_TOKEN", "c4n4ry-0123456789");
    let run = place.zdx("config show --json").run();
    let shown: Value = serde_json::from_str(&run.exit(0).text()).unwrap();
    assert_eq!(shown["exists"], false);
    is(&shown, "account", "acme", "ZENDESK_SUBDOMAIN");
    is(&shown, "base_url", "https://acme.zendesk.com", "the subdomain");
    is(&shown, "state", place.state().to_str().unwrap(), "the default");
    is(&shown, "connect_timeout", "10s", "the default");
}

#[test]
fn secrets_are_shown_redacted() {
    let place = Place::new();
    place.put("c.toml", CONFIG);
    let command = CONFIG.replace("api_token = ", "api_token_command = 'echo c4n4ry' # ");
    place.put("d.toml", &command);
    for words in ["config show --config c.toml", "config show --config d.toml --json -vvv"] {
        // That no secret is printed is checked after every run.
        place.zdx(words).run().exit(0).stdout_has("API token").stdout_has("redacted");
    }
}

#[test]
fn people_get_a_line_for_each_setting() {
    let place = Place::new();
    place.put("c.toml", CONFIG);
    let run = place.zdx("config show --config c.toml").run();
    run.exit(0).stdout_has("c.toml: read\n");
    for line in run.lines().iter().skip(1) {
        assert!(line.contains(" from "), "{line}");
    }
    let place = Place::new().with("ZENDESK_SUBDOMAIN", "acme");
    let run = place.zdx("config show").run();
    run.exit(0).stdout_has("config.toml: not there\n").stdout_has("credentials        not set\n");
}

#[test]
fn a_config_file_that_cannot_be_used_is_not_shown() {
    let place = Place::new();
    place.put("bad.toml", "[profiles.acme]\nsubdomian = 'acme'\n");
    place.zdx("config show --config bad.toml").run().refused(3, "did you mean \"subdomain\"");
    place.zdx("config show --config none.toml").run().refused(3, "none.toml");
    let open = place.put("open.toml", CONFIG);
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
    place.zdx("config show --config open.toml").run().refused(3, "chmod 600");
}

/// What text and JSON tell without an account.
#[track_caller]
fn not_set(shown: &Value, name: &str) {
    let rows = shown["settings"].as_array().expect("settings");
    let row = rows.iter().find(|row| row["name"] == name).expect("a row");
    assert_eq!(row["value"], Value::Null, "{row}");
}

#[test]
fn what_there_is_is_shown_without_an_account() {
    let place = Place::new();
    place.put("c.toml", "[defaults]\nstart = '2h'\n[profiles.p]\nper_page = 10\n");
    let run = place.zdx("config show").run();
    run.exit(0)
        .stdout_has("account            not set\n")
        .stdout_has("profile            not set\n");
    let run = place.zdx("config show --json --config c.toml --profile p").run();
    let shown: Value = serde_json::from_str(&run.exit(0).text()).unwrap();
    is(&shown, "profile", "p", "--profile");
    is(&shown, "per_page", "10", "profile p");
    is(&shown, "start", "2h", "[defaults] of c.toml");
    for name in ["account", "base_url", "state", "credentials"] {
        not_set(&shown, name);
    }
    let run = place.zdx("config show").env("ZENDESK_EMAIL", "a@b.c").run();
    run.exit(0).stdout_has("not set: ZENDESK_EMAIL is set, but ZENDESK_API_TOKEN is not\n");
}

#[test]
fn the_profile_is_shown_with_what_chose_it() {
    let place = Place::new();
    place.put("c.toml", CONFIG);
    let show = |words: &str, name: &str, value: &str| {
        let words = format!("config show --config c.toml {words}");
        place.zdx(&words).env(name, value).run().exit(0).text()
    };
    for (text, line) in [
        (show("", "X", "x"), "from default_profile of c.toml\n"),
        (show("--profile acme", "X", "x"), "from --profile\n"),
        (show("", "ZDX_PROFILE", "acme"), "from ZDX_PROFILE\n"),
    ] {
        let row = text.lines().find(|row| row.starts_with("profile ")).unwrap();
        assert!(row.contains(" acme ") && line.starts_with(&row[60..]), "{row}");
    }
    let text = show("", "ZENDESK_SUBDOMAIN", "other");
    let why = "not set: the profile acme is left aside: it is of acme, and ZENDESK_SUBDOMAIN says";
    assert!(text.contains(why), "{text}");
}

#[test]
fn showing_reads_no_secret_and_runs_no_command() {
    let place = Place::new();
    let config = |key: &str| CONFIG.replace("api_token = 'c4n4ry-token'", key);
    place.put("c.toml", &config("api_token_command = 'touch ran; echo x'"));
    let run = place.zdx("config show --config c.toml").run();
    run.exit(0).stdout_has("from command (api_token_command of profile acme)\n");
    assert_eq!(place.names(), ["c.toml"]);
    place.put("c.toml", &config("api_token_file = '/none/of/these'"));
    let run = place.zdx("config show --config c.toml").run();
    run.exit(0).stdout_has("from file /none/of/these (api_token_file of profile acme)\n");
}

#[test]
fn where_the_config_file_is_is_told_to_programs() {
    let place = Place::new();
    for words in ["config path", "config init"] {
        let run = place.zdx(&format!("{words} --json --config c.toml")).run();
        run.exit(0).stdout("{\"config\":\"c.toml\",\"error\":null,\"exit\":0}\n");
    }
    assert_eq!(place.file("c.toml"), EXAMPLE);
}
