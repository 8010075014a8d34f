//! `zdx config`: write, show or locate the config file.

use super::Context;
use crate::{
    cli::ConfigCommand,
    disk::{self, ReplaceError},
    failure::{Exit, Failure, OrExit as _},
    settings::{self, Effective, Shown},
    shown::{ENDLESS, quoted},
};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// What `config init` writes.
const EXAMPLE: &str = include_str!("../../config.example.toml");

pub(super) fn run(command: &ConfigCommand, context: &Context) -> Result<Exit, Failure> {
    match command {
        ConfigCommand::Init { json } => init(*json, context),
        ConfigCommand::Path { json } => {
            let path = settings::config_path(&context.flags, &context.env)?;
            match json {
                true => super::print_json(json!({"config": path})),
                false => super::print(&format!("{}\n", path.display())),
            }
            .map(|()| Exit::Done)
        }
        ConfigCommand::Show { json } => show(*json, context),
    }
}

fn init(as_json: bool, context: &Context) -> Result<Exit, Failure> {
    let path = settings::config_path(&context.flags, &context.env)?;
    let shown = path.display();
    // A link that leads nowhere is somebody's, too.
    if path.symlink_metadata().is_ok() {
        return Err(Failure::usage(format!("{shown} exists already, and is left as it is")));
    }
    let failed = || format!("cannot write the config file {shown}");
    disk::create_dirs_private(disk::parent(&path)).or_exit(Exit::Output, failed)?;
    disk::replace(&path, EXAMPLE.as_bytes())
        .map_err(ReplaceError::into_io)
        .or_exit(Exit::Output, failed)?;
    let flag =
        context.flags.config.as_ref().map(|_| format!(" --config {}", quoted(&shown.to_string())));
    let flag = flag.unwrap_or_default();
    context.report.note(None, &format!("wrote {shown}: edit it, then try zdx check{flag}"));
    if as_json {
        let document = json!({"config": path});
        super::print_json(document)?;
    }
    Ok(Exit::Done)
}

fn show(as_json: bool, context: &Context) -> Result<Exit, Failure> {
    let path = settings::config_path(&context.flags, &context.env)?;
    let read = if path.exists() { "read" } else { "not there" };
    let all = settings::effective(&context.flags, &context.env)?;
    if as_json {
        let rows: Vec<Value> = all
            .iter()
            .map(|row| {
                let value = row.value.as_ref().map(|value| match value {
                    Shown::Text(text) => json!(text),
                    Shown::List(list) => json!(list),
                });
                json!({"name": row.name, "value": value, "origin": row.origin})
            })
            .collect();
        let document = json!({"config": path, "exists": path.exists(), "settings": rows});
        return super::print_json(document).map(|()| Exit::Done);
    }
    let mut out = format!("{}: {read}\n", path.display());
    for row in &all {
        let Effective { name, value, origin } = row;
        let value = value.as_ref().map(|value| match value {
            Shown::Text(text) => text.clone(),
            Shown::List(list) => list.join(", "),
        });
        match (value, origin) {
            (Some(value), Some(origin)) => writeln!(out, "{name:<18} {value:<40} from {origin}"),
            (Some(value), None) => writeln!(out, "{name:<18} {value}"),
            (None, Some(why)) => writeln!(out, "{name:<18} not set: {why}"),
            (None, None) => writeln!(out, "{name:<18} not set"),
        }
        .expect(ENDLESS);
    }
    super::print(&out).map(|()| Exit::Done)
}
