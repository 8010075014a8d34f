//! The hand-over of pages to the writer, which has a thread of its own: one page is written and
//! synced while the next one is parsed. A page counts when the writer says so.

use super::{batch::Batch, lines, writer::Writer};
use crate::failure::Failure;
use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError, channel},
    thread::{Scope, ScopedJoinHandle},
    time::Duration,
};

/// How often one that waits may do something else.
const SLICE: Duration = Duration::from_millis(500);

/// A page that counts. Its body is on its way to the next answer.
pub(super) struct Written {
    pub(super) batch: Batch,
    pub(super) noticed: lines::Noticed,
}

/// Pages on their way into the output.
pub(super) struct Commit<'scope, 'a> {
    batches: Sender<Batch>,
    written: Receiver<Result<Written, Failure>>,
    /// Whether a page is being written.
    busy: bool,
    thread: ScopedJoinHandle<'scope, Writer<'a>>,
}

impl<'scope, 'a: 'scope> Commit<'scope, 'a> {
    pub(super) fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        mut writer: Writer<'a>,
        bodies: SyncSender<Vec<u8>>,
    ) -> Commit<'scope, 'a> {
        let (batches, given) = channel::<Batch>();
        let (answer, written) = channel();
        let thread = scope.spawn(move || {
            for mut batch in given {
                let result = writer.write(&batch);
                // At once, not when the page is counted: the next request may wait for it.
                drop(bodies.try_send(std::mem::take(&mut batch.body)));
                let result = result.map(|noticed| Written { batch, noticed });
                let failed = result.is_err();
                if answer.send(result).is_err() || failed {
                    break;
                }
            }
            writer
        });
        Commit { batches, written, busy: false, thread }
    }
}

impl<'a> Commit<'_, 'a> {
    /// Gives a page to the writer, which must be free: see [`Commit::wait`].
    pub(super) fn give(&mut self, batch: Batch) {
        self.busy = self.batches.send(batch).is_ok();
    }

    /// Waits until the page that is being written counts, if there is one; `meanwhile` is called
    /// again and again.
    pub(super) fn wait(&mut self, mut meanwhile: impl FnMut()) -> Result<Option<Written>, Failure> {
        if !std::mem::take(&mut self.busy) {
            return Ok(None);
        }
        // The channel ends only if the writer panicked; that is told when its thread is joined.
        loop {
            match self.written.recv_timeout(SLICE) {
                Ok(result) => return result.map(Some),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => meanwhile(),
            }
        }
    }

    /// The page that was being written, if it counts by now.
    pub(super) fn poll(&mut self) -> Result<Option<Written>, Failure> {
        match self.written.try_recv() {
            Ok(result) => {
                self.busy = false;
                result.map(Some)
            }
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => Ok(None),
        }
    }

    /// The writer, after its last page.
    pub(super) fn into_writer(self) -> Writer<'a> {
        drop(self.batches);
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}
