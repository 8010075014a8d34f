//! What must stay true of the repository itself.
//!
//! `ZDX_BLESS=1 cargo test` rewrites the files that are generated.

use crate::{arrows::Arrows, harness::Place};
use std::{
    collections::{BTreeMap, BTreeSet},
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
        "mark.rs",
        "place.rs",
        "state/format.rs",
        "plan/asked.rs",
        "plan/start.rs",
        "paging/cursor.rs",
        "paging/listed.rs",
        "paging/mod.rs",
        "paging/records.rs",
        "paging/start_id.rs",
        "paging/time.rs",
        "paging/token.rs",
        "paging/verdict.rs",
        "retry.rs",
        "pacer/mod.rs",
        "pacer/bucket.rs",
        "pacer/queue.rs",
        "pacer/quota.rs",
        "pacer/sent.rs",
        "pacer/source.rs",
        "pacer/window.rs",
        "page.rs",
        "record.rs",
        "time.rs",
        "request.rs",
        "api/answer.rs",
        "api/headers.rs",
        "export/lines.rs",
        "export/accepted.rs",
        "export/batch.rs",
        "export/clocks.rs",
        "export/ending.rs",
        "export/memory.rs",
        "export/query.rs",
        "export/reading.rs",
        "export/sideloaded.rs",
        "export/stream.rs",
        "export/stream/deciding.rs",
        "export/tally.rs",
        "schema/dialect.rs",
        "schema/files.rs",
        "schema/stream.rs",
        "schema/table.rs",
        "shown.rs",
        "words.rs",
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

/// Files of the sandbox that use one outside of it.
fn ways_out_of_the_sandbox(arrows: &Arrows) -> Vec<String> {
    let inside = |file: &str| file.starts_with("sandbox/");
    let all = arrows.inside.iter().flat_map(|(from, all)| all.iter().map(move |to| (from, to)));
    let out = all.filter(|(from, to)| inside(from) && !inside(to));
    out.map(|(from, to)| format!("{from} -> {to}")).collect()
}

#[test]
fn the_sandbox_shares_no_code_with_the_client() {
    let files = own();
    assert_eq!(ways_out_of_the_sandbox(&Arrows::read(&files)), Vec::<String>::new());
    let sandbox = files.iter().filter(|(name, _)| name.starts_with("sandbox/"));
    let mut seen = 0;
    for (name, text) in sandbox {
        seen += 1;
        // In tests, too; and nothing but what `sandbox/mod.rs` makes public can be named outside.
        for word in ["crate::", "#[path", "pub(crate)", "pub(in ", "macro_export", "macro_use"] {
            assert!(!text.contains(word), "{word} in {name}");
        }
    }
    assert!(seen > 30);
    let entrance = &files["sandbox/mod.rs"];
    assert!(!entrance.contains("pub mod") && !entrance.contains("pub(super)"));
}

#[test]
fn ways_out_of_the_sandbox_are_seen() {
    let ways = |api: &str| {
        let files = [
            ("lib.rs", "mod page;\npub mod sandbox;\nmod time;\n"),
            ("time.rs", "pub(crate) fn now() {}\n"),
            ("page.rs", "pub(crate) struct Page;\n"),
            ("sandbox/mod.rs", "mod api;\nmod quota;\npub use api::Api;\n"),
            ("sandbox/quota.rs", "pub(super) struct Quota;\n"),
            ("sandbox/api.rs", api),
        ];
        let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
        ways_out_of_the_sandbox(&Arrows::read(&BTreeMap::from(files))).len()
    };
    assert_eq!(ways("pub struct Api;\n"), 0);
    assert_eq!(ways("use super::quota::Quota;\n"), 0);
    assert_eq!(ways("use super::super::time::now;\n"), 1);
    assert_eq!(ways("use super::{super::{time::now, page::Page}, quota};\n"), 2);
    assert_eq!(ways("use crate::time;\nfn x() { time::now() }\n"), 1);
    assert_eq!(ways("fn x() { super::super::time::now() }\n"), 1);
}

#[test]
fn only_disk_syncs_renames_and_truncates() {
    for (path, text) in sources("src") {
        // The model is a test that does what people do to their files.
        let apart = path.parent().is_some_and(|dir| dir.ends_with("src/disk"))
            || path.to_string_lossy().contains("export/ownership_");
        if apart || path.components().any(|part| part.as_os_str() == "sandbox") {
            continue;
        }
        for call in [".sync_all(", ".sync_data(", "fs::rename(", ".set_len(", "fs::write("] {
            assert!(!shipped(&text).contains(call), "{call} in {}", path.display());
        }
    }
}

/// The files below `src/` by their names there.
fn own() -> BTreeMap<String, String> {
    let root = root().join("src");
    let name = |path: &Path| path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
    sources("src").into_iter().map(|(path, text)| (name(&path), text)).collect()
}

#[test]
fn there_is_no_circle_of_modules() {
    let files = Arrows::read(&own());
    let mut circles = Vec::new();
    for arrows in [files.of_folders(), files] {
        for circle in arrows.circles() {
            println!("{circle:#?}\n{}", arrows.between(&circle));
            circles.push(circle);
        }
    }
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn each_library_is_known_where_it_belongs_alone() {
    let arrows = Arrows::read(&own());
    // clap's types end at the commands, the HTTP library's at the API.
    let above = ["lib.rs", "cli.rs", "complete.rs", "help.rs", "man.rs"];
    let types = |file: &str| above.contains(&file) || file.starts_with("commands/");
    let mut found = Vec::new();
    for (file, outside) in &arrows.outside {
        for name in outside {
            let belongs = match name.as_str() {
                "clap" | "clap_complete" | "clap_mangen" => types(file),
                "ureq" => file.starts_with("api/"),
                "rustls" | "httparse" => file.starts_with("api/") || file.starts_with("sandbox/"),
                "indicatif" | "console" => file.starts_with("progress/"),
                "signal_hook" => file == "signals.rs",
                "toml" => file == "settings/config.rs",
                _ => true,
            };
            if !belongs {
                found.push(format!("{file} names {name}"));
            }
        }
        if arrows.inside[file].contains("cli.rs") && !types(file) {
            found.push(format!("{file} uses cli.rs"));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// The longest file that can be read in one sitting, in lines.
const LONGEST: usize = 600;

#[test]
fn no_file_is_longer_than_can_be_read_but_the_table_of_flags() {
    let files = own();
    let long =
        files.iter().filter(|(name, text)| *name != "cli.rs" && text.lines().count() > LONGEST);
    let found: Vec<String> = long.map(|(name, _)| name.clone()).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_map_names_every_module_and_no_other() {
    let files = own();
    let text = &files["lib.rs"];
    let map = text.lines().filter_map(|line| line.strip_prefix("//!"));
    let map = map.collect::<Vec<_>>().join("\n");
    // The drawing stands between backticks, too.
    let names: BTreeSet<&str> = map
        .split('`')
        .skip(1)
        .step_by(2)
        .flat_map(|part| part.split(|c: char| !(c.is_alphanumeric() || c == '_')))
        .collect();
    let modules: BTreeSet<String> = files
        .keys()
        .filter_map(|name| name.strip_suffix("/mod.rs").or(name.strip_suffix(".rs")))
        .filter(|name| !name.contains('/') && !["lib", "main"].contains(name))
        .filter(|name| !text.contains(&format!("#[cfg(test)]\nmod {name};")))
        .map(str::to_owned)
        .collect();
    let unnamed: Vec<String> =
        modules.iter().filter(|name| !names.contains(name.as_str())).cloned().collect();
    assert!(unnamed.is_empty(), "{unnamed:#?}");
    // What stands between backticks and is no link is a file.
    for name in map.split('`').skip(1).step_by(2) {
        let is_link = map.contains(&format!("[`{name}`]"));
        let is_name =
            !name.is_empty() && name.chars().all(|c| c.is_lowercase() || "_/".contains(c));
        let is_there = files.contains_key(&format!("{name}.rs"))
            || files.contains_key(&format!("{name}/mod.rs"));
        assert!(is_link || !is_name || is_there, "the map names `{name}`, which is not there");
    }
}

#[test]
fn each_negative_control_still_fits_what_it_breaks() {
    let dir = root().join("tests/controls");
    let patches: Vec<PathBuf> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    let patches = patches.iter().filter(|path| path.extension().is_some_and(|end| end == "patch"));
    let mut count = 0;
    for path in patches {
        let patch = fs::read_to_string(path).unwrap();
        let name = patch.lines().find_map(|line| line.strip_prefix("+++ b/")).unwrap();
        let file = fs::read_to_string(root().join(name)).unwrap_or_default();
        for hunk in patch.split("\n@@ ").skip(1) {
            let old = hunk.lines().skip(1).filter_map(|line| line.strip_prefix([' ', '-']));
            let old: String = old.map(|line| format!("{line}\n")).collect();
            assert!(
                !old.is_empty() && file.contains(&old),
                "{}: not in {name}:\n{old}",
                path.display()
            );
            count += 1;
        }
    }
    assert!(count >= 4, "{count}");
}
