//! How a test runs zdx: a directory of its own, a bare environment, and what must hold after
//! every run.
//!
//! ```text
//! let still = Still::of(&[TICKETS]);
//! let place = Place::of(&still.sandbox);
//! place.zdx("export tickets --since @0 -o out/").run().exit(0);
//! ```
//!
//! Times shrink by settings that users have too. Nothing here waits for something to happen.

use crate::schemas;
use assert_cmd::cargo::cargo_bin;
use serde_json::{Value, value::RawValue};
use std::{
    collections::HashMap,
    fmt::Write as _,
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};
use zdx::sandbox::{
    API_TOKEN, CLIENT_ID, CLIENT_SECRET, EMAIL, OAUTH_TOKEN, Options, SUBDOMAIN, Sandbox,
};

/// What every secret of the tests' own holds, so that one search finds any of them.
pub(crate) const CANARY: &str = "c4n4ry";

/// A run that takes longer than this hangs.
const LONGEST_RUN: Duration = Duration::from_secs(100);

/// A run under way that is told to end, or about to, and then takes longer than this hangs.
const LONGEST_END: Duration = Duration::from_secs(60);

/// The exit codes of the README, without 1, which is a bug.
const EXITS: [i32; 14] = [0, 2, 3, 4, 5, 6, 7, 8, 11, 129, 130, 141, 143, 143];

/// A directory to run in, and the account that its runs speak to.
pub(crate) struct Place {
    dir: tempfile::TempDir,
    env: Vec<(String, String)>,
    /// What the test wrote, secrets and all.
    own: std::cell::RefCell<Vec<PathBuf>>,
}

impl Place {
    /// Without any account.
    pub(crate) fn new() -> Place {
        let place = Place {
            dir: tempfile::tempdir().expect("a temporary directory"),
            env: Vec::new(),
            own: std::cell::RefCell::default(),
        };
        for dir in ["home", "tmp", "work"] {
            fs::create_dir(place.dir.path().join(dir)).expect("a new directory");
        }
        place
    }

    /// With the sandbox's account and an access token that never expires.
    pub(crate) fn of(sandbox: &Sandbox) -> Place {
        Place::new()
            .with("ZDX_BASE_URL", &sandbox.base_url())
            .with("ZENDESK_SUBDOMAIN", SUBDOMAIN)
            .with("ZENDESK_OAUTH_TOKEN", OAUTH_TOKEN)
    }

    /// With the account `acme` of a scripted server.
    pub(crate) fn at(url: &str) -> Place {
        Place::new()
            .with("ZDX_BASE_URL", url)
            .with("ZENDESK_SUBDOMAIN", "acme")
            .with("ZENDESK_OAUTH_TOKEN", "token-c4n4ry-0123456789")
    }

    /// A variable of each run's environment; an empty value takes it away.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Place {
        self.env.retain(|(known, _)| known != name);
        if !value.is_empty() {
            self.env.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Keeps positions also of what goes to a pipe: a state is named, at the place where it would be
    /// anyway.
    #[must_use]
    pub(crate) fn keeping(self) -> Place {
        let state = self.state();
        fs::create_dir_all(state.parent().expect("a directory")).expect("a new directory");
        let state = state.display().to_string();
        self.with("ZDX_STATE", &state)
    }

    #[must_use]
    pub(crate) fn oauth_client(self) -> Place {
        self.with("ZENDESK_OAUTH_TOKEN", "")
            .with("ZENDESK_OAUTH_CLIENT_ID", CLIENT_ID)
            .with("ZENDESK_OAUTH_CLIENT_SECRET", CLIENT_SECRET)
    }

    #[must_use]
    pub(crate) fn with_api_token(self) -> Place {
        self.with("ZENDESK_OAUTH_TOKEN", "")
            .with("ZENDESK_EMAIL", EMAIL)
            .with("ZENDESK_API_TOKEN", API_TOKEN)
    }

    /// A run of zdx with these words as its arguments.
    pub(crate) fn zdx(&self, words: &str) -> Zdx<'_> {
        Zdx {
            place: self,
            args: words.split_whitespace().map(str::to_owned).collect(),
            env: self.env.clone(),
            shell: None,
        }
    }

    /// Where runs find their files.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("work").join(name)
    }

    /// The state when none is named.
    pub(crate) fn state(&self) -> PathBuf {
        self.dir.path().join("home/.local/state/zdx").join(format!("{}.json", self.account()))
    }

    fn account(&self) -> &str {
        let known = self.env.iter().find(|(name, _)| name == "ZENDESK_SUBDOMAIN");
        known.map_or("127.0.0.1", |(_, value)| value)
    }

    /// The bytes of the saved state; empty when there is none.
    pub(crate) fn state_bytes(&self) -> String {
        fs::read_to_string(self.state()).unwrap_or_default()
    }

    /// What the state says of a resource.
    #[track_caller]
    pub(crate) fn saved(&self, resource: &str) -> Value {
        let state: Value = serde_json::from_str(&self.state_bytes()).expect("a state in JSON");
        state["resources"][resource].clone()
    }

    /// Writes a file of the test's own, which others cannot read.
    pub(crate) fn put(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::OpenOptionsExt as _;
        let path = self.path(name);
        let file =
            fs::OpenOptions::new().mode(0o600).write(true).create(true).truncate(true).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).expect("a file to write");
        self.own.borrow_mut().push(path.clone());
        path
    }

    /// A file that zdx wrote, decompressed.
    #[track_caller]
    pub(crate) fn file(&self, name: &str) -> String {
        let path = self.path(name);
        let bytes = plain(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        String::from_utf8(bytes).expect("UTF-8")
    }

    /// All files below the place, with what they hold.
    fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut dirs = vec![self.dir.path().to_owned()];
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => dirs.push(entry.path()),
                    Ok(kind) if kind.is_file() => found.push(entry.path()),
                    _ => {}
                }
            }
        }
        found
    }

    /// The names of what stands in the work directory, but for those of owner files, which stand
    /// beside every output of a series.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = self.all_names();
        names.retain(|name| !(name.starts_with('.') && name.ends_with(".owner")));
        names
    }

    /// The same with those of owner files.
    pub(crate) fn all_names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("")).expect("the work directory");
        let names = entries.flatten().map(|entry| entry.file_name());
        let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into()).collect();
        names.sort();
        names
    }
}

/// A file's content, decompressed if its name says so, also where it still grows.
fn plain(path: &Path) -> std::io::Result<Vec<u8>> {
    let bytes = fs::read(path)?;
    let mut text = Vec::new();
    let grows = path.extension().is_some_and(|end| end == "partial");
    let name = if grows { path.with_extension("") } else { path.to_owned() };
    match name.extension().and_then(|end| end.to_str()) {
        Some("gz") => {
            flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut text)?;
        }
        Some("zst") => text = zstd::decode_all(bytes.as_slice())?,
        _ => text = bytes,
    }
    Ok(text)
}

/// A run that is not yet started.
#[must_use = "a run that is not started tests nothing"]
pub(crate) struct Zdx<'a> {
    place: &'a Place,
    args: Vec<String>,
    env: Vec<(String, String)>,
    shell: Option<String>,
}

impl Zdx<'_> {
    /// One more argument, with spaces and all.
    pub(crate) fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs this line of sh, in which `"$0" "$@"` is the command.
    pub(crate) fn through(mut self, line: &str) -> Self {
        self.shell = Some(line.to_owned());
        self
    }

    fn command(&self) -> Command {
        let zdx = cargo_bin!("zdx");
        let mut command = match &self.shell {
            None => Command::new(zdx),
            Some(line) => {
                let mut command = Command::new("sh");
                command.arg("-c").arg(line).arg(zdx);
                command
            }
        };
        let root = self.place.dir.path();
        command
            .args(&self.args)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", root.join("home"))
            .env("TMPDIR", root.join("tmp"))
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(root.join("work"));
        command
    }

    /// Runs it to its end and checks what must hold after every run.
    #[track_caller]
    #[must_use = "say how it should have ended"]
    pub(crate) fn run(self) -> Outcome {
        let output = assert_cmd::Command::from_std(self.command())
            .timeout(LONGEST_RUN)
            .output()
            .expect("zdx starts");
        self.outcome(output.status.code(), output.stdout, &output.stderr)
    }

    /// Starts it, for tests that do something while it runs.
    #[must_use = "see how it ended"]
    pub(crate) fn start(self) -> Running<Self> {
        self.start_with(Stdio::piped())
    }

    /// The same with a stdout of the test's own.
    #[must_use = "see how it ended"]
    pub(crate) fn start_with(self, stdout: impl Into<Stdio>) -> Running<Self> {
        let child = self
            .command()
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn()
            .expect("zdx starts");
        Running { child, zdx: self }
    }

    #[track_caller]
    fn outcome(self, exit: Option<i32>, stdout: Vec<u8>, stderr: &[u8]) -> Outcome {
        let outcome = Outcome {
            command: format!("zdx {}", self.args.join(" ")),
            exit,
            stdout,
            stderr: String::from_utf8_lossy(stderr).into_owned(),
        };
        self.check(&outcome);
        outcome
    }

    #[track_caller]
    fn check(&self, outcome: &Outcome) {
        let exit = outcome.exit.unwrap_or(-1);
        outcome.holds(EXITS.contains(&exit), "the exit code is not the README's");
        let is_export = self.args.iter().any(|arg| arg == "export" || arg == "sample");
        let other = ["--dry-run", "--help", "-h", "--", "help"];
        if is_export && !self.args.iter().any(|arg| other.contains(&arg.as_str())) {
            outcome.holds(is_ndjson(&outcome.stdout, exit == 141), "stdout is no NDJSON");
        }
        self.check_documents(outcome, exit);
        outcome.holds(!is_secret(&outcome.stdout), "a secret on stdout");
        outcome.holds(!is_secret(outcome.stderr.as_bytes()), "a secret on stderr");
        let mut elsewhere = vec![("stderr".to_owned(), outcome.stderr.clone().into_bytes())];
        let mut records = vec![outcome.stdout.clone()];
        let own = self.place.own.borrow();
        for path in self.place.files() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let is_temporary = name.contains(".tmp") || name.starts_with(".zdx.");
            outcome.holds(!is_temporary, &format!("{name} was left behind"));
            if own.contains(&path) {
                continue;
            }
            let text = plain(&path).unwrap_or_default();
            outcome.holds(!is_secret(&text), &format!("a secret in {name}"));
            if name.ends_with(".discarded") {
                // What was cut off an output: records, which may end anywhere.
                continue;
            }
            if name.contains(".ndjson") && !name.ends_with(".owner") {
                outcome.holds(is_ndjson(&text, false), &format!("{name} is no NDJSON"));
                records.push(text);
            } else {
                elsewhere.push((name, text));
            }
        }
        for record in records.iter().flat_map(|text| some_records(text)) {
            for (name, text) in &elsewhere {
                let shown = memchr::memmem::find(text, record).is_some();
                outcome.holds(!shown, &format!("a record in {name}"));
            }
        }
    }
}

impl Zdx<'_> {
    /// What is printed for programs is as its schema says.
    #[track_caller]
    fn check_documents(&self, outcome: &Outcome, exit: i32) {
        let helps = ["--help", "-h", "help", "--version", "-V"];
        let asks = |flag: &str| self.args.iter().any(|arg| arg == flag);
        if exit == 141 || self.shell.is_some() || helps.into_iter().any(asks) {
            return;
        }
        let typed = self.args.iter().take_while(|arg| !arg.starts_with('-'));
        let typed: Vec<&str> = typed.take(2).map(String::as_str).collect();
        let command = match typed.as_slice() {
            ["state" | "config", _] => typed.join(" "),
            [command, ..] => (*command).to_owned(),
            [] => String::new(),
        };
        if asks("--json") {
            let wrong = schemas::result(&command, exit, &outcome.text());
            outcome.holds(wrong.is_none(), &format!("--json: {}", wrong.unwrap_or_default()));
        }
        let summary = self.args.windows(2).any(|two| two[0] == "--summary" && two[1] == "json");
        if summary && !asks("--dry-run") {
            let last = outcome.stderr.lines().last().unwrap_or_default();
            let wrong = schemas::summary(exit, last);
            outcome.holds(wrong.is_none(), &format!("the summary: {}", wrong.unwrap_or_default()));
        }
    }
}

/// A run under way.
pub(crate) struct Running<T> {
    pub(crate) child: std::process::Child,
    zdx: T,
}

impl Running<Zdx<'_>> {
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(pid.expect("a process id"), signal).expect("it runs");
    }

    #[track_caller]
    pub(crate) fn end(self) -> Outcome {
        let id = self.child.id();
        let (sender, ended) = mpsc::channel();
        let child = self.child;
        thread::spawn(move || sender.send(child.wait_with_output()));
        let output = match ended.recv_timeout(LONGEST_END) {
            Ok(output) => output.expect("it ends"),
            Err(_) => {
                let pid = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw);
                let pid = pid.expect("a process id");
                rustix::process::kill_process(pid, rustix::process::Signal::KILL).ok();
                let args = self.zdx.args.join(" ");
                panic!("zdx {args}: has not ended after {LONGEST_END:?}");
            }
        };
        self.zdx.outcome(output.status.code(), output.stdout, &output.stderr)
    }
}

/// Whether each line is one object; the last one may be torn where the reader went away.
fn is_ndjson(text: &[u8], torn: bool) -> bool {
    let mut lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    let last = lines.pop().unwrap_or_default();
    let object = |line: &&[u8]| {
        line.first() == Some(&b'{') && serde_json::from_slice::<&RawValue>(line).is_ok()
    };
    (last.is_empty() || torn) && lines.iter().all(object)
}

/// Lines that would be known again wherever they stood.
fn some_records(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    const SOME: usize = 20;
    let known = |line: &&[u8]| line.starts_with(b"{") && line.len() >= 20;
    text.split(|byte| *byte == b'\n').filter(known).take(SOME)
}

fn is_secret(text: &[u8]) -> bool {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let pair = STANDARD.encode(format!("{EMAIL}/token:{API_TOKEN}"));
    [CANARY, API_TOKEN, CLIENT_SECRET, OAUTH_TOKEN, &pair]
        .iter()
        .any(|secret| memchr::memmem::find(text, secret.as_bytes()).is_some())
}

/// How a run ended.
pub(crate) struct Outcome {
    command: String,
    exit: Option<i32>,
    stdout: Vec<u8>,
    stderr: String,
}

impl Outcome {
    #[track_caller]
    pub(crate) fn holds(&self, fact: bool, otherwise: &str) {
        assert!(fact, "{otherwise}\n{}", self.transcript());
    }

    /// All there is to say about the run.
    pub(crate) fn transcript(&self) -> String {
        let mut text = format!("$ {}\n", self.command);
        let stdout = String::from_utf8_lossy(&self.stdout);
        let shown: String = stdout.chars().take(2000).collect();
        write!(
            text,
            "exit {:?}\n--- stderr\n{}--- stdout ({} bytes)\n{shown}",
            self.exit,
            self.stderr,
            self.stdout.len()
        )
        .expect("a String takes everything");
        text
    }

    #[track_caller]
    pub(crate) fn exit(&self, code: i32) -> &Self {
        let text = format!("expected exit {code}");
        self.holds(self.exit == Some(code), &text);
        self
    }

    #[track_caller]
    pub(crate) fn stdout(&self, text: &str) -> &Self {
        self.holds(
            self.stdout == text.as_bytes(),
            &format!("expected on stdout {} bytes:\n{text}", text.len()),
        );
        self
    }

    #[track_caller]
    pub(crate) fn stdout_has(&self, text: &str) -> &Self {
        self.holds(self.text().contains(text), &format!("stdout lacks {text:?}"));
        self
    }

    #[track_caller]
    pub(crate) fn stderr_has(&self, text: &str) -> &Self {
        self.holds(self.stderr.contains(text), &format!("stderr lacks {text:?}"));
        self
    }

    #[track_caller]
    pub(crate) fn stderr_lacks(&self, text: &str) -> &Self {
        self.holds(!self.stderr.contains(text), &format!("stderr has {text:?}"));
        self
    }

    /// The run failed with this code, said so in one clear line, and did nothing else.
    #[track_caller]
    pub(crate) fn refused(&self, code: i32, text: &str) -> &Self {
        self.exit(code).stdout("").stderr_has(text)
    }

    /// How often something is said.
    #[track_caller]
    pub(crate) fn stderr_counts(&self, text: &str, times: usize) -> &Self {
        let found = self.stderr.matches(text).count();
        self.holds(found == times, &format!("stderr has {text:?} {found} times, not {times}"));
        self
    }

    /// The exit code, where more than one is right.
    pub(crate) fn code(&self) -> i32 {
        self.exit.unwrap_or(-1)
    }

    /// stdout as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub(crate) fn stderr(&self) -> &str {
        &self.stderr
    }

    /// The lines of stdout.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.text().lines().map(str::to_owned).collect()
    }

    /// The object of `--summary json`.
    #[track_caller]
    pub(crate) fn summary(&self) -> Value {
        let last = self.stderr.lines().last().unwrap_or_default();
        match serde_json::from_str(last) {
            Ok(summary) => summary,
            Err(error) => panic!("no summary: {error}\n{}", self.transcript()),
        }
    }
}

/// The resources that zdx knows, in the order of its table.
pub(crate) const ALL: [&str; 16] = [
    "tickets",
    "ticket_events",
    "users",
    "organizations",
    "ticket_metric_events",
    "articles",
    "calls",
    "legs",
    "nps_responses",
    "nps_recipients",
    "side_conversation_events",
    "routing_attributes",
    "routing_attribute_values",
    "routing_instance_values",
    "chats",
    "agent_timeline",
];

/// The lists, in the order of the table.
pub(crate) const LISTS: [&str; 22] = [
    "groups",
    "group_memberships",
    "organization_memberships",
    "brands",
    "ticket_fields",
    "ticket_forms",
    "user_fields",
    "organization_fields",
    "custom_statuses",
    "custom_roles",
    "custom_objects",
    "macros",
    "triggers",
    "automations",
    "views",
    "tags",
    "sla_policies",
    "schedules",
    "categories",
    "sections",
    "deleted_tickets",
    "deleted_users",
];

/// An endpoint to export from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Export {
    pub(crate) resource: &'static str,
    pub(crate) pagination: &'static str,
    pub(crate) path: &'static str,
    pub(crate) takes_per_page: bool,
    /// The member of a page that holds the records.
    pub(crate) key: &'static str,
    pub(crate) walks: Walks,
}

/// How one gets from page to page of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Walks {
    Cursor,
    Time,
    /// By `page[after]`.
    List,
    StartId,
    /// By the cursor in `next_page`.
    Token,
}

impl Export {
    /// From the beginning.
    pub(crate) fn since(self) -> &'static str {
        if self.walks == Walks::Token { "" } else { "--since @0" }
    }
}

const fn export(
    resource: &'static str,
    pagination: &'static str,
    path: &'static str,
    takes_per_page: bool,
) -> Export {
    let walks = if pagination.len() == "time".len() { Walks::Time } else { Walks::Cursor };
    Export { resource, pagination, path, takes_per_page, key: resource, walks }
}

const fn routing(resource: &'static str, key: &'static str, path: &'static str) -> Export {
    Export { key, walks: Walks::Token, ..export(resource, "cursor", path, false) }
}

const fn chat(resource: &'static str, path: &'static str) -> Export {
    Export { walks: Walks::StartId, ..export(resource, "cursor", path, true) }
}

pub(crate) const TICKETS: Export =
    export("tickets", "cursor", "/api/v2/incremental/tickets/cursor.json", true);
pub(crate) const TICKETS_BY_TIME: Export =
    export("tickets", "time", "/api/v2/incremental/tickets.json", true);
pub(crate) const USERS: Export =
    export("users", "cursor", "/api/v2/incremental/users/cursor.json", true);
pub(crate) const USERS_BY_TIME: Export =
    export("users", "time", "/api/v2/incremental/users.json", true);
pub(crate) const TICKET_EVENTS: Export =
    export("ticket_events", "time", "/api/v2/incremental/ticket_events.json", true);
pub(crate) const ORGANIZATIONS: Export =
    export("organizations", "time", "/api/v2/incremental/organizations.json", true);
pub(crate) const METRIC_EVENTS: Export =
    export("ticket_metric_events", "time", "/api/v2/incremental/ticket_metric_events.json", false);
pub(crate) const ARTICLES: Export =
    export("articles", "time", "/api/v2/help_center/incremental/articles.json", false);

pub(crate) const CALLS: Export =
    export("calls", "time", "/api/v2/channels/voice/stats/incremental/calls.json", false);
pub(crate) const LEGS: Export =
    export("legs", "time", "/api/v2/channels/voice/stats/incremental/legs.json", false);
pub(crate) const NPS_RESPONSES: Export = Export {
    key: "responses",
    ..export("nps_responses", "time", "/api/v2/nps/incremental/responses.json", false)
};
pub(crate) const NPS_RECIPIENTS: Export = Export {
    key: "recipients",
    ..export("nps_recipients", "time", "/api/v2/nps/incremental/recipients.json", false)
};

pub(crate) const METRIC_EVENTS_LISTED: Export = Export {
    walks: Walks::List,
    ..export(
        "ticket_metric_events",
        "cursor",
        "/api/v2/incremental/ticket_metric_events.json",
        true,
    )
};
pub(crate) const SIDE_CONVERSATIONS: Export = Export {
    key: "events",
    ..export("side_conversation_events", "time", "/api/v2/tickets/side_conversations/events", false)
};
pub(crate) const ATTRIBUTES: Export =
    routing("routing_attributes", "attributes", "/api/v2/incremental/routing/attributes");
pub(crate) const ATTRIBUTE_VALUES: Export = routing(
    "routing_attribute_values",
    "attribute_values",
    "/api/v2/incremental/routing/attribute_values",
);
pub(crate) const INSTANCE_VALUES: Export = routing(
    "routing_instance_values",
    "instance_values",
    "/api/v2/incremental/routing/instance_values",
);
pub(crate) const CHATS: Export = chat("chats", "/api/v2/chat/incremental/chats");
pub(crate) const AGENT_TIMELINE: Export =
    chat("agent_timeline", "/api/v2/chat/incremental/agent_timeline");
pub(crate) const APPLIANCES: Export = Export {
    key: "custom_object_records",
    ..export(
        "custom_objects:appliance",
        "cursor",
        "/api/v2/incremental/custom_objects/appliance/cursor",
        true,
    )
};

/// A sandbox in whose world nothing changes while a test runs, and what is in it.
pub(crate) struct Still {
    pub(crate) sandbox: Sandbox,
    seed: u64,
    records: Records,
    /// What is in it after [`LATER`].
    later: Records,
}

type Records = HashMap<(&'static str, &'static str), Vec<String>>;

/// How far [`Still::pass_time`] moves a world on: enough for records to change.
const LATER: Duration = Duration::from_secs(6 * 3600);

/// How long a world stands still: longer than any test that needs it.
const MINUTE: Duration = Duration::from_secs(60);

impl Still {
    /// A small world without quota.
    pub(crate) fn of(exports: &[Export]) -> Still {
        Still::with(small(), exports)
    }

    /// Looks for a world that stands still for a minute, now and later: time goes on while tests
    /// run, and a test that compares two looks at a world must not depend on luck.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "reads better where it is called")]
    pub(crate) fn with(options: Options, exports: &[Export]) -> Still {
        for seed in options.seed..options.seed + 500 {
            let options = Options { seed, ..options.clone() };
            let scout = Sandbox::start(Options {
                quota: Some(0),
                faults: Vec::new(),
                latency: Duration::ZERO,
                ..options.clone()
            })
            .expect("a scout");
            let Some(records) = stands_still(&scout, exports) else {
                continue;
            };
            scout.advance(LATER - MINUTE);
            if let Some(later) = stands_still(&scout, exports) {
                let sandbox = Sandbox::start(options).expect("a sandbox");
                return Still { sandbox, seed, records, later };
            }
        }
        panic!("no world stands still for a minute");
    }

    /// Moves the sandbox on and returns what has changed at an endpoint, in its order.
    pub(crate) fn pass_time(&self, export: Export) -> Vec<String> {
        self.sandbox.advance(LATER);
        let before = self.records(export);
        let later = &self.later[&(export.resource, export.pagination)];
        let new = later.iter().filter(|record| !before.contains(record));
        new.cloned().collect()
    }

    /// Of the world, to start another sandbox with the same.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// The records as the endpoint serves them, each once.
    pub(crate) fn records(&self, export: Export) -> &[String] {
        &self.records[&(export.resource, export.pagination)]
    }

    /// The same as NDJSON.
    pub(crate) fn ndjson(&self, export: Export) -> String {
        ndjson(self.records(export))
    }
}

pub(crate) fn ndjson(records: &[String]) -> String {
    records.iter().flat_map(|line| [line, "\n"]).collect()
}

/// 60 tickets and what goes with them, and a quota that nobody spends in its second.
pub(crate) fn small() -> Options {
    Options {
        records: 60,
        quota: Some(10_000),
        window: Duration::from_secs(1),
        ..Options::default()
    }
}

/// What is in a world, if it is the same a minute later.
fn stands_still(scout: &Sandbox, exports: &[Export]) -> Option<Records> {
    let before = all(scout, exports);
    scout.advance(MINUTE);
    (all(scout, exports) == before).then_some(before)
}

fn all(sandbox: &Sandbox, exports: &[Export]) -> Records {
    let walks = exports.iter().map(|export| {
        let key = (export.resource, export.pagination);
        (key, walk(sandbox, *export, ""))
    });
    walks.collect()
}

/// Every record of an endpoint from the beginning on: an export in the plainest way, which shares
/// nothing with zdx. Byte-identical repeats at page edges are left out.
pub(crate) fn walk(sandbox: &Sandbox, export: Export, query: &str) -> Vec<String> {
    let size = match export.walks {
        Walks::List => "page[size]=100",
        Walks::StartId => "limit=1000",
        Walks::Cursor | Walks::Time if export.takes_per_page => "per_page=1000",
        Walks::Cursor | Walks::Time | Walks::Token => "",
    };
    let mut position = if export.walks == Walks::Token { "" } else { "start_time=0" }.to_owned();
    let mut found: Vec<String> = Vec::new();
    loop {
        let target = format!("{}?{position}&{size}{query}", export.path);
        let page = get(sandbox, &target);
        let envelope: HashMap<&str, &RawValue> =
            serde_json::from_slice(&page).expect("a page in JSON");
        let records: Vec<&RawValue> =
            serde_json::from_str(envelope[export.key].get()).expect("records");
        let edge = found.len().saturating_sub(1500);
        let fresh: Vec<String> = records
            .iter()
            .map(|record| record.get().to_owned())
            .filter(|record| export.walks != Walks::Time || !found[edge..].contains(record))
            .collect();
        let text = |name: &str| -> Value {
            serde_json::from_str(envelope[name].get()).expect("a member in JSON")
        };
        let last = match export.walks {
            Walks::Token => records.is_empty(),
            Walks::List => text("meta")["has_more"] == false,
            Walks::Cursor | Walks::Time | Walks::StartId => records.len() < 1000,
        };
        found.extend(fresh);
        if last {
            return found;
        }
        let escaped = |cursor: &Value| {
            cursor.as_str().expect("a cursor").replace('=', "%3D").replace('+', "%2B")
        };
        position = match export.walks {
            Walks::Cursor => format!("cursor={}", escaped(&text("after_cursor"))),
            Walks::Time => format!("start_time={}", text("end_time")),
            Walks::List => format!("page[after]={}", escaped(&text("meta")["after_cursor"])),
            Walks::StartId => {
                let id = text("end_id");
                format!("start_time={}&start_id={}", text("end_time"), escaped(&id))
            }
            Walks::Token => {
                let next = text("next_page");
                let (_, query) = next.as_str().expect("a URL").split_once('?').expect("a query");
                query.to_owned()
            }
        };
    }
}

/// Runs the same command until it has caught up, and says how often that was.
#[track_caller]
pub(crate) fn until_caught_up(place: &Place, first: &str, then: &str) -> Vec<Outcome> {
    let mut runs = Vec::new();
    for words in std::iter::once(first).chain(std::iter::repeat_n(then, 2000)) {
        let run = place.zdx(words).arg("--summary").arg("json").run();
        let caught_up = run.exit(0).summary()["resources"][0]["complete"] == true;
        runs.push(run);
        if caught_up {
            return runs;
        }
    }
    panic!("never caught up: {then}");
}

/// Looks at a fact of another process until it holds: the only way to learn it. No test passes
/// because of how long this takes.
#[track_caller]
pub(crate) fn eventually(mut holds: impl FnMut() -> bool) {
    for _ in 0..10_000 {
        if holds() {
            return;
        }
        thread::park_timeout(Duration::from_millis(2));
    }
    panic!("it never comes to hold");
}

/// One GET, in the plainest way.
pub(crate) fn get(sandbox: &Sandbox, target: &str) -> Vec<u8> {
    let authority = sandbox.base_url();
    let authority = authority.trim_start_matches("http://");
    let mut stream = TcpStream::connect(authority).expect("the sandbox listens");
    write!(
        stream,
        "GET {target} HTTP/1.0\r\nHost: {authority}\r\nAuthorization: Bearer {OAUTH_TOKEN}\r\n\r\n"
    )
    .expect("the sandbox reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the sandbox answers");
    let end = memchr::memmem::find(&answer, b"\r\n\r\n").expect("a header block");
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    assert!(head.contains(" 200 "), "{target}: {head}");
    assert!(!head.contains("chunked"), "HTTP/1.0 knows no chunks");
    answer.split_off(end + 4)
}

/// One test for each endpoint, named after it, in a module named after the fact.
macro_rules! for_each_export {
    ($($fact:ident),+ $(,)?) => { $(
        mod $fact {
            #[test]
            fn tickets() { super::$fact($crate::harness::TICKETS); }
            #[test]
            fn tickets_by_time() { super::$fact($crate::harness::TICKETS_BY_TIME); }
            #[test]
            fn users() { super::$fact($crate::harness::USERS); }
            #[test]
            fn users_by_time() { super::$fact($crate::harness::USERS_BY_TIME); }
            #[test]
            fn ticket_events() { super::$fact($crate::harness::TICKET_EVENTS); }
            #[test]
            fn organizations() { super::$fact($crate::harness::ORGANIZATIONS); }
            #[test]
            fn ticket_metric_events() { super::$fact($crate::harness::METRIC_EVENTS); }
            #[test]
            fn articles() { super::$fact($crate::harness::ARTICLES); }
            #[test]
            fn calls() { super::$fact($crate::harness::CALLS); }
            #[test]
            fn legs() { super::$fact($crate::harness::LEGS); }
            #[test]
            fn nps_responses() { super::$fact($crate::harness::NPS_RESPONSES); }
            #[test]
            fn custom_objects() { super::$fact($crate::harness::APPLIANCES); }
            #[test]
            fn metric_events_listed() { super::$fact($crate::harness::METRIC_EVENTS_LISTED); }
            #[test]
            fn side_conversations() { super::$fact($crate::harness::SIDE_CONVERSATIONS); }
            #[test]
            fn attributes() { super::$fact($crate::harness::ATTRIBUTES); }
            #[test]
            fn attribute_values() { super::$fact($crate::harness::ATTRIBUTE_VALUES); }
            #[test]
            fn instance_values() { super::$fact($crate::harness::INSTANCE_VALUES); }
            #[test]
            fn chats() { super::$fact($crate::harness::CHATS); }
            #[test]
            fn agent_timeline() { super::$fact($crate::harness::AGENT_TIMELINE); }
            #[test]
            fn nps_recipients() { super::$fact($crate::harness::NPS_RECIPIENTS); }
        }
    )+ };
}
pub(crate) use for_each_export;
