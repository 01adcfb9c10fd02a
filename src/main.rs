//! The `yigong` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    yigong::cli::main()
}
