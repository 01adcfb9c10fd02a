//! `yigong codec-worker`: decodes frames sent by the server on its input; started by the server only.

use std::process::ExitCode;

/// Works until the input ends. Any error ends the process; the server replaces it.
#[must_use]
pub fn run() -> ExitCode {
    match yigong_base::codec::work(&mut std::io::stdin().lock(), &mut std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
