//! The custom objects that `all` means: those that the account has, asked for before the plan, and
//! those that the state knows.

use super::Context;
use crate::{
    api::{Client, auth::Authorizer, error::ApiError},
    export,
    failure::Failure,
    resource::{Resource, key_in},
    retry::{Budget, Next},
    settings::Settings,
    state::StateFile,
    time::span,
};
use std::sync::Arc;

/// Whether they are asked for at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    Yes,
    /// A dry run sends nothing.
    No,
}

/// What `all` means of them. What keeps the account from telling is said, and what the state knows is
/// taken all the same; only credentials, a stop, or a server that is out of reach end the run.
pub(super) fn all(
    asks: Asks,
    budget: Budget,
    state: Option<&StateFile>,
    settings: &Settings,
    authorizer: &Arc<Authorizer>,
    context: &Context,
) -> Result<Vec<&'static Resource>, Failure> {
    let owned = state.map(StateFile::owned).unwrap_or_default();
    let mut names: Vec<String> = owned.into_iter().map(|owned| owned.resource).collect();
    names.retain(|name| key_in(name).is_some());
    match asks {
        Asks::No => {
            let text =
                "of custom objects, those of the state: a dry run does not ask which there are";
            context.report.note(None, text);
        }
        Asks::Yes => match told(budget, settings, authorizer, context) {
            Ok(keys) => names.extend(keys.iter().map(|key| format!("custom_objects:{key}"))),
            Err(error @ (ApiError::Forbidden { .. } | ApiError::Refused { status: 404, .. })) => {
                let text =
                    format!("custom objects are left out, the account tells of none: {error}");
                context.report.note(None, &text);
            }
            Err(error) => return Err(Failure::from(error).about("custom_objects")),
        },
    }
    names.sort_unstable();
    names.dedup();
    let mut rows = Vec::new();
    for name in names {
        match Resource::named(&name) {
            Ok(resource) => rows.push(resource),
            Err(error) => context.report.warn(None, &format!("left out: {error}")),
        }
    }
    Ok(rows)
}

/// Asks, and again as long as the trouble may pass.
fn told(
    mut budget: Budget,
    settings: &Settings,
    authorizer: &Arc<Authorizer>,
    context: &Context,
) -> Result<Vec<String>, ApiError> {
    let client = Client::new(
        settings.base.clone(),
        settings.limits,
        Arc::clone(authorizer),
        context.clock,
        context.stop.clone(),
    );
    loop {
        let answer = export::keys(&client);
        context.report.hide(authorizer.minted().as_slice());
        let error = match answer {
            Ok(keys) => return Ok(keys),
            Err(error) => error,
        };
        let now = context.clock.instant();
        match budget.next(error.treatment(), false, now, fastrand::f64()) {
            Next::Same(until) | Next::Smaller(until) => {
                let wait = span(until.saturating_duration_since(now));
                let text = format!("which custom objects there are: {error}; retry in {wait}");
                context.report.warn(None, &text);
                context.clock.sleep_until(until, &context.stop);
            }
            Next::GiveUp(_) => return Err(error),
        }
    }
}
