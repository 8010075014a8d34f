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
    let text = |key: &str| row[key].as_str().expect("a text").to_owned();
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
    is(&shown, "account", "acme", "the config file");
    is(&shown, "start", "30d", "the config file");
    is(&shown, "resources", "tickets, users, organizations", "the config file");
    is(&shown, "state", "/var/lib/zdx/acme.json", "the config file");
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
    is(&shown, "headers_timeout", "33s", "the config file");
    is(&shown, "request_timeout", "5m", "the default");
    is(&shown, "account", "acme", "the config file");
    is(&shown, "state", &at(&place, "acme.json"), "the config file");
    is(&shown, "resources", "tickets, users", "the config file");
    is(&shown, "start", "30d", "the config file");
    is(&shown, "retry_for", "5m", "the config file");
    is(&shown, "max_page_bytes", "64MiB", "the config file");
    is(&shown, "per_page", "500", "the config file");
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
    assert_eq!(show("", ""), pair("API token", "the config file"));
    assert_eq!(show("", "c4n4ry"), pair("OAuth access token", "the environment"));
    assert_eq!(show("--profile acme", "c4n4ry"), pair("API token", "the config file"));
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
    assert_eq!(show("", ""), pair("acme.json", "the config file"));
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
    is(&shown, "start", "30d", "the config file");
    is(&shown, "retry_for", "5m", "the config file");
    is(&shown, "resources", "tickets, users", "the config file");
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
    run.exit(0).stdout_has("config.toml: not there\n").stdout_has("no credentials");
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
    Place::new().zdx("config show").run().refused(2, "no account");
}
