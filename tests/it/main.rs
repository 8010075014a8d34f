//! The integration tests: the program as its users run it, against the sandbox and against a
//! server that misbehaves as told.
//!
//! Each test states one fact, and its name is the fact. Those of the fault matrix begin with the
//! row's id, so that `cargo test --test it h1_` runs a row.

#[cfg(test)]
mod harness;

#[cfg(test)]
mod disk;
#[cfg(test)]
mod exports;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod machine;
#[cfg(test)]
mod power_loss;
#[cfg(test)]
mod state_file;
#[cfg(test)]
mod straced;
#[cfg(test)]
mod sweeps;
