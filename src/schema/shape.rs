//! What is known of the records of a stream: their members with types, what tells one record from
//! another, and what says when it changed.
//!
//! Pure, and nothing but what it is made of: the tables themselves stand in `members/`.

/// The records of one stream.
#[derive(Debug)]
pub(crate) struct Shape {
    /// Zendesk's name, as in the table of resources; `custom_objects:` stands for every one of them,
    /// and a name with a dot for a sideload that has no stream of its own.
    pub(crate) name: &'static str,
    /// The members that together tell one record from all others; always there, and never null.
    pub(crate) key: &'static [&'static str],
    /// The member that says when a record changed: of two versions the one with the later time is the
    /// later. `None` where there is no such member, so that only the order of the lines tells.
    pub(crate) change: Option<&'static str>,
    pub(crate) members: &'static [Member],
}

impl Shape {
    /// Whether a member can be null or left out: all can, but those of the key.
    pub(crate) fn is_nullable(&self, member: &Member) -> bool {
        !self.key.contains(&member.name)
    }
}

/// A member of a record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) source: Source,
}

/// What a member holds where it is not null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A whole number of up to 64 bits: ids, counts, epoch seconds.
    Int,
    Float,
    Bool,
    Text,
    /// A text that is an RFC 3339 time, mostly with whole seconds and `Z`.
    Time,
    Object,
    List,
    /// Now this and now that: a custom field, a channel that is a name or an object.
    Mixed,
}

/// Where it is known from that there is such a member, and of which type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Answers of real accounts, 2023 to 2025 (API notes §8).
    Recorded,
    /// The vendor's reference.
    Reference,
    /// Answers of 2026, before the reference told of it (API notes §4.6, §8).
    Seen,
    /// The reference, of what is there with `--include` alone (API notes §3).
    Sideload,
}

impl Source {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Source::Recorded => "recorded",
            Source::Reference => "the vendor's reference",
            Source::Seen => "seen in 2026",
            Source::Sideload => "with --include",
        }
    }
}

pub(super) const fn member(name: &'static str, kind: Kind, source: Source) -> Member {
    Member { name, kind, source }
}
