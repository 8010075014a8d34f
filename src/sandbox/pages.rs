//! From parameters to one page of an endpoint, as bytes.

use std::net::Ipv4Addr;

use super::{
    answer::{Answer, Delivery},
    asking::{Asking, Reply},
    desk::Desk,
    dice::size,
    export,
    fault::Fault,
    http::Request,
    instead::FOREIGN,
    json::{self, Object, array},
    kind::{Endpoint, Paging, RECORDS},
    list,
    parameters::{Parameters, Refused},
    products,
};

/// Serves one page; the number is that of its records.
pub(super) fn page(
    desk: &Desk,
    request: &Request,
    endpoint: &Endpoint,
    fault: Option<Fault>,
) -> Result<(Answer, u64), Refused> {
    if fault == Some(Fault::DuplicatePage)
        && let Some(body) = desk.last_served(&request.path)
    {
        return Ok((Answer { data: true, ..Answer::json(200, body) }, 0));
    }
    let now = desk.clock.now();
    let host = request.header("host").unwrap_or(&desk.authority);
    let origin = match fault {
        Some(Fault::ForeignHost) => FOREIGN.to_owned(),
        _ if is_loopback(host) => format!("http://{host}"),
        // Behind a front with TLS, as Zendesk's own links are.
        _ => format!("https://{host}"),
    };
    let invalid_cursor = desk.options.behaviour.invalid_cursor;
    let parameters = Parameters { request, endpoint, now, invalid_cursor, origin };
    let asking = Asking { desk, endpoint, parameters, now, fault };
    let reply = match endpoint.route.paging {
        Paging::Cursor(end) => export::by_cursor(&asking, end)?,
        Paging::Time(by_time) => {
            let size = by_time.lists.map(|largest| asking.parameters.page_size(largest));
            match size.transpose()?.flatten() {
                Some(size) => export::as_list(&asking, size)?,
                None => export::by_time(&asking, by_time)?,
            }
        }
        Paging::List(listing) => list::page(&asking, listing)?,
        Paging::StartId(form) => products::by_start_id(&asking, form)?,
        Paging::Token => products::by_token(&asking)?,
    };
    let records = size(reply.records.len());
    let body = write(endpoint, &reply, fault).into_bytes();
    desk.remember(&request.path, body.clone());
    Ok((damaged(body, fault), records))
}

/// Whether a `Host` is this machine itself, which is asked without TLS.
fn is_loopback(host: &str) -> bool {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.starts_with("::1]");
    }
    let name = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let ip = name.parse::<Ipv4Addr>();
    ip.is_ok_and(|ip| ip.is_loopback()) || name == "localhost" || name.ends_with(".localhost")
}

/// The faults that leave the envelope alone but not its bytes.
fn damaged(mut body: Vec<u8>, fault: Option<Fault>) -> Answer {
    let delivery = match fault {
        Some(Fault::Cut) => Delivery::Cut,
        Some(Fault::Slow) => Delivery::Slow,
        Some(Fault::Drip) => Delivery::Drip,
        _ => Delivery::Whole,
    };
    match fault {
        Some(Fault::CutJson) => body.truncate(body.len() * 2 / 3),
        Some(Fault::Pretty) => body = json::pretty(&body),
        _ => {}
    }
    Answer { data: true, delivery, ..Answer::json(200, body) }
}

/// The envelope in its order; the sideloads stand behind the records (§2).
fn write(endpoint: &Endpoint, reply: &Reply, fault: Option<Fault>) -> String {
    let key = if fault == Some(Fault::NoKey) { "results" } else { endpoint.kind.key };
    reply
        .envelope
        .iter()
        .fold(Object::new(), |object, (name, value)| {
            if *name != RECORDS {
                return object.raw(name, value);
            }
            let object = object.raw(key, array(&reply.records));
            reply.sideloads.iter().fold(object, |object, (name, value)| object.raw(name, value))
        })
        .end()
}
