//! `yigong audit verify`: reads the chain from its start.

use std::process::ExitCode;

use clap::Subcommand;
use yigong_base::audit::{Verdict, verify};
use yigong_base::config::Config;
use yigong_base::fault::Result;

use super::say;
use crate::app::open_database;

/// What to do with the audit chain.
#[derive(Subcommand)]
pub enum AuditCommand {
    /// Verify every row; exit code 1 names the first that does not fit.
    Verify,
}

/// Runs the command.
pub async fn run(command: AuditCommand, config: Config) -> Result<ExitCode> {
    let AuditCommand::Verify = command;
    let db = open_database(&config).await?;
    match verify(&db).await? {
        Verdict::Whole { rows, head } => {
            say(&format!("whole: {rows} rows, head {head}"));
            Ok(ExitCode::SUCCESS)
        }
        Verdict::Broken { seq, why } => {
            say(&format!("broken at row {seq}: {why}"));
            Ok(ExitCode::FAILURE)
        }
    }
}
