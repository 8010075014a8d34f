//! The requests so far and what became of them.

use std::sync::{Mutex, PoisonError};

use super::fault::Fault;

/// So many exchanges are remembered at most.
const LONGEST: usize = 100_000;

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

#[derive(Default)]
pub(super) struct Journal(Mutex<Vec<Exchange>>);

impl Journal {
    pub(super) fn push(&self, exchange: Exchange) {
        let mut exchanges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if exchanges.len() >= LONGEST {
            exchanges.drain(..LONGEST / 2); // a sandbox may serve for months
        }
        exchanges.push(exchange);
    }

    pub(super) fn exchanges(&self) -> Vec<Exchange> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
