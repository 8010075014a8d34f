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
    found.insert("zdx-config.5".to_owned(), config_page());
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
    let name = command.get_bin_name().unwrap_or("zdx");
    let touches = |all: &[&str]| all.contains(&name.split(' ').nth(1).unwrap_or("zdx"));
    if touches(&["zdx", "export", "state", "config"]) {
        out.push_str(&terms("FILES", FILES));
    }
    if touches(&["export", "sample", "check", "state", "config"]) {
        out.push_str(".SH \"ENVIRONMENT\"\nThe variables are those of\n.BR zdx (1).\n");
    }
    let others = if command.get_name() == "zdx" { "" } else { ".BR zdx (1),\n" };
    write!(out, ".SH \"SEE ALSO\"\n{others}.BR zdx\\-config (5)\n").unwrap();
    out
}

/// What zdx reads and writes besides the outputs themselves.
const FILES: &[(&str, &str)] = &[
    (
        "~/.config/zdx/config.toml",
        "The config file: below $XDG_CONFIG_HOME, where that is set, and where `zdx config path` says. \
         zdx-config (5) describes it.",
    ),
    (
        "~/.local/state/zdx/ACCOUNT.json",
        "The state, which keeps the positions: below $XDG_STATE_HOME, where that is set, and where \
         `zdx state path` says. It is replaced as a whole, and has mode 0600.",
    ),
    (
        "ACCOUNT.json.lock",
        "Beside the state, held while a run keeps it. It stays when the run has ended.",
    ),
    (
        ".NAME.owner",
        "Beside the output NAME: which series it belongs to, so that no other writes into it. `zdx state \
         reset` removes it.",
    ),
    (
        ".NAME.discarded",
        "Beside the output NAME: what a run that was killed had written behind the last page that counts, \
         and what the next run cut off. zdx only appends to it; remove it when you do not want it.",
    ),
    (
        ".NAME.partial",
        "Of an output with {run}: what grows, until it is complete and gets its name.",
    ),
];

/// What each key of the config file says.
const KEYS: &[(&str, &str)] = &[
    ("subdomain", "The account: acme, acme.zendesk.com or the URL."),
    (
        "client_id",
        "The identifier of an OAuth client. It needs one of the three client_secret keys.",
    ),
    ("scope", "What its tokens are minted for. Default: read."),
    ("client_secret", "Its secret, in place. The file must then be its owner's alone (chmod 600)."),
    ("client_secret_file", "A file that holds it."),
    ("client_secret_command", "A command of sh that prints it."),
    ("oauth_token", "An OAuth access token, in place."),
    ("oauth_token_file", "A file that holds it."),
    ("oauth_token_command", "A command of sh that prints it."),
    ("email", "The address that goes with an API token."),
    ("api_token", "An API token, in place. Zendesk ends these on 2027-04-30."),
    ("api_token_file", "A file that holds it."),
    ("api_token_command", "A command of sh that prints it."),
    (
        "start",
        "Where a series starts when no position is saved and no \\-\\-since is given. Takes the same forms.",
    ),
    ("output", "As \\-o. ~/ is the home directory."),
    (
        "file_mode",
        "Of outputs that are made, whatever the umask, as \\(dq0640\\(dq; without it 0600, their owner's alone. \
         Directories that are made can be entered by whoever may have the files. An output that \
         is there keeps its mode.",
    ),
    ("resources", "What `zdx export all` stands for."),
    ("state", "Where positions are kept; the directory must exist."),
    ("per_page", "As \\-\\-per\\-page: 1 to 1000."),
    ("rate", "As \\-\\-rate: the most requests a minute."),
    ("reserve", "As \\-\\-reserve: percent of the quota that is left to others."),
    ("retry_for", "As \\-\\-retry\\-for: a duration, as in 15m."),
    ("max_wait", "As \\-\\-max\\-wait: a duration."),
    ("max_page_bytes", "As \\-\\-max\\-page\\-bytes: a size, as in 256MiB."),
    ("connect_timeout", "How long until a connection is made. Default: 10s."),
    ("headers_timeout", "How long until an answer begins. Default: 2m."),
    ("body_idle_timeout", "The longest silence inside an answer. Default: 1m."),
    ("request_timeout", "How long a whole request may take. Default: 5m."),
];

/// What each key of one resource's table says.
const KEYS_OF_RESOURCE: &[(&str, &str)] = &[
    ("include", "As \\-\\-include: its sideloads, which `zdx resources` lists."),
    ("exclude_deleted", "As \\-\\-exclude\\-deleted."),
    ("support_type_scope", "As \\-\\-support\\-type\\-scope: agent, ai_agent or all."),
    ("per_page", "As \\-\\-per\\-page; it beats that of the profile."),
    ("pagination", "As \\-\\-pagination: cursor or time. A saved position keeps to its own."),
    ("start", "Where its series starts; it beats that of the profile."),
    ("overlap", "As \\-\\-overlap: a duration."),
];

/// The page of the config file.
fn config_page() -> String {
    let mut out = format!(".TH zdx\\-config 5 \"\" \"{}\" \"zdx manual\"\n", version());
    out.push_str(
        ".SH NAME\nzdx\\-config \\- the config file of zdx\n.SH DESCRIPTION\n\
         A file in TOML, which\n.BR zdx (1)\nreads strictly: a key that it does not know is an error, \
         named with its line. No value is ever shown in an error, for it may be a secret.\n.PP\n\
         .B default_profile\nnames the profile that is taken when neither \\-\\-profile nor ZDX_PROFILE \
         is given.\n.PP\nEach table\n.BI [profiles. NAME ]\nholds the keys below, of one account. What \
         stands in\n.B [defaults]\nis every profile\\(aqs that has no such key of its own; the keys of the \
         account and its credentials cannot stand there.\n.PP\nA flag beats an environment variable, which \
         beats the profile, which beats the defaults; a profile that is named with \\-\\-profile beats the \
         variables ZENDESK_*. `zdx config show` prints what is in effect, and where each comes from; \
         `zdx config init` writes a file to begin with.\n.PP\nA state or a file of a secret that is not \
         absolute lies beside the config file; ~/ is the home directory. A file that holds a secret and is \
         readable by others is refused, and so is one that names a command and is writable by others.\n",
    );
    let [of_profile, of_resource] = crate::settings::keys();
    out.push_str(&described("KEYS", "", &of_profile, KEYS));
    let what = "A table with the name of a resource inside that of a profile, as in\n\
                .B [profiles.acme.tickets],\nor inside\n.B [defaults],\nsays what goes with that resource. A \
                flag of the same name beats it. What a resource does not take is an error.\n";
    out.push_str(&described("KEYS OF ONE RESOURCE", what, &of_resource, KEYS_OF_RESOURCE));
    out.push_str(".SH EXAMPLES\n.nf\n");
    for line in include_str!("../config.example.toml").lines() {
        writeln!(out, "{}", escaped(line)).unwrap();
    }
    out.push_str(".fi\n");
    out.push_str(&terms("FILES", &FILES[..1]));
    out.push_str(".SH \"SEE ALSO\"\n.BR zdx (1),\n.BR zdx\\-config (1)\n");
    out
}

/// Keys with what they take and say; each has its line, and no other.
fn described(heading: &str, what: &str, keys: &[(&str, &str)], texts: &[(&str, &str)]) -> String {
    let mut out = format!(".SH \"{heading}\"\n{what}");
    assert_eq!(keys.len(), texts.len(), "{heading}");
    for ((key, takes), (named, text)) in keys.iter().zip(texts) {
        assert_eq!(key, named, "{heading}");
        writeln!(out, ".TP\n\\fB{}\\fR ({takes})\n{text}", escaped(key)).unwrap();
    }
    out
}

fn terms(heading: &str, all: &[(&str, &str)]) -> String {
    let mut out = format!(".SH \"{heading}\"\n");
    for (term, text) in all {
        writeln!(out, ".TP\n.I {}\n{}", escaped(term), escaped(text)).unwrap();
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
    fn the_manual_tells_of_files_the_environment_and_examples() {
        let pages = pages();
        for (name, page) in &pages {
            assert!(page.contains("\n.SH \"SEE ALSO\"\n"), "{name}");
            let examples = page.contains(".SH \"EXAMPLES\"\n") || page.contains(".SH EXAMPLES\n");
            assert!(examples, "{name}");
        }
        for name in ["zdx.1", "zdx-export.1", "zdx-state.1", "zdx-state-show.1", "zdx-config.1"] {
            assert!(pages[name].contains("\n.SH \"FILES\"\n"), "{name}");
            assert!(pages[name].contains("\n.SH \"ENVIRONMENT\"\n"), "{name}");
        }
        let config = &pages["zdx-config.5"];
        assert!(config.contains("[profiles.acme.tickets]") && config.contains("include"));
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
