//! A local stand-in for Zendesk on loopback: generated data, both pagings, quotas and faults.
//!
//! The sandbox follows the API notes §4 to §9 and every recorded exchange. It shares no code with
//! the client, so that the two cannot share a misunderstanding, and must never learn what the
//! client expects. Its world is a function of the seed and the time: a position that one process
//! saved is good in the next.
//!
//! From the socket to the data: `server` accepts, `http` reads a request, `api` decides (`script`,
//! `auth`, `quota`), `export` serves a page that `paging` cut out of the `world`, `answer` sends it.

mod answer;
mod api;
mod article;
mod auth;
mod behaviour;
mod clock;
mod desk;
mod dice;
mod errors;
mod event;
mod export;
mod fault;
mod http;
mod json;
mod metric;
mod names;
mod organization;
mod paging;
mod parameters;
mod person;
mod quota;
#[cfg(test)]
mod recorded;
mod script;
mod server;
mod sideload;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests_export;
#[cfg(test)]
mod tests_service;
#[cfg(test)]
mod tests_switches;
mod ticket;
mod timeline;
mod topics;
mod world;

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

pub use auth::{API_TOKEN, AUTHORIZATION_CODE, CLIENT_ID, CLIENT_SECRET, OAUTH_TOKEN};
pub use behaviour::{
    Behaviour, CursorLimit, EmptyCursor, EndOfStream, ExcludeDeleted, InvalidCursor, LateRows,
    LimitScope, QuotaHeaders, RetryAfter, SameSecond, TooManyBody,
};
pub use fault::Fault;
pub use script::Seen;

use api::Desk;
use clock::Clock;
use quota::Quota;
use script::Script;
use server::Server;
use world::World;

/// The subdomain that records and URLs call the account by.
pub const SUBDOMAIN: &str = "sandbox";
/// The e-mail address that goes with the API token.
pub const EMAIL: &str = person::AGENT_EMAIL;

/// How a sandbox is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The port on 127.0.0.1; 0 for a free one.
    pub port: u16,
    /// What the world is drawn from.
    pub seed: u64,
    /// Tickets in the world, the rest in proportion.
    pub records: u32,
    /// Requests in a window: the real numbers, no limit (0), or this many for each bucket.
    pub quota: Option<u32>,
    /// The length of a quota window; the sample endpoints' is twenty times as long.
    pub window: Duration,
    /// How long each answer is held back.
    pub latency: Duration,
    /// Faults and the numbers of the API requests that they strike, from 1.
    pub faults: Vec<(Fault, u64)>,
    /// The switches of what is not known for certain.
    pub behaviour: Behaviour,
    /// So many tickets and users are changed in one second by a job at the start of each week.
    pub bulk: u32,
    /// The clock stands still at this time (seconds since 1970) and moves by
    /// [`Sandbox::advance`] only: two runs then see the same world. Quota windows and tokens
    /// do not end by themselves either.
    pub frozen_at: Option<i64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            seed: 1,
            records: 2000,
            quota: None,
            window: Duration::from_secs(60),
            latency: Duration::ZERO,
            faults: Vec::new(),
            behaviour: Behaviour::default(),
            bulk: 0,
            frozen_at: None,
        }
    }
}

/// One request and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The API request's number, from 1; 0 for requests outside `/api/v2/`, which count for
    /// neither faults nor quota.
    pub number: u64,
    /// When it came in, in milliseconds since 1970 by the sandbox's clock.
    pub at: u64,
    /// `GET`, …
    pub method: String,
    /// As sent, without the query.
    pub path: String,
    /// As sent, without the question mark.
    pub query: String,
    /// `basic` or `bearer`; the credentials themselves are not kept.
    pub authorization: Option<String>,
    /// The answer's status, also when a fault kept it from arriving.
    pub status: u16,
    /// The fault that struck.
    pub fault: Option<Fault>,
    /// The narrowest quota bucket that it took from, by its header's name; empty for the account's.
    pub bucket: Option<String>,
    /// What was left in that bucket.
    pub remaining: Option<u32>,
    /// The page size that was asked for, or the endpoint's default.
    pub per_page: Option<u32>,
    /// How many records the page held.
    pub records: Option<u64>,
}

/// A running sandbox. Dropping it stops accepting and closes all connections.
pub struct Sandbox {
    desk: Arc<Desk>,
    server: Server,
}

impl Sandbox {
    /// Binds 127.0.0.1 and serves in the background.
    pub fn start(options: Options) -> io::Result<Self> {
        let listener = server::bind(options.port)?;
        let authority = listener.local_addr()?.to_string();
        let desk = Arc::new(Desk {
            clock: Clock::new(options.frozen_at),
            world: World::new(options.seed, options.records, options.bulk),
            quota: Quota::default(),
            script: Script::new(options.faults.clone()),
            tokens: auth::Tokens::default(),
            journal: Mutex::new(Vec::new()),
            served: Mutex::new(HashMap::new()),
            authority,
            options,
        });
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
        self.desk.journal.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
