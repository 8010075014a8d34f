//! The terminal as lines of progress need it: a little narrower than it is, and cleared whole where a
//! person has made it narrower still.

use crate::mutex::lock;
use console::Term;
use indicatif::TermLike;
use std::{io, sync::Mutex};

/// So many columns stay free: the `^C` that a terminal echoes behind a line must not go over into the
/// next one, where it would keep the line from being cleared.
const FREE: u16 = 4;

/// A terminal as if it ended a little earlier. Each line is written in two pieces, itself and spaces
/// that fill it up, and that fills a real one up so that the next line begins below; here it takes a
/// newline.
#[derive(Debug)]
pub(super) struct Narrowed {
    terminal: Term,
    drawing: Mutex<Drawing>,
}

/// What was drawn, and what is being drawn.
#[derive(Debug, Default)]
struct Drawing {
    /// How wide the terminal was when the lines that stand were drawn.
    columns: u16,
    /// How long they are, in characters.
    standing: Vec<usize>,
    /// Those of this drawing.
    lines: Vec<usize>,
    /// The pieces of this drawing.
    pieces: usize,
    begun: bool,
    /// Set when what stood is cleared already.
    cleared: bool,
}

impl Narrowed {
    pub(super) fn stderr() -> Narrowed {
        Narrowed { terminal: Term::stderr(), drawing: Mutex::default() }
    }

    pub(super) fn is_terminal(&self) -> bool {
        self.terminal.is_term()
    }

    pub(super) fn columns(&self) -> u16 {
        let (_, columns) = self.terminal.size();
        columns.saturating_sub(FREE).max(1)
    }

    /// Draws, unless the job was sent to the background meanwhile.
    fn draws(&self, draw: impl FnOnce(&Term) -> io::Result<()>) -> io::Result<()> {
        match is_in_foreground() {
            true => draw(&self.terminal),
            false => Ok(()),
        }
    }

    /// The same of what clears the lines that stand, unless that is done.
    fn clears(&self, draw: impl FnOnce(&Term) -> io::Result<()>) -> io::Result<()> {
        match lock(&self.drawing).cleared {
            true => Ok(()),
            false => self.draws(draw),
        }
    }
}

/// How many more rows lines take that were drawn on a wider terminal: it wraps them.
fn wrapped(lines: &[usize], columns: u16) -> usize {
    let columns = usize::from(columns.max(1));
    lines.iter().map(|line| line.saturating_sub(1) / columns).sum()
}

/// How many characters of a text are seen: not those that colour it.
fn seen(text: &str) -> usize {
    let mut colours = false;
    let seen = text.chars().filter(|c| {
        let hidden = colours || *c == '\u{1b}';
        colours = hidden && *c != 'm';
        !hidden
    });
    seen.count()
}

impl TermLike for Narrowed {
    fn width(&self) -> u16 {
        self.columns()
    }

    fn height(&self) -> u16 {
        self.terminal.size().0
    }

    /// Each drawing begins with this, at the end of the lines that stand.
    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        let mut drawing = lock(&self.drawing);
        if !std::mem::replace(&mut drawing.begun, true) {
            let (_, columns) = self.terminal.size();
            let rows = match columns < drawing.columns {
                true => wrapped(&drawing.standing, columns),
                false => 0,
            };
            if rows > 0 {
                drawing.cleared = true;
                drop(drawing);
                return self.draws(|terminal| {
                    terminal.move_cursor_up(n + rows)?;
                    terminal.clear_to_end_of_screen()
                });
            }
        }
        drop(drawing);
        self.clears(|terminal| terminal.move_cursor_up(n))
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.clears(|terminal| terminal.move_cursor_down(n))
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.draws(|terminal| terminal.move_cursor_right(n))
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.draws(|terminal| terminal.move_cursor_left(n))
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.draws(|terminal| terminal.write_line(text))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        let (is_line, is_first) = {
            let mut drawing = lock(&self.drawing);
            let piece = drawing.pieces;
            drawing.pieces += 1;
            let is_line = piece.is_multiple_of(2);
            if is_line {
                drawing.lines.push(seen(text));
            }
            (is_line, piece == 0)
        };
        // What fills a line up would wrap where the terminal gets narrower.
        let text = if is_line || cfg!(windows) { text } else { "\u{1b}[K" };
        self.draws(|terminal| {
            if is_line && !is_first {
                terminal.write_line("")?;
            }
            terminal.write_str(text)
        })
    }

    fn clear_line(&self) -> io::Result<()> {
        self.clears(Term::clear_line)
    }

    fn flush(&self) -> io::Result<()> {
        let (_, columns) = self.terminal.size();
        let mut drawing = lock(&self.drawing);
        let standing = std::mem::take(&mut drawing.lines);
        *drawing = Drawing { columns, standing, ..Drawing::default() };
        self.terminal.flush()
    }
}

/// Whether the terminal is this job's to draw on: one in the background would draw over the prompt.
#[cfg(unix)]
pub(crate) fn is_in_foreground() -> bool {
    use rustix::{process::getpgrp, termios::tcgetpgrp};
    // Of a terminal that controls no job, nobody else draws on it.
    tcgetpgrp(io::stderr()).map_or(true, |group| group == getpgrp())
}

#[cfg(not(unix))]
pub(crate) fn is_in_foreground() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_wrap_on_a_narrower_terminal() {
        assert_eq!(wrapped(&[60, 96, 10], 100), 0);
        assert_eq!(wrapped(&[60, 96, 10], 80), 1);
        assert_eq!(wrapped(&[60, 96, 40], 40), 1 + 2);
        assert_eq!(wrapped(&[0], 0), 0);
    }

    #[test]
    fn what_colours_a_text_takes_no_room() {
        assert_eq!(seen("\u{1b}[36m*\u{1b}[0m tickets: é"), "* tickets: é".chars().count());
    }
}
