//! `zdx sample`: one page of at most 50 records, to see the shape. Touches no state.

use super::{Context, export};
use crate::{
    cli::{SampleArgs, SummaryFormat},
    export as exporting,
    failure::{Exit, Failure},
    plan,
};

pub(super) fn run(args: &SampleArgs, context: &Context) -> Result<Exit, Failure> {
    let job = plan::sample(&args.resource, &args.since, context.clock.wall())?;
    let (settings, _sandbox) = context.settings(args.sandbox)?;
    let shared = export::shared(&settings, None, context, &export::usual(&settings));
    let jobs = [job];
    let opened = exporting::open(&jobs, &shared)?;
    export::all(opened, &shared, SummaryFormat::Text)
}
