//! The config file: profiles and defaults in TOML, read strictly.
//!
//! Errors name the file, the line and the key, and never a value: values may be secrets.

use super::access::{refuse_readable, refuse_writable};
use crate::{
    disk,
    failure::{Exit, Failure, OrExit as _, closest},
    resource::{Resource, every, key_in},
    shown::shown,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};
use toml::de::{DeTable, DeValue};

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    List,
    /// `true` or `false`.
    Switch,
}

impl Kind {
    /// What it takes, for people.
    fn takes(self) -> &'static str {
        match self {
            Kind::Text => "a string",
            Kind::Number => "a number",
            Kind::List => "a list of strings",
            Kind::Switch => "true or false",
        }
    }
}

/// A key, what it takes, and whether it belongs to one account, so that it cannot stand in
/// `[defaults]`.
const KEYS: &[(&str, Kind, bool)] = &[
    ("subdomain", Kind::Text, true),
    ("client_id", Kind::Text, true),
    ("scope", Kind::Text, true),
    ("client_secret", Kind::Text, true),
    ("client_secret_file", Kind::Text, true),
    ("client_secret_command", Kind::Text, true),
    ("oauth_token", Kind::Text, true),
    ("oauth_token_file", Kind::Text, true),
    ("oauth_token_command", Kind::Text, true),
    ("email", Kind::Text, true),
    ("api_token", Kind::Text, true),
    ("api_token_file", Kind::Text, true),
    ("api_token_command", Kind::Text, true),
    ("start", Kind::Text, false),
    ("output", Kind::Text, false),
    ("file_mode", Kind::Text, false),
    ("resources", Kind::List, false),
    ("state", Kind::Text, false),
    ("per_page", Kind::Number, false),
    ("rate", Kind::Number, false),
    ("reserve", Kind::Number, false),
    ("retry_for", Kind::Text, false),
    ("max_wait", Kind::Text, false),
    ("max_page_bytes", Kind::Text, false),
    ("connect_timeout", Kind::Text, false),
    ("headers_timeout", Kind::Text, false),
    ("body_idle_timeout", Kind::Text, false),
    ("request_timeout", Kind::Text, false),
];

/// The keys of one resource, in a table of its name, as in `[profiles.acme.tickets]`.
pub(super) const OF_RESOURCE: &[(&str, Kind)] = &[
    ("include", Kind::List),
    ("exclude_deleted", Kind::Switch),
    ("support_type_scope", Kind::Text),
    ("per_page", Kind::Number),
    ("pagination", Kind::Text),
    ("start", Kind::Text),
    ("overlap", Kind::Text),
];

/// Keys whose value is the secret itself.
const SECRETS: [&str; 3] = ["client_secret", "oauth_token", "api_token"];

const LARGEST: u64 = 1024 * 1024;

/// Every key with what it takes, and those of one resource, for the manual.
#[cfg(test)]
pub(crate) fn keys() -> [Vec<(&'static str, &'static str)>; 2] {
    let of_profile = KEYS.iter().map(|(key, kind, _)| (*key, kind.takes()));
    let of_resource = OF_RESOURCE.iter().map(|(key, kind)| (*key, kind.takes()));
    [of_profile.collect(), of_resource.collect()]
}

#[derive(Debug, Default)]
pub(super) struct Config {
    /// As it was named.
    file: PathBuf,
    /// With its line.
    default_profile: Option<(String, usize)>,
    defaults: Values,
    profiles: BTreeMap<String, Values>,
}

type Values = BTreeMap<String, Entry>;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    value: Value,
    line: usize,
}

/// Numbers are kept as text, which is what flags are, too.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Text(String),
    List(Vec<String>),
}

/// One profile with the defaults under it.
#[derive(Debug, Default)]
pub(super) struct Profile {
    file: PathBuf,
    name: Option<String>,
    own: Values,
    defaults: Values,
    aside: Option<String>,
}

impl Profile {
    pub(super) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Which profile would have been taken, and why it is not.
    pub(super) fn aside(&self) -> Option<&str> {
        self.aside.as_deref()
    }

    fn entry(&self, key: &str) -> Option<&Entry> {
        self.own.get(key).or_else(|| self.defaults.get(key))
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match &self.entry(key)?.value {
            Value::Text(text) => Some(text),
            Value::List(_) => None,
        }
    }

    /// A file that the config file names: `~/` is the home directory, as shells have it; one that is
    /// not absolute lies beside the config file, wherever zdx is started.
    pub(super) fn path(&self, key: &str) -> Option<PathBuf> {
        let dir = absolute(disk::parent(&self.file));
        self.text(key).map(|text| dir.join(at_home(text)))
    }

    pub(super) fn list(&self, key: &str) -> Option<&[String]> {
        match &self.entry(key)?.value {
            Value::List(list) => Some(list),
            Value::Text(_) => None,
        }
    }

    /// The custom objects that have settings of their own.
    pub(super) fn objects(&self) -> Vec<&'static Resource> {
        let of_one = |key: &String| key.rsplit_once('.').map(|(name, _)| name.to_owned());
        let names = self.own.keys().chain(self.defaults.keys()).filter_map(of_one);
        let names: BTreeSet<String> = names.filter(|name| key_in(name).is_some()).collect();
        names.iter().filter_map(|name| Resource::named(name).ok()).collect()
    }

    /// Where a key stands, for an error: `config.toml, line 3: start`.
    pub(super) fn place(&self, key: &str) -> String {
        let file = self.file.display();
        match self.entry(key) {
            Some(entry) => format!("{file}, line {}: {key}", entry.line),
            None => format!("{file}: {key}"),
        }
    }

    /// Whose a key is, if it is set.
    pub(super) fn origin(&self, key: &str) -> Option<String> {
        match (self.own.contains_key(key), self.defaults.contains_key(key)) {
            (true, _) => Some(format!("profile {}", self.name.as_deref().unwrap_or_default())),
            (false, true) => Some(format!("[defaults] of {}", self.file.display())),
            (false, false) => None,
        }
    }

    pub(super) fn parsed<T>(
        &self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Failure> {
        let parsed = self.text(key).map(parse).transpose();
        parsed.map_err(|error| self.unusable(key, format!("is not valid: {error}")))
    }

    /// Says what is wrong with a key's value.
    pub(super) fn unusable(&self, key: &str, why: impl fmt::Display) -> Failure {
        Failure::new(Exit::Config, format!("{} {why}", self.place(key)))
    }
}

impl Config {
    pub(super) fn read(path: &Path) -> Result<Config, Failure> {
        let shown = path.display();
        let failed = || format!("cannot read the config file {shown}");
        let bytes = read(path).or_exit(Exit::Config, failed)?;
        let text = String::from_utf8(bytes).or_exit(Exit::Config, failed)?;
        let mut config = Config::parse(&text)
            .map_err(|error| Failure::new(Exit::Config, format!("{shown}, {error}")))?;
        path.clone_into(&mut config.file);
        let all = config.profiles.values().chain([&config.defaults]);
        if all.flat_map(BTreeMap::keys).any(|key| SECRETS.contains(&key.as_str())) {
            refuse_readable(path)?;
        }
        let all = config.profiles.values().flat_map(BTreeMap::keys);
        if all.into_iter().any(|key| key.ends_with("_command")) {
            refuse_writable(path)?;
        }
        Ok(config)
    }

    /// The error is `line N: …`.
    pub(super) fn parse(text: &str) -> Result<Config, String> {
        let line = |at: usize| {
            let before = text.as_bytes().get(..at).unwrap_or_default();
            1 + before.iter().filter(|byte| **byte == b'\n').count()
        };
        let table = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            // What the reader says names signs and keys, never a value.
            let why = error.message().lines().next().unwrap_or_default().to_owned();
            format!("line {}: not valid TOML: {}", line(at), shown(&why))
        })?;
        let mut config = Config::default();
        for (key, value) in table.get_ref() {
            let at = line(key.span().start);
            match (&**key.get_ref(), value.get_ref()) {
                ("default_profile", DeValue::String(name)) => {
                    config.default_profile = Some((name.to_string(), at));
                }
                ("defaults", DeValue::Table(table)) => {
                    config.defaults = values(table, "[defaults]", &line)?;
                }
                ("profiles", DeValue::Table(profiles)) => {
                    for (name, profile) in profiles {
                        let name = &**name.get_ref();
                        let place = format!("[profiles.{name}]");
                        let DeValue::Table(table) = profile.get_ref() else {
                            let at = line(profile.span().start);
                            return Err(format!("line {at}: profiles.{name} is not a table"));
                        };
                        config.profiles.insert(name.to_owned(), values(table, &place, &line)?);
                    }
                }
                ("default_profile", _) => {
                    return Err(format!("line {at}: default_profile takes a string"));
                }
                (key @ ("defaults" | "profiles"), _) => {
                    return Err(format!("line {at}: {key} is not a table"));
                }
                (unknown, _) => {
                    let known = ["default_profile", "defaults", "profiles"];
                    return Err(format!("line {at}: {}", unknown_key(unknown, &known, "")));
                }
            }
        }
        Ok(config)
    }

    pub(super) fn profile_names(&self) -> Vec<String> {
        self.profiles.keys().cloned().collect()
    }

    /// What is left of a profile that is left aside.
    pub(super) fn aside(&self, why: String) -> Profile {
        Profile { aside: Some(why), ..self.defaults() }
    }

    /// What every profile has.
    fn defaults(&self) -> Profile {
        Profile { file: self.file.clone(), defaults: self.defaults.clone(), ..Profile::default() }
    }

    /// The profile of this name, else the default one, else the defaults alone.
    pub(super) fn profile(&self, name: Option<&str>) -> Result<Profile, Failure> {
        let default = self.default_profile.as_ref().map(|(name, _)| name.as_str());
        let Some(wanted) = name.or(default) else { return Ok(self.defaults()) };
        let Some(own) = self.profiles.get(wanted) else {
            return Err(self.no_profile(wanted, name.is_some()));
        };
        Ok(Profile { name: Some(wanted.to_owned()), own: own.clone(), ..self.defaults() })
    }

    fn no_profile(&self, wanted: &str, named: bool) -> Failure {
        let file = self.file.display();
        let shown = wanted.escape_debug();
        let failure = match &self.default_profile {
            Some((_, line)) if !named => Failure::new(
                Exit::Config,
                format!(
                    "{file}, line {line}: default_profile is \"{shown}\", which is none of its profiles"
                ),
            ),
            _ => {
                Failure::usage(format!("there is no profile \"{shown}\" in the config file {file}"))
            }
        };
        let names = self.profiles.keys().map(String::as_str);
        match closest(wanted, names.clone()) {
            Some(near) => failure.hint(format!("did you mean \"{near}\"?")),
            None if self.profiles.is_empty() => failure.hint("it has no profiles"),
            None => {
                let names = names.collect::<Vec<_>>().join(", ");
                failure.hint(format!("its profiles: {names}"))
            }
        }
    }
}

fn values(
    table: &DeTable<'_>,
    place: &str,
    line: &impl Fn(usize) -> usize,
) -> Result<Values, String> {
    let mut values = Values::new();
    for (key, value) in table {
        let at = line(key.span().start);
        let key = &**key.get_ref();
        if let (Ok(resource), DeValue::Table(table)) = (Resource::named(key), value.get_ref()) {
            of_resource(resource.name, table, place, line, &mut values)?;
            continue;
        }
        let Some((_, kind, of_account)) = KEYS.iter().find(|(known, ..)| *known == key) else {
            let names = every().map(|resource| resource.name);
            let known: Vec<&str> = match value.get_ref() {
                DeValue::Table(_) => names.collect(),
                _ => KEYS.iter().map(|(known, ..)| *known).collect(),
            };
            return Err(format!("line {at}: {}", unknown_key(key, &known, place)));
        };
        if *of_account && place == "[defaults]" {
            return Err(format!(
                "line {at}: {key} is one account's own: it belongs into a profile"
            ));
        }
        let value = taken(value.get_ref(), *kind)
            .map_err(|why| format!("line {at}: {key} in {place} {why}"))?;
        values.insert(key.to_owned(), Entry { value, line: at });
    }
    for secret in SECRETS {
        let kinds = [secret.to_owned(), format!("{secret}_file"), format!("{secret}_command")];
        let given: Vec<_> =
            kinds.iter().filter_map(|key| Some((values.get(key)?.line, key))).collect();
        if let [first, second, ..] = given.as_slice() {
            let at = first.0.max(second.0);
            return Err(format!(
                "line {at}: {} and {} in {place} say the same twice: keep one of them",
                first.1, second.1
            ));
        }
    }
    Ok(values)
}

/// The settings of one resource, each under its name: `tickets.include`.
fn of_resource(
    name: &str,
    table: &DeTable<'_>,
    place: &str,
    line: &impl Fn(usize) -> usize,
    values: &mut Values,
) -> Result<(), String> {
    let place = match place.strip_suffix(']') {
        Some(place) => format!("{place}.{name}]"),
        None => format!("{place}.{name}"),
    };
    for (key, value) in table {
        let at = line(key.span().start);
        let key = &**key.get_ref();
        let Some((_, kind)) = OF_RESOURCE.iter().find(|(known, _)| *known == key) else {
            let known: Vec<&str> = OF_RESOURCE.iter().map(|(known, _)| *known).collect();
            return Err(format!("line {at}: {}", unknown_key(key, &known, &place)));
        };
        let value = taken(value.get_ref(), *kind)
            .map_err(|why| format!("line {at}: {key} in {place} {why}"))?;
        values.insert(format!("{name}.{key}"), Entry { value, line: at });
    }
    Ok(())
}

/// The value of a key, or what is wrong with it.
fn taken(value: &DeValue<'_>, kind: Kind) -> Result<Value, String> {
    match value_of(value, kind) {
        None => Err(format!("takes {}", kind.takes())),
        Some(value) if value == Value::Text(String::new()) => Err("is empty".to_owned()),
        Some(value) => Ok(value),
    }
}

fn value_of(value: &DeValue<'_>, kind: Kind) -> Option<Value> {
    match (kind, value) {
        (Kind::Text, DeValue::String(text)) => Some(Value::Text(text.to_string())),
        (Kind::Number, DeValue::Integer(number)) => Some(Value::Text(number.to_string())),
        (Kind::Switch, DeValue::Boolean(on)) => Some(Value::Text(on.to_string())),
        (Kind::List, DeValue::Array(array)) => array
            .iter()
            .map(|item| match item.get_ref() {
                DeValue::String(text) => Some(text.to_string()),
                _ => None,
            })
            .collect::<Option<_>>()
            .map(Value::List),
        _ => None,
    }
}

fn unknown_key(key: &str, known: &[&str], place: &str) -> String {
    let key_shown = key.escape_debug();
    let place = if place.is_empty() { String::new() } else { format!(" in {place}") };
    match closest(key, known.iter().copied()) {
        Some(near) => format!("unknown key \"{key_shown}\"{place}: did you mean \"{near}\"?"),
        None => format!("unknown key \"{key_shown}\"{place}"),
    }
}

/// What a shell makes of `~/` at the beginning of a path.
pub(super) fn at_home(text: &str) -> PathBuf {
    let home = || directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned());
    match text.strip_prefix("~/") {
        Some(rest) => home().map_or_else(|| PathBuf::from(text), |home| home.join(rest)),
        None => PathBuf::from(text),
    }
}

/// Of whatever can be read: a file, the null device, or what a shell hands over in a pipe.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    match u64::try_from(bytes.len()) {
        Ok(length) if length <= LARGEST => Ok(bytes),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "too large")),
    }
}

/// For whoever looks from elsewhere.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_unknown| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_lies_over_the_defaults() {
        let config = Config::parse(
            "default_profile = 'acme'\n[defaults]\nstart = '30d'\nper_page = 500\n\
             [profiles.acme]\nsubdomain = 'acme'\nstart = '2h'\nresources = ['tickets', 'users']\n",
        )
        .unwrap();
        let profile = config.profile(None).unwrap();
        assert_eq!(profile.text("start"), Some("2h"));
        assert_eq!(profile.text("per_page"), Some("500"));
        assert_eq!(profile.list("resources").unwrap(), ["tickets", "users"]);
        let failure = config.profile(Some("acne")).unwrap_err();
        assert_eq!(failure.hints, ["did you mean \"acme\"?"]);
    }

    #[test]
    fn the_example_names_every_key() {
        let example = include_str!("../../config.example.toml");
        for (key, ..) in KEYS {
            assert!(example.contains(&format!("{key} = ")), "{key}");
        }
        let of_resource = example.split("[profiles.acme.tickets]").nth(1).unwrap();
        for (key, _) in OF_RESOURCE {
            assert!(of_resource.contains(&format!("{key} = ")), "{key}");
        }
        // What is commented out is right, too.
        let whole = of_resource.lines().map(|line| line.strip_prefix("# ").unwrap_or(line));
        let whole: Vec<&str> = whole.filter(|line| line.contains(" = ")).collect();
        Config::parse(&format!("[profiles.acme.tickets]\n{}", whole.join("\n"))).unwrap();
    }

    #[test]
    fn a_resource_has_settings_of_its_own() {
        let config = Config::parse(
            "[defaults.ticket-events]\nper_page = 100\n[profiles.a]\nsubdomain = 'a'\n\
             [profiles.a.tickets]\ninclude = ['users']\nexclude_deleted = true\n",
        )
        .unwrap();
        let profile = config.profile(Some("a")).unwrap();
        assert_eq!(profile.list("tickets.include").unwrap(), ["users"]);
        assert_eq!(profile.text("tickets.exclude_deleted"), Some("true"));
        assert_eq!(profile.text("ticket_events.per_page"), Some("100"));
        assert!(profile.place("tickets.include").ends_with(", line 6: tickets.include"));
        for (text, expect) in [
            (
                "[profiles.a.tickest]\n",
                "line 1: unknown key \"tickest\" in [profiles.a]: did you mean \"tickets\"?",
            ),
            (
                "[profiles.a.tickets]\nincluding = []\n",
                "unknown key \"including\" in [profiles.a.tickets]: did you mean \"include\"?",
            ),
            (
                "[profiles.a.tickets]\nexclude_deleted = 'yes'\n",
                "line 2: exclude_deleted in [profiles.a.tickets] takes true or false",
            ),
            ("[profiles.a.tickets]\nstart = ''\n", "start in [profiles.a.tickets] is empty"),
            ("[defaults.users]\nrate = 1\n", "unknown key \"rate\" in [defaults.users]"),
        ] {
            refused(text, expect);
        }
    }

    #[track_caller]
    fn refused(text: &str, expect: &str) {
        let error = Config::parse(text).unwrap_err();
        assert!(error.contains(expect), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn errors_name_line_and_key_and_never_the_value() {
        refused(
            "[profiles.a]\nsubdomain = 'a'\napi_tokn = 'hunter2'\n",
            "line 3: unknown key \"api_tokn\"",
        );
        refused("[profiles.a]\napi_tokn = 'hunter2'\n", "did you mean \"api_token\"?");
        refused(
            "[profiles.a]\napi_token = ['hunter2']\n",
            "line 2: api_token in [profiles.a] takes a string",
        );
        refused("[profiles.a]\n\napi_token = 'hunter2\n", "line 3: not valid TOML");
        refused("[defaults]\napi_token = 'hunter2'\n", "line 2: api_token is one account's own");
        refused("profile = 'hunter2'\n", "line 1: unknown key \"profile\"");
        refused("profiles = 'hunter2'\n", "profiles is not a table");
        refused("default_profile = 2\n", "default_profile takes a string");
    }
}
