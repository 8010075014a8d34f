//! Who belongs to which group and to which organization.

use super::{
    super::{
        dice::nth,
        entry::Entry,
        furniture::GROUPS,
        kind::{Kind, LISTED, Route},
        world::World,
    },
    organization,
    person::Person,
    setting::{self, Setting},
};

pub(super) static GROUPS_OF_AGENTS: Kind = Kind {
    name: "group_memberships",
    key: "group_memberships",
    scope: "groups",
    routes: &[Route::list("group_memberships", LISTED)],
    entries: |world, from, to| {
        let agents = (0..world.staff()).map(|place| Person::at(world, place));
        setting::entries(world, agents.flat_map(|agent| in_groups(&agent)), from, to)
    },
    record: |world, entry, _| group_membership(world, entry),
    ..Kind::PLAIN
};

pub(super) static ORGANIZATIONS_OF_USERS: Kind = Kind {
    name: "organization_memberships",
    key: "organization_memberships",
    scope: "organizations",
    routes: &[Route::list("organization_memberships", LISTED)],
    entries: |world, from, to| {
        let people = (0..world.people()).map(|place| Person::at(world, place));
        setting::entries(
            world,
            people.filter_map(|person| in_organization(world, &person)),
            from,
            to,
        )
    },
    record: |world, entry, _| organization_membership(world, entry),
    ..Kind::PLAIN
};

/// Room for all groups of an agent.
const IDS_PER_AGENT: u64 = 16;

/// The agent's own group, and for every third agent the next one.
fn in_groups(agent: &Person) -> Vec<Setting> {
    let own = setting::place_of(GROUPS, agent.group.unwrap_or_default());
    let more = agent.place.is_multiple_of(3).then_some((own + 1) % 5);
    let groups = [Some(own), more].into_iter().flatten();
    let membership = |group| Setting {
        id: 6_131_500_000_000 + agent.place * IDS_PER_AGENT + group,
        key: agent.place * IDS_PER_AGENT + group,
        created: agent.created,
        deleted: None,
    };
    groups.map(membership).collect()
}

fn group_membership(world: &World, entry: &Entry) -> String {
    let agent = Person::at(world, entry.key / IDS_PER_AGENT);
    let group = nth(GROUPS, entry.key % IDS_PER_AGENT).id;
    setting::head("group_memberships", entry.id)
        .raw("user_id", agent.id)
        .raw("group_id", group)
        .raw("default", agent.group == Some(group))
        .time("created_at", agent.created)
        .time("updated_at", entry.ts)
        .end()
}

/// It ends with the person or with the organization.
fn in_organization(world: &World, person: &Person) -> Option<Setting> {
    let ends = [organization::deleted(world, person.organization?), person.deleted];
    Some(Setting {
        id: 6_131_600_000_000 + person.place * 97,
        key: person.place,
        created: person.created,
        deleted: ends.into_iter().flatten().min(),
    })
}

fn organization_membership(world: &World, entry: &Entry) -> String {
    let person = Person::at(world, entry.key);
    let organization = person.organization.unwrap_or_default();
    setting::head("organization_memberships", entry.id)
        .raw("user_id", person.id)
        .raw("organization_id", organization::id(world, organization))
        .raw("default", true)
        .time("created_at", person.created)
        .text("organization_name", &organization::name(world, organization))
        .time("updated_at", entry.ts)
        .raw("view_tickets", false)
        .end()
}
