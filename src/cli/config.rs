//! `yigong config check` and `yigong config show`.

use std::process::ExitCode;

use clap::Subcommand;
use yigong_base::config::Config;
use yigong_base::fault::{Fault, Result};

use super::say;

/// What to do with the configuration.
#[derive(Subcommand)]
pub enum ConfigCommand {
    /// Say whether file and environment are valid.
    Check,
    /// Print the configuration in force, with every key.
    Show,
}

/// Runs the command.
pub fn run(command: &ConfigCommand, config: Result<Config>) -> Result<ExitCode> {
    let config = config?;
    match command {
        ConfigCommand::Check => say("the configuration is valid"),
        ConfigCommand::Show => {
            let mut shown = config;
            // The address of the database may hold a password.
            if shown.storage.database != "sqlite" {
                shown.storage.database = "postgres://[redacted]".into();
            }
            say(toml::to_string(&shown).map_err(|e| Fault::internal(e.to_string()))?.trim_end());
        }
    }
    Ok(ExitCode::SUCCESS)
}
