//! What one request asks of an endpoint, and the reply that is made of it.

use std::sync::Arc;

use super::{
    behaviour::{Behaviour, Breaches, ExcludeDeleted, Fence, Sideloads, Slas},
    desk::Desk,
    dice::LATE,
    entry::Entry,
    fault::Fault,
    index::Index,
    kind::{Endpoint, Extras, Fenced, MINUTE},
    paging::View,
    parameters::Parameters,
};

/// A page under construction: what its envelope is made of.
pub(super) struct Reply {
    pub(super) records: Vec<String>,
    /// Arrays beside the records.
    pub(super) sideloads: Vec<(String, String)>,
    /// The envelope's members in their order, with [`super::kind::RECORDS`] where the records stand.
    pub(super) envelope: Vec<(&'static str, String)>,
}

pub(super) struct Asking<'a> {
    pub(super) desk: &'a Desk,
    pub(super) endpoint: &'a Endpoint,
    pub(super) parameters: Parameters<'a>,
    pub(super) now: i64,
    pub(super) fault: Option<Fault>,
}

impl Asking<'_> {
    pub(super) fn behaviour(&self) -> Behaviour {
        self.desk.options.behaviour
    }

    /// The reply that these entries make, written out.
    pub(super) fn reply(
        &self,
        mut entries: Vec<Entry>,
        envelope: Vec<(&'static str, String)>,
    ) -> Reply {
        let wanted = self.parameters.wanted();
        entries.retain(|entry| wanted.takes(entry));
        if self.fault == Some(Fault::OutOfOrder) {
            // The envelope was made before: only the records stand otherwise.
            let oldest = usize::from(!entries.is_empty());
            entries.rotate_left(oldest);
        }
        let include = self.parameters.include();
        let include: Vec<&str> = include.iter().map(String::as_str).collect();
        let (world, kind) = (&self.desk.world, self.endpoint.kind);
        let counting = self.behaviour().slas == Slas::Counting;
        let extras = Extras { include: &include, now: self.now, counting };
        let records = entries.iter().map(|entry| (kind.record)(world, entry, &extras)).collect();
        let all = self.behaviour().sideloads == Sideloads::All;
        let beside = |name: &&str| {
            if !all && *name != "users" {
                return None;
            }
            let value = (kind.beside)(world, self.now, name, &entries)?;
            Some(((*name).to_owned(), value))
        };
        let sideloads = include.iter().filter_map(beside).collect();
        Reply { records, sideloads, envelope }
    }

    pub(super) fn index(&self) -> Arc<Index> {
        self.desk.index(self.endpoint.kind, self.now)
    }

    pub(super) fn view<'i>(&self, index: &'i Index) -> View<'i> {
        let kind = self.endpoint.kind;
        let mut wanted = self.parameters.wanted();
        if self.behaviour().exclude_deleted == ExcludeDeleted::Page {
            wanted.deleted = true;
        }
        View {
            entries: &index.entries,
            now: self.now,
            fence: match (kind.fence, self.behaviour().fence) {
                (Fenced::Yes(seconds), _) => seconds,
                (Fenced::Perhaps, Fence::All) => MINUTE,
                (Fenced::No, _) | (Fenced::Perhaps, Fence::Documented) => 0,
            },
            late: self.desk.lateness(kind),
            late_key: self.desk.world.key(LATE),
            early: self.behaviour().breaches == Breaches::Early,
            wanted,
        }
    }
}
