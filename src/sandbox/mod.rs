//! A local stand-in for Zendesk on loopback: generated data, both pagings, quotas and faults.
//!
//! The sandbox follows the API notes §4 to §9 and every recorded exchange. It shares no code with
//! the client, so that the two cannot share a misunderstanding, and must never learn what the
//! client expects. Its world is a function of the seed and the time: a position that one process
//! saved is good in the next.
//!
//! From the socket to the data: `server` accepts, `http` reads a request, `api` decides (`script`,
//! `auth`, `limits`), `pages` serves what `export` or `list` cut out of an `index`, `answer` sends it.
//! From the ground up: the `world` says how much there is and when, `records` has a file for each
//! kind of record and the list of all of them, and the `desk` holds what connections share.

mod answer;
mod api;
mod asking;
mod auth;
mod behaviour;
mod calendar;
mod clock;
mod desk;
mod dice;
mod entry;
mod errors;
mod export;
mod fault;
mod furniture;
mod http;
mod index;
mod instead;
mod journal;
mod json;
mod kind;
mod late;
mod limits;
mod list;
mod names;
mod options;
mod pages;
mod paging;
mod parameters;
mod products;
mod quota;
#[cfg(test)]
mod recorded;
mod records;
mod script;
mod server;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests_export;
#[cfg(test)]
mod tests_lists;
#[cfg(test)]
mod tests_products;
#[cfg(test)]
mod tests_service;
#[cfg(test)]
mod tests_switches;
mod topics;
mod world;

use std::{io, sync::Arc, time::Duration};

pub use auth::{API_TOKEN, AUTHORIZATION_CODE, CLIENT_ID, CLIENT_SECRET, OAUTH_TOKEN};
pub use behaviour::{
    Behaviour, Breaches, Counted, CursorLimit, Date, EmptyCursor, EndOfStream, ExcludeDeleted,
    ExpiresIn, Fence, InvalidCursor, LimitScope, MetricQuota, QuotaHeaders, RetryAfter, SameSecond,
    ThirdParty, TooManyBody,
};
pub use fault::Fault;
pub use journal::Exchange;
pub use late::Late;
pub use options::Options;
pub use script::Seen;

use desk::Desk;
use kind::Kind;
use server::Server;

/// The subdomain that records and URLs call the account by.
pub const SUBDOMAIN: &str = "sandbox";
/// The e-mail address that goes with the API token.
pub const EMAIL: &str = furniture::AGENT_EMAIL;

/// A running sandbox. Dropping it stops accepting and closes all connections.
pub struct Sandbox {
    desk: Arc<Desk>,
    server: Server,
}

impl Sandbox {
    /// Binds 127.0.0.1 and serves in the background. Refuses [`Options::late`] for a resource that
    /// it does not have.
    pub fn start(options: Options) -> io::Result<Self> {
        for late in &options.late {
            known(&late.resource)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        }
        let listener = server::bind(options.port)?;
        let authority = listener.local_addr()?.to_string();
        let desk = Arc::new(Desk::new(options, records::ALL, authority));
        let server = Server::start(listener, Arc::clone(&desk))?;
        Ok(Self { desk, server })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.desk.authority)
    }

    /// Lets a fault strike the `nth` API request from now; 1 is the next one.
    pub fn inject(&self, fault: Fault, nth: u64) {
        self.desk.script.inject(fault, nth);
    }

    /// Lets a rule decide on each API request that no numbered fault strikes.
    pub fn when(&self, rule: impl Fn(&Seen) -> Option<Fault> + Send + 'static) {
        self.desk.script.add_rule(Box::new(rule));
    }

    /// The requests so far, in the order in which they were answered; of very many the latest.
    pub fn requests(&self) -> Vec<Exchange> {
        self.desk.journal.exchanges()
    }

    /// Moves the sandbox's clock on: dates, the last-minute fence, quotas, tokens and the world.
    pub fn advance(&self, by: Duration) {
        self.desk.clock.advance(by);
    }

    /// Seconds since 1970 by the sandbox's clock.
    pub fn now(&self) -> i64 {
        self.desk.clock.now()
    }

    /// Serves until the process ends.
    pub fn wait(mut self) {
        self.server.wait();
    }
}

/// Reads a [`Late`] of a resource that there is, as `--late` takes it.
pub fn late(text: &str) -> Result<Late, String> {
    let late: Late = text.parse()?;
    known(&late.resource)?;
    Ok(late)
}

/// Every path that is served below `/api/v2/`, each with the resource that it serves; `*` stands for
/// any one part.
pub fn paths() -> impl Iterator<Item = (&'static str, &'static str)> {
    let of = |kind: &&'static Kind| {
        let name = kind.name;
        kind.routes.iter().map(move |route| (route.path, name))
    };
    records::ALL.iter().flat_map(of)
}

/// Whether there are rows of this name that can be late.
fn known(resource: &str) -> Result<(), String> {
    let mut names = vec!["all"];
    names.extend(records::ALL.iter().map(|kind| kind.name));
    if names.contains(&resource) {
        return Ok(());
    }
    Err(format!("no resource {resource:?}; there are {}", names.join(", ")))
}

/// What to paste into a shell to point a client at the sandbox.
pub fn shell_lines(base_url: &str) -> String {
    format!(
        "export ZDX_BASE_URL={base_url} ZENDESK_SUBDOMAIN={SUBDOMAIN}\n\
         export ZENDESK_EMAIL={EMAIL} ZENDESK_API_TOKEN={API_TOKEN}\n\
         # or, as an OAuth client:\n\
         # export ZENDESK_OAUTH_CLIENT_ID={CLIENT_ID} ZENDESK_OAUTH_CLIENT_SECRET={CLIENT_SECRET}\n\
         # or, with an access token:\n\
         # export ZENDESK_OAUTH_TOKEN={OAUTH_TOKEN}\n"
    )
}
