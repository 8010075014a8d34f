//! What to type next, in commands that work as they stand.

use crate::{
    disk,
    mark::STDOUT,
    output::{Output, file_name},
    resource::{Pagination, Resource},
    shown::quoted,
    time::UnixTime,
};

/// How an interval is given.
pub(crate) const INTERVAL: &str = "an interval is given with =, as in --follow=10s";

/// How series are begun that have no start yet, in a command that can be typed.
pub(crate) fn how_to_begin(names: &[&str], output: Option<&str>) -> String {
    let to = output.filter(|to| *to != STDOUT);
    let to = to.map(|to| format!(" -o {}", quoted(to))).unwrap_or_default();
    format!("`zdx export {} --since 30d{to}`", names.join(" "))
}

/// How a series is begun anew at a time, in commands that can be typed one after the other, and what
/// that writes twice: a start includes its own second.
pub(crate) fn anew(
    resource: &Resource,
    pagination: Option<Pagination>,
    since: UnixTime,
    output: &Output,
) -> String {
    let name = resource.name;
    let pagination = pagination.map(|how| format!(" --pagination {}", how.name()));
    let to = match output {
        Output::Stdout => String::new(),
        Output::File { path, template, run } => {
            // A directory is made where a file's would have to be there.
            let own = path
                .file_name()
                .is_some_and(|file| file == format!("{}.ndjson", file_name(name)).as_str());
            let path = match (template, own) {
                (Some(template), _) => template.clone(),
                (None, true) => format!("{}/", disk::parent(path).display()),
                (None, false) => path.to_string_lossy().into_owned(),
            };
            // A file for each run is new; another may well hold something.
            let append = if run.is_some() { "" } else { " --append" };
            format!(" -o {}{append}", quoted(&path))
        }
    };
    format!(
        "first `zdx state reset {name}`, then `zdx export {name}{} --since {since}{to}`; what changed \
         at {since} or later is written once more",
        pagination.unwrap_or_default()
    )
}
