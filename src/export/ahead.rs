//! The request ahead: a thread of its own asks and inflates, so that the next page is on its way
//! while this one is being checked, written and synced.
//!
//! What is asked for ahead is a guess from the end of a body that is not yet checked. An answer
//! that turns out not to be the wanted one is dropped: nothing was committed on it. Must not know
//! positions, outputs or retries.

use super::shared::Shared;
use crate::{
    api::{Client, error::ApiError, headers::Headers},
    clock::Clock,
    pacer::{
        Said, Source,
        gate::{Gate, Ticket},
    },
    request::Request,
    signals::Stop,
    time::UnixTime,
};
use std::{
    ops::ControlFlow,
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
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
    /// What time it was here when it came: it may not be wanted at once.
    pub(super) wall: UnixTime,
}

/// One connection, on a thread of its own, with at most one request under way.
pub(super) struct Ahead {
    /// `None` once nothing more is asked.
    requests: Option<Sender<Order>>,
    answers: Receiver<Reply>,
    under_way: Option<Request>,
    bodies: Sender<Vec<u8>>,
    cancel: Box<dyn Fn() + Send>,
    stop: Stop,
    clock: Clock,
}

struct Order {
    request: Request,
    /// The place in the quota; `None` for a request ahead, which takes one if there is one.
    ticket: Option<Ticket>,
}

/// An answer, or the unused body of a request ahead for which the quota had no place.
type Reply = Result<Answered, Vec<u8>>;

/// What waiting for an answer came to.
pub(super) enum Awaited {
    Answer(Answered),
    /// The request was not sent: the quota had no place for it when it could have been.
    NoPlace,
    /// None is waited for any more: a signal came, the thread is gone, or `meanwhile` said so.
    Never,
}

/// The thread's own.
struct Asker {
    client: Client,
    source: Source,
    clock: Clock,
    gate: Gate,
    /// Two bodies take turns: one comes in while the other one is checked and written. Who is done
    /// with one puts it back here.
    spare: Receiver<Vec<u8>>,
}

impl Asker {
    /// `None` when the run has ended.
    fn answer(&self, Order { request, ticket }: Order) -> Option<Reply> {
        // A body is waited for before the request is sent, not with its answer on the way: while a
        // slow output keeps both, there is no hurry.
        let mut body = match ticket {
            None => self.spare.recv().ok()?,
            Some(_) => self.spare.try_recv().unwrap_or_default(),
        };
        body.truncate(KEPT); // and not cleared: what is there is read over
        body.shrink_to(KEPT);
        let began = self.clock.instant();
        let place = |ticket: Option<Ticket>| match ticket {
            Some(ticket) => Some(ticket),
            None => self.gate.take(&self.source).ok(),
        };
        let Some(ticket) = place(ticket) else { return Some(Err(body)) };
        let (headers, result) = self.client.get(&request, &mut body);
        // At once, not when the page is wanted: the quota's reset counts from here.
        ticket.settle(match (headers.pacing(), &result) {
            (Some(said), _) => said,
            (None, Ok(())) => Said::NoQuota,
            (None, Err(error)) if error.is_before_sending() => Said::Unsent,
            (None, Err(_)) => Said::Nothing,
        });
        let took = self.clock.instant().saturating_duration_since(began);
        let wall = self.clock.wall();
        Some(Ok(Answered { request, headers, result, body, took, wall }))
    }
}

/// No more memory is kept for the next body: one page may have been far larger than the others.
const KEPT: usize = 16 * 1024 * 1024;

/// How long after a signal an answer is still waited for. A look-up or a connection that is being
/// made cannot be broken off; the thread that makes it is left to the process's end.
const GRACE: Duration = Duration::from_millis(500);

/// How soon a wait notices a signal.
const SLICE: Duration = Duration::from_millis(100);

impl Ahead {
    pub(super) fn start(client: Client, source: Source, shared: &Shared<'_>) -> Ahead {
        let (requests, orders) = channel();
        let (reply, answers) = channel();
        let (bodies, spare) = channel();
        let cancel = client.canceller();
        let (clock, gate) = (shared.clock, shared.gate.clone());
        let asker = Asker { client, source, clock, gate, spare };
        thread::spawn(move || {
            for order in orders {
                if asker.answer(order).is_none_or(|answer| reply.send(answer).is_err()) {
                    return;
                }
            }
        });
        let ahead = Ahead {
            requests: Some(requests),
            answers,
            under_way: None,
            bodies,
            cancel: Box::new(cancel),
            stop: shared.stop.clone(),
            clock,
        };
        ahead.give_back(Vec::new());
        ahead.give_back(Vec::new());
        ahead
    }

    /// Sends a request for which a place in the quota was taken.
    pub(super) fn ask(&mut self, request: Request, ticket: Ticket) {
        self.order(request, Some(ticket));
    }

    /// Sends a request as soon as there is a body for its answer, if the quota has a place free
    /// then. Only while none is under way.
    pub(super) fn ask_ahead(&mut self, request: Request) {
        self.order(request, None);
    }

    fn order(&mut self, request: Request, ticket: Option<Ticket>) {
        if let Some(requests) = &self.requests {
            let order = Order { request: request.clone(), ticket };
            self.under_way = requests.send(order).is_ok().then_some(request);
        }
    }

    /// What was asked for and not yet answered.
    pub(super) fn under_way(&self) -> Option<&Request> {
        self.under_way.as_ref()
    }

    /// Waits for the answer to what is under way. `meanwhile` is told again and again how long that
    /// has taken, and may end it.
    pub(super) fn answer(
        &mut self,
        mut meanwhile: impl FnMut(Duration) -> ControlFlow<()>,
    ) -> Awaited {
        self.under_way = None;
        let began = self.clock.instant();
        let mut left = Some(GRACE);
        while left.is_some() {
            match self.answers.recv_timeout(SLICE) {
                Ok(Ok(answered)) => return Awaited::Answer(answered),
                Ok(Err(body)) => {
                    self.give_back(body);
                    return Awaited::NoPlace;
                }
                Err(RecvTimeoutError::Disconnected) => return Awaited::Never,
                Err(RecvTimeoutError::Timeout) if self.stop.signal().is_some() => {
                    left = left.and_then(|left| left.checked_sub(SLICE));
                }
                Err(RecvTimeoutError::Timeout) => {
                    let waited = self.clock.instant().saturating_duration_since(began);
                    if meanwhile(waited).is_break() {
                        return Awaited::Never;
                    }
                }
            }
        }
        Awaited::Never
    }

    /// Takes back a body, for the request after the next.
    pub(super) fn give_back(&self, body: Vec<u8>) {
        drop(self.bodies.send(body)); // nobody is left to want it when this fails
    }

    /// Where a thread that is done with a body puts it.
    pub(super) fn bodies(&self) -> Sender<Vec<u8>> {
        self.bodies.clone()
    }
}

impl Drop for Ahead {
    /// A request that nobody waits for any more is broken off.
    fn drop(&mut self) {
        (self.cancel)();
        self.requests = None;
    }
}
