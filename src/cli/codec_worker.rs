//! `yigong codec-worker`: decodes frames sent by the server on its input; started by the server only.

use std::fs::File;
use std::os::fd::AsFd;
use std::process::ExitCode;

/// Works until the input ends. Any error ends the process; the server replaces it.
#[must_use]
pub fn run() -> ExitCode {
    // Standard output looks for line ends in what it is given, and holds back what follows the last.
    let Ok(output) = std::io::stdout().as_fd().try_clone_to_owned() else { return ExitCode::FAILURE };
    match yigong_base::codec::work(&mut std::io::stdin().lock(), &mut File::from(output)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
