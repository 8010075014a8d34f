//! The README, taken at its word: its commands are run as they stand, against a sandbox, and its
//! recipes with the tools that they are for. Where a tool is missing, that is said aloud.
//!
//! What changes is only where things are: `/data` is a directory of the test's, and the account
//! is the sandbox's.

use crate::{
    harness::{Place, Still, TICKETS, Zdx, eventually, small},
    machine::skipped,
    progress::on_a_terminal_of,
};
use rustix::process::Signal;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Command,
};
use zdx::sandbox::{CLIENT_ID, CLIENT_SECRET, Options, SUBDOMAIN};

const README: &str = include_str!("../../README.md");

/// A fenced block: the section that it stands in, its language, and its text.
struct Block {
    section: &'static str,
    language: &'static str,
    text: &'static str,
}

fn blocks() -> Vec<Block> {
    let mut found = Vec::new();
    for section in README.split("\n## ") {
        let name = section.lines().next().unwrap_or_default();
        for fenced in section.split("```").skip(1).step_by(2) {
            let (language, text) = fenced.split_once('\n').expect("a block has lines");
            found.push(Block { section: name, language, text });
        }
    }
    found
}

/// The only block of a language in a section that holds this text.
#[track_caller]
fn block(section: &str, language: &str, holds: &str) -> &'static str {
    let found: Vec<&str> = blocks()
        .iter()
        .filter(|block| block.section == section && block.language == language)
        .map(|block| block.text)
        .filter(|text| text.contains(holds))
        .collect();
    assert_eq!(found.len(), 1, "{section}, {language}, {holds}: {found:?}");
    found[0]
}

/// What stands between single backticks, outside of blocks.
fn inline() -> impl Iterator<Item = &'static str> {
    README.split("```").step_by(2).flat_map(|text| text.split('`').skip(1).step_by(2))
}

/// Whether a tool is where runs look for it; says so where it is not.
fn has(tool: &str, what: &str) -> bool {
    let found =
        ["/usr/local/bin", "/usr/bin", "/bin"].map(|dir| Path::new(dir).join(tool).exists());
    if !found.contains(&true) {
        skipped(what, &format!("there is no {tool}"));
    }
    found.contains(&true)
}

/// A run of lines of sh, in which `zdx` is the program, and the first failure is the last line.
fn sh<'a>(place: &'a Place, lines: &str) -> Zdx<'a> {
    place.zdx("").through(&format!("set -e; PATH=.:${{0%/*}}:$PATH\n{}", here(place, lines)))
}

/// The same text with the test's own directories in place of those of a machine.
fn here(place: &Place, text: &str) -> String {
    let data = place.path("data").display().to_string();
    let etc = place.path("etc").display().to_string();
    text.replace("/data", &data).replace("/var/lib/zdx", &data).replace("/etc/zdx", &etc)
}

/// A place with the directories of the recipes.
fn furnished(still: &Still) -> Place {
    let place = Place::of(&still.sandbox).oauth_client();
    for name in ["data", "etc"] {
        fs::create_dir(place.path(name)).expect("a new directory");
    }
    place
}

/// The same with the config file of the recipes instead of variables that name an account.
fn configured(still: &Still) -> Place {
    let place = furnished(still);
    let config = here(&place, block("Recipes", "toml", ""));
    let config = config.replace("\"acme\"\nclient_id", &format!("\"{SUBDOMAIN}\"\nclient_id"));
    let config = config.replace("zdx_export", CLIENT_ID);
    let secret = place.put("etc/secret", &format!("{CLIENT_SECRET}\n"));
    assert!(config.contains(&format!("client_secret_file = \"{}\"", secret.display())), "{config}");
    let config = place.put("etc/config.toml", &config);
    place
        .with("ZENDESK_SUBDOMAIN", "")
        .with("ZENDESK_OAUTH_CLIENT_ID", "")
        .with("ZENDESK_OAUTH_CLIENT_SECRET", "")
        .with("ZDX_CONFIG", &config.display().to_string())
}

/// A text without what differs from one run to the next: each number is an N.
fn shape(text: &str) -> String {
    let mut shape = String::new();
    for c in text.chars() {
        let c = if c.is_ascii_digit() { 'N' } else { c };
        if c != 'N' || !shape.ends_with('N') {
            shape.push(c);
        }
    }
    shape
}

/// What was on a screen, without colours and the like.
fn plain(screen: &str) -> String {
    let mut parts = screen.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    let end = |part: &str| part.find(|c: char| c.is_ascii_alphabetic()).map_or(0, |at| at + 1);
    parts.fold(first, |text, part| text + &part[end(part)..])
}

#[test]
fn every_block_is_run_by_a_test() {
    let mut found: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for block in blocks() {
        *found.entry((block.section, block.language)).or_default() += 1;
    }
    // Whoever adds a block adds the test that runs it.
    let expected = [
        (("# zdx", "console"), 1),
        (("# zdx", "sh"), 1),
        (("Load it", "sh"), 1),
        (("Recipes", "conf"), 1),
        (("Recipes", "crontab"), 1),
        (("Recipes", "ini"), 1),
        (("Recipes", "sh"), 3),
        (("Recipes", "toml"), 1),
        (("Recipes", "yaml"), 1),
        (("Summaries for programs", "sh"), 1),
        (("With an account", "sh"), 1),
    ];
    assert_eq!(found, BTreeMap::from(expected));
}

#[test]
fn it_can_be_read_in_one_go_and_its_links_lead_somewhere() {
    assert!(README.lines().count() <= 300, "{} lines", README.lines().count());
    let slug = |title: &str| {
        let kept = title.to_lowercase().replace(' ', "-");
        kept.chars().filter(|c| c.is_alphanumeric() || *c == '-').collect::<String>()
    };
    let titles = README.split("\n## ").skip(1).filter_map(|section| section.lines().next());
    let titles: BTreeSet<String> = titles.map(slug).collect();
    let contents = README.split("**Contents**").nth(1).unwrap_or_default();
    let contents = contents.split("\n## ").next().unwrap_or_default();
    let links = |text: &str| {
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        links.map(str::to_owned).collect::<Vec<_>>()
    };
    let listed = links(contents).into_iter().map(|link| link.trim_start_matches('#').to_owned());
    assert_eq!(listed.collect::<BTreeSet<_>>(), titles, "the contents list");
    for link in links(README) {
        if let Some(anchor) = link.strip_prefix('#') {
            assert!(titles.contains(anchor), "{link}");
        } else if !link.starts_with("https://") {
            assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(&link).exists(), "{link}");
        }
    }
}

#[test]
fn every_flag_that_is_named_exists() {
    let place = Place::new();
    let mut help = String::new();
    for command in
        ["", "export", "sample", "check", "config show", "state set", "sandbox", "schema"]
    {
        help += &place.zdx(&format!("{command} --help")).run().exit(0).text();
    }
    let mut named = 0;
    for flag in inline().filter_map(|code| code.split([' ', '=']).next()) {
        if flag.starts_with("--") {
            assert!(help.contains(flag), "{flag}");
            named += 1;
        }
    }
    assert!(named > 20, "{named}");
}

/// What a newcomer types first. It waits for the sandbox's quota of a real minute once, which is
/// what the README shows.
#[test]
fn the_first_command_shows_the_main_job_at_work() {
    let session: Vec<&str> = block("# zdx", "console", "").lines().collect();
    let [first, progress, summary, then, record] = session.as_slice() else {
        panic!("{session:?}")
    };
    let words = first.strip_prefix("$ zdx ").expect("a run of zdx");
    let typed = block("# zdx", "sh", "");
    assert!(typed.starts_with(&format!("cargo run --release -- {words}\n")), "{typed}");
    let place = Place::new();
    let mut screen = String::new();
    // A minute that ends in the midst of the run brings a new quota; the next one does not.
    for again in ["", " --overwrite"] {
        let words = format!("{words}{again}");
        match on_a_terminal_of(&place, &words, "xterm", "stty cols 80; $0 $*") {
            Some(text) => screen = text,
            None => return,
        }
        if screen.contains("quota spent") {
            break;
        }
    }
    assert!(screen.contains("to see a record: head -n 1 out/tickets.ndjson\r\n"), "{screen:?}");
    let seen = shape(&plain(&screen));
    // Without the wheel that turns, and without the numbers and the time of one run.
    let row = shape(progress.split_once(' ').expect("a wheel").1);
    let (records, rest) = row.split_once(", ").expect("records first");
    let (_, waits) = rest.split_once(" behind").expect("a lag");
    assert!(seen.contains(records) && seen.contains(&format!(" behind{waits}")), "{row}: {seen:?}");
    let timed = |field: &str| field.ends_with(" s") || field.contains(" s ");
    for field in summary.split(", ").filter(|field| !timed(field)) {
        assert!(seen.contains(&shape(field)), "{field}: {seen:?}");
    }
    if has("jq", "the first record through jq") {
        let run = sh(&place, then.strip_prefix("$ ").expect("a command")).run();
        let line = run.exit(0).text();
        let members = |line: &str| {
            let object: serde_json::Value = serde_json::from_str(line).expect("a record");
            object.as_object().expect("an object").keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(members(&line), members(record));
    }
    let tail = typed.lines().nth(1).unwrap_or_default();
    let run = sh(&place, tail).run();
    assert_eq!(run.exit(0).lines().len(), 1, "{tail}");
}

#[test]
fn with_an_account_each_line_works_as_it_is_typed() {
    if !has("jq", "the lines for an account") {
        return;
    }
    let still = Still::of(&[TICKETS]);
    let place = furnished(&still);
    let (exported, typed): (Vec<&str>, Vec<&str>) =
        block("With an account", "sh", "").lines().partition(|line| line.starts_with("export "));
    // The harness sets these same variables, to what the sandbox takes.
    let set = exported.iter().flat_map(|line| line.split(' ').skip(1));
    let names: Vec<&str> = set.filter_map(|pair| pair.split('=').next()).collect();
    let expected = ["ZENDESK_SUBDOMAIN", "ZENDESK_OAUTH_CLIENT_ID", "ZENDESK_OAUTH_CLIENT_SECRET"];
    assert_eq!(names, expected);
    let run = sh(&place, &typed.join("\n")).run();
    run.exit(0).stdout_has("credentials  OAuth client").stdout_has("tickets.ndjson, ");
    run.stderr_has("a new series").stderr_has("goes on from");
}

/// A profile's file is what the recipes stand on.
#[test]
fn the_config_of_the_recipes_is_one_that_runs() {
    let still = Still::of(&[]);
    let place = configured(&still);
    let run = place.zdx("config show").run();
    run.exit(0).stdout_has("tickets").stdout_has("365d");
    place.zdx("check").run().exit(0).stdout_has("OAuth client");
}

#[test]
fn the_line_of_cron_runs_again_and_again_without_a_mail() {
    let still = Still::of(&[]);
    let place = configured(&still);
    let table: Vec<&str> = block("Recipes", "crontab", "").lines().collect();
    let [path, line] = table.as_slice() else { panic!("{table:?}") };
    assert!(path.starts_with("PATH=/usr/local/bin:"), "{path}");
    let fields: Vec<&str> = line.split_whitespace().take(5).collect();
    assert!(fields.iter().all(|field| field.chars().all(|c| "*/0123456789".contains(c))), "{line}");
    let command = line.split_once("  ").map(|(_, command)| command.trim()).unwrap_or_default();
    assert!(command.starts_with("zdx ") && !command.contains('%'), "{command}");
    for _ in 0..2 {
        let run = sh(&place, command).run();
        assert_eq!((run.exit(0).text().as_str(), run.stderr()), ("", ""));
    }
    let written = place.file("data/zendesk/tickets.ndjson");
    assert!(!written.is_empty());
    // Another run holds the state: skipped, which is no failure.
    let words = here(&place, "export tickets -o /data/zendesk/ --follow");
    let running = place.zdx(&words).start();
    eventually(|| place.zdx("state show").run().text().contains(" and goes on (pid "));
    place.zdx(&here(&place, "export all -o /data/zendesk/ -q")).run().exit(11);
    sh(&place, command).run().exit(0).stdout("");
    running.signal(Signal::TERM);
    running.end().exit(143);
}

/// The files of a block, each behind a comment with its path.
fn files(text: &str) -> Vec<(&str, String)> {
    let mut files: Vec<(&str, String)> = Vec::new();
    for line in text.lines() {
        match line.strip_prefix("# /").and_then(|path| path.rsplit('/').next()) {
            Some(name) => files.push((name, String::new())),
            None => {
                let (_, text) = files.last_mut().expect("a path first");
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    files
}

#[test]
fn the_units_of_systemd_are_sound_and_their_command_runs() {
    let still = Still::of(&[]);
    let place = configured(&still);
    let units = files(block("Recipes", "ini", ""));
    assert_eq!(
        units.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        ["zdx.service", "zdx.timer"]
    );
    let service = &units[0].1;
    let value = |key: &str| {
        let line = service.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        line.unwrap_or_else(|| panic!("{key}: {service}")).to_owned()
    };
    assert_eq!(value("SuccessExitStatus"), "11");
    assert!(README.contains("`client_secret_file = \"/run/credentials/zdx.service/secret\"`"));
    let command = value("ExecStart").replace("/usr/local/bin/zdx", "zdx");
    let run = sh(&place, &format!("export {}\n{command}", value("Environment"))).run();
    assert_eq!((run.exit(0).text().as_str(), run.stderr()), ("", ""));
    assert!(place.path("data/acme.json").exists() && place.path("data/users.ndjson").exists());
    if !has("systemd-analyze", "the units of systemd") {
        return;
    }
    for (name, text) in &units {
        place.put(name, &text.replace("/usr/local/bin/zdx", "/bin/true"));
    }
    let verify = "systemd-analyze verify ./zdx.service ./zdx.timer 2>&1";
    let output = Command::new("sh").arg("-c").arg(verify).current_dir(place.path("")).output();
    let output = output.expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let about: Vec<&str> = said.lines().filter(|line| line.contains("zdx.")).collect();
    assert!(about.is_empty(), "{said}");
}

#[test]
fn the_cron_job_of_kubernetes_is_sound_and_its_command_runs() {
    let still = Still::of(&[]);
    let text = block("Recipes", "yaml", "");
    let between = |start: &str, end: &str| {
        let rest = text.split_once(start).unwrap_or_else(|| panic!("{start}: {text}")).1;
        rest.split_once(end).unwrap_or_else(|| panic!("{end}: {text}")).0.to_owned()
    };
    // The config map's file, at the path of the variable; the account comes from the secret.
    let place = furnished(&still);
    assert!(text.contains("mountPath: /etc/zdx }") && text.contains("mountPath: /data }"));
    let config = here(&place, &between("config.toml: \"", "\" }"));
    place.put("etc/config.toml", &config);
    let variable = here(&place, &between("ZDX_CONFIG, value: ", " }"));
    let args = here(&place, &between("args: [", "]").replace(',', ""));
    for _ in 0..2 {
        let run = place.zdx(&args).env("ZDX_CONFIG", &variable).run();
        assert_eq!((run.exit(0).text().as_str(), run.stderr()), ("", ""));
    }
    assert!(place.path("data/state.json").exists() && place.path("data/tickets.ndjson").exists());
    if !has("kubectl", "the objects of Kubernetes") {
        return;
    }
    place.put("all.yaml", text);
    place.put("kustomization.yaml", "resources: [all.yaml]\n");
    let mut kubectl = Command::new("kubectl");
    let output = output_of(kubectl.args(["kustomize", "."]).current_dir(place.path("")));
    for line in ["kind: ConfigMap", "kind: CronJob", "schedule: '*/15 * * * *'", "mountPath: /data"]
    {
        assert!(output.contains(line), "{line}: {output}");
    }
}

/// What a tool prints, which ends well.
#[track_caller]
fn output_of(command: &mut Command) -> String {
    let output = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn logrotate_moves_outputs_away_and_the_next_run_begins_new_ones() {
    let tool = "/usr/sbin/logrotate";
    if !Path::new(tool).exists() {
        return skipped("the recipe for logrotate", "there is no logrotate");
    }
    let still = Still::of(&[TICKETS]);
    let place = furnished(&still);
    let words = here(&place, "export tickets -o /data/zendesk/");
    place.zdx(&format!("{words} --since @0")).run().exit(0);
    let conf = place.put("rotate.conf", &here(&place, block("Recipes", "conf", "")));
    let mut rotate = Command::new(tool);
    rotate.arg("-f").arg("-s").arg(place.path("rotate.state")).arg(conf);
    output_of(&mut rotate);
    assert_eq!(place.file("data/zendesk/tickets.ndjson.1"), still.ndjson(TICKETS));
    assert!(!place.path("data/zendesk/tickets.ndjson").exists());
    let new = still.pass_time(TICKETS);
    place.zdx(&words).run().exit(0).stderr_has("starting a new file");
    assert_eq!(place.file("data/zendesk/tickets.ndjson"), crate::harness::ndjson(&new));
    // Rotated by size or by hand a second time, the first one is still there.
    output_of(&mut rotate);
    assert_eq!(place.file("data/zendesk/tickets.ndjson.2"), still.ndjson(TICKETS));
}

/// What stands in for `aws`: a bucket that is a directory, and the two calls that are used.
const AWS: &str = r#"#!/bin/sh
case "$1 $2 $3" in
  "s3 cp -") cat >"bucket/${4##*/}" ;;
  "s3 mv --recursive")
    [ "$4 $5" = "--exclude .*" ] || exit 64
    for file in "$6"*; do [ ! -f "$file" ] || mv "$file" bucket/; done ;;
  *) exit 64 ;;
esac
"#;

#[test]
fn an_object_store_gets_finished_files_and_what_is_piped_to_it() {
    let still = Still::of(&[TICKETS]);
    let place = configured(&still);
    let aws = place.put("aws", AWS);
    fs::set_permissions(aws, fs::Permissions::from_mode(0o700)).unwrap();
    fs::create_dir(place.path("bucket")).unwrap();
    let lines: Vec<&str> = block("Recipes", "sh", "aws s3").lines().collect();
    let [files, pipe] = lines.as_slice() else { panic!("{lines:?}") };
    let bucket = || {
        let names = fs::read_dir(place.path("bucket")).unwrap().flatten();
        let names: Vec<_> =
            names.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        let tickets = names.iter().filter(|name| name.starts_with("tickets-")).count();
        (names.len(), tickets)
    };
    for _ in 0..2 {
        sh(&place, files).run().exit(0).stdout("");
        assert_eq!(bucket(), (3, 1), "one file of each resource, and none of a run without news");
    }
    still.pass_time(TICKETS);
    sh(&place, files).run().exit(0);
    assert_eq!(bucket().1, 2);
    sh(&place, pipe).run().exit(0);
    assert!(place.path("bucket/yesterday.ndjson.gz").exists());
    if has("aws", "the real one's help") {
        let help = output_of(Command::new("aws").args(["s3", "mv", "help"]).env("PAGER", "cat"));
        assert!(help.contains("--recursive") && help.contains("--exclude"), "{help}");
    }
}

/// Versions of tickets by id and time, of which the later line wins: what the recipes for the
/// latest version are to find.
fn history() -> (String, BTreeMap<u64, &'static str>) {
    let rows = [
        (1, 10, "new"),
        (2, 11, "new"),
        (1, 12, "open"),
        (3, 12, "new"),
        (1, 12, "pending"),
        (3, 11, "late"),
        (2, 13, "solved"),
    ];
    let line = |(id, at, status): (u64, u64, &str)| {
        let row = serde_json::json!({"id": id, "status": status, "subject": "s", "generated_timestamp": at});
        format!("{row}\n")
    };
    let text = rows.map(line).concat();
    (text, BTreeMap::from([(1, "pending"), (2, "solved"), (3, "new")]))
}

#[test]
fn jq_counts_what_changed_and_finds_the_latest_version_of_each_ticket() {
    if !has("jq", "the recipes for jq") {
        return;
    }
    let still = Still::of(&[]);
    let place = furnished(&still);
    fs::create_dir(place.path("data/zendesk")).unwrap();
    let (text, latest) = history();
    place.put("data/zendesk/tickets.ndjson", &text);
    let (counts, latest_of) =
        block("Recipes", "sh", "jq -n").split_once('\n').expect("two commands");
    let run = sh(&place, counts).run();
    run.exit(0);
    let run = sh(&place, latest_of).run();
    let found: serde_json::Value = serde_json::from_str(&run.exit(0).text()).expect("an object");
    for (id, status) in &latest {
        assert_eq!(found[id.to_string()]["status"], *status, "{found}");
    }
    assert_eq!(found.as_object().map(serde_json::Map::len), Some(latest.len()));
}

#[test]
fn duckdb_finds_the_latest_version_of_each_ticket() {
    if !has("duckdb", "the recipe for DuckDB") {
        return;
    }
    let place = Place::new();
    fs::create_dir_all(place.path("data/zendesk")).unwrap();
    let (text, latest) = history();
    place.put("data/zendesk/tickets.ndjson", &text);
    let line = block("Recipes", "sh", "duckdb -c").replace("duckdb -c", "duckdb -csv -c");
    let found = sh(&place, &line).run().exit(0).lines();
    let mut found: Vec<String> = found.into_iter().skip(1).collect();
    found.sort();
    let expected: Vec<String> = latest
        .iter()
        .map(|(id, status)| {
            let at = if *id == 2 { 13 } else { 12 };
            format!("{id},{status},s,{at}")
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn each_engine_is_told_what_the_files_hold() {
    let place = Place::new();
    fs::create_dir(place.path("data")).expect("a new directory");
    let lines = block("Load it", "sh", "zdx schema");
    sh(&place, lines).run().exit(0);
    for line in lines.lines() {
        let to = line.split("> ").nth(1).and_then(|to| to.split_whitespace().next());
        let made = fs::read_to_string(place.path(to.expect("each line writes a file"))).unwrap();
        assert!(made.contains("generated_timestamp"), "{line}");
    }
}

#[test]
fn the_summary_goes_through_jq_as_it_is_typed() {
    if !has("jq", "the summary through jq") {
        return;
    }
    let still = Still::of(&[]);
    let place = configured(&still);
    let run = sh(&place, block("Summaries for programs", "sh", "")).run();
    run.exit(0).stdout_has("\"resource\": \"users\"").stdout_has("\"exit\": 0");
    let summary = place.zdx(&here(&place, "export all -o /data/zendesk/ --summary json")).run();
    let summary = summary.exit(0).summary();
    let section = README.split("\n## Summaries").nth(1).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    for member in summary["resources"][0].as_object().expect("an object").keys() {
        let named = section.contains(&format!("`{member}")) || member == "resource";
        assert!(named, "the README does not say what {member} is");
    }
}

/// What is named in the midst of a sentence.
#[test]
fn every_command_in_a_sentence_runs() {
    let still = Still::with(Options { quota: Some(0), ..small() }, &[TICKETS]);
    let place = furnished(&still);
    place.zdx(&here(&place, "export tickets users --since @0 -o /data/zendesk/")).run().exit(0);
    let lines: BTreeSet<&str> = inline().filter(|code| code.starts_with("zdx ")).collect();
    assert!(lines.len() > 8, "{lines:?}");
    // A series is shown before it is moved, and moved before it is forgotten.
    let mut lines: Vec<&str> = lines.into_iter().collect();
    lines.sort_by_key(|line| (line.contains(" reset "), line.contains(" set "), *line));
    for line in lines {
        if line.starts_with("zdx state move") {
            let to = place.path("archive");
            fs::create_dir(&to).unwrap();
            for name in ["tickets.ndjson", "users.ndjson"] {
                let from = place.path("data/zendesk").join(name);
                fs::copy(&from, to.join(name)).unwrap();
                fs::remove_file(from).unwrap();
            }
            let line = line.replace("/archive/zendesk/", &format!("{}/", to.display()));
            place.zdx(&line["zdx ".len()..]).run().exit(0).stderr_has("goes on in");
        } else if line.starts_with("zdx sandbox") {
            let line = line.replace("--port 8080", "--port 0");
            let printed = fs::File::create(place.put("lines", "")).unwrap();
            let running = place.zdx(&line["zdx ".len()..]).start_with(printed);
            eventually(|| place.file("lines").contains("export ZDX_BASE_URL="));
            running.signal(Signal::TERM);
            running.end().exit(143);
        } else {
            place.zdx(&line["zdx ".len()..]).run().exit(0);
        }
    }
}
