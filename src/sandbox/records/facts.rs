//! What a ticket is about, and what its changes so far have made of it.

use super::{
    super::{
        calendar::DAY,
        dice::{self, Dice, mix, nth, word},
        furniture,
        json::{self, Object},
        topics::{TOPICS, Topic},
        world::World,
    },
    person::Person,
    timeline::{Change, ChangeKind},
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
    pub(super) bought: i64,
    subject: &'static str,
    pub(super) draw: u64,
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
            group: nth(furniture::GROUPS, topic.group).id,
            brand: nth(furniture::BRANDS, dice.below(5) / 4).id,
            channel: dice.pick(&["email", "email", "web", "web", "api", "native_messaging"]),
            priority: dice.pick(&["low", "normal", "normal", "normal", "high", "urgent"]),
            product: nth(furniture::PRODUCTS, dice.roll()).name,
            carrier: dice.pick(furniture::CARRIERS),
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
            ChangeKind::Created => self.topic.openings,
            ChangeKind::Noted => self.topic.notes,
            ChangeKind::Replied => self.topic.replies,
            ChangeKind::Solved => self.topic.solutions,
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
            let to = Object::new()
                .text("name", furniture::COMPANY)
                .text("address", furniture::SUPPORT_ADDRESS);
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
        nth(furniture::FORMS, self.topic.form).id
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
            ChangeKind::Created | ChangeKind::Noted | ChangeKind::System => {}
            ChangeKind::Triaged => {
                self.triaged = Some(change.at);
                self.turn("open", change.at);
            }
            ChangeKind::Answered => {
                self.answered = self.answered.or(Some(change.at));
                self.replies += 1;
                self.turn("pending", change.at);
            }
            ChangeKind::Replied => {
                self.reopens += u64::from(self.status == "solved");
                self.requester_since = change.at;
                self.turn("open", change.at);
            }
            ChangeKind::Solved => {
                self.solved = Some(change.at);
                self.answered = self.answered.or(Some(change.at));
                self.replies += 1;
                self.turn("solved", change.at);
            }
            ChangeKind::Rated => self.rated = true,
            ChangeKind::Closed => self.turn("closed", change.at),
            ChangeKind::Deleted => self.turn("deleted", change.at),
            ChangeKind::Bulk => self.bulk = Some(change.at),
            ChangeKind::Scrubbed => self.scrubbed = true,
        }
    }

    fn turn(&mut self, status: &'static str, at: i64) {
        self.status = status;
        self.status_since = at;
    }

    pub(super) fn tags(&self, facts: &Facts) -> Vec<String> {
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

    pub(super) fn custom_status(&self) -> u64 {
        let category = if self.status == "closed" { "solved" } else { self.status };
        let status = furniture::STATUSES.iter().find(|status| status.name == category);
        status.unwrap_or(&furniture::STATUSES[1]).id
    }
}

/// The tag that a bulk job leaves.
pub(super) fn bulk_tag(at: i64) -> String {
    format!("bulk_{}", json::iso(at)[..10].replace('-', "_"))
}

/// `Aurora 1.7 L kettle` as the tag that a drop-down field holds.
pub(super) fn tag_of(name: &str) -> String {
    let letters =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
    letters.collect()
}

/// The id of a ticket's satisfaction rating.
pub(super) fn rating_id(ticket: u64) -> u64 {
    6_150_000_000_000 + ticket * 128
}
