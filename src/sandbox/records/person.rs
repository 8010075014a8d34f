//! The people: agents first, then customers. A fixed population whose records keep changing.

use std::collections::BTreeSet;

use super::{
    super::{
        calendar::{DAY, WEEK, sunday},
        dice::{self, Dice, Rhythm, mix, nth, size, span, word},
        entry::{Entry, lasting},
        furniture::{self, ROLES},
        json::{self, Object, array, quoted, texts},
        kind::{CURSOR_EXPORTS, Fenced, Kind, LISTED, MINUTE, RECORDS, Route, TEN_MINUTES},
        late::Lateness,
        names::{CULTURES, Culture},
        world::World,
    },
    organization,
    sideload::{abilities, ids, named},
};

const MEMBERS: &[&str] = &[RECORDS, "next_page", "count", "end_of_stream", "end_time"];

pub(super) static KIND: Kind = Kind {
    name: "users",
    key: "users",
    scope: "users",
    routes: &[
        Route::cursor("incremental/users/cursor", CURSOR_EXPORTS),
        Route::time("incremental/users", MEMBERS),
        Route::sample("incremental/users/sample", MEMBERS),
        Route::list("users", LISTED),
    ],
    good_for: TEN_MINUTES,
    fence: Fenced::Perhaps,
    late: Lateness::NONE,
    too_recent: Some(MINUTE),
    entries,
    record: |world, entry, _| record(world, entry.key, entry.ts),
    beside,
};

const FIRST_ID: u64 = 6_130_869_168_922;
const ID_STEP: u64 = 2_547_001;
/// Everybody was created between 2022-01-01 and the middle of 2025.
const FIRST_DAY: i64 = 1_640_995_200;

pub(super) struct Person {
    pub(super) place: u64,
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) role: &'static str,
    pub(super) organization: Option<u64>,
    pub(super) culture: &'static Culture,
    pub(super) group: Option<u64>,
    pub(super) created: i64,
    /// When the account was deleted, if it was: it stays, without an address (§8).
    pub(super) deleted: Option<i64>,
    pub(super) suspended: bool,
    draw: u64,
}

/// The id of the person at this place in the list.
pub(super) fn id(world: &World, place: u64) -> u64 {
    FIRST_ID + place * ID_STEP + mix(world.key(dice::USER), place) % (ID_STEP - 1)
}

impl Person {
    pub(super) fn at(world: &World, place: u64) -> Self {
        let mut dice = Dice::new(world.key(dice::USER), place);
        let culture = nth(CULTURES, dice.below(size(CULTURES.len()).pow(2)).isqrt());
        let staff = place < world.staff();
        let (given, given_ascii) = *nth(culture.given, dice.roll());
        let (family, family_ascii) = *nth(culture.family, dice.roll());
        let name = match (place, culture.family_first) {
            (0, _) => "Robin Sandberg".to_owned(),
            (_, true) => format!("{family} {given}"),
            (_, false) => format!("{given} {family}"),
        };
        let organization = (!staff && dice.percent(55)).then(|| dice.below(world.organizations()));
        let host = match organization {
            Some(place) => organization::domain(world, place),
            None => dice.pick(culture.mail).to_owned(),
        };
        let email = match (place, staff) {
            (0, _) => furniture::AGENT_EMAIL.to_owned(),
            (_, true) => format!("{given_ascii}.{family_ascii}.{place}@brightkettle.example"),
            (_, false) => format!("{given_ascii}.{family_ascii}{place}@{host}"),
        };
        let role = if place == 0 || (staff && place.is_multiple_of(9)) {
            "admin"
        } else if staff {
            "agent"
        } else {
            "end-user"
        };
        let created = FIRST_DAY + dice.seconds(0, 110_000_000);
        let draw = dice.roll();
        Self {
            place,
            id: id(world, place),
            name,
            email,
            role,
            organization,
            culture,
            group: staff.then(|| nth(furniture::GROUPS, draw).id),
            created,
            deleted: (!staff && draw % 100 < 4 && place >= world.bulk())
                .then(|| created + DAY + span(draw / 100 % 120_000_000)),
            suspended: !staff && draw % 100 >= 97,
            draw,
        }
    }

    fn is_gone(&self, ts: i64) -> bool {
        self.deleted.is_some_and(|deleted| deleted <= ts)
    }

    fn email_at(&self, ts: i64) -> Option<&str> {
        (!self.is_gone(ts)).then_some(self.email.as_str())
    }

    fn first_name(&self) -> &str {
        self.name.split(' ').next().unwrap_or(&self.name)
    }

    fn phone(&self) -> Option<String> {
        let number = self.draw / 100 % 10_000;
        (!self.draw.is_multiple_of(3)).then(|| format!("{}{number:04}", self.culture.dial))
    }
}

/// How often this person's record changes.
fn rhythm(world: &World, place: u64) -> Rhythm {
    let draw = mix(world.key(dice::USER) ^ 1, place);
    let period = if place < world.staff() {
        3 * 3600
    } else if draw.is_multiple_of(20) {
        40 * 60
    } else {
        DAY << (1 + draw / 20 % 7)
    };
    Rhythm { key: draw, period }
}

fn entries(world: &World, from: i64, to: i64) -> Vec<Entry> {
    let mut entries = Vec::new();
    for place in 0..world.people() {
        let Person { created, deleted, .. } = Person::at(world, place);
        let mut times = vec![created];
        if place < world.bulk() {
            // The weekly bulk job is the last word on these.
            times.extend([sunday(from), sunday(from) + WEEK]);
        } else {
            let rhythm = rhythm(world, place);
            times.push(rhythm.last(from));
            times.extend(rhythm.within(from, to));
            times.retain(|time| deleted.is_none_or(|deleted| *time < deleted));
            times.extend(deleted);
        }
        let versions = lasting(id(world, place), place, times, from, to);
        let deleted = |ts| deleted.is_some_and(|deleted| deleted <= ts);
        entries.extend(
            versions.into_iter().map(|entry| Entry { deleted: deleted(entry.ts), ..entry }),
        );
    }
    entries
}

/// The record, with the members in the recorded order (§8).
pub(super) fn record(world: &World, place: u64, ts: i64) -> String {
    let person = Person::at(world, place);
    let staff = person.role != "end-user";
    let version = mix(person.draw, ts.unsigned_abs());
    let phone = person.phone();
    let login = (staff || !version.is_multiple_of(3)).then_some(ts);
    let signature = staff.then(|| format!("{}\n{} Support", person.name, furniture::COMPANY));
    Object::new()
        .raw("id", person.id)
        .text("url", &format!("{}/api/v2/users/{}.json", furniture::ORIGIN, person.id))
        .text("name", &person.name)
        .maybe_text("email", person.email_at(ts))
        .time("created_at", person.created)
        .time("updated_at", ts)
        .text("time_zone", person.culture.time_zone)
        .text("iana_time_zone", person.culture.iana_time_zone)
        .maybe_text("phone", phone.as_deref())
        .maybe("shared_phone_number", phone.as_ref().map(|_| false))
        .maybe("photo", photo(&person))
        .raw("locale_id", person.culture.locale_id)
        .text("locale", person.culture.locale)
        .maybe("organization_id", person.organization.map(|place| organization::id(world, place)))
        .text("role", person.role)
        .raw("verified", !person.draw.is_multiple_of(7))
        .maybe_text("external_id", external_id(&person).as_deref())
        .raw("tags", tags(world, &person, ts))
        .maybe_text("alias", staff.then(|| person.first_name()))
        .raw("active", !person.is_gone(ts))
        .raw("shared", false)
        .raw("shared_agent", false)
        .maybe_time("last_login_at", login)
        .maybe("two_factor_auth_enabled", staff.then_some(true))
        .maybe_text("signature", signature.as_deref())
        .text("details", details(&person))
        .text("notes", notes(version))
        .maybe("role_type", staff.then_some(if person.role == "admin" { 4 } else { 0 }))
        .maybe("custom_role_id", (person.role == "agent").then(|| nth(ROLES, person.draw).id))
        .raw("moderator", staff)
        .maybe_text("ticket_restriction", (!staff).then_some("requested"))
        .raw("only_private_comments", false)
        .raw("restricted_agent", !staff)
        .raw("suspended", person.suspended)
        .maybe("default_group_id", person.group)
        .raw("report_csv", person.role == "admin")
        .raw("user_fields", fields(&person, version, ts))
        .end()
}

/// The part of a user that comes along as a sideload, as it is now (§3).
pub(super) fn partial(world: &World, place: u64, now: i64) -> String {
    let person = Person::at(world, place);
    Object::new()
        .raw("id", person.id)
        .text("url", &format!("{}/api/v2/users/{}.json", furniture::ORIGIN, person.id))
        .text("name", &person.name)
        .maybe_text("email", person.email_at(now))
        .text("role", person.role)
        .maybe("organization_id", person.organization.map(|place| organization::id(world, place)))
        .raw("active", !person.is_gone(now))
        .end()
}

pub(super) fn identity(world: &World, place: u64) -> String {
    let person = Person::at(world, place);
    Object::new()
        .raw("id", person.id + 64)
        .raw("user_id", person.id)
        .text("type", "email")
        .text("value", &person.email)
        .raw("verified", !person.draw.is_multiple_of(7))
        .raw("primary", true)
        .time("created_at", person.created)
        .time("updated_at", person.created)
        .text("deliverable_state", "deliverable")
        .end()
}

fn photo(person: &Person) -> Option<String> {
    let has_one = person.role != "end-user" || person.draw.is_multiple_of(11);
    let id = person.id + 32;
    has_one.then(|| {
        Object::new()
            .text("url", &format!("{}/api/v2/attachments/{id}.json", furniture::ORIGIN))
            .raw("id", id)
            .text("file_name", "profile.png")
            .text("content_url", &format!("{}/system/photos/{id}/profile.png", furniture::ORIGIN))
            .text("content_type", "image/png")
            .raw("size", 2048 + person.draw % 40_000)
            .raw("width", 80)
            .raw("height", 80)
            .raw("inline", false)
            .raw("deleted", false)
            .raw("thumbnails", "[]")
            .end()
    })
}

fn external_id(person: &Person) -> Option<String> {
    person.draw.is_multiple_of(2).then(|| format!("crm-{:06}", person.place * 17 + 1000))
}

fn tags(world: &World, person: &Person, ts: i64) -> String {
    let mut tags = vec![format!("lang_{}", person.culture.locale.to_lowercase())];
    if person.draw.is_multiple_of(13) {
        tags.push("vip".to_owned());
    }
    if person.place < world.bulk() && person.created < sunday(ts) {
        tags.push(format!("bulk_{}", &json::iso(sunday(ts))[..10].replace('-', "_")));
    }
    texts(tags)
}

fn details(person: &Person) -> &'static str {
    word(&["", "", "", "Prefers e-mail to phone.", "Office kitchen, 2nd floor"], person.draw / 7)
}

fn notes(version: u64) -> &'static str {
    let notes = [
        "",
        "",
        "Called back, very friendly.",
        "Asks for invoices by post",
        "Spricht auch Deutsch",
    ];
    word(&notes, version / 5)
}

fn fields(person: &Person, version: u64, ts: i64) -> String {
    let tier = ["bronze", "silver", "gold"];
    let last_order = ts - span(version % 90) * DAY;
    Object::new()
        .raw(
            "customer_since",
            quoted(&format!("{}T00:00:00+00:00", &json::iso(person.created)[..10])),
        )
        .maybe_text(
            "loyalty_tier",
            (person.role == "end-user").then(|| word(&tier, person.draw / 3)),
        )
        .raw("loyalty_points", version % 5000)
        .raw("newsletter", version.is_multiple_of(2))
        .raw("last_order_on", quoted(&format!("{}T00:00:00+00:00", &json::iso(last_order)[..10])))
        .raw("lifetime_value", format!("{}.{:02}", version % 3000, version / 3000 % 100))
        .raw("devices", array([person.draw % 4]))
        .end()
}

fn beside(world: &World, _: i64, name: &str, page: &[Entry]) -> Option<String> {
    Some(match name {
        "identities" => array(page.iter().map(|entry| identity(world, entry.key))),
        "organizations" => {
            let people = page.iter().map(|entry| Person::at(world, entry.key));
            let places: BTreeSet<u64> = people.filter_map(|person| person.organization).collect();
            array(places.into_iter().map(|place| organization::brief(world, place)))
        }
        "groups" => named(furniture::GROUPS, "groups"),
        "roles" => "[]".to_owned(),
        "abilities" => abilities("user_id", ids(page)),
        "open_ticket_count" => {
            let count = |object: Object, id: u64| object.raw(&id.to_string(), id % 4);
            ids(page).fold(Object::new(), count).end()
        }
        _ => return None,
    })
}
