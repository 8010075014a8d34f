//! Which credentials are taken: the strongest complete ones of environment and profile.
//!
//! A secret stands in place, in a file of its own, or is printed by a command; no message shows
//! one.

use super::{access::refuse_readable, config::Profile, given::Environment};
use crate::{
    api::auth::Credentials,
    disk,
    failure::{Exit, Failure, OrExit as _},
    secret::Secret,
};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// A kind of credentials, and the names of its parts in the environment and in a profile.
struct Kind {
    /// Of the part that is no secret, if there is one.
    name: Option<(&'static str, &'static str)>,
    secret: (&'static str, &'static str),
    of: fn(String, Secret) -> Credentials,
}

/// Strongest first.
static KINDS: [Kind; 3] = [
    Kind {
        name: Some(("ZENDESK_OAUTH_CLIENT_ID", "client_id")),
        secret: ("ZENDESK_OAUTH_CLIENT_SECRET", "client_secret"),
        of: |id, secret| Credentials::OauthClient { id, secret },
    },
    Kind {
        name: None,
        secret: ("ZENDESK_OAUTH_TOKEN", "oauth_token"),
        of: |_, token| Credentials::OauthToken(token),
    },
    Kind {
        name: Some(("ZENDESK_EMAIL", "email")),
        secret: ("ZENDESK_API_TOKEN", "api_token"),
        of: |email, token| Credentials::ApiToken { email, token },
    },
];

/// The credentials that are taken, before any file is read or command run.
pub(super) struct Choice {
    kind: &'static Kind,
    /// Client id or e-mail address; empty where the kind has none.
    name: String,
    secret: Source,
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
    let ambient = || KINDS.iter().find_map(|kind| from_environment(kind, env));
    let configured = || KINDS.iter().find_map(|kind| from_profile(kind, profile));
    match explicit {
        true => configured().or_else(ambient),
        false => ambient().or_else(configured),
    }
}

/// The credentials that are taken, with their secret.
pub(super) fn find(
    env: &Environment,
    profile: &Profile,
    explicit: bool,
) -> Result<Credentials, Failure> {
    let choice = choose(env, profile, explicit).ok_or_else(|| no_credentials(env, profile))?;
    let secret = choice.read(profile)?;
    choice.check(&secret, profile)?;
    Ok((choice.kind.of)(choice.name, secret))
}

fn from_environment(kind: &'static Kind, env: &Environment) -> Option<Choice> {
    let name = kind.name.map_or(Some(String::new()), |(variable, _)| env.get(variable))?;
    let secret = Source::Environment(Secret::new(env.get(kind.secret.0)?));
    Some(Choice { kind, name, secret })
}

fn from_profile(kind: &'static Kind, profile: &Profile) -> Option<Choice> {
    let name = kind.name.map_or(Some(""), |(_, key)| profile.text(key))?.to_owned();
    let key = kind.secret.1;
    let file = format!("{key}_file");
    let command = format!("{key}_command");
    let secret = if let Some(secret) = profile.text(key) {
        Source::InPlace(key.to_owned(), Secret::new(secret))
    } else if let Some(path) = profile.path(&file) {
        Source::File(file, path)
    } else {
        Source::Command(command.clone(), profile.text(&command)?.to_owned())
    };
    Some(Choice { kind, name, secret })
}

impl Choice {
    /// The kind, for people.
    pub(super) fn kind(&self) -> &'static str {
        (self.kind.of)(String::new(), Secret::new("")).kind()
    }

    /// Where the secret stands. A command's line may hold one itself, and is left out.
    pub(super) fn origin(&self, profile: &Profile) -> String {
        let of = |key| profile.origin(key).unwrap_or_default();
        match &self.secret {
            Source::Environment(_) => self.kind.secret.0.to_owned(),
            Source::InPlace(key, _) => of(key),
            Source::File(key, path) => format!("file {} ({key} of {})", path.display(), of(key)),
            Source::Command(key, _) => format!("command ({key} of {})", of(key)),
        }
    }

    fn read(&self, profile: &Profile) -> Result<Secret, Failure> {
        match &self.secret {
            Source::Environment(secret) | Source::InPlace(_, secret) => Ok(secret.clone()),
            Source::File(key, path) => secret_file(path, &profile.place(key)),
            Source::Command(key, line) => secret_command(line, &profile.place(key)),
        }
    }

    /// Line ends in a credential would end the header that it is sent in.
    fn check(&self, secret: &Secret, profile: &Profile) -> Result<(), Failure> {
        let bad = |text: &str| text.chars().any(char::is_control);
        let key = match &self.secret {
            Source::Environment(_) if bad(&self.name) || bad(secret.expose()) => {
                let kind = self.kind();
                return Err(Failure::usage(format!("the {kind} holds control characters")));
            }
            Source::Environment(_) => return Ok(()),
            Source::InPlace(key, _) | Source::File(key, _) | Source::Command(key, _) => key,
        };
        let named = self.kind.name.map(|(_, key)| key).filter(|_| bad(&self.name));
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

/// No credential is longer.
const LONGEST_SECRET: u64 = 64 * 1024;

fn secret_file(path: &Path, place: &str) -> Result<Secret, Failure> {
    let failed = || format!("{place}: cannot read the secret in {}", path.display());
    let bytes = disk::read_small(path, LONGEST_SECRET).or_exit(Exit::Config, failed)?;
    refuse_readable(path)?;
    let text = String::from_utf8(bytes).or_exit(Exit::Config, failed)?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}

fn secret_command(line: &str, place: &str) -> Result<Secret, Failure> {
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let failed = || format!("{place}: cannot run the command");
    let output = Command::new(shell)
        .args([flag, line])
        .stdin(std::process::Stdio::null())
        .stderr(std::process::Stdio::inherit())
        .output()
        .or_exit(Exit::Config, failed)?;
    if !output.status.success() {
        let status = output.status;
        return Err(Failure::new(Exit::Config, format!("{place}: the command failed: {status}")));
    }
    let text = String::from_utf8(output.stdout).or_exit(Exit::Config, failed)?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}

/// The half of a pair that the environment has, if it lacks the other.
pub(super) fn half(env: &Environment) -> Option<String> {
    let pairs = KINDS.iter().filter_map(|kind| Some((kind.name?.0, kind.secret.0)));
    let both = pairs.flat_map(|(name, secret)| [(name, secret), (secret, name)]);
    let mut halves = both.filter(|(has, lacks)| env.get(has).is_some() && env.get(lacks).is_none());
    halves.next().map(|(has, lacks)| format!("{has} is set, but {lacks} is not"))
}

/// Says which half of a pair is missing, and points out names near ours.
fn no_credentials(env: &Environment, profile: &Profile) -> Failure {
    let half = half(env).map(|half| format!(": {half}")).unwrap_or_default();
    let mut failure = Failure::new(Exit::Credentials, format!("no credentials{half}"));
    for (has, missing) in [("client_id", "client_secret"), ("email", "api_token")] {
        if profile.text(has).is_some() {
            failure = failure.hint(format!("the profile has {has}, but no {missing}"));
        }
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

    #[test]
    fn the_strongest_complete_credentials_are_taken() {
        let kind = |env: &Environment, profile: &Profile, explicit| {
            find(env, profile, explicit).map(|found| found.kind())
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
    fn missing_credentials_name_the_variables() {
        let failure = find(&env(&[]), &Profile::default(), false).unwrap_err();
        assert_eq!(failure.exit, Exit::Credentials);
        assert!(failure.hints[0].contains("ZENDESK_OAUTH_CLIENT_ID"));
        let failure =
            find(&env(&[("ZENDESK_EMAIL", "a@b.c")]), &Profile::default(), false).unwrap_err();
        assert!(failure.to_string().contains("ZENDESK_API_TOKEN"), "{failure}");
        let failure =
            find(&env(&[("ZENDESK_TOKEN", "x")]), &Profile::default(), false).unwrap_err();
        assert!(failure.hints[0].contains("ZENDESK_TOKEN is not read"));
    }

    #[test]
    fn line_ends_in_credentials_are_refused() {
        let bad = env(&[("ZENDESK_OAUTH_TOKEN", "a\r\nX-Evil: 1")]);
        let failure = find(&bad, &Profile::default(), false).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(!failure.to_string().contains("Evil"));
        let bad = env(&[("ZENDESK_EMAIL", "a\n@b.c"), ("ZENDESK_API_TOKEN", "token")]);
        assert_eq!(find(&bad, &Profile::default(), false).unwrap_err().exit, Exit::Usage);
    }
}
