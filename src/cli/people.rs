//! `yigong facility add`, `yigong user create`, `yigong token create`: how a fresh installation gets its first rows.
//! They need the data folder; nothing of the kind is reachable over the network without an account.

use std::io::BufRead;
use std::process::ExitCode;

use clap::Subcommand;
use yigong_base::access::account::{NewAccount, create};
use yigong_base::access::password::Cost;
use yigong_base::access::{Grant, Permit, Role, token};
use yigong_base::config::Config;
use yigong_base::fault::{Fault, Result};
use yigong_base::site::{Facility, facility as site};

use super::say;
use crate::app::open_platform;

/// Facilities.
#[derive(Subcommand)]
pub enum FacilityCommand {
    /// Add or change a facility.
    Add {
        /// Code, for example LEAD or C01.
        #[arg(long)]
        code: String,
        /// Name.
        #[arg(long)]
        name: String,
        /// English name.
        #[arg(long, default_value = "")]
        name_en: String,
        /// lead, branch, clinic, village_point, external, third_party_lab or regulator.
        #[arg(long, default_value = "clinic")]
        kind: String,
        /// Duty phone for critical values.
        #[arg(long, default_value = "")]
        duty_phone: String,
    },
}

/// Accounts.
#[derive(Subcommand)]
pub enum UserCommand {
    /// Create an account; the password is read from standard input.
    Create {
        /// Login name.
        #[arg(long)]
        login: String,
        /// Name.
        #[arg(long)]
        name: String,
        /// Facility code.
        #[arg(long)]
        facility: String,
        /// Role; may be given several times.
        #[arg(long, required = true)]
        role: Vec<String>,
    },
}

/// Machine tokens.
#[derive(Subcommand)]
pub enum TokenCommand {
    /// Create a token; its secret is printed once.
    Create {
        /// Facility code it is bound to.
        #[arg(long)]
        facility: String,
        /// Scope, for example reports:read; may be given several times.
        #[arg(long, required = true)]
        scope: Vec<String>,
        /// Name for people.
        #[arg(long, default_value = "machine")]
        name: String,
    },
}

/// Runs a facility command.
pub async fn facility(command: FacilityCommand, config: Config) -> Result<ExitCode> {
    let FacilityCommand::Add { code, name, name_en, kind, duty_phone } = command;
    let ctx = open_platform(config).await?;
    let permit = Permit::system("cli");
    let new = Facility {
        code,
        name,
        name_en,
        kind,
        grid: String::new(),
        phone: String::new(),
        duty_phone,
        active: true,
    };
    let mut tx = ctx.db.begin(&permit).await?;
    site::put(&mut tx, &ctx, &permit, &new).await?;
    tx.commit().await?;
    say(&format!("facility {} stands", new.code));
    Ok(ExitCode::SUCCESS)
}

/// Runs a user command.
pub async fn user(command: UserCommand, config: Config) -> Result<ExitCode> {
    let UserCommand::Create { login, name, facility, role } = command;
    let ctx = open_platform(config).await?;
    let permit = Permit::system("cli");
    let mut grants = Vec::new();
    for text in &role {
        let role = Role::parse(text).ok_or_else(|| Fault::invalid("role", format!("{text} is unknown")))?;
        grants.push(Grant { role, facility: facility.clone(), pipelines: "*".into() });
    }
    let mut secret = String::new();
    std::io::stdin().lock().read_line(&mut secret).map_err(|e| Fault::io("read password", &e))?;
    let new = NewAccount { login, name, name_en: String::new(), facility, grants, must_change: false };
    create(&ctx, &permit, &new, secret.trim_end_matches(['\r', '\n']), Cost::Full).await?;
    say(&format!("account {} stands", new.login));
    Ok(ExitCode::SUCCESS)
}

/// Runs a token command.
pub async fn token(command: TokenCommand, config: Config) -> Result<ExitCode> {
    let TokenCommand::Create { facility, scope, name } = command;
    let ctx = open_platform(config).await?;
    let permit = Permit::system("cli");
    let secret = ctx.ids.secret();
    let mut tx = ctx.db.begin(&permit).await?;
    site::find(&mut tx, &facility).await?;
    token::create(&mut tx, &ctx, &permit, &name, &facility, &scope, &secret).await?;
    tx.commit().await?;
    say(&secret);
    Ok(ExitCode::SUCCESS)
}
