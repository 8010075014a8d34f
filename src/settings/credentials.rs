//! Which credentials are taken: the strongest complete ones of environment and profile.
//!
//! A secret stands in place, in a file of its own, or is printed by a command; no message shows
//! one.

use super::{config::Profile, given::Environment, stored};
use crate::{
    api::auth::{Credentials, Kind, READ},
    clock::Clock,
    failure::{Exit, Failure},
    secret::Secret,
    signals::Stop,
};
use std::path::PathBuf;

/// A form of credentials, and the names of its parts in the environment and in a profile.
struct Form {
    /// Of the part that is no secret, if there is one.
    name: Option<(&'static str, &'static str)>,
    secret: (&'static str, &'static str),
    /// Of name, secret and scope.
    of: fn(String, Secret, String) -> Kind,
}

/// Strongest first.
static FORMS: [Form; 3] = [
    Form {
        name: Some(("ZENDESK_OAUTH_CLIENT_ID", "client_id")),
        secret: ("ZENDESK_OAUTH_CLIENT_SECRET", "client_secret"),
        of: |id, secret, scope| Kind::OauthClient { id, secret, scope },
    },
    Form {
        name: None,
        secret: ("ZENDESK_OAUTH_TOKEN", "oauth_token"),
        of: |_, token, _| Kind::OauthToken(token),
    },
    Form {
        name: Some(("ZENDESK_EMAIL", "email")),
        secret: ("ZENDESK_API_TOKEN", "api_token"),
        of: |email, token, _| Kind::ApiToken { email, token },
    },
];

/// The credentials that are taken, before any file is read or command run.
pub(super) struct Choice {
    form: &'static Form,
    /// Client id or e-mail address; empty where the kind has none.
    name: String,
    secret: Source,
    /// What a token is minted for.
    scope: String,
}

/// Where a secret stands; a key is one of the profile.
enum Source {
    Environment(Secret),
    InPlace(String, Secret),
    File(String, PathBuf),
    Command(String, String),
}

/// Chooses the strongest complete credentials; those of a profile that was named come first.
pub(super) fn choose(env: &Environment, profile: &Profile, explicit: bool) -> Option<Choice> {
    let ambient = || FORMS.iter().find_map(|form| from_environment(form, env));
    let configured = || FORMS.iter().find_map(|form| from_profile(form, profile));
    let scope = || env.credential("ZENDESK_OAUTH_SCOPE");
    let own = || profile.text("scope").map(str::to_owned);
    let (choice, scope) = match explicit {
        true => (configured().or_else(ambient)?, own().or_else(scope)),
        false => (ambient().or_else(configured)?, scope().or_else(own)),
    };
    Some(Choice { scope: scope.unwrap_or_else(|| READ.to_owned()), ..choice })
}

/// The credentials that are taken, with their secret.
pub(super) fn find(
    env: &Environment,
    profile: &Profile,
    explicit: bool,
    clock: Clock,
    stop: &Stop,
) -> Result<Credentials, Failure> {
    let choice = choose(env, profile, explicit).ok_or_else(|| no_credentials(env, profile))?;
    let secret = match &choice.secret {
        Source::Environment(secret) | Source::InPlace(_, secret) => secret.clone(),
        Source::File(key, path) => stored::in_file(path, &profile.place(key))?,
        Source::Command(key, line) => stored::by_command(line, &profile.place(key), clock, stop)?,
    };
    choice.check(&secret, profile)?;
    let origin = choice.stands(profile);
    Ok(Credentials { kind: (choice.form.of)(choice.name, secret, choice.scope), origin })
}

fn from_environment(form: &'static Form, env: &Environment) -> Option<Choice> {
    let name = form.name.map_or(Some(String::new()), |(variable, _)| env.credential(variable))?;
    let secret = Source::Environment(Secret::new(env.credential(form.secret.0)?));
    Some(Choice { form, name, secret, scope: String::new() })
}

fn from_profile(form: &'static Form, profile: &Profile) -> Option<Choice> {
    let name = form.name.map_or(Some(""), |(_, key)| profile.text(key))?.to_owned();
    let key = form.secret.1;
    let file = format!("{key}_file");
    let command = format!("{key}_command");
    let secret = if let Some(secret) = profile.text(key) {
        Source::InPlace(key.to_owned(), Secret::new(secret))
    } else if let Some(path) = profile.path(&file) {
        Source::File(file, path)
    } else {
        Source::Command(command.clone(), profile.text(&command)?.to_owned())
    };
    Some(Choice { form, name, secret, scope: String::new() })
}

impl Choice {
    /// The kind, for people.
    pub(super) fn kind(&self) -> &'static str {
        (self.form.of)(String::new(), Secret::new(""), String::new()).name()
    }

    /// The part that is no secret, with the key that it has in a profile, and where it stands.
    pub(super) fn name(&self, profile: &Profile) -> Option<(&'static str, &str, String)> {
        let (variable, key) = self.form.name?;
        let origin = match self.secret {
            Source::Environment(_) => variable.to_owned(),
            Source::InPlace(..) | Source::File(..) | Source::Command(..) => {
                profile.origin(key).unwrap_or_default()
            }
        };
        Some((key, &self.name, origin))
    }

    /// Where the secret stands. A command's line may hold one itself, and is left out.
    pub(super) fn origin(&self, profile: &Profile) -> String {
        let of = |key| profile.origin(key).unwrap_or_default();
        match &self.secret {
            Source::Environment(_) => self.form.secret.0.to_owned(),
            Source::InPlace(key, _) => of(key),
            Source::File(key, path) => format!("file {} ({key} of {})", path.display(), of(key)),
            Source::Command(key, _) => format!("command ({key} of {})", of(key)),
        }
    }

    /// The same, for whoever has to look there: with the variables of both parts, or the line.
    fn stands(&self, profile: &Profile) -> String {
        match &self.secret {
            Source::Environment(_) => match self.form.name {
                Some((name, _)) => format!("{name} and {}", self.form.secret.0),
                None => self.form.secret.0.to_owned(),
            },
            Source::InPlace(key, _) => profile.place(key),
            Source::File(key, path) => {
                format!("the file {} ({})", path.display(), profile.place(key))
            }
            Source::Command(key, _) => format!("the command of {}", profile.place(key)),
        }
    }

    /// Line ends in a credential would end the header that it is sent in.
    fn check(&self, secret: &Secret, profile: &Profile) -> Result<(), Failure> {
        let bad = |text: &str| text.chars().any(char::is_control);
        let key = match &self.secret {
            Source::Environment(_) => {
                let name = self.form.name.map(|(variable, _)| (variable, bad(&self.name)));
                let parts = name.into_iter().chain([(self.form.secret.0, bad(secret.expose()))]);
                let mut wrong = parts.chain([("ZENDESK_OAUTH_SCOPE", bad(&self.scope))]);
                return match wrong.find(|(_, wrong)| *wrong) {
                    Some((variable, _)) => {
                        Err(Failure::usage(format!("{variable} holds control characters")))
                    }
                    None => Ok(()),
                };
            }
            Source::InPlace(key, _) | Source::File(key, _) | Source::Command(key, _) => key,
        };
        if bad(&self.scope) {
            return Err(profile.unusable("scope", "holds control characters"));
        }
        let named = self.form.name.map(|(_, key)| key).filter(|_| bad(&self.name));
        if let Some(key) = named {
            return Err(profile.unusable(key, "holds control characters"));
        }
        let why = match secret.expose() {
            "" => "is empty",
            text if bad(text) => "holds control characters",
            _ => return Ok(()),
        };
        let place = profile.place(key);
        let what = match &self.secret {
            Source::File(_, path) => format!("{place}: the secret in {}", path.display()),
            Source::Command(..) => format!("{place}: what the command prints"),
            Source::Environment(_) | Source::InPlace(..) => place,
        };
        Err(Failure::new(Exit::Config, format!("{what} {why}")))
    }
}

/// The half of a pair that the environment has, if it lacks the other.
pub(super) fn half(env: &Environment) -> Option<String> {
    let pairs = FORMS.iter().filter_map(|form| Some((form.name?.0, form.secret.0)));
    let both = pairs.flat_map(|(name, secret)| [(name, secret), (secret, name)]);
    let mut halves = both
        .filter(|(has, lacks)| env.credential(has).is_some() && env.credential(lacks).is_none());
    halves.next().map(|(has, lacks)| format!("{has} is set, but {lacks} is not"))
}

/// Says which half of a pair is missing, and points out names near ours.
fn no_credentials(env: &Environment, profile: &Profile) -> Failure {
    let half = half(env).map(|half| format!(": {half}")).unwrap_or_default();
    let mut failure = Failure::new(Exit::Credentials, format!("no credentials{half}"));
    let pairs = FORMS.iter().filter_map(|form| Some((form.name?.1, form.secret.1)));
    let mut halves = pairs.filter(|(has, _)| profile.text(has).is_some()).peekable();
    let file = profile.file().display();
    match (halves.peek(), profile.name()) {
        (Some(_), _) => {
            for (has, missing) in halves {
                let place = profile.place(has);
                failure = failure.hint(format!(
                    "{place} is set, but {missing}, {missing}_file or {missing}_command is not"
                ));
            }
        }
        (None, Some(name)) => {
            failure = failure.hint(format!(
                "the profile {name} of {file} has none: client_id and client_secret, or oauth_token"
            ));
        }
        (None, None) => {}
    }
    if let Some(aside) = profile.aside() {
        failure = failure.hint(aside);
    }
    for near in ["ZENDESK_TOKEN", "ZENDESK_ACCESS_TOKEN"] {
        if env.get(near).is_some() {
            failure = failure.hint(format!(
                "{near} is not read: an OAuth access token goes into ZENDESK_OAUTH_TOKEN, an API \
                 token into ZENDESK_API_TOKEN"
            ));
        }
    }
    failure.hint(
        "set ZENDESK_OAUTH_CLIENT_ID and ZENDESK_OAUTH_CLIENT_SECRET, or ZENDESK_OAUTH_TOKEN, or \
         ZENDESK_EMAIL and ZENDESK_API_TOKEN",
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{env, profile};
    use super::*;

    fn found(env: &Environment, profile: &Profile, explicit: bool) -> Result<Credentials, Failure> {
        find(env, profile, explicit, Clock::real(), &Stop::default())
    }

    #[test]
    fn the_strongest_complete_credentials_are_taken() {
        let kind = |env: &Environment, profile: &Profile, explicit| {
            found(env, profile, explicit).map(|found| found.kind.name())
        };
        let none = Profile::default();
        let all = env(&[
            ("ZENDESK_OAUTH_CLIENT_ID", "id"),
            ("ZENDESK_OAUTH_CLIENT_SECRET", "secret"),
            ("ZENDESK_OAUTH_TOKEN", "token"),
            ("ZENDESK_EMAIL", "a@b.c"),
            ("ZENDESK_API_TOKEN", "token"),
        ]);
        assert_eq!(kind(&all, &none, false).unwrap(), "OAuth client");
        let half = env(&[("ZENDESK_OAUTH_CLIENT_ID", "id"), ("ZENDESK_OAUTH_TOKEN", "token")]);
        assert_eq!(kind(&half, &none, false).unwrap(), "OAuth access token");
        let configured = profile("[profiles.p]\nemail = 'a@b.c'\napi_token = 't0ken'\n");
        assert_eq!(kind(&all, &configured, false).unwrap(), "OAuth client");
        assert_eq!(kind(&all, &configured, true).unwrap(), "API token");
        assert_eq!(kind(&env(&[]), &configured, false).unwrap(), "API token");
    }

    #[test]
    fn the_scope_of_a_profile_that_is_named_beats_the_environment() {
        let own = profile("[profiles.p]\nclient_id = 'i'\nclient_secret = 's'\nscope = 'own'\n");
        let ambient = env(&[("ZENDESK_OAUTH_SCOPE", "ambient")]);
        let scope =
            |env: &Environment, profile: &Profile, explicit| match found(env, profile, explicit)
                .unwrap()
                .kind
            {
                Kind::OauthClient { scope, .. } => scope,
                other => panic!("{}", other.name()),
            };
        assert_eq!(scope(&ambient, &own, true), "own");
        assert_eq!(scope(&ambient, &own, false), "ambient");
        assert_eq!(scope(&env(&[]), &own, false), "own");
        let bare = profile("[profiles.p]\nclient_id = 'i'\nclient_secret = 's'\n");
        assert_eq!(scope(&ambient, &bare, true), "ambient");
        assert_eq!(scope(&env(&[]), &bare, true), "read");
    }

    #[test]
    fn missing_credentials_name_the_variables() {
        let failure = found(&env(&[]), &Profile::default(), false).unwrap_err();
        assert_eq!(failure.exit, Exit::Credentials);
        assert!(failure.hints[0].contains("ZENDESK_OAUTH_CLIENT_ID"));
        let failure =
            found(&env(&[("ZENDESK_EMAIL", "a@b.c")]), &Profile::default(), false).unwrap_err();
        assert!(failure.to_string().contains("ZENDESK_API_TOKEN"), "{failure}");
        let failure =
            found(&env(&[("ZENDESK_TOKEN", "x")]), &Profile::default(), false).unwrap_err();
        assert!(failure.hints[0].contains("ZENDESK_TOKEN is not read"));
    }

    #[test]
    fn line_ends_in_credentials_are_refused() {
        let bad = env(&[("ZENDESK_OAUTH_TOKEN", "a\r\nX-Evil: 1")]);
        let failure = found(&bad, &Profile::default(), false).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(!failure.to_string().contains("Evil"));
        let bad = env(&[("ZENDESK_EMAIL", "a\n@b.c"), ("ZENDESK_API_TOKEN", "token")]);
        let failure = found(&bad, &Profile::default(), false).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.to_string().starts_with("ZENDESK_EMAIL holds"), "{failure}");
    }
}
