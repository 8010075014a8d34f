//! The export of one resource: ask, accept, hand over, count, and again.
//!
//! What is asked and what an answer means is decided by `stream`; `asker` asks, `commit` writes,
//! `tally` counts, `teller` talks. Three threads work on a resource: one asks and inflates
//! (`ahead`), this one checks and decides, one writes and syncs (`commit`).

use super::{
    accepted::{Accepted, TooRecent},
    advice,
    ahead::Answered,
    asker::{Again, Asker, Event, Why},
    batch::Batch,
    broken::{Broken, Kind},
    commit::{Commit, Written},
    objects,
    shared::Shared,
    slices::walkers::Walkers,
    stream::Stream,
    summary::Outcome,
    tally::Tally,
    teller::{SHOWN_WAIT, Teller},
    writer::Writer,
};
use crate::{
    api::{Client, error::ApiError},
    failure::{Exit, Failure},
    garbled::Garbled,
    output::Output,
    plan::Job,
    progress::Stand,
    resource::key_in,
    sink,
};
use std::{thread, time::Instant};

/// Exports until caught up, stopped or failed, and says so.
pub(super) fn export<'a>(
    job: &'a Job,
    shared: &'a Shared<'a>,
    mut stream: Stream<'a>,
    writer: Writer<'a>,
) -> Outcome {
    let clock = shared.clock;
    let began = clock.instant();
    let mut tally = Tally::new(job, stream.standing(), began);
    let mut teller = Teller::new(job, shared);
    let walkers = Walkers::new(job, shared);
    let (result, mut writer, asked) = thread::scope(|scope| {
        let mut asker = Asker::new(job, shared);
        let commit = Commit::start(scope, writer, asker.bodies());
        let (walkers, tally, teller) = (&walkers, &mut tally, &mut teller);
        let mut books = Books { job, shared, commit, walkers, tally, teller };
        let result = pages(&mut stream, &mut asker, &mut books);
        // The last page is waited for whatever happened; if it fails, that is the news.
        let last = books.settle();
        let result = last.map_err(Broken::from).and(result);
        books.walkers.close();
        let spent = asker.spent().and(books.walkers.requests());
        let asked = (spent, asker.clocks(), asker.request_id());
        (result, books.commit.into_writer(), asked)
    });
    let (spent, clocks, id) = asked;
    let result = result.and_then(|()| {
        let at = clocks.saved_at(stream.position());
        Ok(writer.end(&stream.standing(), at, tally.is_complete())?)
    });
    // Where a sync has failed, nothing more is written: the next run finds out how far it came.
    let result = match result {
        Err(broken) if broken.failure.exit == Exit::Output => Err(broken),
        result => {
            let closed = writer.close();
            result.and(closed.map_err(Broken::from))
        }
    };
    let ended = clock.instant();
    teller.clear();
    stream.missing().for_each(|name| teller.never_came(name));
    stream.tell_what_is_left(clocks);
    stream.remarks().into_iter().for_each(|remark| teller.remark(remark));
    match result {
        Ok(()) => {}
        Err(Broken { failure, .. }) if failure.exit == Exit::Done => {
            teller.note(&failure.to_string());
        }
        Err(Broken { failure, kind }) => {
            if job.follow.is_some() {
                end_others(kind, shared);
            }
            let failure =
                advice::next_step(job, failure, writer.state_path().is_some(), id.as_deref());
            tally.failed(&failure, stream.handed_over());
            if failure.exit != Exit::ReaderGone {
                let saved = writer.state_path();
                let saved =
                    saved.map(|state| advice::saved(&state, tally.through(), tally.pages()));
                teller.failure(&failure, saved.as_deref());
            }
        }
    }
    let outcome = tally.outcome(spent, writer.written(), ended);
    let tell = outcome.exit != Exit::ReaderGone && !outcome.out_of_reach;
    if shared.last_line && tell {
        teller.end(&outcome);
    }
    outcome
}

/// A run that follows does not go on without one of its resources, but for one whose own stream
/// does not get on.
pub(super) fn end_others(kind: Kind, shared: &Shared<'_>) {
    match kind {
        Kind::Over => shared.over.set(Exit::Done),
        Kind::Credentials => shared.over.set(Exit::Credentials),
        Kind::Passes | Kind::Stuck | Kind::Stopped => {}
    }
}

/// What asking for the next page came to.
enum Next {
    Page(Box<Batch>),
    /// Caught up: nothing came, or what would come is too young.
    Nothing,
    /// The account cannot read a resource that nobody named.
    OutOfReach(ApiError),
}

fn pages(
    stream: &mut Stream<'_>,
    asker: &mut Asker<'_>,
    books: &mut Books<'_, '_, '_>,
) -> Result<(), Broken> {
    let mut anchored = books.shared.clock.instant();
    loop {
        books.check_stop()?;
        let batch = match next(stream, asker, books) {
            Err(broken) => {
                outlive(broken, asker, books)?;
                continue;
            }
            Ok(next) => {
                books.teller.back_again();
                match next {
                    Next::Page(batch) => batch,
                    Next::Nothing => {
                        books.tally.complete(true);
                        if rest(stream, &mut anchored, asker, books)? {
                            continue;
                        }
                        return Ok(());
                    }
                    Next::OutOfReach(error) => {
                        books.tally.out_of_reach();
                        let text = format!("left out, the account cannot read it: {error}");
                        books.teller.warn(&text);
                        return Ok(());
                    }
                }
            }
        };
        books.settle()?;
        books.tally.complete(batch.completes());
        let (ends, last) = (batch.ends(), batch.last);
        books.commit.give(*batch);
        if !last && stream.stands_at().is_none_or(|at| books.walkers.leave(at)) {
            asker.ask_ahead(stream.next());
        }
        if stream.limit_reached() || ends && !rest(stream, &mut anchored, asker, books)? {
            return Ok(());
        }
    }
}

/// Asks until there is a page to write or nothing more to come, or until the retries are used up.
fn next(
    stream: &mut Stream<'_>,
    asker: &mut Asker<'_>,
    books: &mut Books<'_, '_, '_>,
) -> Result<Next, Broken> {
    asker.renew();
    loop {
        let answered = answer(stream, asker, books)?;
        books.poll()?;
        stream.answered_in(answered.took);
        let Answered { result, body, .. } = answered;
        let accepted = match result {
            Ok(()) => {
                let clocks = asker.clocks();
                // Where a page may be cut, what is behind it is not known before it is read.
                if !books.walkers.are_at_work() {
                    asker.ask_ahead(stream.guess(&body, clocks));
                }
                if let Some(joints) = books.walkers.joints().filter(|_| stream.takes_slices()) {
                    stream.look_at(joints);
                }
                let bytes = body.len();
                let most = books.shared.memory.most(books.job.resource.name, stream.remembered());
                let accepted = stream.accept(body, clocks, most);
                books.walkers.pass(stream.looked(), bytes, clocks);
                accepted.map_err(|(garbled, body)| (garbled.into(), body))
            }
            Err(error) => Err((error, body)),
        };
        stream.remarks().into_iter().for_each(|remark| books.teller.remark(remark));
        let error = match accepted {
            Ok(Accepted::Page(batch)) => return Ok(Next::Page(batch)),
            Ok(Accepted::Known { body, duplicates, last }) => {
                asker.give_back(body);
                books.tally.repeated(duplicates);
                if last {
                    return Ok(Next::Nothing);
                }
                asker.renew();
                continue;
            }
            Err((error, body)) => {
                asker.give_back(body);
                error
            }
        };
        match error {
            ApiError::Stopped => {
                books.check_stop()?;
                return Err(Failure::from(error).into());
            }
            ApiError::TooRecent => match stream.too_recent(asker.clocks()) {
                TooRecent::Older(_) => {}
                TooRecent::Untrue(start, ago) => {
                    // As any answer that comes out wrong.
                    let failure = advice::untrue(start, ago);
                    return Err(Broken { failure, kind: Kind::Passes });
                }
                TooRecent::Future(date) => return Err(advice::future(books.job, date).into()),
                TooRecent::Nothing => {
                    books.tally.too_recent();
                    // The last line has it, and a run that follows at each poll.
                    if books.job.follow.is_none() && !books.shared.last_line {
                        books.teller.note("nothing new yet");
                    }
                    return Ok(Next::Nothing);
                }
            },
            ApiError::Forbidden { .. } | ApiError::Refused { status: 404, .. }
                if books.job.optional
                    && stream.handed_over() == 0
                    && (books.job.follow.is_none() || Kind::of(&error) == Kind::Over) =>
            {
                return Ok(Next::OutOfReach(error));
            }
            ApiError::Garbled(Garbled::Overflow { .. }) if stream.widen() => {}
            ApiError::CursorRefused { .. }
            | ApiError::Refused { status: 400 | 404 | 410 | 422, .. }
                if stream.forget_inside() => {}
            error => recover(&error, stream, asker, books)?,
        }
    }
}

/// The answer to the stream's request, of a walker or of the server.
fn answer(
    stream: &mut Stream<'_>,
    asker: &mut Asker<'_>,
    books: &mut Books<'_, '_, '_>,
) -> Result<Answered, Failure> {
    if let Some(at) = stream.stands_at().cloned() {
        let walkers = books.walkers;
        let kept = walkers.answer(&at, |waited| books.hear(&Event::Silent(waited)))?;
        if let Some(kept) = kept {
            asker.take_note(&kept, &mut |event| books.hear(&event))?;
            return Ok(kept);
        }
    }
    let answered = asker.ask(&stream.request(), &mut |event| books.hear(&event))?;
    books.walkers.answered_in(answered.took);
    Ok(answered)
}

/// Waits, or asks for less, as the trouble wants; broken when there is no more to try.
fn recover(
    error: &ApiError,
    stream: &mut Stream<'_>,
    asker: &mut Asker<'_>,
    books: &mut Books<'_, '_, '_>,
) -> Result<(), Broken> {
    match asker.again(error, stream.can_shrink(), &mut |event| books.hear(&event)) {
        Ok(Again::Same) => Ok(()),
        Ok(Again::Smaller) => {
            books.walkers.shrink(stream.page_size());
            stream.shrink();
            books.teller.page_size(error, stream.page_size());
            Ok(())
        }
        Err(failure) if failure.exit != error.exit() => Err(failure.into()),
        Err(failure) => {
            let reached = stream.through().or_else(|| stream.position().time());
            let failure = advice::past(books.job, error, reached, failure);
            let failure = match (error, key_in(books.job.resource.name)) {
                (ApiError::Refused { status: 404, .. }, Some(_)) => {
                    let shared = books.shared;
                    let client = Client::new(
                        shared.base.clone(),
                        shared.limits,
                        shared.authorizer.clone(),
                        shared.clock,
                        shared.stop.clone(),
                    );
                    advice::no_such_object(failure, objects::keys(&client).ok().as_deref())
                }
                (_, _) => failure,
            };
            let broken = Broken::by(error, failure);
            if books.job.follow.is_some() && broken.kind == Kind::Passes {
                books.teller.cut_off(error);
            }
            Err(broken)
        }
    }
}

/// A run that follows goes on in spite of a passing failure, after its interval.
fn outlive(
    broken: Broken,
    asker: &mut Asker<'_>,
    books: &mut Books<'_, '_, '_>,
) -> Result<(), Broken> {
    let (Some(interval), Kind::Passes) = (books.job.follow, broken.kind) else {
        return Err(broken);
    };
    books.teller.cut_off(&broken.failure);
    Ok(asker.rest(Why::CutOff, interval, &mut |event| books.hear(&event))?)
}

/// Waits until it is time to ask again, if the run follows; `false` if it ends here. The last page
/// counts before the wait. `anchored` is when the stream was last walked from its anchor, which is
/// done once per overlap.
fn rest(
    stream: &mut Stream<'_>,
    anchored: &mut Instant,
    asker: &mut Asker<'_>,
    books: &mut Books<'_, '_, '_>,
) -> Result<bool, Failure> {
    let Some(interval) = books.job.follow else { return Ok(false) };
    books.settle()?;
    let clock = books.shared.clock;
    // What can only be refused is not sent.
    let too_young = stream.too_young_for(asker.clocks().now());
    asker.rest(Why::CaughtUp, interval.max(too_young), &mut |event| books.hear(&event))?;
    let since = clock.instant().saturating_duration_since(*anchored);
    let due = stream.rereads_every().is_some_and(|every| since >= every);
    if due {
        *anchored = clock.instant();
    }
    stream.look_again(due);
    Ok(true)
}

/// What is written, counted and told, while a page is asked for and after it.
struct Books<'r, 'scope, 'a> {
    job: &'a Job,
    shared: &'a Shared<'a>,
    commit: Commit<'scope, 'a>,
    walkers: &'r Walkers,
    tally: &'r mut Tally,
    teller: &'r mut Teller<'a>,
}

impl Books<'_, '_, '_> {
    fn check_stop(&self) -> Result<(), Failure> {
        match self.shared.stop.signal() {
            Some(signal) => Err(Failure::stopped(signal)),
            None => self.shared.over.check(),
        }
    }

    fn stand(&self) -> Stand {
        self.tally.stand(self.shared.clock.instant())
    }

    /// Waits until the page that is being written counts, if there is one.
    fn settle(&mut self) -> Result<(), Failure> {
        let written = {
            let (tally, teller, clock) = (&self.tally, &mut self.teller, self.shared.clock);
            self.commit.wait(|| teller.writing(tally.stand(clock.instant())))?
        };
        self.count(written);
        Ok(())
    }

    /// Counts the page that was being written, if that is done.
    fn poll(&mut self) -> Result<(), Failure> {
        let written = self.commit.poll()?;
        self.count(written);
        Ok(())
    }

    fn count(&mut self, written: Option<Written>) {
        let Some(written) = written else { return };
        let surrogates = written.noticed.surrogates;
        self.tally.count(written, self.shared.clock.instant());
        if surrogates > 0 {
            self.teller.surrogates();
        }
        self.teller.page(self.stand());
    }

    /// What goes on beside the asking. A reader of stdout that goes away ends a wait.
    fn hear(&mut self, event: &Event<'_>) -> Result<(), Failure> {
        if let Event::Waits(..) | Event::Silent(_) = event {
            self.shared.over.check()?;
        }
        if let Event::Waits(why, left) = event {
            if *why == Why::QuotaSpent && *left > SHOWN_WAIT {
                // There is time for the last page to count, so that it is shown.
                self.settle()?;
            }
            if self.job.output == Output::Stdout {
                sink::check_reader()?;
            }
        }
        self.teller.hear(event, self.stand());
        Ok(())
    }
}
