//! JSON Schema, draft 2020-12: what validators and generators of code take.

use super::{
    shape::{Kind, Member, Shape},
    table::Table,
};
use serde_json::{Map, Value, json};

pub(super) fn text(table: &Table) -> String {
    let members = table.shape.members.iter();
    let properties: Map<String, Value> =
        members.map(|member| (member.name.to_owned(), property(table.shape, member))).collect();
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": table.stream.name(),
        "type": "object",
        "properties": properties,
        "required": table.shape.key,
        "additionalProperties": true,
    });
    format!("{schema:#}\n")
}

fn property(shape: &Shape, member: &Member) -> Value {
    let name = match member.kind {
        Kind::Int => Some("integer"),
        Kind::Float => Some("number"),
        Kind::Bool => Some("boolean"),
        Kind::Text | Kind::Time => Some("string"),
        Kind::Object => Some("object"),
        Kind::List => Some("array"),
        // Whatever it is, it fits.
        Kind::Mixed => None,
    };
    let mut property = Map::new();
    if let Some(name) = name {
        let wants = match shape.is_nullable(member) {
            true => json!([name, "null"]),
            false => json!(name),
        };
        property.insert("type".to_owned(), wants);
    }
    if member.kind == Kind::Time {
        property.insert("format".to_owned(), json!("date-time"));
    }
    property.insert("$comment".to_owned(), json!(member.source.words()));
    Value::Object(property)
}
