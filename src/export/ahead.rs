//! The request ahead: a thread of its own asks and inflates, so that the next page is on its way
//! while this one is being checked, written and synced.
//!
//! What is asked for ahead is a guess from the end of a body that is not yet checked. An answer
//! that turns out not to be the wanted one is dropped: nothing was committed on it. Must not know
//! positions, outputs or retries.

use super::{Shared, lock};
use crate::{
    api::{Client, error::ApiError, headers::Headers},
    request::Request,
    resource::Bucket,
};
use std::{
    sync::mpsc::{Receiver, Sender, channel},
    thread::{Scope, ScopedJoinHandle},
    time::Duration,
};

/// An answer, with the request that it is to.
pub(super) struct Answered {
    pub(super) request: Request,
    pub(super) headers: Headers,
    pub(super) result: Result<(), ApiError>,
    pub(super) body: Vec<u8>,
    pub(super) took: Duration,
}

/// One connection, on a thread of its own, with at most one request under way.
pub(super) struct Ahead<'scope> {
    /// `None` once nothing more is asked.
    requests: Option<Sender<(Request, Vec<u8>)>>,
    answers: Receiver<Answered>,
    under_way: Option<Request>,
    /// Two bodies take turns: one is checked and written while the other one comes in.
    spare: Vec<Vec<u8>>,
    cancel: Box<dyn Fn() + Send + 'scope>,
    _thread: ScopedJoinHandle<'scope, ()>,
}

impl<'scope> Ahead<'scope> {
    pub(super) fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        client: Client,
        bucket: Bucket,
        shared: &'env Shared<'env>,
    ) -> Ahead<'scope> {
        let (requests, asked) = channel::<(Request, Vec<u8>)>();
        let (answer, answers) = channel();
        let cancel = client.canceller();
        let thread = scope.spawn(move || {
            for (request, mut body) in asked {
                let began = shared.clock.instant();
                let (headers, result) = client.get(&request, &mut body);
                let now = shared.clock.instant();
                // At once, not when the page is wanted: the quota's reset counts from here.
                lock(&shared.pacer).settle(bucket, headers.pacing(), now);
                let took = now.saturating_duration_since(began);
                if answer.send(Answered { request, headers, result, body, took }).is_err() {
                    return;
                }
            }
        });
        Ahead {
            requests: Some(requests),
            answers,
            under_way: None,
            spare: vec![Vec::new(), Vec::new()],
            cancel: Box::new(cancel),
            _thread: thread,
        }
    }

    /// Sends a request for which a place in the quota was taken.
    pub(super) fn ask(&mut self, request: Request) {
        let buffer = self.spare.pop().unwrap_or_default();
        if let Some(requests) = &self.requests {
            self.under_way = requests.send((request.clone(), buffer)).is_ok().then_some(request);
        }
    }

    /// Whether this is what was asked for ahead. Another request that is under way is waited for
    /// and its answer dropped.
    pub(super) fn is_under_way(&mut self, request: &Request) -> bool {
        match &self.under_way {
            None => false,
            Some(asked) if asked == request => true,
            Some(_) => {
                if let Some(unwanted) = self.answer() {
                    self.give_back(unwanted.body);
                }
                false
            }
        }
    }

    /// Waits for the answer to what is under way. `None` only if the thread is gone.
    pub(super) fn answer(&mut self) -> Option<Answered> {
        self.under_way = None;
        self.answers.recv().ok()
    }

    /// Takes back a body's buffer, for the request after the next.
    pub(super) fn give_back(&mut self, body: Vec<u8>) {
        self.spare.push(body);
    }

    /// Whether a request could be sent ahead: none is under way, and there is a buffer for its
    /// answer. While a slow output keeps the other one, there is no hurry.
    pub(super) fn is_free(&self) -> bool {
        self.under_way.is_none() && !self.spare.is_empty()
    }
}

impl Drop for Ahead<'_> {
    /// A request that nobody waits for any more is broken off.
    fn drop(&mut self) {
        (self.cancel)();
        self.requests = None;
    }
}
