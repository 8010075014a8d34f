//! Completing: what the shells' scripts are told can come next, and that asking for it does nothing
//! else.

use crate::{
    harness::{ALL, LISTS, Outcome, Place},
    machine::skipped,
};
use std::{fs, path::Path};
use zdx::sandbox::{Options, Sandbox};

/// Asks as fish does: the words so far, of which the last one is being typed.
#[track_caller]
fn asked(place: &Place, words: &[&str]) -> Outcome {
    let mut zdx = place.zdx("-- zdx").env("COMPLETE", "fish");
    for word in words {
        zdx = zdx.arg(*word);
    }
    let run = zdx.run();
    assert_eq!(run.exit(0).stderr(), "", "{words:?}");
    run
}

/// What comes next, without the descriptions.
#[track_caller]
fn next(place: &Place, words: &[&str]) -> Vec<String> {
    let lines = asked(place, words).lines();
    lines.iter().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

const CONFIG: &str = "default_profile = \"acme\"\n\
    [profiles.acme]\nsubdomain = \"acme\"\nclient_id = \"x\"\n\
    client_secret_command = \"touch ran\"\n\
    [profiles.other]\nsubdomain = \"other\"\noauth_token_file = \"none\"\n";

#[test]
fn resources_are_completed_and_none_is_offered_twice() {
    let place = Place::new();
    let every = [&ALL[..], &LISTS].concat();
    let mut all = every.clone();
    all.extend(["all", "lists"]);
    assert_eq!(next(&place, &["export", ""]), all);
    assert_eq!(
        next(&place, &["export", "ticket_"]),
        ["ticket_events", "ticket_metric_events", "ticket_fields", "ticket_forms"]
    );
    assert_eq!(next(&place, &["export", "tickets", "us"]), ["users", "user_fields"]);
    assert_eq!(
        next(&place, &["export", "tickets", "-o", "users", "--since", "2h", "users", ""]),
        every
            .iter()
            .copied()
            .filter(|name| !["tickets", "users"].contains(name))
            .chain(["lists"])
            .collect::<Vec<_>>()
    );
    all = [&every[..], &["lists", "all"]].concat();
    assert_eq!(next(&place, &["state", "reset", ""]), all);
    assert_eq!(next(&place, &["state", "set", "tickets", "us"]), ["users", "user_fields"]);
    assert_eq!(next(&place, &["state", "move", ""]), every);
    assert_eq!(next(&place, &["sample", "t"]), ["tickets", "ticket_events"]);
}

#[test]
fn commands_flags_and_their_values_are_completed() {
    let place = Place::new();
    assert_eq!(next(&place, &["co"]), ["config", "completions"]);
    assert_eq!(next(&place, &["state", ""]), ["show", "path", "set", "move", "reset"]);
    assert_eq!(next(&place, &["export", "tickets", "--on"]), ["--on-overflow"]);
    assert_eq!(next(&place, &["export", "--on-overflow", ""]), ["stop", "skip-second"]);
    assert_eq!(next(&place, &["--color", "a"]), ["auto", "always"]);
    assert_eq!(next(&place, &["check", "--color=n"]), ["--color=never"]);
    assert_eq!(next(&place, &["check", ""])[..2], ["tickets", "ticket_events"]);
}

#[test]
fn sideloads_are_those_that_every_named_resource_has() {
    let place = Place::new();
    let include = |resources: &[&str], typed: &[&str]| {
        let words: Vec<&str> = ["export"].iter().chain(resources).chain(typed).copied().collect();
        next(&place, &words)
    };
    assert_eq!(
        include(&["users"], &["--include", ""]),
        ["organizations", "abilities", "roles", "identities", "groups", "open_ticket_count"]
    );
    assert_eq!(include(&["users", "organizations"], &["--include", ""]), ["abilities"]);
    assert!(include(&["calls"], &["--include", ""]).is_empty());
    assert_eq!(include(&["ticket_metric_events"], &["--include", ""]), ["changes"]);
    assert_eq!(include(&["tickets"], &["--include", "users,gr"]), ["users,groups"]);
    assert_eq!(include(&["tickets"], &["--include=users,gr"]), ["--include=users,groups"]);
    let more = include(&["tickets"], &["--include", "users,"]);
    assert!(more.iter().all(|list| list.starts_with("users,")), "{more:?}");
    assert!(more.contains(&"users,groups".to_owned()), "{more:?}");
    assert!(!more.contains(&"users,users".to_owned()), "{more:?}");
    assert!(include(&[], &["--include", ""]).contains(&"translations".to_owned()));
}

#[test]
fn profiles_are_those_of_the_config_file() {
    let place = Place::new();
    place.put("c.toml", CONFIG);
    for words in [
        &["--config", "c.toml", "--profile", ""][..],
        &["export", "tickets", "--config=c.toml", "--profile", ""],
    ] {
        assert_eq!(next(&place, words), ["acme", "other"], "{words:?}");
    }
    let named = Place::new().with("ZDX_CONFIG", "c.toml");
    named.put("c.toml", CONFIG);
    assert_eq!(next(&named, &["check", "--profile", "o"]), ["other"]);
}

#[test]
fn completing_sends_nothing_runs_nothing_and_writes_nothing() {
    let sandbox = Sandbox::start(Options::default()).unwrap();
    let place = Place::of(&sandbox);
    place.put("c.toml", CONFIG);
    let before = place.names();
    for words in [
        &["--config", "c.toml", "--profile", ""][..],
        &["export", ""],
        &["export", "tickets", "--include", ""],
        &["--config", "c.toml", "state", "set", ""],
    ] {
        asked(&place, words);
    }
    assert!(sandbox.requests().is_empty());
    assert_eq!(place.names(), before);
    assert_eq!(place.state_bytes(), "");
}

#[test]
fn completing_with_a_broken_config_file_says_nothing() {
    let place = Place::new();
    place.put("c.toml", "this is [not TOML");
    for config in ["c.toml", "none.toml", "/dev/null", "."] {
        assert_eq!(asked(&place, &["--config", config, "--profile", ""]).text(), "");
    }
    let open = place.put("open.toml", CONFIG);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(open, mode).unwrap();
    assert_eq!(next(&place, &["--config", "open.toml", "--profile", "a"]), ["acme"]);
}

#[test]
fn words_that_are_no_words_are_survived() {
    let place = Place::new();
    for words in [&["\u{e9}", "--"][..], &["--include=", "=", "="], &["-", "--", ""]] {
        asked(&place, words);
    }
    let mut zdx = place.zdx("-- zdx export").env("COMPLETE", "bash");
    zdx = zdx.env("_CLAP_COMPLETE_INDEX", "99999999999999999999");
    assert_eq!(zdx.run().exit(0).stderr(), "");
    let zdx = place.zdx("-- zdx export").env("COMPLETE", "zsh").env("_CLAP_COMPLETE_INDEX", "77");
    assert_eq!(zdx.run().exit(0).stderr(), "");
}

/// Windows PowerShell drops an empty word; the script for it says where it was.
#[test]
fn an_empty_word_that_the_shell_dropped_is_known_by_its_place() {
    let place = Place::new();
    let asked = |index: &str| {
        let run = place.zdx("-- zdx export tickets").env("COMPLETE", "powershell");
        run.env("_CLAP_COMPLETE_INDEX", index).run().exit(0).lines()
    };
    assert_eq!(asked("2"), ["tickets"]);
    assert_eq!(asked("3"), [&ALL[1..], &LISTS, &["lists"]].concat());
    let script = place.zdx("completions powershell").run().exit(0).text();
    assert!(!script.contains("Invoke-Expression"), "{script}");
}

/// What somebody set for another purpose must not turn an export into a list of words.
#[test]
fn a_variable_that_is_set_by_chance_changes_nothing() {
    let place = Place::at("");
    for value in ["bash", "1", "fish"] {
        let run = place.zdx("export tickets --since 2h --dry-run").env("COMPLETE", value).run();
        run.exit(0).stdout_has("would send GET");
    }
}

/// On a terminal that zsh's own module makes, from the first completion on.
#[test]
fn zsh_completes_with_the_script_that_is_printed() {
    if !Path::new("/bin/zsh").exists() {
        return skipped("completing in zsh", "there is no zsh");
    }
    let place = Place::new();
    let script = place.zdx("completions zsh").run().exit(0).text();
    assert!(script.starts_with("#compdef zdx\n") && script.contains("funcstack"), "{script}");
    place.put("_zdx", &script);
    place.put(
        "drive.zsh",
        r#"zmodload zsh/zpty
zpty z zsh -f
typed() { zpty -w -n z $1 }
typed $'PS1=; path=($PWD/bin $path); fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D\n'
typed $'print -r -- ready\n'
zpty -r z seen '*ready*ready*'
typed $'zdx export users --include ide\t'
zpty -r z seen '*identities*' && print completed
zpty -d z
"#,
    );
    let line = "mkdir bin; ln -s \"$0\" bin/zdx; exec timeout 20 zsh -f drive.zsh";
    let run = place.zdx("--").env("TERM", "dumb").through(line).run();
    run.exit(0).stdout_has("completed");
}

#[test]
fn bash_completes_with_the_script_that_is_printed() {
    if !Path::new("/bin/bash").exists() {
        return skipped("completing in bash", "there is no bash");
    }
    let place = Place::new();
    place.put("c.toml", CONFIG);
    let script = place.zdx("completions bash").run().exit(0).text();
    place.put("zdx.bash", &script);
    for (typed, expected) in [
        ("export tickets us", "users\nuser_fields"),
        ("export users --include ide", "identities"),
        ("export users --include groups,ide", "groups,identities"),
        // bash splits at the equals sign, and replaces what stands behind it.
        ("export users --include = ide", "identities"),
        ("--config = c.toml --profile ot", "other"),
    ] {
        let line = format!(
            "export ZDX=\"$0\"; exec bash -c '
                zdx() {{ \"$ZDX\" \"$@\"; }}
                . ./zdx.bash
                COMP_WORDS=(zdx {typed}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMP_TYPE=9
                _clap_complete_zdx zdx \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"
                printf \"%s\\n\" \"${{COMPREPLY[@]}}\"'"
        );
        let run = place.zdx("--").through(&line).run();
        assert_eq!(run.exit(0).text(), format!("{expected}\n"), "{typed}");
        assert_eq!(run.stderr(), "", "{typed}");
    }
}
