//! `zdx schema`: what is known of records, in the language of the engine that is to read them. Sends
//! nothing, needs no account, and does not look whether the files are there.

use super::{Context, print};
use crate::{
    cli::{SchemaArgs, one_by_one},
    failure::{Exit, Failure},
    output::{self, Target},
    schema::{DIALECTS, Dialect, Files, Holds, Stream, Table, Tells},
    settings,
    shown::{quoted, shown},
};

/// What `-o ./` would write.
const HERE: &str = "{resource}.ndjson";

const ACCOUNT: &str = "{account}";

pub(super) fn run(args: &SchemaArgs, context: &Context) -> Result<Exit, Failure> {
    let dialect = Dialect::named(&args.format)
        .ok_or_else(|| Failure::usage(format!("unknown format \"{}\"", shown(&args.format))))?;
    let mut streams = Vec::new();
    for typed in one_by_one(&args.resources) {
        let stream = Stream::named(&typed)
            .map_err(|unknown| Failure::usage(unknown).hint("`zdx resources` lists them"))?;
        if !streams.contains(&stream) {
            streams.push(stream);
        }
    }
    if let (Holds::One, [_, second, ..]) = (dialect.holds, streams.as_slice()) {
        return Err(Failure::usage(format!("{} takes one schema at a time", dialect.name))
            .hint(format!("give {} a run of its own", second.name())));
    }
    if let (Tells::Records, Some(_)) = (dialect.tells, &args.from) {
        let others = DIALECTS.iter().filter(|other| other.tells == Tells::Files);
        let others: Vec<&str> = others.map(|other| other.name).collect();
        return Err(Failure::usage(format!("{} tells of records, not of files", dialect.name))
            .hint(format!("leave out --from, or choose one of {}", others.join(", "))));
    }
    let from = args.from.as_deref().unwrap_or(HERE);
    let tables = tables(streams, &of_account(from, context)?)?;
    let texts: Vec<String> = tables.iter().map(|table| dialect.text(table)).collect();
    print(&texts.join("\n"))?;
    let mut said = None;
    for table in &tables {
        let typed = dialect.typed(table).filter(|typed| said.as_ref() != Some(typed));
        if let Some(typed) = typed {
            context.report.note(Some(&table.name), &typed);
            said = Some(typed);
        }
    }
    Ok(Exit::Done)
}

/// With the account filled in, if that is asked for: its ids are not those of another one.
fn of_account(from: &str, context: &Context) -> Result<String, Failure> {
    if !from.contains(ACCOUNT) {
        return Ok(from.to_owned());
    }
    let place = settings::place(&context.flags, &context.env)?;
    Ok(from.replace(ACCOUNT, &output::account(&place.account)))
}

/// The tables over the files that `-o` named, each with files of its own.
fn tables(streams: Vec<Stream>, from: &str) -> Result<Vec<Table>, Failure> {
    if from.is_empty() {
        return Err(Failure::usage("--from has no name: \"\" is no file")
            .hint("in a script, see whether the variable behind --from is set"));
    }
    if from.contains("://") {
        return Err(Failure::usage(format!("--from {} is no file", quoted(&shown(from))))
            .hint("it takes what -o was given: a file, dir/ or a {resource} template"));
    }
    if output::target(from) != Target::Files {
        return Err(Failure::usage(format!("--from {} keeps no file", quoted(&shown(from))))
            .hint("say where the reader of stdout put the records"));
    }
    output::check_name(from, from)?;
    let mut tables: Vec<Table> = Vec::new();
    for stream in streams {
        let files = Files::of(from, output::is_directory(from), &stream)?;
        if let Some(other) = tables.iter().find(|table| table.files == files) {
            return Err(Failure::usage(format!(
                "--from {} is one name for {} and {}",
                quoted(&shown(from)),
                other.name,
                stream.name()
            ))
            .hint("dir/ or a {resource} template names the files of each; of one file, name one resource"));
        }
        tables.push(Table::of(stream, files));
    }
    Ok(tables)
}
