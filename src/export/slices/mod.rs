//! Reading ahead in time slices: where one resource's pages come slowly, its quota is spent all the
//! same, because a walk can begin at any time.
//!
//! The head goes from page to page and commits in order, as it would alone. Ahead of it walkers
//! begin at later times and keep what they are answered, by the position that was asked from. When
//! the head has come to where one of them began, its page is cut there (`order`), so that its next
//! request is the walker's first one, and is answered from what is kept. That is the only decision
//! that an output rests on; all else is a store, of which a miss costs a request.
//!
//! Where slices begin and which of them asks next is decided by `front`, from how densely records
//! lie (`density`); what an answer to a walker means, by `judging`. All these are pure; `walkers`
//! are the threads.

mod density;
mod front;
mod judging;
#[cfg(test)]
mod model;
mod order;
#[cfg(test)]
mod tests;
pub(super) mod walkers;

pub(super) use order::{Joint, Look, Order};

pub(crate) use front::{Answered, Ask, Front, walkers};
