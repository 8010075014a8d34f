//! The help center's articles, each in several languages.

use std::collections::BTreeSet;

use super::{
    super::{
        calendar::DAY,
        dice::{self, Rhythm, mix, nth, size, word},
        entry::{Entry, lasting},
        furniture,
        json::{Object, array, texts},
        kind::{
            ByTime, Ending, Envelope, Fenced, HELP_CENTER, HELP_CENTER_EXPORTS, Idle, Kind, LISTED,
            Listing, Paging, RECORDS, Route, Sizes, TEN_MINUTES,
        },
        late::Lateness,
        world::World,
    },
    person,
    setting::{self, Setting},
};

const fn route(path: &'static str) -> Route {
    let paging = Paging::Time(ByTime {
        members: &["count", "next_page", "end_time", RECORDS],
        end_of_stream: Ending::Never,
        sizes: Sizes::Fixed,
        idle: Idle::Null,
        lists: None,
    });
    Route { path, paging, account: HELP_CENTER, allowance: HELP_CENTER_EXPORTS }
}

pub(super) static KIND: Kind = Kind {
    name: "articles",
    key: "articles",
    scope: "hc",
    routes: &[
        route("help_center/incremental/articles"),
        route("help_center/*/incremental/articles"),
    ],
    good_for: TEN_MINUTES,
    fence: Fenced::No,
    late: Lateness::NONE,
    too_recent: None,
    entries,
    record: |world, entry, _| record(world, entry.key, entry.ts),
    beside,
};

const FIRST_ID: u64 = 6_160_030_000_127;
const ID_STEP: u64 = 1_000_003;
const FIRST_DAY: i64 = 1_640_995_200;

const SECTIONS: &[(u64, &str)] = &[
    (6_160_010_000_155, "Orders & delivery"),
    (6_160_010_000_283, "Your kettle"),
    (6_160_010_000_411, "Your espresso machine"),
    (6_160_010_000_539, "App"),
];
const CATEGORY: (u64, &str) = (6_160_000_000_199, "Help");

const LOCALES: &[&str] = &["en-us", "de", "fr", "es", "ja"];

/// Title and body in the languages above; the lists repeat with a product's name.
const TITLES: &[[&str; 5]] = &[
    [
        "How to descale the {product}",
        "So entkalken Sie: {product}",
        "Comment détartrer : {product}",
        "Cómo descalcificar: {product}",
        "{product} のお手入れ方法",
    ],
    [
        "Pairing the {product} with the app",
        "{product} mit der App koppeln",
        "Associer {product} à l’application",
        "Vincular {product} con la aplicación",
        "{product} とアプリの接続",
    ],
    [
        "What the lights of the {product} mean",
        "Was die Leuchten bedeuten: {product}",
        "Signification des voyants : {product}",
        "Qué indican las luces: {product}",
        "{product} のランプの意味",
    ],
    [
        "Returning the {product}",
        "{product} zurückgeben",
        "Retourner {product}",
        "Devolver {product}",
        "{product} の返品について",
    ],
];

/// What the articles advise, in the same languages.
const STEPS: &[&str] = &[
    "<p>1. Unplug the appliance & let it cool down.<br>2. Fill in water up to <strong>MAX</strong>.</p>",
    "<p>1. Stecker ziehen und abkühlen lassen.<br>2. Wasser bis <strong>MAX</strong> einfüllen.</p>",
    "<p>1. Débranchez l’appareil et laissez-le refroidir.<br>2. Remplissez jusqu’à <strong>MAX</strong>.</p>",
    "<p>1. Desenchufa el aparato y deja que se enfríe.<br>2. Llena de agua hasta <strong>MAX</strong>.</p>",
    "<p>1. 電源プラグを抜いて冷まします。<br>2. <strong>MAX</strong> まで水を入れます。</p>",
];

fn id(world: &World, place: u64) -> u64 {
    FIRST_ID + place * ID_STEP + mix(world.key(dice::ARTICLE), place) % (ID_STEP - 1)
}

const fn list(path: &'static str) -> Route {
    let listing = Listing { envelope: Envelope::HelpCenter, ..LISTED };
    Route { account: HELP_CENTER, ..Route::list(path, listing) }
}

pub(super) static SECTION: Kind = Kind {
    name: "sections",
    key: "sections",
    scope: "hc",
    routes: &[list("help_center/sections"), list("help_center/*/sections")],
    entries: |world, from, to| {
        let sections = (0..).zip(SECTIONS).map(|(key, (id, _))| Setting::lasting(*id, key));
        setting::entries(world, sections, from, to)
    },
    record: |_, entry, _| {
        let (id, name) = *nth(SECTIONS, entry.key);
        place_in_help_center("sections", id, name, entry).raw("category_id", CATEGORY.0).end()
    },
    ..Kind::PLAIN
};

pub(super) static CATEGORIES: Kind = Kind {
    name: "categories",
    key: "categories",
    scope: "hc",
    routes: &[list("help_center/categories"), list("help_center/*/categories")],
    entries: |world, from, to| setting::entries(world, [Setting::lasting(CATEGORY.0, 0)], from, to),
    record: |_, entry, _| place_in_help_center("categories", CATEGORY.0, CATEGORY.1, entry).end(),
    ..Kind::PLAIN
};

fn place_in_help_center(path: &str, id: u64, name: &str, entry: &Entry) -> Object {
    let url = format!("{}/api/v2/help_center/en-us/{path}/{id}.json", furniture::ORIGIN);
    Object::new()
        .raw("id", id)
        .text("url", &url)
        .text("html_url", &format!("{}/hc/en-us/{path}/{id}", furniture::ORIGIN))
        .raw("position", entry.key)
        .time("created_at", setting::created(id))
        .time("updated_at", entry.ts)
        .text("name", name)
        .text("description", "")
        .text("locale", "en-us")
        .text("source_locale", "en-us")
        .raw("outdated", false)
}

fn created(world: &World, place: u64) -> i64 {
    FIRST_DAY + dice::span(mix(world.key(dice::ARTICLE) ^ 1, place) % 110_000_000)
}

fn entries(world: &World, from: i64, to: i64) -> Vec<Entry> {
    let mut entries = Vec::new();
    for place in 0..world.articles() {
        let draw = mix(world.key(dice::ARTICLE) ^ 2, place);
        let rhythm = Rhythm { key: draw, period: DAY << (draw % 8) };
        let created = created(world, place);
        let mut times = vec![created, rhythm.last(from)];
        times.extend(rhythm.within(from, to));
        entries.extend(lasting(id(world, place), place, times, from, to));
    }
    entries
}

/// The place in its list of an article's author.
fn author(world: &World, place: u64) -> u64 {
    mix(world.key(dice::ARTICLE) ^ 3, place) % world.staff()
}

fn in_language(template: &[&str; 5], language: u64, place: u64) -> String {
    let product = nth(furniture::PRODUCTS, place / size(TITLES.len())).name;
    nth(template, language).replace("{product}", product)
}

fn body(title: &str, language: u64, version: u64) -> String {
    let revision = version % 90 + 1;
    format!("<h2>{title}</h2>\n{}\n<p>{revision}</p>", word(STEPS, language))
}

fn record(world: &World, place: u64, ts: i64) -> String {
    let draw = mix(world.key(dice::ARTICLE) ^ 4, place);
    let version = mix(draw, ts.unsigned_abs());
    let (id, language) = (id(world, place), draw % 9 % size(LOCALES.len()));
    let locale = *nth(LOCALES, language);
    let title = in_language(nth(TITLES, place), language, place);
    let page = format!("{}/hc/{locale}/articles/{id}", furniture::ORIGIN);
    Object::new()
        .raw("id", id)
        .text(
            "url",
            &format!("{}/api/v2/help_center/{locale}/articles/{id}.json", furniture::ORIGIN),
        )
        .text("html_url", &page)
        .raw("author_id", person::id(world, author(world, place)))
        .raw("comments_disabled", draw.is_multiple_of(3))
        .raw("draft", version.is_multiple_of(19))
        .raw("promoted", draw.is_multiple_of(10))
        .raw("position", place % 12)
        .raw("vote_sum", version % 40)
        .raw("vote_count", 40 + version / 40 % 60)
        .raw("section_id", section(place))
        .time("created_at", created(world, place))
        .time("updated_at", ts)
        .text("name", &title)
        .text("title", &title)
        .text("source_locale", locale)
        .text("locale", locale)
        .raw("outdated", false)
        .raw("outdated_locales", "[]")
        .time("edited_at", ts)
        .null("user_segment_id")
        .raw("permission_group_id", 6_160_020_000_011_u64)
        .raw("content_tag_ids", "[]")
        .raw("label_names", texts(["care", word(&["kettle", "espresso", "app"], draw)]))
        .text("body", &body(&title, language, version))
        .end()
}

fn section(place: u64) -> u64 {
    nth(SECTIONS, place).0
}

/// The article in all languages, as `include=translations` gives it.
fn translations(world: &World, place: u64, ts: i64) -> Vec<String> {
    let id = id(world, place);
    let translation = |(language, locale): (u64, &&str)| {
        let title = in_language(nth(TITLES, place), language, place);
        Object::new()
            .raw("id", id + 1 + language)
            .raw("source_id", id)
            .text("source_type", "Article")
            .text("locale", locale)
            .text("title", &title)
            .text("body", &body(&title, language, 0))
            .raw("draft", false)
            .time("created_at", created(world, place))
            .time("updated_at", ts)
            .end()
    };
    (0..).zip(LOCALES).map(translation).collect()
}

fn sections() -> String {
    let section = |(id, name): &(u64, &str)| {
        Object::new().raw("id", id).text("name", name).raw("category_id", CATEGORY.0).end()
    };
    array(SECTIONS.iter().map(section))
}

fn categories() -> String {
    array([Object::new().raw("id", CATEGORY.0).text("name", CATEGORY.1).end()])
}

fn beside(world: &World, now: i64, name: &str, page: &[Entry]) -> Option<String> {
    Some(match name {
        "users" => {
            let authors = page.iter().map(|entry| author(world, entry.key));
            let authors: BTreeSet<u64> = authors.collect();
            array(authors.into_iter().map(|place| person::partial(world, place, now)))
        }
        "sections" => sections(),
        "categories" => categories(),
        "translations" => {
            let of = |entry: &Entry| translations(world, entry.key, entry.ts);
            array(page.iter().flat_map(of))
        }
        _ => return None,
    })
}
