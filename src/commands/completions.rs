//! `zdx completions`: what a shell needs to complete commands, flags, resources, sideloads and
//! profiles. The files in `completions/` are this command's output.

use crate::{
    cli::CompletionsArgs,
    complete,
    failure::{Exit, Failure},
};

pub(super) fn run(args: &CompletionsArgs) -> Result<Exit, Failure> {
    super::print(&complete::script(args.shell))?;
    Ok(Exit::Done)
}
