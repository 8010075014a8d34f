//! What zdx says of a run and of its end: each row as the fact that holds since.

use crate::{
    harness::Place,
    server::{Reply, Server, T, cursor_page, record},
};

const ID: &str = "8525946539c9230a-SJC";

#[test]
fn u36_the_id_of_a_request_is_told_of_each_answer_and_of_what_came_out_wrong() {
    let page = cursor_page(&[record(1, T)], Some("c1"), true);
    let page = Reply::with(&[("x-request-id", ID)], page);
    let server = Server::script([page]);
    let run = Place::at(&server.url()).zdx("export tickets --since @0 --no-state -v").run();
    run.exit(0).stderr_has(&format!("; x-request-id {ID}"));
    for body in ["", "{}"] {
        let server =
            Server::answering(move |_, _| Some(Reply::with(&[("x-request-id", ID)], body)));
        let run = Place::at(&server.url()).zdx("export tickets --since @0 -o t.ndjson").run();
        run.exit(6).stderr_has(&format!("; x-request-id {ID}; retry in"));
        run.stderr_has(&format!("such answers; x-request-id {ID}\n"));
        run.stderr_has(&format!("ask Zendesk's support, which finds the request by {ID}\n"));
    }
}

#[test]
fn u36_without_an_id_there_is_none_to_name() {
    let server = Server::answering(move |_, _| Some(Reply::ok("{}")));
    let run = Place::at(&server.url()).zdx("export tickets --since @0 -o t.ndjson").run();
    run.exit(6).stderr_has("ask Zendesk's support\n").stderr_lacks("x-request-id");
}
