//! A ticket's record: what it says at a given time.

use super::{
    desk::{self, FIELDS},
    dice::{self, Dice, mix, size},
    json::{self, Object, array, quoted, texts},
    organization,
    person::{self, Person},
    timeline::{Change, Kind, Timeline},
    topics::{TOPICS, Topic},
    world::{DAY, World, nth, word},
};

/// What never changes about a ticket.
pub(super) struct Facts {
    pub(super) topic: &'static Topic,
    pub(super) requester: Person,
    pub(super) agent: Person,
    pub(super) group: u64,
    pub(super) brand: u64,
    pub(super) channel: &'static str,
    pub(super) priority: &'static str,
    pub(super) product: &'static str,
    pub(super) carrier: &'static str,
    pub(super) order: String,
    pub(super) follower: Option<u64>,
    bought: i64,
    subject: &'static str,
    draw: u64,
}

impl Facts {
    pub(super) fn of(world: &World, ticket: u64) -> Self {
        let mut dice = Dice::new(world.key(dice::FACTS), ticket);
        let customers = world.people() - world.staff();
        // Some write often, most once: the square prefers the first of the list.
        let customer = dice.below(customers) * dice.below(customers) / customers;
        let requester = Person::at(world, world.staff() + customer);
        let topic = topic_for(requester.culture.locale, &mut dice);
        let order = dice.between(1_000_000, 9_999_999);
        Self {
            topic,
            requester,
            agent: Person::at(world, 1 + dice.below(world.staff() - 1)),
            group: nth(desk::GROUPS, topic.group).id,
            brand: nth(desk::BRANDS, dice.below(5) / 4).id,
            channel: dice.pick(&["email", "email", "web", "web", "api", "native_messaging"]),
            priority: dice.pick(&["low", "normal", "normal", "normal", "high", "urgent"]),
            product: nth(desk::PRODUCTS, dice.roll()).name,
            carrier: dice.pick(desk::CARRIERS),
            order: format!("BK-{order}"),
            follower: dice.percent(20).then(|| 1 + dice.below(world.staff() - 1)),
            bought: world.created(ticket) - DAY * dice.seconds(3, 20),
            subject: dice.pick(topic.subjects),
            draw: dice.roll(),
        }
    }

    /// A sentence of the topic with this ticket's names in it.
    pub(super) fn fill(&self, sentence: &str) -> String {
        let agent = self.agent.name.as_str();
        sentence
            .replace("{name}", &self.requester.name)
            .replace("{agent}", agent)
            .replace("{product}", self.product)
            .replace("{order}", &self.order)
            .replace("{carrier}", self.carrier)
    }

    /// What was written with a change.
    pub(super) fn comment(&self, change: &Change) -> String {
        let draw = mix(self.draw ^ dice::TALK, change.n);
        let sentences = match change.kind {
            Kind::Created => self.topic.openings,
            Kind::Noted => self.topic.notes,
            Kind::Replied => self.topic.replies,
            Kind::Solved => self.topic.solutions,
            _ => self.topic.answers,
        };
        self.fill(word(sentences, draw))
    }

    /// How the ticket came in.
    pub(super) fn via(&self) -> String {
        let blank = Object::new().raw("from", "{}").raw("to", "{}").null("rel").end();
        let source = if self.channel == "email" {
            let from = Object::new()
                .text("address", &self.requester.email)
                .text("name", &self.requester.name);
            let to =
                Object::new().text("name", desk::COMPANY).text("address", desk::SUPPORT_ADDRESS);
            Object::new().raw("from", from.end()).raw("to", to.end()).null("rel").end()
        } else {
            blank
        };
        Object::new().text("channel", self.channel).raw("source", source).end()
    }

    pub(super) fn subject(&self) -> String {
        self.fill(self.subject)
    }

    pub(super) fn form(&self) -> u64 {
        nth(desk::FORMS, self.topic.form).id
    }

    pub(super) fn rating(&self) -> (&'static str, Option<&'static str>) {
        match self.draw % 10 {
            0 => ("bad", Some("Took far too long.")),
            1 => ("bad", None),
            2..=4 => ("good", Some("Fast & friendly, thank you! 👍")),
            _ => ("good", None),
        }
    }
}

/// Customers write in their own language where the desk reads it, and in English otherwise.
fn topic_for(locale: &str, dice: &mut Dice) -> &'static Topic {
    let own = if dice.percent(70) { locale } else { "en" };
    let known = TOPICS.iter().any(|topic| topic.language == own);
    let language = if known { own } else { "en" };
    let topics = TOPICS.iter().filter(|topic| topic.language == language);
    let topics: Vec<&Topic> = topics.collect();
    dice.pick(&topics)
}

/// What the changes so far have made of a ticket.
#[derive(Clone, Copy)]
pub(super) struct State {
    pub(super) status: &'static str,
    pub(super) triaged: Option<i64>,
    pub(super) updated: i64,
    pub(super) solved: Option<i64>,
    pub(super) answered: Option<i64>,
    pub(super) rated: bool,
    pub(super) scrubbed: bool,
    pub(super) comments: u64,
    pub(super) replies: u64,
    pub(super) reopens: u64,
    pub(super) latest_comment: i64,
    pub(super) status_since: i64,
    pub(super) requester_since: i64,
    pub(super) bulk: Option<i64>,
}

impl State {
    pub(super) fn after(changes: &[Change], created: i64) -> Self {
        let mut state = Self {
            status: "new",
            triaged: None,
            updated: created,
            solved: None,
            answered: None,
            rated: false,
            scrubbed: false,
            comments: 0,
            replies: 0,
            reopens: 0,
            latest_comment: created,
            status_since: created,
            requester_since: created,
            bulk: None,
        };
        for change in changes {
            state.apply(change);
        }
        state
    }

    fn apply(&mut self, change: &Change) {
        if change.kind.is_audit() {
            self.updated = change.at;
        }
        if change.kind.has_comment() {
            self.comments += 1;
            self.latest_comment = change.at;
        }
        match change.kind {
            Kind::Created | Kind::Noted | Kind::System => {}
            Kind::Triaged => {
                self.triaged = Some(change.at);
                self.turn("open", change.at);
            }
            Kind::Answered => {
                self.answered = self.answered.or(Some(change.at));
                self.replies += 1;
                self.turn("pending", change.at);
            }
            Kind::Replied => {
                self.reopens += u64::from(self.status == "solved");
                self.requester_since = change.at;
                self.turn("open", change.at);
            }
            Kind::Solved => {
                self.solved = Some(change.at);
                self.answered = self.answered.or(Some(change.at));
                self.replies += 1;
                self.turn("solved", change.at);
            }
            Kind::Rated => self.rated = true,
            Kind::Closed => self.turn("closed", change.at),
            Kind::Deleted => self.turn("deleted", change.at),
            Kind::Bulk => self.bulk = Some(change.at),
            Kind::Scrubbed => self.scrubbed = true,
        }
    }

    fn turn(&mut self, status: &'static str, at: i64) {
        self.status = status;
        self.status_since = at;
    }

    fn tags(&self, facts: &Facts) -> Vec<String> {
        if self.scrubbed {
            return Vec::new();
        }
        let mut tags: Vec<String> = facts.topic.tags.iter().map(|tag| (*tag).to_owned()).collect();
        tags.push(facts.topic.reason.to_owned());
        if self.triaged.is_some() {
            tags.push("triaged".to_owned());
        }
        if self.reopens > 0 {
            tags.push("reopened".to_owned());
        }
        tags.extend(self.bulk.map(bulk_tag));
        tags.sort_unstable();
        tags.dedup();
        tags
    }

    fn custom_status(&self) -> u64 {
        let category = if self.status == "closed" { "solved" } else { self.status };
        let status = desk::STATUSES.iter().find(|status| status.name == category);
        status.unwrap_or(&desk::STATUSES[1]).id
    }
}

/// The tag that a bulk job leaves.
pub(super) fn bulk_tag(at: i64) -> String {
    format!("bulk_{}", json::iso(at)[..10].replace('-', "_"))
}

/// The record as exports show it at `ts`, with the members in the recorded order (§8). `embed`
/// names sideloads, of which those that live inside a ticket are added (§3).
pub(super) fn record(world: &World, ticket: u64, ts: i64, embed: &[&str]) -> String {
    let line = Timeline::of(world, ticket);
    let facts = Facts::of(world, ticket);
    let state = State::after(line.until(ts), line.created);
    let subject = if state.scrubbed { "SCRUBBED".to_owned() } else { facts.subject() };
    let description = match line.changes.first() {
        Some(opening) if !state.scrubbed => facts.comment(opening),
        _ => "X".to_owned(),
    };
    let fields = if state.scrubbed { "[]".to_owned() } else { custom_fields(&facts, &state) };
    let follower = facts.follower.map(|place| person::id(world, place));
    let triaged = state.triaged.is_some();
    let recipient = (facts.channel == "email").then_some(desk::SUPPORT_ADDRESS);
    let external = facts.draw.is_multiple_of(6).then(|| format!("shop-{}", facts.order));
    let due = (facts.topic.kind == "task").then_some(line.created + 7 * DAY);
    let object = Object::new()
        .text("url", &format!("{}/api/v2/tickets/{ticket}.json", desk::ORIGIN))
        .raw("id", ticket)
        .maybe_text("external_id", external.as_deref())
        .raw("via", facts.via())
        .time("created_at", line.created)
        .time("updated_at", state.updated)
        .maybe_text("type", triaged.then_some(facts.topic.kind))
        .text("subject", &subject)
        .text("raw_subject", &subject)
        .text("description", &description)
        .maybe_text("priority", triaged.then_some(facts.priority))
        .text("status", state.status)
        .maybe_text("recipient", recipient)
        .raw("requester_id", facts.requester.id)
        .raw("submitter_id", facts.requester.id)
        .maybe("assignee_id", triaged.then_some(facts.agent.id))
        .maybe("organization_id", facts.requester.organization.map(|o| organization::id(world, o)))
        .maybe("group_id", triaged.then_some(facts.group))
        .raw("collaborator_ids", array(follower))
        .raw("follower_ids", array(follower))
        .raw("email_cc_ids", "[]")
        .null("forum_topic_id")
        .null("problem_id")
        .raw("has_incidents", false)
        .raw("is_public", true)
        .maybe_time("due_at", due)
        .raw("tags", texts(state.tags(&facts)))
        .raw("custom_fields", &fields)
        .raw("satisfaction_rating", satisfaction(ticket, &facts, &state))
        .raw("sharing_agreement_ids", "[]")
        .raw("custom_status_id", state.custom_status())
        .raw("fields", &fields)
        .raw("followup_ids", "[]")
        .raw("ticket_form_id", facts.form())
        .raw("brand_id", facts.brand)
        .raw("allow_channelback", false)
        .raw("allow_attachments", true)
        .raw("from_messaging_channel", facts.channel == "native_messaging")
        .raw("generated_timestamp", ts);
    super::sideload::embed(object, embed, &line, &facts, &state).end()
}

fn satisfaction(ticket: u64, facts: &Facts, state: &State) -> String {
    if !state.rated {
        let score = if state.solved.is_some() { "offered" } else { "unoffered" };
        return Object::new().text("score", score).end();
    }
    let (score, comment) = facts.rating();
    Object::new()
        .text("score", score)
        .raw("id", 6_150_000_000_000 + ticket * 128)
        .maybe_text("comment", comment)
        .end()
}

fn custom_fields(facts: &Facts, state: &State) -> String {
    let values = FIELDS.iter().map(|field| {
        Object::new().raw("id", field.id).raw("value", field_value(field.name, facts, state)).end()
    });
    array(values)
}

/// The field's value as JSON.
fn field_value(field: &str, facts: &Facts, state: &State) -> String {
    let draw = mix(facts.draw, size(field.len()) ^ dice::TALK << 32);
    let some = |text: String| quoted(&text);
    let null = || "null".to_owned();
    match field {
        "order_number" => quoted(&facts.order),
        "product" => quoted(&tag_of(facts.product)),
        "serial_number" if draw.is_multiple_of(2) => {
            some(format!("BK-{}", 70_000_000 + draw % 9_999_999))
        }
        "purchase_date" => some(json::iso(facts.bought)[..10].to_owned()),
        "country" => quoted(facts.requester.culture.country),
        "contact_reason" => quoted(facts.topic.reason),
        "resolution" if state.solved.is_some() => quoted(resolution(facts.topic)),
        "refund_amount" if facts.topic.form == 2 => {
            format!("{}.{:02}", 10 + draw % 400, draw / 400 % 100)
        }
        "currency" => quoted(currency(facts.requester.culture.country)),
        "carrier" => quoted(facts.carrier),
        "tracking_number" => some(format!("{:014}", draw % 100_000_000_000_000)),
        "under_warranty" => (!draw.is_multiple_of(4)).to_string(),
        "firmware" if facts.topic.group == 2 => quoted(word(&["2.13.2", "2.14.0", "2.14.1"], draw)),
        "app_version" if facts.topic.group == 2 => quoted(word(&["5.1.8", "5.2.0"], draw)),
        "phone_system" if facts.topic.group == 2 => quoted(word(&["android_16", "ios_26"], draw)),
        "escalated" => (facts.priority == "urgent").to_string(),
        "first_contact_resolution" => (state.solved.is_some() && state.replies == 1).to_string(),
        "replacement_order" if facts.topic.reason == "damaged_on_arrival" => {
            some(format!("{}-R", facts.order))
        }
        "store" => quoted(word(&["online", "marketplace", "shop_berlin", "shop_london"], draw)),
        "customer_tier" => quoted(word(&["bronze", "silver", "gold"], facts.requester.id)),
        "sentiment" if state.triaged.is_some() => {
            quoted(word(&["positive", "neutral", "negative", "very_negative"], draw))
        }
        "language" => quoted(facts.topic.language),
        "affected_features" if facts.topic.group == 2 => {
            texts(["heating", "display"].iter().take(1))
        }
        "water_hardness" if facts.topic.reason == "descaling" => (7 + draw % 18).to_string(),
        "agent_touches" => state.comments.to_string(),
        "internal_reference" => some(format!("{draw:016x}")),
        _ => null(),
    }
}

fn resolution(topic: &Topic) -> &'static str {
    match topic.reason {
        "return" | "charged_twice" => "refunded",
        "damaged_on_arrival" => "replaced",
        "warranty" => "repaired",
        _ => "answered",
    }
}

fn currency(country: &str) -> &'static str {
    match country {
        "us" => "USD",
        "gb" => "GBP",
        "jp" => "JPY",
        "pl" => "PLN",
        "br" => "BRL",
        "in" => "INR",
        "eg" => "EGP",
        _ => "EUR",
    }
}

/// `Aurora 1.7 L kettle` as the tag that a drop-down field holds.
fn tag_of(name: &str) -> String {
    let letters =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
    letters.collect()
}
