//! What administrators set up: there from a day on, touched now and then, and perhaps deleted.

use super::super::{
    calendar::DAY,
    dice::{self, Rhythm, mix, size},
    entry::{Entry, versions},
    furniture::{self, Named},
    json::Object,
    world::World,
};

/// The help desk was set up in the month before its first ticket: 2021-12-02.
const FIRST_DAY: i64 = 1_638_403_200;

/// One thing that is set up.
#[derive(Clone, Copy)]
pub(super) struct Setting {
    pub(super) id: u64,
    /// What its list is sorted by, and what its file knows it by.
    pub(super) key: u64,
    pub(super) created: i64,
    pub(super) deleted: Option<i64>,
}

impl Setting {
    /// Of the first days, for good.
    pub(super) fn lasting(id: u64, key: u64) -> Self {
        Self { id, key, created: created(id), deleted: None }
    }
}

/// When something of the first days was set up.
pub(super) fn created(id: u64) -> i64 {
    FIRST_DAY + dice::span(mix(id, 1) % 2_000_000)
}

/// The versions that live in `from..to`; what is deleted is there no more.
pub(super) fn entries(
    world: &World,
    settings: impl IntoIterator<Item = Setting>,
    from: i64,
    to: i64,
) -> Vec<Entry> {
    settings.into_iter().flat_map(|setting| of(world, setting, from, to)).collect()
}

fn of(world: &World, setting: Setting, from: i64, to: i64) -> Vec<Entry> {
    let Setting { id, key, created, deleted } = setting;
    let draw = mix(world.key(dice::SETTING), id);
    let rhythm = Rhythm { key: draw, period: DAY << (1 + draw % 7) };
    let mut times = vec![created];
    times.extend([rhythm.last(from)].into_iter().filter(|time| *time > created));
    times.extend(rhythm.within(from.max(created), to));
    let end = deleted.unwrap_or(i64::MAX);
    times.retain(|time| *time < end);
    let entry = |(ts, until)| Entry { ts, id, until, key, ..Entry::EMPTY };
    versions(&times, from, to, end).into_iter().map(entry).collect()
}

/// The entry of a deletion that stays in sight.
pub(super) fn gravestone(setting: Setting) -> Option<Entry> {
    let Setting { id, key, .. } = setting;
    let ts = setting.deleted?;
    Some(Entry { ts, id, key, deleted: true, ..Entry::EMPTY })
}

/// Things with names, sorted by them.
pub(super) fn by_name(list: &[Named]) -> Vec<Setting> {
    let mut sorted: Vec<&Named> = list.iter().collect();
    sorted.sort_unstable_by_key(|named| named.name);
    (0..).zip(sorted).map(|(key, named)| Setting::lasting(named.id, key)).collect()
}

/// Things in the order of their list.
pub(super) fn in_place(list: &[Named]) -> Vec<Setting> {
    (0..).zip(list).map(|(key, named)| Setting::lasting(named.id, key)).collect()
}

/// So many things with ids of their own, from an id on.
pub(super) fn numbered(world: &World, first_id: u64, count: u64) -> Vec<Setting> {
    let id =
        |place| first_id + place * 1283 + mix(world.key(dice::SETTING), first_id + place) % 1000;
    (0..count).map(|place| Setting::lasting(id(place), place)).collect()
}

/// Where a thing stands in a list of furniture.
pub(super) fn place_of(list: &[Named], id: u64) -> u64 {
    size(list.iter().take_while(|named| named.id != id).count())
}

/// The thing with this id.
pub(super) fn named(list: &'static [Named], id: u64) -> &'static Named {
    list.iter().find(|named| named.id == id).expect("entries are made of the list")
}

/// A record's first members, as most settings have them.
pub(super) fn head(path: &str, id: u64) -> Object {
    let url = format!("{}/api/v2/{path}/{id}.json", furniture::ORIGIN);
    Object::new().text("url", &url).raw("id", id)
}
