//! Completing: what can come next on a half typed command line. The shells' scripts, which
//! `zdx completions` prints, ask for it through the environment.
//!
//! Reads the names of the profiles in the config file, and nothing else: no secret's file or
//! command, no state, no network. Says nothing when something is wrong: it would land in the middle
//! of what is being typed.

use crate::{
    cli::{Cli, Shell},
    resource::{ALL_LISTS, Resource, every},
    settings::{self, Environment, Flags},
};
use clap::{ArgAction, Command, CommandFactory as _};
use clap_complete::{
    ArgValueCandidates, CompletionCandidate, engine,
    env::{EnvCompleter, Shells},
};
use std::{
    ffi::OsString,
    panic::{self, AssertUnwindSafe, catch_unwind},
    path::PathBuf,
};

/// Says which shell asks.
const VARIABLE: &str = "COMPLETE";

/// The script that makes a shell ask zdx.
pub(crate) fn script(shell: Shell) -> String {
    let name = match shell {
        Shell::Bash => "bash",
        Shell::Zsh => "zsh",
        Shell::Fish => "fish",
        Shell::Elvish => "elvish",
        Shell::Powershell => "powershell",
    };
    let mut script = Vec::new();
    if let Some(shell) = Shells::builtins().completer(name) {
        // A Vec takes everything.
        drop(shell.write_registration(VARIABLE, "zdx", "zdx", "zdx", &mut script));
    }
    let script = String::from_utf8_lossy(&script);
    let script = match shell {
        Shell::Zsh => script.replace(ZSH_REGISTERS, ZSH_AUTOLOADS),
        Shell::Powershell => POWERSHELL.to_owned(),
        Shell::Bash | Shell::Fish | Shell::Elvish => script.into_owned(),
    };
    format!("{}\n", script.trim())
}

/// The end of the script for zsh, and what it is instead: a file that zsh loads from its `$fpath`
/// is run for the first completion, which must then complete something, too.
const ZSH_REGISTERS: &str = "compdef _clap_dynamic_completer_zdx zdx";
const ZSH_AUTOLOADS: &str = "\
if [ \"$funcstack[1]\" = _zdx ]; then
    _clap_dynamic_completer_zdx \"$@\"
else
    compdef _clap_dynamic_completer_zdx zdx
fi";

/// The library's own script for PowerShell evaluates the line that is being typed, so that
/// completing `zdx export (…)` would run what stands in the parentheses. This one hands the words
/// over as they are.
const POWERSHELL: &str = r#"
Register-ArgumentCompleter -Native -CommandName zdx -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.StartOffset -lt $cursorPosition } |
        ForEach-Object { $_.Extent.Text })
    if ($wordToComplete -eq '') {
        $words += ''
    }

    $saved = @($env:COMPLETE, $env:_CLAP_COMPLETE_INDEX)
    $env:COMPLETE = 'powershell'
    # Windows PowerShell hands no empty word over, but it counts.
    $env:_CLAP_COMPLETE_INDEX = [string]($words.Count - 1)
    try {
        $found = & zdx '--' @words 2>$null
    } finally {
        $env:COMPLETE = $saved[0]
        $env:_CLAP_COMPLETE_INDEX = $saved[1]
    }

    $found | Where-Object { $_ } | ForEach-Object {
        $value, $help = $_ -split "`t", 2
        if (-not $help) {
            $help = $value
        }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $help)
    }
}
"#;

/// What a shell asked for, as it wants to read it; `None` if no shell asks. A script calls
/// `zdx -- zdx export …`, so that a stray variable alone changes no command.
pub(crate) fn answer(args: &[OsString], env: &Environment) -> Option<Vec<u8>> {
    let builtins = Shells::builtins();
    let shell = builtins.completer(&env.get(VARIABLE)?)?;
    let [_, dashes, words @ ..] = args else { return None };
    if dashes != "--" || words.is_empty() {
        return None;
    }
    panic::set_hook(Box::new(|_panic| {}));
    let answer = catch_unwind(AssertUnwindSafe(|| complete(shell, words, env)));
    Some(answer.unwrap_or_default())
}

fn complete(shell: &dyn EnvCompleter, words: &[OsString], env: &Environment) -> Vec<u8> {
    let mut words = words.to_vec();
    let index = env.get("_CLAP_COMPLETE_INDEX").and_then(|index| index.parse().ok());
    let mut index: usize = index.unwrap_or(words.len() - 1);
    if index == words.len() {
        words.push(OsString::new());
    }
    let here = std::env::current_dir().ok();
    let mut out = Vec::new();
    if shell.name() != "bash" {
        let mut command = command(&words, index);
        drop(shell.write_complete(&mut command, words, here.as_deref(), &mut out));
        return out;
    }
    // bash takes `--include=users` for three words, and wants back the last one alone.
    while let Some(at) = equals_sign(&words) {
        words.remove(at);
        index = if at <= index { index.saturating_sub(1) } else { index };
    }
    let mut command = command(&words, index);
    let found = engine::complete(&mut command, words, index, here.as_deref());
    let between = env.get("_CLAP_IFS").unwrap_or_else(|| "\n".to_owned());
    let values: Vec<String> = found
        .unwrap_or_default()
        .iter()
        .map(|candidate| candidate.get_value().to_string_lossy().into_owned())
        .collect();
    values.join(&between).into_bytes()
}

/// The place of a `=` that stands alone behind a flag.
fn equals_sign(words: &[OsString]) -> Option<usize> {
    let flag = |word: &OsString| word.to_str().is_some_and(|word| word.starts_with("--"));
    let pairs = words.iter().zip(words.iter().skip(1));
    pairs.clone().position(|(before, word)| word == "=" && flag(before)).map(|at| at + 1)
}

/// The commands, with what can be completed beyond the values that clap knows itself.
fn command(words: &[OsString], index: usize) -> Command {
    let word = |at: usize| words.get(at).and_then(|word| word.to_str()).unwrap_or_default();
    let typed: Vec<&'static Resource> = positionals(words)
        .into_iter()
        .filter(|at| *at != index)
        .filter_map(|at| Resource::named(word(at)).ok())
        .collect();
    let config = value_of(words, "--config").map(PathBuf::from);
    let list = word(index).rsplit_once('=').map_or(word(index), |(_, list)| list);
    let given: Vec<String> = list.split(',').map(str::to_owned).collect();
    let more = typed.clone();
    let resources = move || {
        let known = every().filter(|known| !more.iter().any(|has| has.name == known.name));
        let all = more.is_empty().then_some("all");
        candidates(known.map(|resource| resource.name).chain(all).chain([ALL_LISTS]))
    };
    let sideloads = move || {
        let of_all = |name: &str| typed.iter().all(|resource| resource.sideload(name).is_some());
        let mut names: Vec<&str> = Vec::new();
        let any: Vec<&Resource> = every().collect();
        let resources = if typed.is_empty() { &any } else { &typed };
        for sideload in resources.iter().flat_map(|resource| resource.sideloads) {
            let new =
                !names.contains(&sideload.name) && !given.iter().any(|has| has == sideload.name);
            if new && of_all(sideload.name) {
                names.push(sideload.name);
            }
        }
        candidates(names)
    };
    let profiles = move || {
        let flags = Flags { config: config.clone(), ..Flags::default() };
        candidates(settings::profiles(&flags, &Environment::real()))
    };
    let commands = match word(index).starts_with('-') {
        true => Cli::command(),
        false => without_flags(Cli::command()),
    };
    commands.mut_arg("profile", |arg| arg.add(ArgValueCandidates::new(profiles))).mut_subcommand(
        "export",
        |export| {
            export
                .mut_arg("resources", |arg| arg.add(ArgValueCandidates::new(resources)))
                .mut_arg("include", |arg| arg.add(ArgValueCandidates::new(sideloads)))
        },
    )
}

/// Flags are offered only where nothing else is, unless one is being typed.
fn without_flags(command: Command) -> Command {
    command
        .mut_args(|arg| match arg.is_positional() {
            true => arg,
            false => arg.hide(true),
        })
        .mut_subcommands(without_flags)
}

fn candidates<T: Into<OsString>>(names: impl IntoIterator<Item = T>) -> Vec<CompletionCandidate> {
    names.into_iter().map(CompletionCandidate::new).collect()
}

/// The places of the words that are neither flags nor flags' values.
fn positionals(words: &[OsString]) -> Vec<usize> {
    let commands = Cli::command();
    let export = commands.get_subcommands().find(|command| command.get_name() == "export");
    let takes_next = |word: &str| {
        let arguments =
            commands.get_arguments().chain(export.iter().flat_map(|c| c.get_arguments()));
        arguments.filter(|arg| matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)).any(
            |arg| {
                let long = arg.get_long().is_some_and(|long| word.strip_prefix("--") == Some(long));
                let short = arg.get_short().is_some_and(|short| word == format!("-{short}"));
                (long || short) && !arg.is_require_equals_set()
            },
        )
    };
    let text = |at: usize| words.get(at).and_then(|word| word.to_str()).unwrap_or_default();
    let mut found = Vec::new();
    let mut at = 1;
    while at < words.len() {
        if !text(at).starts_with('-') {
            found.push(at);
        } else if takes_next(text(at)) {
            at += 1;
        }
        at += 1;
    }
    found
}

/// The value of a flag that stands in a word of its own or behind a `=`.
fn value_of(words: &[OsString], flag: &str) -> Option<OsString> {
    words.iter().enumerate().find_map(|(at, word)| match word.to_str()?.strip_prefix(flag)? {
        "" => words.get(at + 1).cloned(),
        value => value.strip_prefix('=').map(OsString::from),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn words_that_are_flags_values_are_no_resources() {
        let line = words("zdx export tickets --since users -o articles --include=users -f --raw x");
        assert_eq!(positionals(&line), [1, 2, 10]);
        assert_eq!(value_of(&line, "--since"), Some("users".into()));
        assert_eq!(value_of(&line, "--include"), Some("users".into()));
        assert_eq!(value_of(&line, "--config"), None);
    }

    #[test]
    fn an_equals_sign_of_bash_is_found() {
        assert_eq!(equals_sign(&words("zdx export --include = us")), Some(3));
        assert_eq!(equals_sign(&words("zdx export = us")), None);
        assert_eq!(equals_sign(&words("zdx export --include us")), None);
    }
}
