//! What every command may need, and how it tells its result.

use crate::{
    api::auth::{Credentials, Kind, READ},
    cli::When,
    clock::Clock,
    failure::{Exit, Failure, OrExit as _},
    report::Report,
    sandbox::{self as world, Sandbox},
    secret::Secret,
    settings::{self, Environment, Flags, Settings},
    signals::Stop,
};
use serde_json::Value;
use std::io::Write as _;

/// What every command may need.
pub(super) struct Context {
    pub(super) progress: When,
    pub(super) flags: Flags,
    pub(super) env: Environment,
    pub(super) clock: Clock,
    pub(super) stop: Stop,
    pub(super) report: Report,
}

impl Context {
    /// Tells of a failure; of a reader that went away, there is nobody to tell.
    pub(super) fn failed(&self, failure: &Failure) -> Exit {
        if failure.exit != Exit::ReaderGone {
            self.report.failure(failure);
        }
        failure.exit
    }

    /// The settings of the account, or of a sandbox that lives as long as what is returned.
    pub(super) fn settings(
        &self,
        in_sandbox: bool,
    ) -> Result<(Settings, Option<Sandbox>), Failure> {
        let (settings, sandbox) = if in_sandbox {
            let sandbox = Sandbox::start(world::Options::default())
                .or_exit(Exit::Bug, || "cannot start the sandbox".to_owned())?;
            let kind = Kind::OauthClient {
                id: world::CLIENT_ID.to_owned(),
                secret: Secret::new(world::CLIENT_SECRET),
                scope: READ.to_owned(),
            };
            let credentials = Credentials { kind, origin: "the sandbox".to_owned() };
            let settings = settings::sandbox(
                &self.flags,
                &self.env,
                world::SUBDOMAIN,
                &sandbox.base_url(),
                credentials,
            )?;
            (settings, Some(sandbox))
        } else {
            for strange in self.env.strange() {
                self.report.warn(None, &strange);
            }
            (settings::resolve(&self.flags, &self.env, self.clock, &self.stop)?, None)
        };
        self.report.hide(&settings.credentials.kind.secrets());
        let proxy = settings.base.way.proxy.as_ref();
        self.report.hide(proxy.and_then(|proxy| proxy.password.clone()).as_slice());
        if let Kind::ApiToken { .. } = settings.credentials.kind {
            self.report.warn(
                None,
                "Zendesk ends API tokens on 2027-04-30: move to an OAuth client before that",
            );
        }
        Ok((settings, sandbox))
    }
}

/// The object of `--json`. As those of failures it says how the command ended.
pub(super) fn document(mut document: Value, error: Option<&str>, exit: Exit) -> String {
    if let Value::Object(members) = &mut document {
        members.insert("error".to_owned(), error.into());
        members.insert("exit".to_owned(), exit.code().into());
    }
    format!("{document}\n")
}

pub(super) fn print_json(result: Value) -> Result<(), Failure> {
    print(&document(result, None, Exit::Done))
}

/// Writes a command's own result to stdout; a reader that went away ends it quietly.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::ReaderGone, "the reader of stdout went away"))
        }
        result => result.or_exit(Exit::Output, || "cannot write to stdout".to_owned()),
    }
}
