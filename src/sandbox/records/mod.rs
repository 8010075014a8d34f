//! The catalogue of what the sandbox serves: each kind of record has a file and a row.
//!
//! The ground (`world`, `calendar`, `dice`) lies below the records, and the ids that one kind
//! takes from another are drawn by the file of the other; nothing below knows this list. A new
//! kind is a file with a `Kind`, its `mod` line and its row in [`ALL`]: paging, quota, faults, lateness
//! and the help follow from what the `Kind` says.

mod agent_work;
mod agreement;
mod article;
mod brand;
mod call;
mod chat;
mod custom_object;
mod deleted;
mod facts;
mod field;
mod form;
mod group;
mod membership;
mod organization;
mod person;
mod role;
mod routing;
mod rule;
mod satisfaction;
mod setting;
mod sideload;
mod tag;
mod ticket;
mod ticket_event;
mod ticket_metric;
mod ticket_metric_event;
mod ticket_sideloads;
mod timeline;

use super::{
    kind::{Endpoint, Kind},
    world::World,
};

/// Every kind of record.
pub(super) static ALL: &[&Kind] = &[
    &ticket::KIND,
    &ticket_event::KIND,
    &person::KIND,
    &organization::KIND,
    &ticket_metric_event::KIND,
    &article::KIND,
    &custom_object::APPLIANCES,
    &custom_object::VISITS,
    &group::KIND,
    &membership::GROUPS_OF_AGENTS,
    &membership::ORGANIZATIONS_OF_USERS,
    &brand::KIND,
    &field::TICKET_FIELDS,
    &field::OF_USERS,
    &field::OF_ORGANIZATIONS,
    &form::FORM,
    &form::STATUS,
    &role::KIND,
    &custom_object::DEFINITION,
    &rule::MACRO,
    &rule::TRIGGER,
    &rule::AUTOMATION,
    &rule::VIEW,
    &tag::KIND,
    &agreement::POLICY,
    &agreement::SCHEDULE,
    &article::CATEGORIES,
    &article::SECTION,
    &deleted::TICKETS,
    &deleted::USERS,
    &ticket_event::AUDIT,
    &ticket_metric::KIND,
    &satisfaction::RATING,
    &satisfaction::RECIPIENT,
    &satisfaction::RESPONSE,
    &agent_work::SKIP,
    &agent_work::SIDE_CONVERSATION_EVENT,
    &call::CALLS,
    &call::LEGS,
    &chat::CHATS,
    &chat::AGENT_TIMELINE,
    &routing::ATTRIBUTE,
    &routing::VALUE,
    &routing::INSTANCE_VALUE,
];

/// The endpoint at a path, which comes without `/api/v2/` and `.json`.
pub(super) fn find(path: &str) -> Option<Endpoint> {
    let routes = ALL.iter().flat_map(|kind| kind.routes.iter().map(|route| (*kind, route)));
    let mut endpoints = routes.map(|(kind, route)| Endpoint { kind, route });
    endpoints.find(|endpoint| endpoint.route.serves(path))
}

/// The agent whose credentials the sandbox takes, as a user's record.
pub(super) fn agent(world: &World, ts: i64) -> String {
    person::record(world, 0, ts)
}

/// The id of that agent.
pub(super) fn agent_id(world: &World) -> u64 {
    person::id(world, 0)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            calendar::{DAY, sunday},
            entry::Entry,
            index::{Index, Indexes},
        },
        *,
    };

    const NOW: i64 = 1_795_000_000;

    fn of(name: &str) -> &'static Kind {
        ALL.iter().find(|kind| kind.name == name).unwrap()
    }

    fn alive(world: &World, resource: &str, now: i64) -> Vec<Entry> {
        let index = Index::new(of(resource), world, now, 0);
        let lives = |entry: &&Entry| entry.ts <= now && now < entry.until;
        index.entries.iter().filter(lives).copied().collect()
    }

    #[test]
    fn the_world_holds_as_many_tickets_as_asked_for() {
        let world = World::new(1, 500, 0);
        for hours in 0..50 {
            let tickets = alive(&world, "tickets", NOW + hours * 3600);
            // A ticket shows up to two seconds after it came in.
            assert!((499..=500).contains(&tickets.len()));
        }
    }

    #[test]
    fn an_index_says_the_same_as_one_built_later() {
        let world = World::new(1, 300, 100);
        for resource in ["tickets", "users", "ticket_events"] {
            let indexes = Indexes::new(ALL);
            let lives = |entry: &&Entry| entry.ts <= NOW + 599 && NOW + 599 < entry.until;
            indexes.get(of(resource), &world, NOW, 0);
            let index = indexes.get(of(resource), &world, NOW + 599, 0);
            let ahead = index.entries.iter().filter(lives).copied().collect();
            let later = alive(&World::new(1, 300, 100), resource, NOW + 599);
            let positions = |entries: Vec<Entry>| -> Vec<(i64, u64)> {
                entries.iter().map(|entry| (entry.ts, entry.id)).collect()
            };
            assert!(positions(ahead) == positions(later), "{resource}");
        }
    }

    #[test]
    fn a_record_never_goes_back_in_time() {
        let world = World::new(5, 60, 20);
        let mut seen = std::collections::HashMap::new();
        for step in 0..400 {
            for entry in alive(&world, "tickets", NOW + step * 7 * 601) {
                let before = seen.insert(entry.id, entry.ts);
                assert!(before.is_none_or(|before| before <= entry.ts));
            }
        }
    }

    #[test]
    fn a_version_ends_when_the_next_begins() {
        let world = World::new(1, 200, 0);
        let index = Index::new(of("tickets"), &world, NOW, 0);
        let mut ids: Vec<(u64, i64, i64)> =
            index.entries.iter().map(|entry| (entry.id, entry.ts, entry.until)).collect();
        ids.sort_unstable();
        for pair in ids.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
            assert_eq!(pair[0].2, pair[1].1);
        }
    }

    #[test]
    fn some_records_change_each_minute() {
        let world = World::new(1, 2000, 0);
        let changed = |resource, from: i64| {
            let alive = alive(&world, resource, from + 120);
            alive.iter().filter(|entry| entry.ts > from).count()
        };
        let sum = |resource| (0..30).map(|n| changed(resource, NOW + n * 120)).sum::<usize>();
        assert!((60..1200).contains(&sum("tickets")), "{}", sum("tickets"));
        assert!(sum("users") > 20);
        assert!(sum("organizations") > 5);
    }

    #[test]
    fn a_month_holds_several_hundred_tickets() {
        let tickets = alive(&World::new(1, 2000, 0), "tickets", NOW);
        let recent = tickets.iter().filter(|entry| entry.ts > NOW - 30 * DAY).count();
        assert!((500..1800).contains(&recent), "{recent}");
    }

    #[test]
    fn a_bulk_job_puts_its_tickets_into_one_second() {
        let world = World::new(1, 2000, 1500);
        for day in 0..9 {
            let now = NOW + day * DAY;
            for resource in ["tickets", "ticket_events"] {
                let entries = alive(&world, resource, now);
                let there = entries.iter().filter(|entry| entry.ts == sunday(now)).count();
                assert!(there >= 1500, "{resource} {there}");
            }
        }
    }

    #[test]
    fn every_kind_has_a_name_and_paths_of_its_own() {
        let mut names: Vec<&str> = ALL.iter().map(|kind| kind.name).collect();
        let mut paths: Vec<&str> =
            ALL.iter().flat_map(|kind| kind.routes).map(|route| route.path).collect();
        for list in [&mut names, &mut paths] {
            let all = list.len();
            list.sort_unstable();
            list.dedup();
            assert_eq!(list.len(), all);
        }
    }

    #[test]
    fn unknown_exports_are_no_endpoints() {
        for path in ["incremental/requests", "incremental/organizations/cursor", "incremental"] {
            assert!(find(path).is_none(), "{path}");
        }
    }
}
