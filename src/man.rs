//! The manual pages in `man/`: one for each command, made of the same texts as the help. Only tests
//! make them, so that the program carries nothing for it.
//!
//! `ZDX_BLESS=1 cargo test` rewrites them.

use crate::cli::Cli;
use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use serde_json::Value;
use std::{collections::BTreeMap, fmt::Write as _};

/// The pages with their file names.
fn pages() -> BTreeMap<String, String> {
    let mut commands = Cli::command();
    commands.build();
    let mut found = BTreeMap::new();
    add(&commands, &mut found);
    found
}

fn add(command: &Command, pages: &mut BTreeMap<String, String>) {
    let page = Man::new(told(command)).manual("zdx manual").source(version());
    pages.insert(page.get_filename(), rendered(&page, command));
    for command in command.get_subcommands() {
        add(command, pages);
    }
}

/// With the usage of the help, and with the short text where a flag has no long one.
fn told(command: &Command) -> Command {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").to_owned();
    command.clone().override_usage(usage).mut_args(|arg| {
        let help = arg.get_long_help().or(arg.get_help()).cloned().unwrap_or_default();
        arg.long_help(help)
    })
}

fn version() -> String {
    format!("zdx {}", env!("CARGO_PKG_VERSION"))
}

fn rendered(page: &Man, command: &Command) -> String {
    let mut out = Vec::new();
    page.render_title(&mut out).unwrap();
    page.render_name_section(&mut out).unwrap();
    page.render_synopsis_section(&mut out).unwrap();
    page.render_description_section(&mut out).unwrap();
    page.render_options_section(&mut out).unwrap();
    if command.has_subcommands() {
        page.render_subcommands_section(&mut out).unwrap();
    }
    let mut out = String::from_utf8(out).unwrap();
    let after = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    out.push_str(&sections(&after));
    out.push_str(&json_section(command));
    if command.get_name() != "zdx" {
        out.push_str(".SH \"SEE ALSO\"\n.BR zdx (1)\n");
    }
    out
}

/// What stands below the flags in the help, line by line as it is there: it is set in columns.
fn sections(text: &str) -> String {
    let mut out = String::new();
    let mut open = false;
    for line in text.lines().filter(|line| !line.is_empty()) {
        match line.strip_suffix(':').filter(|line| !line.starts_with(' ')) {
            Some(heading) => {
                if open {
                    out.push_str(".fi\n");
                }
                open = true;
                // What stands in brackets is to be typed.
                let (heading, rest) = heading.split_at(heading.find('(').unwrap_or(heading.len()));
                let heading = escaped(&format!("{}{rest}", heading.to_uppercase()));
                writeln!(out, ".SH \"{heading}\"\n.nf").unwrap();
            }
            None => {
                out.push_str(&escaped(line.strip_prefix("  ").unwrap_or(line)));
                out.push('\n');
            }
        }
    }
    if open {
        out.push_str(".fi\n");
    }
    out
}

/// The schemas of what is printed for programs, by command; tests hold every such output to them.
const SCHEMAS: [(&str, &str); 11] = [
    ("zdx export", include_str!("../tests/schemas/summary.json")),
    ("zdx resources", include_str!("../tests/schemas/resources.json")),
    ("zdx check", include_str!("../tests/schemas/check.json")),
    ("zdx state show", include_str!("../tests/schemas/state-show.json")),
    ("zdx state path", include_str!("../tests/schemas/state-path.json")),
    ("zdx state set", include_str!("../tests/schemas/state-set.json")),
    ("zdx state reset", include_str!("../tests/schemas/state-reset.json")),
    ("zdx state move", include_str!("../tests/schemas/state-move.json")),
    ("zdx config show", include_str!("../tests/schemas/config-show.json")),
    ("zdx config path", include_str!("../tests/schemas/config-path.json")),
    ("zdx config init", include_str!("../tests/schemas/config-init.json")),
];

/// What is printed for programs, member by member.
fn json_section(command: &Command) -> String {
    let name = command.get_bin_name().unwrap_or_default();
    let Some((_, schema)) = SCHEMAS.iter().find(|(known, _)| *known == name) else {
        return String::new();
    };
    let schema: Value = serde_json::from_str(schema).expect("a schema in JSON");
    let what = match name {
        "zdx export" => {
            "--summary json prints one object, the last line on stderr, also of a run that failed \
             before its first request or could not be parsed."
        }
        _ => {
            "--json prints one object to stdout. Of a command that failed before it had a result, \
             it has error and exit alone."
        }
    };
    let mut out = format!(".SH \"JSON\"\n{}\n", escaped(what));
    members(&schema, "", &mut out);
    out
}

fn members(schema: &Value, above: &str, out: &mut String) {
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let types = match &member["type"] {
            Value::Array(types) => {
                types.iter().map(|one| one.as_str().unwrap()).collect::<Vec<_>>().join(" or ")
            }
            one => one.as_str().unwrap().to_owned(),
        };
        let path = format!("{above}{name}");
        let what = member["description"].as_str().expect("each member is described");
        write!(out, ".TP\n\\fB{}\\fR ({types})\n{}\n", escaped(&path), escaped(what)).unwrap();
        members(member, &format!("{path}."), out);
        members(&member["items"], &format!("{path}[]."), out);
    }
}

/// Text that roff leaves as it is.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
    match text.starts_with('.') {
        true => format!("\\&{text}"),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::pages;
    use std::{fs, path::Path};

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "ZDX_BLESS is the tests' own, and rewrites files"
    )]
    fn the_manual_pages_are_those_of_the_commands() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
        let pages = pages();
        if std::env::var_os("ZDX_BLESS").is_some() {
            if dir.exists() {
                fs::remove_dir_all(&dir).unwrap();
            }
            fs::create_dir(&dir).unwrap();
            for (name, page) in &pages {
                fs::write(dir.join(name), page).unwrap();
            }
        }
        let names = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names, pages.keys().cloned().collect::<Vec<_>>(), "ZDX_BLESS=1 cargo test");
        for (name, page) in &pages {
            // A checkout on Windows may have other line ends.
            let committed = fs::read_to_string(dir.join(name)).unwrap().replace("\r\n", "\n");
            assert!(committed == *page, "man/{name}: ZDX_BLESS=1 cargo test");
        }
        assert!(pages.contains_key("zdx-state-show.1"), "{:?}", pages.keys());
    }

    #[test]
    fn u23_every_command_with_json_tells_of_each_member() {
        for (name, page) in pages() {
            let prints = page.contains("\\-\\-json\\fR") || page.contains("\\-\\-summary\\fR");
            assert_eq!(prints, page.contains("\n.SH \"JSON\"\n"), "{name}");
            assert_eq!(prints, page.contains("\\fBexit\\fR (integer)"), "{name}");
        }
    }
}
