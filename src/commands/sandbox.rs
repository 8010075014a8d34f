//! `zdx sandbox`: serves a local stand-in for Zendesk until a signal.

use super::Context;
use crate::{
    cli::SandboxArgs,
    failure::{Exit, Failure, OrExit as _},
    sandbox::{self, Behaviour, Options, Sandbox},
};
use std::time::Duration;

pub(super) fn run(args: SandboxArgs, context: &Context) -> Result<Exit, Failure> {
    let SandboxArgs { port, seed, records, bulk, quota, window, latency, late, fault, behaviour } =
        args;
    let mut switches = Behaviour::default();
    for switch in &behaviour {
        switches.set(switch).map_err(|error| Failure::usage(format!("--behaviour: {error}")))?;
    }
    if window < Duration::from_millis(100) {
        return Err(Failure::usage("--window is shorter than 100ms"));
    }
    let sandbox = Sandbox::start(Options {
        port,
        seed,
        records,
        quota,
        window,
        latency,
        faults: fault,
        behaviour: switches,
        late,
        bulk,
        frozen_at: None,
    })
    .or_exit(Exit::Usage, || format!("cannot listen on port {port} of 127.0.0.1"))?;
    let url = sandbox.base_url();
    super::print(&sandbox::shell_lines(&url))?;
    context.report.note(None, &format!("serving a sandbox on {url}, until ^C"));
    while context.stop.signal().is_none() {
        let soon = context.clock.instant() + Duration::from_secs(3600);
        context.clock.sleep_until(soon, &context.stop);
    }
    Ok(context.stop.signal().map_or(Exit::Done, Exit::Signal))
}
