//! Who may read what zdx makes: its owner alone, or whom `file_mode` in the config file says.

use crate::harness::{Place, Still, TICKETS, small};
use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
};
use zdx::sandbox::Options;

/// The mode of what was made under this name.
fn mode(place: &Place, name: &str) -> u32 {
    fs::metadata(place.path(name)).expect(name).permissions().mode() & 0o777
}

fn still() -> Still {
    Still::with(Options { quota: Some(0), ..small() }, &[TICKETS])
}

/// A place whose config file says this mode, and the line of sh that sets a umask.
fn configured(still: &Still, value: &str) -> Place {
    let place = Place::of(&still.sandbox);
    let config = place.put("config.toml", &format!("[defaults]\nfile_mode = {value}\n"));
    place.with("ZDX_CONFIG", &config.display().to_string())
}

const UMASKS: [&str; 2] = ["umask 022; \"$0\" \"$@\"", "umask 077; \"$0\" \"$@\""];

#[test]
fn u17_files_are_their_owners_alone_until_somebody_says_otherwise() {
    let still = still();
    let place = Place::of(&still.sandbox);
    let line = UMASKS[0];
    place.zdx("export tickets --since @0 -o out/").through(line).run().exit(0);
    let found =
        ["out", "out/tickets.ndjson", "out/.tickets.ndjson.owner"].map(|name| mode(&place, name));
    assert_eq!(found, [0o700, 0o600, 0o600]);
    for (name, mode) in [("out", 0o750), ("out/tickets.ndjson", 0o640)] {
        fs::set_permissions(place.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    still.pass_time(TICKETS);
    place.zdx("export tickets -o out/").through(line).run().exit(0);
    assert_eq!((mode(&place, "out"), mode(&place, "out/tickets.ndjson")), (0o750, 0o640));
}

#[test]
fn u17_file_mode_is_that_of_every_output_whatever_the_umask() {
    for line in UMASKS {
        let still = still();
        let place = configured(&still, "\"0640\"");
        let sideloads = "--include users,groups";
        place
            .zdx(&format!("export tickets --since @0 -o out/ {sideloads}"))
            .through(line)
            .run()
            .exit(0);
        place
            .zdx("export users organizations --since @0 -o {date}/{resource}.ndjson.gz")
            .through(line)
            .run()
            .exit(0);
        place
            .zdx("export ticket_events --since @0 -o {resource}-{run}.ndjson.zst")
            .through(line)
            .run()
            .exit(0);
        place
            .zdx("export tickets --since @0 --no-state -o once.ndjson")
            .through(line)
            .run()
            .exit(0);
        let made = [
            "out/tickets.ndjson",
            "out/tickets.users.ndjson",
            "out/tickets.groups.ndjson",
            "once.ndjson",
        ];
        for name in made {
            assert_eq!(mode(&place, name), 0o640, "{name}, {line}");
        }
        let mut others = 0;
        for name in place.names() {
            let dated = fs::read_dir(place.path(&name)).into_iter().flatten().flatten();
            for entry in
                dated.filter(|entry| entry.path().extension().is_some_and(|end| end == "gz"))
            {
                assert_eq!(entry.metadata().unwrap().mode() & 0o777, 0o640, "{entry:?}");
                assert_eq!(mode(&place, &name), 0o750);
                others += 1;
            }
            if name.ends_with(".zst") {
                assert_eq!(mode(&place, &name), 0o640, "{name}");
                others += 1;
            }
        }
        assert_eq!((others, mode(&place, "out")), (3, 0o750));
        // What is zdx's own is nobody else's.
        assert_eq!(mode(&place, "out/.tickets.ndjson.owner"), 0o600);
        assert_eq!(fs::metadata(place.state()).unwrap().mode() & 0o777, 0o600);
    }
}

#[test]
fn u17_an_output_that_is_there_keeps_its_mode_and_a_new_one_gets_it() {
    let still = still();
    let place = configured(&still, "\"0644\"");
    let output = place.put("t.ndjson", "");
    place.zdx("export tickets --since @0 -o t.ndjson").run().exit(0);
    assert_eq!(mode(&place, "t.ndjson"), 0o600);
    // Rotated: the next one is made anew.
    #[expect(clippy::disallowed_methods, reason = "what a person does with an output")]
    fs::rename(output, place.path("old.ndjson")).unwrap();
    still.pass_time(TICKETS);
    place.zdx("export tickets -o t.ndjson").run().exit(0).stderr_has("starting a new file");
    assert_eq!(mode(&place, "t.ndjson"), 0o644);
}

#[test]
fn u17_a_mode_that_is_none_is_refused_where_it_stands() {
    let still = still();
    for (value, text) in [
        ("\"rw-r-----\"", "as in 0640"),
        ("\"0755\"", "nobody execute"),
        ("\"0440\"", "owner read and write"),
        ("640", "takes a string"),
    ] {
        let place = configured(&still, value);
        let run = place.zdx("export tickets --since @0 -o t.ndjson").run();
        run.exit(3).stderr_has("line 2").stderr_has("file_mode").stderr_has(text);
        assert!(!place.path("t.ndjson").exists());
    }
    let place = configured(&still, "\"0640\"");
    place.zdx("config show").run().exit(0).stdout_has("file_mode").stdout_has("0640");
}
