//! Sideloads that several kinds of records have (API notes §3).

use super::super::{
    entry::Entry,
    furniture::{self, Named},
    json::{Object, array},
};

pub(super) fn ids(page: &[Entry]) -> impl Iterator<Item = u64> {
    page.iter().map(|entry| entry.id)
}

pub(super) fn named(list: &[Named], path: &str) -> String {
    array(list.iter().map(|item| {
        Object::new()
            .text("url", &format!("{}/api/v2/{path}/{}.json", furniture::ORIGIN, item.id))
            .raw("id", item.id)
            .text("name", item.name)
            .raw("active", true)
            .end()
    }))
}

pub(super) fn abilities(key: &str, ids: impl Iterator<Item = u64>) -> String {
    array(
        ids.map(|id| {
            Object::new().raw(key, id).raw("can_edit", true).raw("can_delete", false).end()
        }),
    )
}
