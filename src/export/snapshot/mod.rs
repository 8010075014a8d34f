//! The export of a list: walk it whole, and let that take the place of the last snapshot.
//!
//! What is asked next, and whether the walk was whole, is decided by
//! `paging/list`; which row is written,
//! by `rows`; `target` writes. This file asks, tells and repeats.

mod rows;
mod target;

pub(super) use target::{Looks, Target, look};

use super::{
    advice,
    asker::{Again, Asker, Event, Why},
    broken::{Broken, Kind},
    lines::{Form, Frame, Noticed},
    query::of_list,
    run::end_others,
    shared::Shared,
    summary::Outcome,
    teller::Teller,
};
use crate::{
    api::error::ApiError,
    failure::{Exit, Failure},
    output::Output,
    page,
    paging::list::{Passed, Walk},
    plan::Job,
    position::Position,
    progress::Stand,
    resource::key_of,
    retry::PageSize,
    sink::{self, Scratch},
};
use rows::{Met, Row, Rows};
use std::time::Instant;

/// How often a walk is repeated of which it is told that it was not whole.
const REPEATS: u32 = 3;

/// Exports until the list was walked whole, or until a signal if the run follows, and says so.
pub(super) fn export<'a>(job: &'a Job, shared: &'a Shared<'a>, target: Target<'a>) -> Outcome {
    let mut teller = Teller::new(job, shared);
    let mut list = List {
        job,
        shared,
        asker: Asker::new(job, shared),
        teller: &mut teller,
        target,
        rows: Rows::new(key_of(job.resource)),
        size: PageSize::new(job.per_page),
        began: shared.clock.instant(),
        outcome: Outcome { list: true, ..Outcome::of(job.resource.name) },
        handed_over: false,
    };
    let result = list.snapshots();
    let List { asker, target, mut outcome, began, .. } = list;
    let (spent, id) = (asker.spent(), asker.request_id());
    drop(asker);
    teller.clear();
    let saved = target.state_path();
    match result {
        Ok(()) => {}
        Err(Broken { failure, .. }) if failure.exit == Exit::Done => {
            teller.note(&failure.to_string());
        }
        Err(Broken { failure, kind }) => {
            if job.follow.is_some() {
                end_others(kind, shared);
            }
            let failure = advice::next_step(job, failure, false, id.as_deref());
            outcome.exit = failure.exit;
            outcome.error = Some(failure.to_string());
            outcome.complete &= matches!(failure.exit, Exit::Signal(_));
            if failure.exit != Exit::ReaderGone {
                let kept = saved.filter(|_| !outcome.complete);
                let kept = kept.map(|_| "the last snapshot stays as it is");
                teller.failure(&failure, kept);
            }
        }
    }
    outcome.requests = spent.requests;
    outcome.waited_for_quota = spent.on_quota;
    outcome.waited_for_retry = spent.on_retries;
    outcome.bytes = target.written();
    outcome.took = shared.clock.instant().saturating_duration_since(began);
    if shared.last_line && outcome.exit != Exit::ReaderGone && !outcome.out_of_reach {
        teller.end(&outcome);
    }
    outcome
}

/// One list that is exported.
struct List<'r, 'a> {
    job: &'a Job,
    shared: &'a Shared<'a>,
    asker: Asker<'a>,
    teller: &'r mut Teller<'a>,
    target: Target<'a>,
    rows: Rows,
    size: PageSize,
    began: Instant,
    /// What the run has come to so far.
    outcome: Outcome,
    /// Whether a page was taken.
    handed_over: bool,
}

/// What one walk came to.
enum Walked {
    Whole,
    /// `--limit` or `--max-pages` ended it.
    Cut,
    /// It is to be walked again, for this reason.
    Again(Broken),
    /// The account cannot read a list that nobody named.
    OutOfReach(ApiError),
}

impl<'a> List<'_, 'a> {
    fn snapshots(&mut self) -> Result<(), Broken> {
        loop {
            match self.snapshot() {
                Ok(true) => {
                    self.teller.back_again();
                    let Some(interval) = self.job.follow else { return Ok(()) };
                    self.rest(Why::CaughtUp, interval)?;
                }
                Ok(false) => return Ok(()),
                // A run that follows goes on in spite of a passing failure, after its interval.
                Err(broken) => {
                    let (Some(interval), Kind::Passes) = (self.job.follow, broken.kind) else {
                        return Err(broken);
                    };
                    self.teller.cut_off(&broken.failure);
                    self.rest(Why::CutOff, interval)?;
                }
            }
        }
    }

    fn rest(&mut self, why: Why, interval: std::time::Duration) -> Result<(), Failure> {
        let (asker, mut books) = self.parts();
        asker.rest(why, interval, &mut |event| books.hear(&event))
    }

    /// Takes one snapshot; `false` if nothing more is to come.
    fn snapshot(&mut self) -> Result<bool, Broken> {
        let mut left = REPEATS;
        loop {
            let mut scratch = match &self.target {
                Target::Stdout(_) => None,
                Target::File(files) => Some(files.scratch()?),
            };
            // What went to stdout cannot be taken back: what differs from it follows.
            match scratch {
                Some(_) => self.rows.begin_anew(),
                None => self.rows.begin(),
            }
            let before = self.outcome.records;
            match self.walk(scratch.as_mut())? {
                Walked::Whole => {
                    if let (Target::File(files), Some(scratch)) = (&mut self.target, &scratch) {
                        let at = self.asker.clocks().saved_at(&Position::Snapshot(None));
                        let is_other = files.replace(scratch, &self.rows, at)?;
                        self.outcome.position = Some(Position::Snapshot(files.last()));
                        match (is_other, self.job.follow) {
                            (true, _) => {}
                            (false, Some(_)) => self.outcome.records = before,
                            (false, None) => self.teller.note("as at the last run: the file stays"),
                        }
                    }
                    self.outcome.complete = true;
                    return Ok(true);
                }
                Walked::Cut => return Ok(false),
                Walked::OutOfReach(error) => {
                    self.outcome.out_of_reach = true;
                    let text = format!("left out, the account cannot read it: {error}");
                    self.teller.warn(&text);
                    return Ok(false);
                }
                Walked::Again(broken) => {
                    if left == 0 {
                        return Err(broken);
                    }
                    left -= 1;
                    if scratch.is_some() {
                        self.outcome.records = before;
                    }
                    self.teller.warn(&format!("{}; walks it again", broken.failure));
                }
            }
        }
    }

    /// Walks through the list once.
    fn walk(&mut self, mut scratch: Option<&mut Scratch>) -> Result<Walked, Broken> {
        let mut walk = Walk::new();
        self.asker.renew();
        loop {
            self.check_stop()?;
            let request = of_list(self.job, walk.at(), self.size.get());
            let (asker, mut books) = self.parts();
            let answered = asker.ask(&request, &mut |event| books.hear(&event))?;
            let result = match answered.result {
                Ok(()) => self.page(&mut walk, &answered.body, scratch.as_deref_mut())?,
                Err(error) => Err(error),
            };
            self.asker.give_back(answered.body);
            match result {
                Ok(None) => self.asker.renew(),
                Ok(Some(walked)) => return Ok(walked),
                Err(ApiError::Stopped) => {
                    self.check_stop()?;
                    return Err(Failure::from(ApiError::Stopped).into());
                }
                // The cursor of a walk is good for that walk at the most.
                Err(error @ ApiError::CursorRefused { .. }) => {
                    let failure = Failure::from(error.clone());
                    return Ok(Walked::Again(Broken::by(&error, failure)));
                }
                Err(
                    error @ (ApiError::Forbidden { .. } | ApiError::Refused { status: 404, .. }),
                ) if self.job.optional && !self.handed_over => {
                    return Ok(Walked::OutOfReach(error));
                }
                Err(error) => self.recover(&error, walk.may_resize())?,
            }
        }
    }

    /// Takes a page; what the walk has come to with it, if it ends here. The inner error is that of
    /// an answer that is no page, which moves nothing.
    fn page(
        &mut self,
        walk: &mut Walk,
        body: &[u8],
        scratch: Option<&mut Scratch>,
    ) -> Result<Result<Option<Walked>, ApiError>, Broken> {
        let key = self.job.resource.record_key;
        let parsed = page::parse(body, key, &[]);
        let next = parsed.and_then(|page| {
            let next = walk.next(&page.envelope, page.records.len())?;
            Ok((page, next))
        });
        let (page, next) = match next {
            Ok(next) => next,
            Err(garbled) => return Ok(Err(garbled.into())),
        };
        let rows: Vec<Row> = page.records.iter().map(|record| self.rows.row(*record)).collect();
        let new = self.rows.new_among(&rows);
        let verdict = walk.pass(next, page.envelope.count, new);
        if let Passed::Changed { count, rows } = verdict {
            return Ok(Ok(Some(Walked::Again(changed(count, rows)))));
        }
        self.handed_over = true;
        let ends = verdict == Passed::Whole;
        if !ends && !self.is_limited() {
            let next = of_list(self.job, walk.at(), self.size.after_a_good_page().get());
            self.asker.ask_ahead(Some(next));
        }
        let cut = self.write(&page.records, &rows, scratch)?;
        self.outcome.pages += 1;
        *self.outcome.page_sizes.entry(self.size.get()).or_default() += 1;
        self.size.good_page();
        let stand = self.stand();
        self.teller.page(stand);
        let enough = self.job.max_pages.is_some_and(|most| self.outcome.pages >= most);
        Ok(Ok(match (ends, cut) {
            (true, false) => Some(Walked::Whole),
            (_, true) => Some(Walked::Cut),
            (false, false) => enough.then_some(Walked::Cut),
        }))
    }

    fn is_limited(&self) -> bool {
        self.job.limit.is_some() || self.job.max_pages.is_some()
    }

    /// Writes the rows of a page that are to be written; whether the limit left something out.
    fn write(
        &mut self,
        records: &[crate::scan::Json<'_>],
        rows: &[Row],
        scratch: Option<&mut Scratch>,
    ) -> Result<bool, Failure> {
        let job = self.job;
        let form = Form { surrogates: job.surrogates, envelope: job.envelope };
        let frame = Frame::new(form, job.resource.name);
        let mut noticed = Noticed::default();
        let mut lines = Vec::new();
        let begins = scratch.as_ref().map_or(0, |scratch| scratch.length());
        let (mut records_written, mut cut) = (0, false);
        for (record, row) in records.iter().zip(rows) {
            if job.limit.is_some_and(|limit| self.outcome.records + records_written >= limit) {
                cut = true;
                break;
            }
            let at = begins + u64::try_from(lines.len()).unwrap_or(0);
            let met = self.rows.meet(*row, at);
            if met.is_written() {
                frame.push(*record, &mut lines, &mut noticed);
            }
            // In a file the later one takes the place of the one before.
            let replaces = met == Met::TwiceOther && scratch.is_some();
            records_written += u64::from(met.is_written() && !replaces);
            self.outcome.duplicates += u64::from(!met.is_first_of_walk());
        }
        match scratch {
            Some(scratch) => scratch.add(&lines)?,
            None if lines.is_empty() => {}
            None => self.target.put(&lines, self.shared.stop)?,
        }
        self.outcome.records += records_written;
        self.outcome.deleted += noticed.deleted;
        self.outcome.surrogates += noticed.surrogates;
        if noticed.surrogates > 0 {
            self.teller.surrogates();
        }
        Ok(cut)
    }

    /// Waits, or asks for less, as the trouble wants; broken when there is no more to try.
    fn recover(&mut self, error: &ApiError, may_resize: bool) -> Result<(), Broken> {
        let shrinkable = may_resize && self.size.shrinkable();
        let job = self.job;
        let (asker, mut books) = self.parts();
        match asker.again(error, shrinkable, &mut |event| books.hear(&event)) {
            Ok(Again::Same) => Ok(()),
            Ok(Again::Smaller) => {
                self.size.halve();
                self.teller.page_size(error, self.size.get());
                Ok(())
            }
            Err(failure) if failure.exit != error.exit() => Err(failure.into()),
            Err(failure) => Err(Broken::by(error, advice::past(job, error, None, failure))),
        }
    }

    fn check_stop(&self) -> Result<(), Failure> {
        match self.shared.stop.signal() {
            Some(signal) => Err(Failure::stopped(signal)),
            None => self.shared.over.check(),
        }
    }

    fn stand(&self) -> Stand {
        let took = self.shared.clock.instant().saturating_duration_since(self.began);
        let Outcome { records, pages, .. } = self.outcome;
        Stand { records, pages, through: None, took, way: None }
    }

    /// Who asks, and who hears what goes on meanwhile.
    fn parts(&mut self) -> (&mut Asker<'a>, Books<'_, 'a>) {
        let stand = self.stand();
        let books = Books { job: self.job, shared: self.shared, teller: self.teller, stand };
        (&mut self.asker, books)
    }
}

/// Who hears what goes on while a page is asked for.
struct Books<'r, 'a> {
    job: &'a Job,
    shared: &'a Shared<'a>,
    teller: &'r mut Teller<'a>,
    stand: Stand,
}

impl Books<'_, '_> {
    /// A reader of stdout that goes away ends a wait.
    fn hear(&mut self, event: &Event<'_>) -> Result<(), Failure> {
        if let Event::Waits(..) | Event::Silent(_) = event {
            self.shared.over.check()?;
        }
        if let (Event::Waits(..), Output::Stdout) = (event, &self.job.output) {
            sink::check_reader()?;
        }
        self.teller.hear(event, self.stand);
        Ok(())
    }
}

/// The list says that it holds another number of rows than came.
fn changed(count: u64, rows: u64) -> Broken {
    let text = format!(
        "the list changed while it was read: it says that it holds {count} rows, and {rows} came"
    );
    Broken { failure: Failure::new(Exit::Remote, text), kind: Kind::Passes }
}
