//! The client: one request, one answer, one classified error. Only what lies in here knows the HTTP
//! library.

mod answer;
pub(crate) mod auth;
mod base;
mod broken;
mod client;
pub(crate) mod error;
pub(crate) mod headers;
mod transport;
mod wire;

#[cfg(test)]
pub(crate) use answer::check;
pub(crate) use base::{Authorities, BaseUrl, Limits, Proxy, Way};
pub(crate) use client::Client;
