//! Sockets and threads: one accepting, one for each connection.
//!
//! A panic while answering ends its connection, never the server.

use std::{
    io,
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{
    answer::{Answer, Delivery, Terms},
    api,
    desk::Desk,
    http::{self, NoRequest},
};

const IDLE: Duration = Duration::from_secs(75);
const WRITE: Duration = Duration::from_secs(120);

/// The open connections, so that they can be closed from outside.
#[derive(Default)]
struct Connections {
    next: AtomicU64,
    open: Mutex<Vec<(u64, TcpStream)>>,
}

pub(super) struct Server {
    desk: Arc<Desk>,
    connections: Arc<Connections>,
    address: SocketAddr,
    acceptor: Option<JoinHandle<()>>,
}

pub(super) fn bind(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
}

impl Server {
    pub(super) fn start(listener: TcpListener, desk: Arc<Desk>) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let connections = Arc::new(Connections::default());
        let acceptor = thread::Builder::new().name("sandbox".to_owned()).spawn({
            let (desk, connections) = (Arc::clone(&desk), Arc::clone(&connections));
            move || accept(&listener, &desk, &connections)
        })?;
        Ok(Self { desk, connections, address, acceptor: Some(acceptor) })
    }

    pub(super) fn wait(&mut self) {
        if let Some(acceptor) = self.acceptor.take() {
            drop(acceptor.join());
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.desk.clock.stop();
        // The acceptor looks at the clock after each connection.
        drop(TcpStream::connect(self.address));
        self.wait();
        let open = self.connections.open.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, stream) in open.iter() {
            drop(stream.shutdown(Shutdown::Both));
        }
    }
}

fn accept(listener: &TcpListener, desk: &Arc<Desk>, connections: &Arc<Connections>) {
    for stream in listener.incoming() {
        if desk.clock.stopped() {
            return;
        }
        let Ok(stream) = stream else {
            // Out of descriptors, most likely: give connections time to end.
            desk.clock.pause(Duration::from_millis(50));
            continue;
        };
        let Ok(copy) = stream.try_clone() else {
            continue;
        };
        let number = connections.next.fetch_add(1, Ordering::Relaxed);
        connections.open.lock().unwrap_or_else(PoisonError::into_inner).push((number, copy));
        let (desk, known) = (Arc::clone(desk), Arc::clone(connections));
        let spawned =
            thread::Builder::new().name("sandbox connection".to_owned()).spawn(move || {
                drop(catch_unwind(AssertUnwindSafe(|| {
                    serve(stream, &desk, &known, number);
                })));
                known.forget(number);
            });
        if spawned.is_err() {
            connections.forget(number);
        }
    }
}

impl Connections {
    fn forget(&self, number: u64) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|(known, _)| *known != number);
    }
}

fn serve(mut stream: TcpStream, desk: &Desk, connections: &Connections, number: u64) {
    // Both can only fail for a duration of zero.
    drop(stream.set_read_timeout(Some(IDLE)));
    drop(stream.set_write_timeout(Some(WRITE)));
    drop(stream.set_nodelay(true));
    while !desk.clock.stopped() {
        match exchange(&mut stream, desk, connections, number) {
            Ok(true) => {}
            Ok(false) => {
                drop(stream.shutdown(Shutdown::Write));
                return;
            }
            // Only a socket that is closed without a shutdown sends a reset.
            Err(_) => return,
        }
    }
}

/// One request and its answer; whether the connection can be used again.
fn exchange(
    stream: &mut TcpStream,
    desk: &Desk,
    connections: &Connections,
    number: u64,
) -> io::Result<bool> {
    let mut request = match http::read(stream) {
        Ok(request) => request,
        Err(NoRequest::Gone) => return Ok(false),
        Err(NoRequest::Bad(status)) => {
            let terms = Terms { gzip: false, http10: false, head_only: false, keep_alive: false };
            return Answer::text(status, "").send(
                &mut io::BufWriter::new(stream),
                terms,
                &desk.clock,
            );
        }
    };
    let answer = api::answer(desk, &request);
    if answer.delivery == Delivery::Reset {
        // The reset goes out when the last copy of the socket closes.
        connections.forget(number);
        return Err(io::ErrorKind::ConnectionReset.into());
    }
    http::finish(stream, &mut request)?;
    let terms = Terms {
        gzip: request.accepts_gzip(),
        http10: request.http10,
        head_only: request.method == "HEAD",
        keep_alive: request.keeps_alive(),
    };
    answer.send(&mut io::BufWriter::new(stream), terms, &desk.clock)
}
