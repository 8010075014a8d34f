//! The help, as it is printed at 80 columns: the files in `tests/it/help/`, and what holds of all
//! of them.
//!
//! `ZDX_BLESS=1 cargo test` rewrites them.

use crate::harness::Place;
use std::{collections::BTreeMap, fs, path::Path};

/// The commands from their own lists, as they are typed: "", "export", …, "state show".
fn commands(place: &Place) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut next = 0;
    while let Some(command) = found.get(next).cloned() {
        let help = place.zdx(&command).arg("-h").run().exit(0).text();
        let list = help.split("Commands:\n").nth(1).unwrap_or_default();
        for line in list.lines().take_while(|line| !line.is_empty()) {
            let name = line.split_whitespace().next().unwrap();
            found.push(format!("{command} {name}").trim().to_owned());
        }
        next += 1;
    }
    found
}

/// Every help with the name of its file.
fn texts(place: &Place) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for command in commands(place) {
        for (flag, length) in [("-h", "short"), ("--help", "long")] {
            let run = place.zdx(&command).arg(flag).env("COLUMNS", "80").run();
            let name = format!("zdx {command}").trim().replace(' ', "-");
            texts.insert(format!("{name}.{length}.txt"), run.exit(0).text());
            assert_eq!(run.stderr(), "", "{command} {flag}");
        }
    }
    texts
}

#[test]
#[expect(clippy::disallowed_methods, reason = "ZDX_BLESS is the tests' own, and rewrites files")]
fn the_help_is_the_one_that_was_read() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/help");
    let texts = texts(&Place::new());
    assert!(texts.contains_key("zdx-state-show.long.txt"), "{:?}", texts.keys());
    if std::env::var_os("ZDX_BLESS").is_some() {
        if dir.exists() {
            fs::remove_dir_all(&dir).unwrap();
        }
        fs::create_dir(&dir).unwrap();
        for (name, text) in &texts {
            fs::write(dir.join(name), text).unwrap();
        }
    }
    let names = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, texts.keys().cloned().collect::<Vec<_>>(), "ZDX_BLESS=1 cargo test");
    for (name, text) in &texts {
        let committed = fs::read_to_string(dir.join(name)).unwrap();
        assert!(committed == *text, "tests/it/help/{name}: ZDX_BLESS=1 cargo test\n{text}");
    }
}

#[test]
fn the_short_help_fits_one_screen() {
    for (name, text) in texts(&Place::new()) {
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{name}: {line}");
        }
        let lines = text.lines().count();
        assert!(lines <= 32 || name.ends_with(".long.txt"), "{name}: {lines} lines");
    }
}

#[test]
fn the_long_help_has_every_flag_and_three_examples() {
    let texts = texts(&Place::new());
    for (name, text) in &texts {
        if let Some(command) = name.strip_suffix(".short.txt") {
            let long = &texts[&format!("{command}.long.txt")];
            let flags = text.split_whitespace().filter(|word| word.starts_with("--"));
            for flag in flags.filter(|flag| flag.len() > 2) {
                assert!(long.contains(flag), "{command} --help lacks {flag}");
            }
            let examples = long.split("Examples:\n").nth(1).unwrap_or_default();
            assert!(examples.lines().count() >= 3, "{command}: {examples}");
        }
    }
    let export = &texts["zdx-export.long.txt"];
    for flag in ["--on-overflow", "--per-page", "--color", "--log-format", "--raw"] {
        assert!(export.contains(flag), "{flag}");
        assert!(!texts["zdx-export.short.txt"].contains(flag), "{flag}");
    }
}
