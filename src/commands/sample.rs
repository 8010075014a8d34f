//! `zdx sample`: one page of at most 50 records, to see the shape. Touches no state.

use super::Context;
use crate::{
    api::{Client, auth::Authorizer, error::ApiError},
    cli::SampleArgs,
    failure::Failure,
    page::{self, LoneSurrogates, push_record},
    plan::YOUNGEST,
    request::Request,
    resource::{RESOURCES, Resource},
    time,
};
use std::sync::Arc;

pub(super) fn run(args: &SampleArgs, context: &Context) -> Result<crate::failure::Exit, Failure> {
    let resource = Resource::named(&args.resource).map_err(Failure::usage)?;
    let Some(path) = resource.sample else {
        let sampled: Vec<&str> = RESOURCES
            .iter()
            .filter(|resource| resource.sample.is_some())
            .map(|resource| resource.name)
            .collect();
        return Err(Failure::usage(format!("{} has no sample endpoint", resource.name))
            .hint(format!("there are samples of {}", sampled.join(", "))));
    };
    let now = context.clock.wall();
    let since = time::parse(&args.since, now)
        .map_err(|error| Failure::usage(format!("--since: {error}")))?;
    if since > now {
        return Err(Failure::usage(format!("--since {since} is in the future")));
    }
    let start = since.min(now.minus(YOUNGEST));
    let (settings, _sandbox) = context.settings(args.sandbox)?;
    let client = Client::new(
        settings.base,
        settings.limits,
        Arc::new(Authorizer::new(settings.credentials)),
        context.clock,
        context.stop.clone(),
    );
    let request = Request::new(path).with("start_time", start.seconds().to_string());
    let mut body = Vec::new();
    match client.get(&request, &mut body).1 {
        Ok(()) => {}
        Err(ApiError::Stopped) => {
            let signal = context.stop.signal();
            return Err(signal.map_or_else(|| ApiError::Stopped.into(), Failure::stopped));
        }
        Err(error) => return Err(error.into()),
    }
    let page = page::parse(&body, resource.record_key, &[]).map_err(ApiError::from)?;
    let mut lines = Vec::new();
    for record in &page.records {
        push_record(record.get(), LoneSurrogates::Replace, &mut lines);
        lines.push(b'\n');
    }
    super::print(&String::from_utf8_lossy(&lines))?;
    let count = u64::try_from(page.records.len()).unwrap_or(0);
    let text = format!("{} from {start} on", crate::report::counted(count, "record"));
    context.report.note(Some(resource.name), &text);
    Ok(crate::failure::Exit::Done)
}
