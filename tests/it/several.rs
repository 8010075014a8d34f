//! Flags and settings of several resources: what goes to which, and what is said of it.

use crate::{
    harness::{Outcome, Place, Still},
    server::{Reply, Server, T, record, time_page},
};
use serde_json::Value;
use std::{fs, os::unix::fs::symlink, path::Path};

fn dry(place: &Place, words: &str) -> Outcome {
    place.zdx(&format!("export {words} --dry-run")).run()
}

/// The first request of a resource, of a dry run.
#[track_caller]
fn first(run: &Outcome, resource: &str) -> String {
    let lines = run.exit(0).lines();
    let start = format!("{resource}: would send GET ");
    let line = lines.iter().find(|line| line.starts_with(&start));
    line.unwrap_or_else(|| panic!("{resource}\n{}", run.transcript())).clone()
}

#[test]
fn u25_flags_go_to_those_that_take_them() {
    let place = Place::at("http://127.0.0.1:9");
    let all = "--since 2h --no-state -o out/";
    let run = dry(&place, &format!("all {all} --per-page 50"));
    assert!(first(&run, "tickets").contains("per_page=50"));
    assert!(!first(&run, "articles").contains("per_page"));
    run.stderr_has("zdx: ticket_metric_events, articles, calls, ")
        .stderr_has(": go without --per-page, which they do");
    let run = dry(&place, &format!("tickets organizations {all} --include metric_sets,slas"));
    assert!(first(&run, "tickets").contains("include=metric_sets%2Cslas"));
    assert!(!first(&run, "organizations").contains("include"));
    let text = "zdx: organizations: goes without --include metric_sets, --include slas, which it \
                does not take\n";
    run.stderr_has(text);
    let run = dry(&place, &format!("all {all} --support-type-scope all --exclude-deleted"));
    assert!(first(&run, "ticket_events").contains("support_type_scope=all"));
    assert!(first(&run, "tickets").contains("exclude_deleted=true"));
    assert!(!first(&run, "users").contains("support_type_scope"));
    let run = dry(&place, &format!("tickets organizations {all} --pagination cursor"));
    assert!(first(&run, "tickets").contains("cursor.json"));
    run.stderr_has("zdx: organizations: goes without --pagination cursor, which it does not take");
    let run = dry(&place, &format!("all {all} --exclude-system-updates"));
    run.exit(0).stderr_has(": go without --exclude-system-updates, which they do not take");
}

#[test]
fn u25_a_flag_that_none_of_them_takes_is_refused() {
    let place = Place::at("http://127.0.0.1:9");
    for (words, says, hint) in [
        (
            "articles ticket_metric_events --per-page 50",
            "articles, ticket_metric_events: none of them takes --per-page",
            "--per-page is for tickets, ticket_events, users, organizations",
        ),
        ("articles --per-page 50", "articles: does not take --per-page", "is for tickets"),
        (
            "users organizations --include slas",
            "users, organizations: no such sideload: \"slas\"",
            "slas belongs to tickets",
        ),
        (
            "users tickets --include brandz",
            "users, tickets: no such sideload: \"brandz\"",
            "did you mean \"brands\"?",
        ),
        (
            "organizations ticket_events --pagination cursor",
            "organizations, ticket_events: none of them takes --pagination cursor",
            "--pagination cursor is for tickets, users",
        ),
        (
            "organizations --pagination cursor",
            "organizations: pages by time only",
            "is for tickets",
        ),
    ] {
        let run = dry(&place, &format!("{words} --since 2h --no-state -o out/"));
        run.refused(2, &format!("zdx: {says}\n")).stderr_has(hint);
    }
    // What `all` stands for is looked at, too.
    place.put(
        "c.toml",
        "[profiles.p]\nsubdomain = 'acme'\noauth_token = 'c4n4ry'\nresources = ['articles']\n",
    );
    let words = "all --since 2h --no-state -o out/ --per-page 5 --config c.toml --profile p";
    dry(&place, words).refused(2, "zdx: articles: does not take --per-page");
}

#[test]
fn u25_resources_may_stand_in_a_list_with_commas() {
    let place = Place::at("http://127.0.0.1:9");
    let run = dry(&place, "tickets,users, organizations --since 2h --no-state -o out/");
    for name in ["tickets", "users", "organizations"] {
        first(&run, name);
    }
    dry(&place, "tickets,usres --since 2h").refused(2, "did you mean \"users\"?");
    dry(&place, ", --since 2h").refused(2, "unknown resource \",\"");
    let still = Still::of(&[]);
    let run = Place::of(&still.sandbox).zdx("check tickets,users --json").run();
    let found: Value = serde_json::from_str(&run.exit(0).text()).unwrap();
    assert_eq!(found["resources"].as_array().unwrap().len(), 2);
}

#[test]
fn an_overlap_of_a_look_is_told_to_have_no_effect() {
    let place = Place::at("http://127.0.0.1:9");
    let run = dry(&place, "tickets users --since 2h --no-state -o out/ --overlap 10m");
    run.exit(0).stderr_has("zdx: tickets, users: --overlap has no effect: a one-off that does not");
    let run = dry(&place, "tickets --since 2h -o t.ndjson --overlap 10m");
    run.exit(0).stderr_lacks("no effect");
    let run = dry(&place, "tickets --since 2h --no-state -o t.ndjson --overlap 10m --follow");
    run.exit(0).stderr_lacks("no effect");
}

const CONFIG: &str = "\
    [defaults.ticket_events]\nper_page = 100\n\
    [profiles.p]\nsubdomain = 'acme'\noauth_token = 'c4n4ry-token'\nstart = '2h'\nper_page = 700\n\
    [profiles.p.tickets]\ninclude = ['metric_sets', 'slas']\nexclude_deleted = true\n\
    support_type_scope = 'ai_agent'\nper_page = 50\npagination = 'time'\nstart = '2026-11-01'\n\
    overlap = '1h'\n";

/// A place with a config file whose profile is meant.
fn configured(text: &str) -> Place {
    let place = Place::new().with("ZDX_BASE_URL", "http://127.0.0.1:9").with("ZDX_PROFILE", "p");
    let place = place.with("ZDX_CONFIG", "c.toml");
    place.put("c.toml", text);
    place
}

#[test]
fn what_is_configured_for_a_resource_goes_to_it_alone() {
    let place = configured(CONFIG);
    let run = dry(&place, "tickets users ticket_events -o out/ --no-state");
    let tickets = first(&run, "tickets");
    for part in [
        "/incremental/tickets.json?",
        "start_time=1793491200",
        "per_page=50",
        "include=metric_sets%2Cslas",
        "exclude_deleted=true",
        "support_type_scope=ai_agent",
    ] {
        assert!(tickets.contains(part), "{part}: {tickets}");
    }
    let users = first(&run, "users");
    assert!(users.contains("per_page=700") && !users.contains("include"), "{users}");
    assert!(first(&run, "ticket_events").contains("per_page=100"));
    run.stderr_has("zdx: tickets: from 2026-11-01T00:00:00Z (start = \"2026-11-01\") to ");
    // A flag beats it, where it goes to that resource.
    let words = "tickets users -o out/ --no-state --since 3h --include users --pagination cursor \
                 --support-type-scope all --per-page 9";
    let run = dry(&place, words);
    let tickets = first(&run, "tickets");
    for part in ["cursor.json?", "per_page=9", "include=users", "support_type_scope=all"] {
        assert!(tickets.contains(part), "{part}: {tickets}");
    }
    assert!(!tickets.contains("slas") && !tickets.contains("1793491200"), "{tickets}");
    // A flag that goes to others leaves it.
    let run = dry(&place, "tickets users -o out/ --no-state --include identities");
    assert!(first(&run, "tickets").contains("include=metric_sets%2Cslas"));
    assert!(first(&run, "users").contains("include=identities"));
    // None at all can be wanted.
    let run = dry(&place, "tickets -o t.ndjson --no-state --include none");
    assert!(!first(&run, "tickets").contains("include"));
}

#[test]
fn what_is_configured_for_a_resource_is_shown_with_where_it_stands() {
    let place = configured(CONFIG);
    let run = place.zdx("config show").run();
    run.exit(0).stdout_has("tickets.include    metric_sets, slas ");
    for key in
        ["exclude_deleted", "support_type_scope", "per_page", "pagination", "start", "overlap"]
    {
        run.stdout_has(&format!("\ntickets.{key} "));
    }
    run.stdout_has(" from [defaults] of c.toml\n");
    let run = place.zdx("config show --json").run();
    let found: Value = serde_json::from_str(&run.exit(0).text()).unwrap();
    let rows = found["settings"].as_array().unwrap();
    let row = rows.iter().find(|row| row["name"] == "tickets.include").unwrap();
    assert_eq!(row["value"], serde_json::json!(["metric_sets", "slas"]));
    assert_eq!(row["origin"], "profile p");
}

#[test]
fn what_a_resource_does_not_take_cannot_be_configured_for_it() {
    for (table, key, why) in [
        ("tickets", "include = ['rolls']", "has no \"rolls\": there are users, groups, "),
        ("articles", "per_page = 5", "is nothing that it takes"),
        ("users", "support_type_scope = 'all'", "is nothing that it takes"),
        ("tickets", "support_type_scope = 'bots'", "it is one of agent, ai_agent, all"),
        ("organizations", "pagination = 'cursor'", "it pages by time"),
        ("tickets", "per_page = 5000", "is not within 1 to 1000"),
        ("tickets", "overlap = '5'", "use a number with its unit"),
        ("tickets", "start = 'soon'", "c.toml, line 5: tickets.start"),
        ("tickets", "rate = 5", "unknown key \"rate\" in [profiles.p.tickets]"),
        ("tickest", "per_page = 5", "unknown key \"tickest\" in [profiles.p]: did you mean"),
    ] {
        let text = format!(
            "[profiles.p]\nsubdomain = 'acme'\noauth_token = 'c4n4ry'\n[profiles.p.{table}]\n{key}\n"
        );
        let run = dry(&configured(&text), "tickets -o t.ndjson --no-state");
        run.refused(3, why).stderr_has("c.toml, line ");
    }
}

#[test]
fn what_the_config_includes_is_not_mixed_into_one_stream() {
    let place = configured(
        "[profiles.p]\nsubdomain = 'acme'\noauth_token = 'c4n4ry'\n\
         [profiles.p.tickets]\ninclude = ['users']\n",
    );
    let run = dry(&place, "tickets --since 2h --no-state");
    run.refused(2, "several kinds of records cannot share stdout").stderr_has("--include none");
    dry(&place, "tickets --since 2h --no-state --include none").exit(0);
}

#[test]
fn a_configured_way_of_paging_does_not_turn_a_series_round() {
    let page = time_page(&[record(1, T)], Some(T), true);
    let server = Server::script([Reply::ok(page)]);
    let place = configured(CONFIG).with("ZDX_BASE_URL", &server.url());
    place.zdx("export tickets --since @0 -o t.ndjson").run().exit(0);
    place.put("c.toml", &CONFIG.replace("pagination = 'time'", "pagination = 'cursor'"));
    let run = dry(&place, "tickets -o t.ndjson");
    run.refused(2, "pagination = \"cursor\" (c.toml, line 13: tickets.pagination) contradicts the");
    run.stderr_has(
        "take that out of the config file, or begin anew: first `zdx state reset tickets`",
    );
}

/// Names that lead to one file are one output, and it is this run that would write to it twice.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test's own files")]
fn two_names_of_one_file_are_no_two_outputs() {
    type Link = fn(&Path, &Path) -> std::io::Result<()>;
    let hard: Link = |from, to| {
        fs::write(from, "")?;
        fs::hard_link(from, to)
    };
    let soft: Link = |from, to| {
        fs::write(from, "")?;
        symlink(from, to)
    };
    let to_be_made: Link = |from, to| {
        let target = from.with_file_name("target.ndjson");
        symlink(&target, from)?;
        symlink(&target, to)
    };
    for (link, is_there) in [(hard, true), (soft, true), (to_be_made, false)] {
        for mode in ["", "--no-state --append", "--dry-run"] {
            for (resources, other) in
                [("tickets users", "users"), ("tickets --include users", "tickets.users")]
            {
                if resources.contains("include") && !is_there {
                    continue; // the sideload's lies beside what the link leads to
                }
                let place = Place::at("http://127.0.0.1:9");
                fs::create_dir(place.path("out")).unwrap();
                let other = format!("out/{other}.ndjson");
                link(&place.path("out/tickets.ndjson"), &place.path(&other)).unwrap();
                let words = format!("export {resources} --since 2h -o out/ {mode}");
                let run = place.zdx(&words).run();
                run.refused(2, "are one file").stderr_lacks("another zdx");
                assert_eq!(place.state_bytes(), "", "{words}");
            }
        }
    }
}
