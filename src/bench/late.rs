//! What late rows cost, in virtual time: see `export/cost`.

pub use crate::export::cost::{Asked, Cost, Polls, cost};
