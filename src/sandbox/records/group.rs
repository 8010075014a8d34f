//! Groups of agents, of which two were deleted.

use super::{
    super::{
        calendar::DAY,
        entry::Entry,
        furniture::{GROUPS, Named},
        json::Object,
        kind::{Deleted, Kind, LISTED, Listing, Order, Route},
        world::World,
    },
    setting::{self, Setting},
};

pub(super) static KIND: Kind = Kind {
    name: "groups",
    key: "groups",
    scope: "groups",
    routes: &[Route::list(
        "groups",
        Listing { order: Order::Key, deleted: Deleted::OnRequest, ..LISTED },
    )],
    entries,
    record: |_, entry, _| record(entry),
    ..Kind::PLAIN
};

const DELETED: &[Named] = &[
    Named { id: 6_130_869_200_741, name: "Returns" },
    Named { id: 6_130_869_200_869, name: "Trade fairs" },
];

fn entries(world: &World, from: i64, to: i64) -> Vec<Entry> {
    let gone = (100..).zip(DELETED).map(|(key, group)| {
        let created = setting::created(group.id);
        let deleted = Some(created + 400 * DAY);
        Setting { id: group.id, key, created, deleted }
    });
    let gone: Vec<Setting> = gone.collect();
    let mut entries = setting::entries(world, setting::by_name(GROUPS), from, to);
    entries.extend(setting::entries(world, gone.iter().copied(), from, to));
    entries.extend(gone.into_iter().filter_map(setting::gravestone));
    entries
}

fn record(entry: &Entry) -> String {
    let known = GROUPS.iter().chain(DELETED).find(|group| group.id == entry.id);
    let name = known.map_or("", |group| group.name);
    let object: Object = setting::head("groups", entry.id);
    object
        .raw("is_public", true)
        .text("name", name)
        .text("description", "")
        .raw("default", entry.id == GROUPS[0].id)
        .raw("deleted", entry.deleted)
        .time("created_at", setting::created(entry.id))
        .time("updated_at", entry.ts)
        .end()
}
