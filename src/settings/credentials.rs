//! Which credentials are taken: the strongest complete ones of environment and profile.
//!
//! A secret stands in place, in a file of its own, or is printed by a command; no message shows
//! one.

use super::{Environment, config::Profile};
use crate::{
    api::auth::Credentials,
    disk,
    failure::{Exit, Failure, OrExit as _},
    secret::Secret,
};
use std::{path::Path, process::Command};

/// Finds the strongest complete credentials, and where they stand; those of a profile that was
/// named come first.
pub(super) fn find(
    env: &Environment,
    profile: &Profile,
    explicit: bool,
) -> Result<(Credentials, &'static str), Failure> {
    let at = |origin| move |found: Option<Credentials>| found.map(|found| (found, origin));
    let ambient = || from_environment(env).map(at("the environment"));
    let configured = || from_profile(profile).map(at("the config file"));
    let found = match explicit {
        true => configured()?.map_or_else(ambient, |found| Ok(Some(found)))?,
        false => ambient()?.map_or_else(configured, |found| Ok(Some(found)))?,
    };
    let (credentials, origin) = found.ok_or_else(|| no_credentials(env, profile))?;
    check_header_text(&credentials)?;
    Ok((credentials, origin))
}

/// Line ends in a credential would end the header that it is sent in.
fn check_header_text(credentials: &Credentials) -> Result<(), Failure> {
    let bad = |text: &str| text.is_empty() || text.chars().any(char::is_control);
    let name = match credentials {
        Credentials::OauthClient { id, .. } => Some(id),
        Credentials::ApiToken { email, .. } => Some(email),
        Credentials::OauthToken(_) => None,
    };
    let secrets = credentials.secrets();
    if name.is_some_and(|name| bad(name)) || secrets.iter().any(|secret| bad(secret.expose())) {
        return Err(Failure::usage(format!(
            "the {} is empty or holds control characters",
            credentials.kind()
        )));
    }
    Ok(())
}

fn from_environment(env: &Environment) -> Result<Option<Credentials>, Failure> {
    let get = |name| env.get(name);
    if let (Some(id), Some(secret)) =
        (get("ZENDESK_OAUTH_CLIENT_ID"), get("ZENDESK_OAUTH_CLIENT_SECRET"))
    {
        return Ok(Some(Credentials::OauthClient { id, secret: Secret::new(secret) }));
    }
    if let Some(token) = get("ZENDESK_OAUTH_TOKEN") {
        return Ok(Some(Credentials::OauthToken(Secret::new(token))));
    }
    if let (Some(email), Some(token)) = (get("ZENDESK_EMAIL"), get("ZENDESK_API_TOKEN")) {
        return Ok(Some(Credentials::ApiToken { email, token: Secret::new(token) }));
    }
    Ok(None)
}

fn from_profile(profile: &Profile) -> Result<Option<Credentials>, Failure> {
    if let Some(id) = profile.text("client_id")
        && let Some(secret) = profile_secret(profile, "client_secret")?
    {
        return Ok(Some(Credentials::OauthClient { id: id.to_owned(), secret }));
    }
    if let Some(token) = profile_secret(profile, "oauth_token")? {
        return Ok(Some(Credentials::OauthToken(token)));
    }
    if let Some(email) = profile.text("email")
        && let Some(token) = profile_secret(profile, "api_token")?
    {
        return Ok(Some(Credentials::ApiToken { email: email.to_owned(), token }));
    }
    Ok(None)
}

/// A secret that stands in place, in a file, or is printed by a command.
fn profile_secret(profile: &Profile, key: &str) -> Result<Option<Secret>, Failure> {
    if let Some(secret) = profile.text(key) {
        return Ok(Some(Secret::new(secret)));
    }
    if let Some(path) = profile.text(&format!("{key}_file")) {
        return secret_file(Path::new(path)).map(Some);
    }
    if let Some(line) = profile.text(&format!("{key}_command")) {
        return secret_command(key, line).map(Some);
    }
    Ok(None)
}

/// No credential is longer.
const LONGEST_SECRET: u64 = 64 * 1024;

fn secret_file(path: &Path) -> Result<Secret, Failure> {
    let shown = path.display();
    let failed = || format!("cannot read the secret in {shown}");
    let bytes = disk::read_small(path, LONGEST_SECRET).or_exit(Exit::Config, failed).map_err(
        |failure| failure.hint("the config file names it: `zdx config path` says where"),
    )?;
    refuse_readable(path)?;
    let text = String::from_utf8(bytes).or_exit(Exit::Config, failed)?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}

/// Others must not read a file that holds a secret. One that is another user's, who lets us read it
/// through a group or an access list, is what service managers hand over: systemd's credentials are
/// root's, of mode 0440.
pub(super) fn refuse_readable(path: &Path) -> Result<(), Failure> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let shown = path.display();
        let failed = || format!("cannot read {shown}");
        let metadata = path.metadata().or_exit(Exit::Config, failed)?;
        let ours = metadata.uid() == rustix::process::geteuid().as_raw();
        let refused = if ours { 0o077 } else { 0o037 };
        if metadata.mode() & refused != 0 {
            return Err(Failure::new(
                Exit::Config,
                format!("{shown} holds a secret and is readable by others"),
            )
            .hint(format!("chmod 600 {shown}")));
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

fn secret_command(key: &str, line: &str) -> Result<Secret, Failure> {
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let failed = || format!("cannot run {key}_command");
    let output = Command::new(shell)
        .args([flag, line])
        .stdin(std::process::Stdio::null())
        .stderr(std::process::Stdio::inherit())
        .output()
        .or_exit(Exit::Config, failed)?;
    if !output.status.success() {
        return Err(Failure::new(Exit::Config, format!("{key}_command failed: {}", output.status)));
    }
    let text = String::from_utf8(output.stdout).or_exit(Exit::Config, failed)?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}

/// Says which half of a pair is missing, and points out names near ours.
fn no_credentials(env: &Environment, profile: &Profile) -> Failure {
    let pairs = [
        ("ZENDESK_OAUTH_CLIENT_ID", "ZENDESK_OAUTH_CLIENT_SECRET"),
        ("ZENDESK_OAUTH_CLIENT_SECRET", "ZENDESK_OAUTH_CLIENT_ID"),
        ("ZENDESK_EMAIL", "ZENDESK_API_TOKEN"),
        ("ZENDESK_API_TOKEN", "ZENDESK_EMAIL"),
    ];
    let mut failure = Failure::new(Exit::Credentials, "no credentials");
    for (set, missing) in pairs {
        if env.get(set).is_some() && env.get(missing).is_none() {
            failure = Failure::new(
                Exit::Credentials,
                format!("no credentials: {set} is set, but {missing} is not"),
            );
        }
    }
    for (has, missing) in [("client_id", "client_secret"), ("email", "api_token")] {
        if profile.text(has).is_some() {
            failure = failure.hint(format!("the profile has {has}, but no {missing}"));
        }
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
            find(env, profile, explicit).map(|(found, _)| found.kind())
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
