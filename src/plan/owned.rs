//! Whose an output is: a position belongs to its output, and an output to its series.
//!
//! Looks at what is saved and at places, and touches nothing.

use super::{Asked, hints::anew};
use crate::{
    failure::Failure,
    mark::STDOUT,
    output::{self, Names, Output},
    place::{Existing, Place},
    resource::Resource,
    shown::quoted,
    state::{Owned, Series},
};

/// Rule 5: a position belongs to its output, and to its way of paging.
pub(super) fn check_same(
    asked: &Asked,
    resource: &Resource,
    series: &Series,
    output: &Output,
) -> Result<(), Failure> {
    let saved = series.position.pagination();
    if let Some(asked) = asked.pagination.filter(|asked| *asked != saved) {
        return Err(Failure::usage(format!(
            "--pagination {} contradicts the saved position, which is one of {} paging",
            asked.name(),
            saved.name()
        ))
        .hint(match series.through.or_else(|| series.position.time()) {
            Some(through) => format!(
                "leave out --pagination, or begin anew: {}",
                anew(resource, Some(asked), through, output)
            ),
            None => "leave out --pagination".to_owned(),
        }));
    }
    let same = match output {
        Output::File { template: Some(template), .. } => {
            series.output.template.as_ref() == Some(template)
        }
        Output::File { .. } | Output::Stdout => {
            series.output.template.is_none() && series.output.path == output.name()
        }
    };
    if !same {
        let was = series.output.template.as_ref().unwrap_or(&series.output.path);
        let here = output.name();
        let named = |output: &str| match output {
            STDOUT => "stdout".to_owned(),
            path => path.to_owned(),
        };
        let failure = Failure::usage(format!(
            "the saved position belongs to the output {}, not to {}: going on here would leave a \
             hole there",
            named(was),
            named(&here)
        ))
        .hint(format!("go on there with -o {}", quoted(was)));
        let failure = match series.through.or_else(|| series.position.time()) {
            Some(through) => failure
                .hint(format!("or let it go on here: {}", anew(resource, None, through, output))),
            None => failure,
        };
        return Err(failure
            .hint("or begin a second series with this output: pass --since, and another --state"));
    }
    if asked.existing == Existing::Overwrite {
        return Err(Failure::usage(
            "--overwrite would destroy what this series has exported so far",
        )
        .hint("leave it out to go on, or pass --since and another output for a one-off"));
    }
    Ok(())
}

/// Nobody but its series writes into a series' output. `own` is the series that asks, if one does.
pub(super) fn check_not_owned(
    owned: &[Owned],
    names: Names<'_>,
    place: &Place,
    own: Option<&str>,
) -> Result<(), Failure> {
    let Place::File(file) = place else {
        return Ok(());
    };
    let name = file.path.to_string_lossy();
    // A series also owns the file that it would begin today.
    let today = |path: &str, owner: &str| {
        output::locate(path, owner, names).is_ok_and(|today| today.name() == name)
    };
    let mut others = owned.iter().filter(|one| Some(one.resource.as_str()) != own);
    let owner = others.find(|Owned { path, resource }| *path == name || today(path, resource));
    let Some(Owned { resource: owner, .. }) = owner else {
        return Ok(());
    };
    let (who, way_out) = match own {
        None => {
            ("a one-off", "write to another file, or leave out --since to go on with the series")
        }
        Some(_) => (
            "another series",
            "leave out the --include that goes there, or give one of them another output",
        ),
    };
    let text = format!("the output {name} belongs to the series of {owner}: {who} would break it");
    Err(Failure::usage(text).hint(way_out))
}
