//! Who uses whom in a source tree, read from the text of its files, and the circles in that.
//!
//! An arrow goes from one file to another whose items it names: in a `use`, or in a path in code.
//! Names are followed through re-exports to the file that holds the item. `mod x;` is no arrow, and
//! what is compiled for tests alone is not read.

use std::collections::{BTreeMap, BTreeSet, HashSet};

/// A module by the names on the way to it from the crate; the crate itself has none.
type Module = Vec<String>;

/// What each file uses.
#[derive(Debug, Default)]
pub(crate) struct Arrows {
    /// Other files, as in `api/mod.rs`.
    pub(crate) inside: BTreeMap<String, BTreeSet<String>>,
    /// What a path begins with that leads out of the crate: the names of other crates, and of
    /// types.
    pub(crate) outside: BTreeMap<String, BTreeSet<String>>,
}

impl Arrows {
    /// Reads a crate whose root is `lib.rs`, from its files' names and texts.
    pub(crate) fn read(files: &BTreeMap<String, String>) -> Arrows {
        let mut tree = Tree::default();
        tree.load(files, "lib.rs", Module::new());
        let mut arrows = Arrows::default();
        for (file, named) in &tree.files {
            let inside = arrows.inside.entry(file.clone()).or_default();
            let outside = arrows.outside.entry(file.clone()).or_default();
            for Named { at, path, whole } in named {
                match tree.find(at, path, &mut HashSet::new()) {
                    Found::Item(module) => drop(inside.insert(tree.file(&module))),
                    Found::Module(module) if *whole => drop(inside.insert(tree.file(&module))),
                    Found::Module(_) => {}
                    Found::Outside(name) => drop(outside.insert(name)),
                }
            }
            inside.remove(file);
        }
        arrows
    }

    /// The same between the modules of the crate, each with all that lies in its folder.
    pub(crate) fn of_folders(&self) -> Arrows {
        let folder = |file: &String| {
            let name = file.split('/').next().unwrap_or_default();
            name.strip_suffix(".rs").unwrap_or(name).to_owned()
        };
        let mut folders = Arrows::default();
        for (file, uses) in &self.inside {
            let own = folder(file);
            let uses = uses.iter().map(folder).filter(|name| *name != own);
            folders.inside.entry(own.clone()).or_default().extend(uses);
        }
        folders
    }

    /// The sets of files of which each uses each other, on whatever way.
    pub(crate) fn circles(&self) -> Vec<Vec<String>> {
        let reached: BTreeMap<&String, BTreeSet<&String>> =
            self.inside.keys().map(|file| (file, self.reached_from(file))).collect();
        let mut circles: Vec<Vec<String>> = Vec::new();
        for (file, reaches) in &reached {
            if !reaches.contains(*file) || circles.iter().flatten().any(|known| known == *file) {
                continue;
            }
            let back = reaches.iter().filter(|other| reached[**other].contains(*file));
            circles.push(back.map(|other| (**other).clone()).collect());
        }
        circles
    }

    fn reached_from<'a>(&'a self, file: &'a String) -> BTreeSet<&'a String> {
        let mut reached = BTreeSet::new();
        let mut open = vec![file];
        while let Some(file) = open.pop() {
            for next in self.inside.get(file).into_iter().flatten() {
                if reached.insert(next) {
                    open.push(next);
                }
            }
        }
        reached
    }

    /// The arrows between the files of a circle.
    pub(crate) fn between(&self, circle: &[String]) -> String {
        let all = self.inside.iter().flat_map(|(file, uses)| uses.iter().map(move |to| (file, to)));
        all.filter(|(file, to)| circle.contains(file) && circle.contains(to))
            .map(|(file, to)| format!("  {file} -> {to}\n"))
            .collect()
    }
}

/// A path in a file.
#[derive(Debug)]
struct Named {
    /// The module that it stands in.
    at: Module,
    path: Vec<String>,
    /// Whether everything in the module at its end is meant.
    whole: bool,
}

#[derive(Debug, Default)]
struct Tree {
    /// The paths of each file.
    files: BTreeMap<String, Vec<Named>>,
    /// The file of each module, also of those that lie inside one.
    modules: BTreeMap<Module, String>,
    /// What a `use` brings into a module, under its name there.
    imports: BTreeMap<(Module, String), Vec<String>>,
}

enum Found {
    /// An item of this module.
    Item(Module),
    Module(Module),
    Outside(String),
}

impl Tree {
    fn load(&mut self, files: &BTreeMap<String, String>, file: &str, module: Module) {
        let text = files.get(file).unwrap_or_else(|| panic!("{file} is declared, but not there"));
        let tokens = without_tests(&tokens(text));
        let mut named = Vec::new();
        let mut children = Vec::new();
        let mut at = module.clone();
        // Whether each open brace is that of a module.
        let mut braces = Vec::new();
        let mut index = 0;
        self.modules.insert(module, file.to_owned());
        while index < tokens.len() {
            let word = |offset: usize| tokens.get(index + offset).map_or("", String::as_str);
            let before = index.checked_sub(1).map_or("", |before| tokens[before].as_str());
            match (word(0), word(2)) {
                ("mod", ";") => {
                    let child: Module = at.iter().cloned().chain([word(1).to_owned()]).collect();
                    children.push(child);
                    index += 3;
                }
                ("mod", "{") => {
                    at.push(word(1).to_owned());
                    self.modules.insert(at.clone(), file.to_owned());
                    braces.push(true);
                    index += 3;
                }
                ("use", _) if word(1) != "<" => {
                    let end = tokens[index..].iter().position(|token| token == ";");
                    let end = index + end.expect("a use has an end");
                    let mut brought = Vec::new();
                    brings(&mut tokens[index + 1..end].iter(), &[], &mut brought);
                    for (path, name) in brought {
                        let whole = name == "*";
                        self.imports.insert((at.clone(), name), path.clone());
                        named.push(Named { at: at.clone(), path, whole });
                    }
                    index = end + 1;
                }
                ("{", _) => {
                    braces.push(false);
                    index += 1;
                }
                ("}", _) => {
                    if braces.pop() == Some(true) {
                        at.pop();
                    }
                    index += 1;
                }
                (first, _) if is_name(first) && !["::", "."].contains(&before) => {
                    let mut path = vec![first.to_owned()];
                    index += 1;
                    while index + 1 < tokens.len()
                        && tokens[index] == "::"
                        && is_name(&tokens[index + 1])
                    {
                        path.push(tokens[index + 1].clone());
                        index += 2;
                    }
                    if path.len() > 1 {
                        named.push(Named { at: at.clone(), path, whole: false });
                    }
                }
                _ => index += 1,
            }
        }
        self.files.insert(file.to_owned(), named);
        for child in children {
            let name = child.join("/");
            let forms = [format!("{name}.rs"), format!("{name}/mod.rs")];
            let file = forms.iter().find(|form| files.contains_key(*form));
            let file = file.unwrap_or_else(|| panic!("{name} is declared, but not there"));
            self.load(files, file, child);
        }
    }

    fn file(&self, module: &Module) -> String {
        self.modules[module].clone()
    }

    /// Follows a path that stands in a module.
    fn find(
        &self,
        at: &Module,
        path: &[String],
        seen: &mut HashSet<(Module, Vec<String>)>,
    ) -> Found {
        let mut rest = path.iter();
        let mut module = at.clone();
        let first = path.first().map(String::as_str).unwrap_or_default();
        let rooted = match first {
            "crate" => {
                module.clear();
                true
            }
            "self" => true,
            "super" => {
                module.pop();
                true
            }
            _ => false,
        };
        if rooted {
            rest.next();
        }
        let known = |module: &Module, name: &String| {
            let child: Module = module.iter().cloned().chain([name.clone()]).collect();
            self.modules.contains_key(&child).then_some(child)
        };
        let mut inside = rooted;
        while let Some(name) = rest.next() {
            if name == "super" {
                module.pop();
                continue;
            }
            if let Some(child) = known(&module, name) {
                module = child;
                inside = true;
                continue;
            }
            let import = self.imports.get(&(module.clone(), name.clone()));
            if let Some(import) = import.filter(|import| import.as_slice() != path) {
                let whole: Vec<String> = import.iter().chain(rest).cloned().collect();
                if seen.insert((module.clone(), whole.clone())) {
                    return self.find(&module, &whole, seen);
                }
            }
            return match inside {
                true => Found::Item(module),
                false => Found::Outside(name.clone()),
            };
        }
        Found::Module(module)
    }
}

/// The paths of a `use`, each with the name that it brings; `*` for all.
fn brings(
    tokens: &mut std::slice::Iter<'_, String>,
    prefix: &[String],
    found: &mut Vec<(Vec<String>, String)>,
) {
    let mut path = prefix.to_vec();
    let mut alias = None;
    let mut tell = |path: &mut Vec<String>, alias: &mut Option<String>| {
        if path.len() > prefix.len() {
            if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
                path.pop();
            }
            let last = path.last().cloned().unwrap_or_default();
            found.push((std::mem::take(path), alias.take().unwrap_or(last)));
        }
        *path = prefix.to_vec();
    };
    while let Some(token) = tokens.next() {
        match token.as_str() {
            "::" => {}
            "," => tell(&mut path, &mut alias),
            "}" => break,
            "as" => alias = tokens.next().cloned(),
            "*" => {
                alias = Some("*".to_owned());
                tell(&mut path, &mut alias);
            }
            "{" => {
                let mut inner = Vec::new();
                brings(tokens, &path, &mut inner);
                path = prefix.to_vec();
                for (mut path, name) in inner {
                    let mut name = Some(name);
                    tell(&mut path, &mut name);
                }
            }
            name => path.push(name.to_owned()),
        }
    }
    tell(&mut path, &mut alias);
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The words and signs of a file, without comments, strings, characters, lifetimes and numbers.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if let Some(comment) = rest.strip_prefix("//") {
            2 + comment.find('\n').unwrap_or(comment.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if first == '"' {
            string(rest)
        } else if first == '\'' {
            let mut after = rest.chars().skip(1);
            match (after.next(), after.next()) {
                (Some('\\'), Some(escaped)) => {
                    let begin = 2 + escaped.len_utf8();
                    begin + rest[begin..].find('\'').map_or(0, |end| end + 1)
                }
                (Some(c), Some('\'')) => 2 + c.len_utf8(),
                _ => 1 + word(&rest[1..]),
            }
        } else if is_name(rest) || first.is_ascii_digit() {
            let length = word(rest);
            let (name, after) = rest.split_at(length);
            let raw = after.trim_start_matches('#');
            match name {
                "r" | "br" | "cr" if raw.starts_with('"') => {
                    let end = format!("\"{}", &after[..after.len() - raw.len()]);
                    let begin = length + end.len();
                    begin + rest[begin..].find(&end).map_or(0, |at| at + end.len())
                }
                "b" | "c" if after.starts_with('"') => length + string(after),
                "b" if after.starts_with('\'') => length,
                _ => {
                    if is_name(name) {
                        tokens.push(name.to_owned());
                    }
                    length
                }
            }
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

/// How long the word is that a text begins with.
fn word(text: &str) -> usize {
    text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len())
}

/// How long the string is that a text begins with.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// Without the items that are compiled for tests alone.
fn without_tests(tokens: &[String]) -> Vec<String> {
    const TEST: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        if !tokens[index..].iter().take(TEST.len()).eq(TEST.iter()) {
            kept.push(tokens[index].clone());
            index += 1;
            continue;
        }
        // More attributes may stand between.
        while tokens.get(index).is_some_and(|token| token == "#") {
            index += 1 + group(&tokens[index + 1..]);
        }
        let mut words =
            tokens[index..].iter().take_while(|token| !["{", ";"].contains(&token.as_str()));
        let is_use = words.any(|token| token == "use");
        loop {
            match tokens.get(index).map(String::as_str) {
                None => break,
                Some(";") => {
                    index += 1;
                    break;
                }
                Some(open @ ("{" | "(" | "[")) => {
                    index += group(&tokens[index..]);
                    if open == "{" && !is_use {
                        break;
                    }
                }
                Some(_) => index += 1,
            }
        }
    }
    kept
}

/// How many tokens there are from an opening bracket to the one that closes it.
fn group(tokens: &[String]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)]) -> Arrows {
        let owned = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        Arrows::read(&owned.collect())
    }

    #[track_caller]
    fn leads(arrows: &Arrows, from: &str, to: &[&str]) {
        let found: Vec<&str> = arrows.inside[from].iter().map(String::as_str).collect();
        assert_eq!(found, to, "{from}");
    }

    const ROOT: &str = "mod a; mod b; mod c;";

    #[test]
    fn every_form_of_a_use_is_an_arrow() {
        for text in [
            "use crate::b::X;",
            "use crate::{b::X};",
            "pub(crate) use crate::{c, b::{self, y::Y}}; fn f(_: b::Z) {}",
            "use super::b::X as Z;",
            "use crate::b::*;",
            "use super::b; fn f() { b::x() }",
            "fn f() { crate::b::x(1, 'a', '\\'', b'\"', \"{}\") }",
            "fn f() { let s = r#\"\"\"#; <u8 as crate::b::X>::y::<u8>() }",
            "mod inner { use super::super::b::X; }",
            "mod inner { fn f() { super::super::b::x() } }",
            "#[cfg(test)] use crate::c::Y; use crate::b::X;",
            "#[cfg(test)] mod tests { use crate::c::Y; } use crate::b::X;",
            "#[cfg(test)] #[expect(dead_code)] const X: [c::Y; 2] = [0; 2]; use crate::b::X;",
        ] {
            let arrows = read(&[("lib.rs", ROOT), ("a.rs", text), ("b.rs", ""), ("c.rs", "")]);
            leads(&arrows, "a.rs", &["b.rs"]);
            assert!(arrows.circles().is_empty());
        }
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        for text in [
            "// use crate::b::X;",
            "/* crate::b::x() */ //! [`crate::b`]",
            "const S: &str = \"crate::b::x\\\" crate::b::x\";",
            "const S: &str = r#\"crate::b::x\"#;",
            "pub(crate) fn f<'b>(_: &'b u8) { std::b::x(); self.b.x() }",
            "#[cfg(test)] mod tests { use crate::b::X; #[test] fn f() { crate::b::x() } }",
            "#[cfg(test)] pub(crate) use crate::{b::X, b::Y};",
            "fn f() -> impl Fn() + use<> { crate::a::g }",
        ] {
            let arrows = read(&[("lib.rs", ROOT), ("a.rs", text), ("b.rs", ""), ("c.rs", "")]);
            leads(&arrows, "a.rs", &[]);
        }
    }

    #[test]
    fn a_circle_is_found_over_any_number_of_files() {
        let files = [
            ("lib.rs", "mod a; mod b; mod c; #[cfg(test)] mod fuzz;"),
            ("a.rs", "use crate::{b::B, c}; fn f() { c::x() }"),
            ("b.rs", "fn f() { crate::c::x() }"),
            ("c.rs", "#[cfg(test)] mod tests { use crate::a::A; }"),
            ("fuzz.rs", "use crate::a::A;"),
        ];
        assert!(read(&files).circles().is_empty());
        let mut files = files;
        files[3].1 = "fn f() { super::a::f() }";
        let arrows = read(&files);
        assert_eq!(arrows.circles(), [["a.rs", "b.rs", "c.rs"]]);
        assert!(arrows.between(&arrows.circles()[0]).contains("c.rs -> a.rs\n"));
    }

    #[test]
    fn a_folder_and_its_children() {
        let child = |text| {
            read(&[
                ("lib.rs", "mod x; mod y;"),
                ("x/mod.rs", "mod one; mod two; pub(crate) use one::One; struct Own;"),
                ("x/one.rs", ""),
                ("x/two.rs", text),
                ("y.rs", "use crate::x::One;"),
            ])
        };
        // A declaration is no arrow; the way leads through a re-export to the item's own file.
        let arrows = child("use super::One; use super::one::Other;");
        leads(&arrows, "x/mod.rs", &["x/one.rs"]);
        leads(&arrows, "x/two.rs", &["x/one.rs"]);
        leads(&arrows, "y.rs", &["x/one.rs"]);
        // A child that uses what its folder holds.
        leads(&child("use super::Own;"), "x/two.rs", &["x/mod.rs"]);
        leads(&child("fn f() { crate::x::own() }"), "x/two.rs", &["x/mod.rs"]);
        // Folders can be in a circle where no two files are.
        let arrows = read(&[
            ("lib.rs", "mod x; mod y;"),
            ("x/mod.rs", "mod one; mod two;"),
            ("x/one.rs", "use crate::y::Y;"),
            ("x/two.rs", ""),
            ("y.rs", "use crate::x::two::Two;"),
        ]);
        assert!(arrows.circles().is_empty());
        assert_eq!(arrows.of_folders().circles(), [["x", "y"]]);
        // A folder that uses its child and is used by it.
        let circle = read(&[
            ("lib.rs", "mod x;"),
            ("x/mod.rs", "mod one; struct Own; fn f() { one::g() }"),
            ("x/one.rs", "use super::Own;"),
        ]);
        assert_eq!(circle.circles(), [["x/mod.rs", "x/one.rs"]]);
    }

    #[test]
    fn what_leads_out_of_the_crate_is_told_by_its_first_name() {
        let arrows = read(&[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "use clap::{Parser, builder::X}; use crate::b::Error;"),
            ("b.rs", "pub(crate) use ureq::Error; fn f() -> http::Uri {}"),
        ]);
        let outside = |file: &str| arrows.outside[file].iter().cloned().collect::<Vec<_>>();
        assert_eq!(outside("a.rs"), ["clap", "ureq"]);
        assert_eq!(outside("b.rs"), ["http", "ureq"]);
        leads(&arrows, "a.rs", &[]);
    }
}
