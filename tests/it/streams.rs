//! What is peculiar to the streams beside those of Support's own: how each is named, asked and ended.
//! What all have in common is tested with the others, endpoint by endpoint.

use crate::harness::{APPLIANCES, Place, Still, ndjson, small};
use serde_json::Value;
use zdx::sandbox::Sandbox;

fn sandbox() -> Sandbox {
    Sandbox::start(small()).expect("a sandbox")
}

#[test]
fn a_custom_object_is_custom_objects_key_but_in_names_of_files() {
    let still = Still::of(&[APPLIANCES]);
    let place = Place::of(&still.sandbox);
    place.zdx("export Custom-Objects:appliance --since @0 -o out/").run().exit(0);
    assert_eq!(place.file("out/custom_objects-appliance.ndjson"), still.ndjson(APPLIANCES));
    assert_eq!(place.saved("custom_objects:appliance")["pagination"], "cursor");
    let run = place.zdx("export custom_objects:appliance -o out/").run();
    run.exit(0).stderr_has("zdx: custom_objects:appliance: nothing new");
    let run = place.zdx("export custom_objects:appliance tickets --since 2h -o x/{resource}.gz");
    run.arg("--dry-run").run().exit(2);
    place.zdx("state show").run().exit(0).stdout_has("custom_objects:appliance");
    place.zdx("state reset custom_objects:appliance").run().exit(0);
    assert_eq!(place.saved("custom_objects:appliance"), Value::Null);
    let envelope = "export custom_objects:service_visit users --since @0 --no-state --envelope";
    let run = place.zdx(envelope).run();
    run.exit(0).stdout_has("{\"resource\":\"custom_objects:service_visit\",\"record\":{");
}

#[test]
fn deleted_records_of_a_custom_object_are_left_out_by_a_parameter_of_its_own() {
    let still = Still::of(&[APPLIANCES]);
    let place = Place::of(&still.sandbox);
    let deleted = |record: &String| record.contains("[DELETED]");
    let kept: Vec<String> =
        still.records(APPLIANCES).iter().filter(|record| !deleted(record)).cloned().collect();
    let words = "export custom_objects:appliance --since @0 --no-state --exclude-deleted";
    place.zdx(words).run().exit(0).stdout(&ndjson(&kept));
    let requests = still.sandbox.requests();
    let asks = |query: &str| query.ends_with("&filter[exclude_deleted]=true");
    assert!(requests.iter().all(|seen| asks(&seen.query)), "{requests:?}");
}

#[test]
fn a_key_that_no_path_could_carry_is_refused_before_any_request() {
    let sandbox = sandbox();
    let place = Place::of(&sandbox);
    for typed in ["custom_objects:", "custom_objects:a/b", "custom_objects:..", "custom_objects:a?"]
    {
        for command in ["export", "check", "state reset"] {
            let run = place.zdx(command).arg(typed).run();
            run.refused(2, "is no key of a custom object");
        }
    }
    assert!(sandbox.requests().is_empty() && place.names().is_empty());
}

#[test]
fn a_key_that_the_account_does_not_have_is_told_with_those_that_it_has() {
    let sandbox = sandbox();
    let place = Place::of(&sandbox);
    let run = place.zdx("export custom_objects:apliance --since 2h -o a.ndjson").run();
    run.exit(6)
        .stderr_has("zdx: custom_objects:apliance: Zendesk refuses the request (404): ")
        .stderr_has("RecordNotFound")
        .stderr_lacks("subdomain")
        .stderr_has("the account has custom_objects:appliance, custom_objects:service_visit");
    let both =
        "export custom_objects:apliance custom_objects:appliance --since 2h --no-state -o o/";
    place.zdx(both).run().exit(8);
}

#[test]
fn a_custom_object_has_settings_of_its_own() {
    let still = Still::of(&[APPLIANCES]);
    let place = Place::of(&still.sandbox);
    place.put(
        "c.toml",
        "[defaults]\nstart = '1h'\n[defaults.\"custom_objects:appliance\"]\nstart = '@0'\n\
         per_page = 5\nexclude_deleted = true\n",
    );
    let words = "export custom_objects:appliance --config c.toml -o a.ndjson";
    place.zdx(words).run().exit(0).stderr_has("start = \"@0\"");
    let queries: Vec<String> =
        still.sandbox.requests().into_iter().map(|seen| seen.query).collect();
    assert!(queries.iter().all(|query| query.contains("per_page=5")), "{queries:?}");
    assert!(queries.iter().all(|query| query.contains("exclude_deleted")), "{queries:?}");
    let run = place.zdx("config show --config c.toml").run();
    run.exit(0).stdout_has("custom_objects:appliance.per_page");
}
