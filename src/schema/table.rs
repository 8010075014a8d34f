//! A table to be, as every engine's text begins with it.

use super::{
    files::Files,
    shape::{Kind, Member, Shape},
    stream::Stream,
};

/// A table to be: of which records, and where they are.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(super) stream: Stream,
    pub(super) shape: &'static Shape,
    pub(crate) files: Files,
}

impl Table {
    pub(crate) fn of(stream: Stream, files: Files) -> Table {
        Table { name: stream.identifier(), shape: stream.shape(), stream, files }
    }

    /// A line for each member.
    pub(super) fn lines(&self, line: impl Fn(&Member) -> String) -> String {
        self.shape.members.iter().map(|member| line(member) + "\n").collect()
    }

    /// The members on one line.
    pub(super) fn list(&self, item: impl Fn(&Member) -> String) -> String {
        self.shape.members.iter().map(item).collect::<Vec<_>>().join(", ")
    }
}

/// What an engine calls the kinds of members.
#[derive(Clone, Copy, Debug)]
pub(super) struct Types {
    pub(super) int: &'static str,
    pub(super) float: &'static str,
    pub(super) bool: &'static str,
    pub(super) text: &'static str,
    pub(super) time: &'static str,
    /// For objects, lists, and what is now this and now that.
    pub(super) json: &'static str,
}

impl Types {
    pub(super) fn of(self, kind: Kind) -> &'static str {
        match kind {
            Kind::Int => self.int,
            Kind::Float => self.float,
            Kind::Bool => self.bool,
            Kind::Text => self.text,
            Kind::Time => self.time,
            Kind::Object | Kind::List | Kind::Mixed => self.json,
        }
    }
}

/// A text as SQL takes it.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
