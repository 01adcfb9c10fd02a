//! `yigong check`: the state of scrubber, sweeper and retention, beside a running server.

use std::process::ExitCode;

use clap::Args;
use yigong_base::access::Permit;
use yigong_base::clock::{Clock, SystemClock};
use yigong_base::config::Config;
use yigong_base::fault::Result;
use yigong_clinic::centre::time_of;
use yigong_clinic::imaging::{retention, scrub};

use super::say;
use crate::app::open_database;

/// What to say beside the state.
#[derive(Args)]
pub struct CheckArgs {
    /// List the studies the retention policy would give up, and what keeps the others (at most this many).
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "100")]
    retention: Option<usize>,
}

/// Prints the state. Reads only.
pub async fn check(args: CheckArgs, config: Config) -> Result<ExitCode> {
    let db = open_database(&config).await?;
    let offset = config.centre.utc_offset_minutes;
    let when = |ms: i64| if ms == 0 { "never".to_owned() } else { time_of(ms, offset).to_string() };
    let mut conn = db.read(&Permit::system("check")).await?;
    let (progress, swept, damaged) = scrub::state(&mut conn).await?;
    say(&format!(
        "scrub: last whole pass {}; this pass began {}, {} objects hashed, {} wrong, at {}",
        when(progress.finished_at),
        when(progress.began_at),
        progress.checked,
        progress.wrong,
        if progress.cursor.is_empty() {
            "the start"
        } else {
            progress.cursor.get(..4).unwrap_or(&progress.cursor)
        },
    ));
    say(&format!(
        "sweep: last {}; {} objects named by rows, {} missing, {} without a row set aside, {} given up removed",
        when(swept.at),
        swept.named,
        swept.missing,
        swept.aside,
        swept.removed
    ));
    for one in &damaged {
        let instance = one.instance.as_deref().unwrap_or("no instance");
        say(&format!("damaged: {} ({}), found {}, {instance}", one.address, one.kind, when(one.found_at)));
    }
    let policy = &config.retention;
    say(&format!(
        "retention: {}; {} years{}",
        if policy.enabled { "on" } else { "off (dry run only)" },
        policy.years,
        policy.modality_years.iter().map(|m| format!(", {m}")).collect::<String>()
    ));
    if let Some(most) = args.retention {
        for old in retention::dry_run(&mut conn, policy, SystemClock::new().now(), "*", most).await? {
            let verdict = if old.kept_by.is_empty() {
                "may go".to_owned()
            } else {
                format!("kept: {}", old.kept_by.join(", "))
            };
            say(&format!(
                "{} {} {} {} images: {verdict}",
                old.study, old.modality, old.study_date, old.images
            ));
        }
    }
    Ok(if damaged.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
