//! The `zdx` command: the library does everything.

use std::process::ExitCode;

fn main() -> ExitCode {
    zdx::run(std::env::args_os())
}
