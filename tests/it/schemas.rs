//! The JSON Schemas in `tests/schemas/`: every object that zdx prints for programs in any test is
//! held against the one of its command, by [`check`], which the harness calls after every run.
//!
//! It knows the few words of JSON Schema that they use, and refuses a schema with others.

use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// What the pattern of a time is; no other is used.
const TIME: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$";

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/schemas/{name}.json"))
}

fn schema(name: &str) -> Value {
    let path = path(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).expect("a schema in JSON")
}

/// What is wrong with the one object on stdout of a command with `--json`, if anything.
pub(crate) fn result(command: &str, exit: i32, stdout: &str) -> Option<String> {
    let mut lines = stdout.lines();
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return Some("stdout is not one line".to_owned());
    };
    let name = command.replace(' ', "-");
    // What is no command can only fail.
    let own = if path(&name).exists() { &name } else { "failure" };
    let own = wrong(own, exit, line);
    match own {
        Some(_) if exit != 0 => wrong("failure", exit, line),
        own => own,
    }
}

/// What is wrong with the object of `--summary json`, if anything.
pub(crate) fn summary(exit: i32, line: &str) -> Option<String> {
    wrong("summary", exit, line)
}

fn wrong(name: &str, exit: i32, line: &str) -> Option<String> {
    let Ok(value) = serde_json::from_str::<Value>(line) else {
        return Some(format!("no JSON: {line}"));
    };
    if value["exit"] != exit {
        return Some(format!("its exit is {}", value["exit"]));
    }
    if value["error"].is_null() != (exit == 0) {
        return Some(format!("its error is {} with exit {exit}", value["error"]));
    }
    mismatch(&schema(name), &value, name)
}

/// The first place at which a value is not as its schema wants it.
fn mismatch(schema: &Value, value: &Value, at: &str) -> Option<String> {
    for (word, wants) in schema.as_object().expect("a schema is an object") {
        let fits = match word.as_str() {
            "$schema" | "title" | "description" => true,
            "type" => match wants {
                Value::Array(types) => types.iter().any(|wants| is(wants, value)),
                wants => is(wants, value),
            },
            "enum" => wants.as_array().expect("a list").contains(value),
            "minimum" => {
                value.as_f64().is_none_or(|number| number >= wants.as_f64().unwrap_or(0.0))
            }
            "pattern" => {
                assert_eq!(wants, TIME);
                value.as_str().is_none_or(is_time)
            }
            "required" => value.as_object().is_none_or(|members| {
                wants
                    .as_array()
                    .expect("a list")
                    .iter()
                    .all(|name| members.contains_key(name.as_str().expect("a name")))
            }),
            "properties" | "additionalProperties" | "items" => true,
            other => panic!("{at}: the schema says {other:?}, which is not known here"),
        };
        if !fits {
            return Some(format!("{at}: {word} is {wants}, not {value}"));
        }
    }
    match value {
        Value::Array(items) => {
            let wants = &schema["items"];
            items.iter().find_map(|item| mismatch(wants, item, &format!("{at}[]")))
        }
        Value::Object(members) => members.iter().find_map(|(name, member)| {
            let at = format!("{at}.{name}");
            match (schema["properties"].get(name), &schema["additionalProperties"]) {
                (Some(wants), _) => mismatch(wants, member, &at),
                (None, wants @ Value::Object(_)) => mismatch(wants, member, &at),
                (None, _) => Some(format!("{at} is not described")),
            }
        }),
        _ => None,
    }
}

fn is(wants: &Value, value: &Value) -> bool {
    match wants.as_str().expect("a type") {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no such type: {other}"),
    }
}

fn is_time(text: &str) -> bool {
    let digits: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    digits == "0000-00-00T00:00:00Z"
}

#[test]
fn u23_what_does_not_fit_its_schema_is_noticed() {
    let good = r#"{"config":"/c","error":null,"exit":0}"#;
    assert_eq!(result("config path", 0, good), None);
    let failed = r#"{"error":"no","exit":3}"#;
    assert_eq!(result("config path", 3, failed), None);
    for (exit, line) in [
        (0, r#"{"config":"/c","exit":0}"#),
        (0, r#"{"config":"/c","error":null}"#),
        (0, r#"{"config":"/c","error":"x","exit":0}"#),
        (0, r#"{"config":7,"error":null,"exit":0}"#),
        (0, r#"{"config":"/c","more":1,"error":null,"exit":0}"#),
        (3, r#"{"error":null,"exit":3}"#),
        (3, r#"{"error":"no","exit":2}"#),
        (3, r#"{"error":"no","exit":3,"state":"/c"}"#),
        (0, r#"["/c"]"#),
        (0, "config: /c"),
        (0, ""),
    ] {
        assert!(result("config path", exit, line).is_some(), "{line}");
    }
}
