//! The command line.

pub mod audit;
mod backup;
pub mod bench_fill;
pub mod check;
pub mod codec_worker;
pub mod config;
pub mod conformance;
pub mod decode;
pub mod demo;
pub mod dicom;
pub mod dicom_tls;
pub mod ecg;
pub mod import;
pub mod people;
pub mod serve;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use yigong_base::config::{self as settings, Config};
use yigong_base::fault::{Fault, Result};
use yigong_clinic::timekeeping;

/// Shared imaging, ECG and laboratory centre of a county medical community.
#[derive(Parser)]
#[command(name = "yigong", version, about)]
struct Cli {
    /// Configuration file (TOML); every key also by environment, for example YIGONG__HTTP__BIND.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the centre.
    Serve,
    /// Run a demonstration county on SQLite with generated sample data.
    Demo(demo::DemoArgs),
    /// Bring the database schema up to date and stop.
    Migrate,
    /// Say that this database and this data folder belong together, where the start refused them (a copy, an older backup).
    Adopt,
    /// Say that the machine's clock is right, where the server has not followed it: it was set by more than 36 hours, or the
    /// database's clock says otherwise. May run beside the server.
    FollowClock,
    /// Bring DICOM files and folders into the archive; may run beside the server.
    Import(import::ImportArgs),
    /// Take the ECG files that a cart writes into a folder; may run beside the server.
    Watch(watch::WatchArgs),
    /// Say whether what is stored is sound, and what the retention policy would give up; exit code 1 when an object is damaged.
    Check(check::CheckArgs),
    /// Copy rows, objects and keys to a folder on another disk; beside a running server, each time only what is new.
    Backup(backup::BackupArgs),
    /// Make a data folder from a backup.
    Restore(backup::RestoreArgs),
    /// Check or print the configuration.
    Config {
        #[command(subcommand)]
        command: config::ConfigCommand,
    },
    /// Verify the audit chain.
    Audit {
        #[command(subcommand)]
        command: audit::AuditCommand,
    },
    /// Add facilities.
    Facility {
        #[command(subcommand)]
        command: people::FacilityCommand,
    },
    /// Add accounts.
    User {
        #[command(subcommand)]
        command: people::UserCommand,
    },
    /// Add machine tokens.
    Token {
        #[command(subcommand)]
        command: people::TokenCommand,
    },
    /// Look at DICOM files as the server does.
    Dicom {
        #[command(subcommand)]
        command: dicom::DicomCommand,
    },
    /// Look at electrocardiograms of any format as the server does: show, measure, delineate, draw, judge, convert.
    Ecg {
        #[command(subcommand)]
        command: ecg::EcgCommand,
    },
    /// Certificates of DICOM over TLS.
    DicomTls {
        #[command(subcommand)]
        command: dicom_tls::DicomTlsCommand,
    },
    /// Print the OpenAPI document.
    Openapi,
    /// Print the DICOM Conformance Statement.
    Conformance,
    /// Decode or transcode one DICOM file as the server would (for developers).
    Decode(decode::DecodeArgs),
    /// Fill a folder for measurements with invented studies.
    #[command(hide = true)]
    BenchFill(bench_fill::FillArgs),
    /// Decode frames for the server; started by the server only.
    #[command(hide = true)]
    CodecWorker,
}

/// Parses the command line and runs it.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Command::CodecWorker = cli.command {
        return codec_worker::run();
    }
    match run(cli) {
        Ok(code) => code,
        Err(fault) => {
            complain(&fault);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the command line's own error message")]
fn complain(fault: &Fault) {
    eprintln!("yigong: {fault}");
}

/// Prints a line for the person or script that called.
pub(crate) fn say(line: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    // Nobody reads any more: the work goes on.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn run(cli: Cli) -> Result<ExitCode> {
    let file = cli.config;
    let config = || settings::load(file.as_deref());
    match cli.command {
        Command::Serve => within(serve::serve(config()?)),
        Command::Demo(args) => within(demo::demo(config()?, args)),
        Command::Migrate => within(async {
            crate::app::open_platform(config()?).await?;
            say("the schema is up to date");
            Ok(ExitCode::SUCCESS)
        }),
        Command::Adopt => within(async {
            crate::app::adopt(&config()?).await?;
            say("the database and the data folder belong together");
            Ok(ExitCode::SUCCESS)
        }),
        Command::FollowClock => within(async {
            let ctx = crate::app::open_platform(config()?).await?;
            timekeeping::believe(&ctx).await?;
            say(
                "the machine's clock counts as right for ten minutes; the server follows it within a second or two",
            );
            Ok(ExitCode::SUCCESS)
        }),
        Command::Import(args) => within(import::import(config()?, args)),
        Command::Watch(args) => within(watch::watch(config()?, args)),
        Command::Backup(args) => within(backup::backup(config()?, args)),
        Command::Restore(args) => within(backup::restore(args)),
        Command::Check(args) => within(check::check(args, config()?)),
        Command::Config { command } => config::run(&command, config()),
        Command::Audit { command } => within(audit::run(command, config()?)),
        Command::Facility { command } => within(people::facility(command, config()?)),
        Command::User { command } => within(people::user(command, config()?)),
        Command::Token { command } => within(people::token(command, config()?)),
        Command::Dicom { command } => dicom::run(&command),
        Command::Ecg { command } => ecg::run(&command),
        Command::BenchFill(args) => within(bench_fill::run(args, config()?)),
        Command::DicomTls { command } => within(dicom_tls::run(command, config()?)),
        Command::Openapi => {
            let document = crate::api::openapi::document().to_pretty_json().map_err(Fault::from)?;
            say(&document);
            Ok(ExitCode::SUCCESS)
        }
        Command::Conformance => {
            say(conformance::statement()?.trim_end());
            Ok(ExitCode::SUCCESS)
        }
        Command::Decode(args) => within(decode::run(args)),
        Command::CodecWorker => Ok(codec_worker::run()),
    }
}

/// Runs a command on the server's runtime: several threads, so that DIMSE and MLLP never wait for one another.
fn within(work: impl Future<Output = Result<ExitCode>>) -> Result<ExitCode> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Fault::io("start runtime", &e))?
        .block_on(work)
}

/// Starts logging as configured.
pub(crate) fn start_log(config: &Config) -> Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log.level)
        .map_err(|e| Fault::invalid("log.level", e.to_string()))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let done = if config.log.format == "json" { builder.json().try_init() } else { builder.try_init() };
    // A second start in one process (tests) keeps the first log.
    if done.is_err() {
        tracing::debug!("log already started");
    }
    Ok(())
}
