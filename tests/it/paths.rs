//! Which module of `src/` takes what from which other: read from the paths in its text.
//!
//! A reading, not a compiler: it knows `use` trees, `crate`, `self`, `super` and the names of
//! modules that have a file. What a module's own `mod tests` takes does not count.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// The text of each module by its path, as `["sandbox", "records", "ticket"]`.
pub(crate) type Modules = BTreeMap<Vec<String>, String>;

/// All modules below a directory, of which `top` is the path.
pub(crate) fn modules(dir: &Path, top: &[&str]) -> Modules {
    let mut found = Modules::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let mut module: Vec<&str> = top.to_vec();
        if !matches!(name.as_str(), "mod" | "lib" | "main") {
            module.push(&name);
        }
        if path.is_dir() {
            found.extend(modules(&path, &module));
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.insert(module.into_iter().map(str::to_owned).collect(), text);
        }
    }
    found
}

/// A module's text as it is shipped and that of its own `mod tests`.
pub(crate) fn halves(text: &str) -> (&str, &str) {
    text.split_once("#[cfg(test)]\nmod tests").unwrap_or((text, ""))
}

fn without_comments(text: &str) -> String {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| [line, "\n"]).collect()
}

/// The paths of a `use` tree, as `a::{b, c::d}` has two.
fn leaves(tree: &str, before: &str, found: &mut Vec<String>) {
    let mut depth = 0;
    let mut start = 0;
    let mut parts = Vec::new();
    for (at, c) in tree.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&tree[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tree[start..]);
    for part in parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()) {
        match part.split_once('{') {
            Some((head, rest)) => {
                let inner = rest.trim_end().trim_end_matches('}');
                leaves(inner, &format!("{before}{}", head.trim()), found);
            }
            None => {
                let name = part.split(" as ").next().unwrap_or_default();
                found.push(format!("{before}{name}"));
            }
        }
    }
}

/// Every path that a text names: those of its `use` trees, and those elsewhere
/// that begin with `crate`, `self` or `super`.
pub(crate) fn named(text: &str) -> Vec<String> {
    let text = without_comments(text);
    let mut found = Vec::new();
    let mut rest = String::new();
    let mut tail = text.as_str();
    while let Some(at) = tail.find("use ") {
        let own = tail[..at].ends_with(['\n', ' ']) || at == 0;
        rest.push_str(&tail[..at]);
        tail = &tail[at + 4..];
        if let Some(end) = tail.find(';').filter(|_| own) {
            leaves(&tail[..end], "", &mut found);
            tail = &tail[end..];
        }
    }
    rest.push_str(tail);
    let path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let words = rest.split(|c| !path(c));
    let begins =
        |word: &&str| ["crate::", "self::", "super::"].iter().any(|head| word.starts_with(head));
    found.extend(words.filter(begins).map(str::to_owned));
    found
}

/// Where a path leads that the module `from` names: the names from the crate's root down. `None`
/// for what is no module of the crate's.
pub(crate) fn absolute(path: &str, from: &[String], known: &Modules) -> Option<Vec<String>> {
    let mut at = from.to_vec();
    let mut names = path.split("::").peekable();
    match names.peek().copied()? {
        "crate" => {
            names.next();
            at.clear();
        }
        "self" => {
            names.next();
        }
        "super" => {
            while names.next_if_eq(&"super").is_some() {
                at.pop();
            }
        }
        name => {
            let child: Vec<String> =
                at.iter().map(String::as_str).chain([name]).map(str::to_owned).collect();
            known.get(&child)?;
        }
    }
    at.extend(names.map(str::to_owned));
    Some(at)
}

/// The modules that a module takes something from.
fn taken(from: &[String], text: &str, known: &Modules) -> BTreeSet<Vec<String>> {
    let mut taken = BTreeSet::new();
    for path in named(halves(text).0) {
        let Some(mut to) = absolute(&path, from, known) else {
            continue;
        };
        while !to.is_empty() && !known.contains_key(&to) {
            to.pop();
        }
        if to != from && known.contains_key(&to) {
            taken.insert(to);
        }
    }
    taken
}

/// The modules of a circle, if there is one.
pub(crate) fn circle(known: &Modules) -> Option<Vec<String>> {
    let mut graph: BTreeMap<&Vec<String>, BTreeSet<Vec<String>>> =
        known.iter().map(|(module, text)| (module, taken(module, text, known))).collect();
    // Whatever takes nothing that is left is in no circle.
    loop {
        let left: BTreeSet<Vec<String>> = graph.keys().map(|module| (*module).clone()).collect();
        let before = graph.len();
        graph.retain(|_, taken| taken.iter().any(|module| left.contains(module)));
        if graph.is_empty() {
            return None;
        }
        if graph.len() == before {
            return Some(graph.keys().map(|module| module.join("::")).collect());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(modules: &[(&str, &str)]) -> Modules {
        let module = |(path, text): &(&str, &str)| {
            (path.split("::").map(str::to_owned).collect(), (*text).to_owned())
        };
        modules.iter().map(module).collect()
    }

    #[test]
    fn every_leaf_of_a_tree_is_a_path() {
        let text = "use super::{super::{a, b::{C, d}}, e as f};\nfn x() { crate::g::h() }";
        let expected = [
            "super::super::a",
            "super::super::b::C",
            "super::super::b::d",
            "super::e",
            "crate::g::h",
        ];
        assert_eq!(named(text), expected);
    }

    #[test]
    fn a_circle_is_found_and_what_leads_to_it_is_not_free_of_it() {
        let mut modules = known(&[
            ("a", "use super::b::B;"),
            ("b", "use crate::c;"),
            ("c", "fn c() { super::a::A }"),
            ("d", "use std::fs;"),
        ]);
        assert_eq!(circle(&modules), Some(vec!["a".to_owned(), "b".to_owned(), "c".to_owned()]));
        modules.insert(vec!["c".to_owned()], "use super::d;".to_owned());
        assert_eq!(circle(&modules), None);
    }

    #[test]
    fn a_child_that_takes_from_its_parent_is_in_a_circle_with_it() {
        let modules = known(&[("a", "use b::B; struct A;"), ("a::b", "use super::A;")]);
        assert!(circle(&modules).is_some());
    }
}
