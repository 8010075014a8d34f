//! The integration tests: the program as its users run it, against the sandbox and against a
//! server that misbehaves as told.
//!
//! Each test states one fact, and its name is the fact. Those of the fault matrix begin with the
//! row's id, so that `cargo test --test it h1_` runs a row.

#[cfg(test)]
mod arrows;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod machine;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod server;
#[cfg(test)]
mod straced;

#[cfg(test)]
mod beginnings;
#[cfg(test)]
mod check;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod completing;
#[cfg(test)]
mod config_command;
#[cfg(test)]
mod credentials;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod dry_runs;
#[cfg(test)]
mod each_stream;
#[cfg(test)]
mod edges;
#[cfg(test)]
mod elsewhere;
#[cfg(test)]
mod every_request;
#[cfg(test)]
mod exports;
#[cfg(test)]
mod follow;
#[cfg(all(test, unix))]
mod follow_on;
#[cfg(all(test, unix))]
mod follow_waits;
#[cfg(test)]
mod found;
#[cfg(test)]
mod help;
#[cfg(test)]
mod hints;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod late;
#[cfg(test)]
mod left;
#[cfg(all(test, unix))]
mod lists;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod met;
#[cfg(all(test, unix))]
mod modes;
#[cfg(test)]
mod outputs;
#[cfg(test)]
mod own_files;
#[cfg(test)]
mod ownership;
#[cfg(test)]
mod power_loss;
#[cfg(test)]
mod process;
#[cfg(test)]
mod progress;
#[cfg(test)]
mod quota;
#[cfg(all(test, unix))]
mod readme;
#[cfg(test)]
mod retries;
#[cfg(test)]
mod rows_b;
#[cfg(test)]
mod rows_h;
#[cfg(test)]
mod rows_n;
#[cfg(test)]
mod rows_s;
#[cfg(test)]
mod sandbox_command;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod security;
#[cfg(test)]
mod segments;
#[cfg(test)]
mod several;
#[cfg(test)]
mod sideloads;
#[cfg(test)]
mod slices;
#[cfg(test)]
mod starts;
#[cfg(test)]
mod state_command;
#[cfg(test)]
mod state_file;
#[cfg(test)]
mod states;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod sweeps;
#[cfg(test)]
mod targets;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod told;
#[cfg(test)]
mod troubles;
#[cfg(test)]
mod usage;
