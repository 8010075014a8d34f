//! The request ahead: a thread of its own asks and inflates, so that the next page is on its way
//! while this one is being checked, written and synced.
//!
//! What is asked for ahead is a guess from the end of a body that is not yet checked. An answer
//! that turns out not to be the wanted one is dropped: nothing was committed on it. Must not know
//! positions, outputs or retries.

use super::{Shared, lock};
use crate::{
    api::{Client, error::ApiError, headers::Headers},
    clock::Clock,
    request::Request,
    resource::Bucket,
    signals::Stop,
};
use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
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
pub(super) struct Ahead {
    /// `None` once nothing more is asked.
    requests: Option<Sender<(Request, Vec<u8>)>>,
    answers: Receiver<Answered>,
    under_way: Option<Request>,
    /// Two bodies take turns: one is checked and written while the other one comes in.
    spare: Vec<Vec<u8>>,
    cancel: Box<dyn Fn() + Send>,
    stop: Stop,
    clock: Clock,
}

/// How long after a signal an answer is still waited for. A look-up or a connection that is being
/// made cannot be broken off; the thread that makes it is left to the process's end.
const GRACE: Duration = Duration::from_millis(500);

/// How soon a wait notices a signal.
const SLICE: Duration = Duration::from_millis(100);

impl Ahead {
    pub(super) fn start(client: Client, bucket: Bucket, shared: &Shared<'_>) -> Ahead {
        let (requests, asked) = channel::<(Request, Vec<u8>)>();
        let (answer, answers) = channel();
        let cancel = client.canceller();
        let (clock, pacer) = (shared.clock, Arc::clone(&shared.pacer));
        thread::spawn(move || {
            for (request, mut body) in asked {
                let began = clock.instant();
                let (headers, result) = client.get(&request, &mut body);
                let now = clock.instant();
                // At once, not when the page is wanted: the quota's reset counts from here.
                lock(&pacer).settle(bucket, headers.pacing(), now);
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
            stop: shared.stop.clone(),
            clock,
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
                if let Some(unwanted) = self.answer(|_waited| {}) {
                    self.give_back(unwanted.body);
                }
                false
            }
        }
    }

    /// Waits for the answer to what is under way. `None` if there will be none: a signal came, or
    /// the thread is gone. `meanwhile` is told again and again how long that has taken.
    pub(super) fn answer(&mut self, mut meanwhile: impl FnMut(Duration)) -> Option<Answered> {
        self.under_way = None;
        let began = self.clock.instant();
        let mut left = GRACE;
        loop {
            match self.answers.recv_timeout(SLICE) {
                Ok(answered) => return Some(answered),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) if self.stop.signal().is_some() => {
                    left = left.checked_sub(SLICE)?;
                }
                Err(RecvTimeoutError::Timeout) => {
                    meanwhile(self.clock.instant().saturating_duration_since(began));
                }
            }
        }
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

impl Drop for Ahead {
    /// A request that nobody waits for any more is broken off.
    fn drop(&mut self) {
        (self.cancel)();
        self.requests = None;
    }
}
