//! `zdx completions`: what a shell needs to complete commands, flags and resources. The files in
//! `completions/` are this command's output.

use crate::{
    cli::{Cli, CompletionsArgs},
    failure::{Exit, Failure},
};
use clap::CommandFactory as _;

pub(super) fn run(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "zdx", &mut script);
    super::print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
