//! What must stay true of the repository itself.
//!
//! `ZDX_BLESS=1 cargo test` rewrites the files that are generated.

use crate::harness::Place;
use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below a directory.
fn sources(dir: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut dirs = vec![root().join(dir)];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found
}

#[test]
#[expect(clippy::disallowed_methods, reason = "ZDX_BLESS is the tests' own, and rewrites files")]
fn the_completions_are_those_that_the_program_prints() {
    let bless = std::env::var_os("ZDX_BLESS").is_some();
    let place = Place::new();
    for (shell, name) in [
        ("bash", "zdx.bash"),
        ("zsh", "_zdx"),
        ("fish", "zdx.fish"),
        ("elvish", "zdx.elv"),
        ("powershell", "_zdx.ps1"),
    ] {
        let printed = place.zdx("completions").arg(shell).run().exit(0).text();
        let path = root().join("completions").join(name);
        if bless {
            fs::write(&path, &printed).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == printed, "{}: ZDX_BLESS=1 cargo test", path.display());
    }
}

#[test]
fn the_example_config_is_one_that_the_program_reads() {
    let text = fs::read_to_string(root().join("config.example.toml")).unwrap();
    let place = Place::at("");
    place.put("c.toml", &text);
    let run = place.zdx("export tickets --since 2h --dry-run --config c.toml --state s.json").run();
    run.exit(0);
}

/// The exit codes of the README.
const EXITS: [&str; 14] =
    ["0", "1", "2", "3", "4", "5", "6", "7", "8", "11", "129", "130", "143", "141"];

#[test]
fn the_readme_lists_every_exit_code_and_no_other() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let section = readme.split("\n## ").find(|section| section.to_lowercase().starts_with("exit"));
    let rows = section.unwrap_or_default().lines().filter(|line| line.starts_with("| "));
    let mut found: Vec<String> = rows
        .filter_map(|line| line.split('|').nth(1))
        .flat_map(|cell| cell.split(',').map(|code| code.trim().trim_matches('`').to_owned()))
        .filter(|code| code.chars().all(|c| c.is_ascii_digit()) && !code.is_empty())
        .collect();
    found.sort();
    let mut expected = EXITS.map(str::to_owned).to_vec();
    expected.sort();
    assert_eq!(found, expected);
}

/// The part of a file that is shipped.
fn shipped(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default()
}

#[test]
fn pure_modules_touch_no_files_sockets_or_threads() {
    let pure = [
        "paging.rs",
        "retry.rs",
        "pacer/mod.rs",
        "pacer/bucket.rs",
        "pacer/queue.rs",
        "pacer/sent.rs",
        "pacer/source.rs",
        "pacer/window.rs",
        "page.rs",
        "record.rs",
        "time.rs",
        "request.rs",
        "api/headers.rs",
        "export/lines.rs",
        "shown.rs",
    ];
    for name in pure {
        let text = fs::read_to_string(root().join("src").join(name)).unwrap();
        let text = shipped(&text);
        for word in ["fs", "net", "thread", "process", "env"] {
            for form in [format!("std::{word}"), format!("    {word}::"), format!("{{{word}::")] {
                assert!(!text.contains(&form), "src/{name} uses {form}");
            }
        }
        for word in ["Instant::now", "SystemTime", "fastrand", "ureq"] {
            assert!(!text.contains(word), "src/{name} uses {word}");
        }
    }
}

#[test]
fn every_source_file_says_what_it_is() {
    for (path, text) in sources("src").into_iter().chain(sources("tests")) {
        assert!(text.starts_with("//! "), "{}", path.display());
    }
}

#[test]
fn nothing_is_left_to_do() {
    let words =
        ["TO", "FIX"].map(|half| format!("{half}{}", if half == "TO" { "DO" } else { "ME" }));
    for (path, text) in sources("src").into_iter().chain(sources("tests")) {
        for word in &words {
            assert!(!text.contains(word.as_str()), "{word} in {}", path.display());
        }
    }
}

#[test]
fn the_sandbox_shares_no_code_with_the_client() {
    for (path, text) in sources("src/sandbox") {
        assert!(!text.contains("crate::"), "{}", path.display());
    }
}

#[test]
fn only_disk_syncs_renames_and_truncates() {
    for (path, text) in sources("src") {
        if path.ends_with("disk.rs") || path.components().any(|part| part.as_os_str() == "sandbox")
        {
            continue;
        }
        for call in [".sync_all(", ".sync_data(", "fs::rename(", ".set_len(", "fs::write("] {
            assert!(!shipped(&text).contains(call), "{call} in {}", path.display());
        }
    }
}
