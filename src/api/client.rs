//! The client of one resource: a request with credentials, and a minted token that is renewed once.
//!
//! Nothing here retries, sleeps or decides what is done about an error.

use super::{
    answer,
    auth::Authorizer,
    base::{BaseUrl, Limits},
    error::ApiError,
    headers::Headers,
    wire::Wire,
};
use crate::{clock::Clock, request::Request, signals::Stop};
use std::sync::Arc;

/// One keep-alive connection to the account; each resource has a client of its own.
#[derive(Debug)]
pub(crate) struct Client {
    wire: Wire,
    authorizer: Arc<Authorizer>,
    clock: Clock,
}

/// What a request came to, with the headers of the answer if there was one.
pub(crate) type Answer = (Headers, Result<(), ApiError>);

impl Client {
    pub(crate) fn new(
        base: BaseUrl,
        limits: Limits,
        authorizer: Arc<Authorizer>,
        clock: Clock,
        stop: Stop,
    ) -> Client {
        Client { wire: Wire::new(base, limits, stop), authorizer, clock }
    }

    /// What breaks off a request of this client from another thread.
    pub(crate) fn canceller(&self) -> impl Fn() + Send + use<> {
        self.wire.canceller()
    }

    /// Asks for a page. Its body replaces what is in `body`. A token that was minted here and is
    /// refused, whatever the words, is renewed once.
    pub(crate) fn get(&self, request: &Request, body: &mut Vec<u8>) -> Answer {
        let mut renewed = false;
        loop {
            let header = match self.authorizer.header(&self.wire, self.clock) {
                Ok(header) => header,
                Err(error) => {
                    let error = error.with_origin(self.authorizer.origin());
                    return (Headers::default(), Err(error));
                }
            };
            let (status, headers) = match self.wire.get(request, &header, body) {
                Ok(answer) => answer,
                Err((headers, error)) => return (headers, Err(error)),
            };
            let checked = answer::check(request, status, &headers, body);
            let unauthorized = matches!(&checked, Err(ApiError::Unauthorized { .. }));
            if unauthorized && !renewed && self.authorizer.refused(&header) {
                renewed = true;
                continue;
            }
            return (headers, checked.map_err(|error| error.with_origin(self.authorizer.origin())));
        }
    }
}
