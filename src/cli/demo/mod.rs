//! `yigong demo`: a county on SQLite that a visitor can use at once: lead hospital, 25 township clinics, an account per
//! role, and cases that arrive over the real protocols.

pub mod accounts;
pub mod feed;
pub mod seed;

use std::process::ExitCode;

use clap::Args;
use yigong_base::config::Config;
use yigong_base::fault::{Fault, Result};

use super::serve::{ready, stop_signal};
use super::{say, start_log};
use crate::{api, app};

/// Options of the demonstration.
#[derive(Args)]
pub struct DemoArgs {
    /// Data folder; `yigong serve` and `yigong demo` open it again.
    #[arg(long, default_value = "yigong-demo")]
    data: String,
    /// Port of the pages; 0 = any free one.
    #[arg(long, default_value_t = 8080)]
    http_port: u16,
    /// Port of the DICOM listener; 0 = any free one.
    #[arg(long, default_value_t = 11112)]
    dicom_port: u16,
    /// Port of the MLLP listener; 0 = any free one.
    #[arg(long, default_value_t = 2575)]
    mllp_port: u16,
    /// Accounts, facilities and peers, but no cases.
    #[arg(long)]
    no_feed: bool,
    /// Language of reports and visitors' pages.
    #[arg(long, default_value = "zh-CN", value_parser = ["zh-CN", "en"])]
    lang: String,
    /// Print the accounts and tokens as a table and stop.
    #[arg(long)]
    accounts: bool,
    /// With --accounts: as JSON.
    #[arg(long, requires = "accounts")]
    json: bool,
}

/// Runs the demonstration until SIGTERM.
pub async fn demo(mut config: Config, args: DemoArgs) -> Result<ExitCode> {
    if args.accounts {
        say(&if args.json { accounts::json().to_string() } else { accounts::table() });
        return Ok(ExitCode::SUCCESS);
    }
    config.storage.data = args.data.clone();
    config.http.bind = format!("127.0.0.1:{}", args.http_port);
    config.dicom.bind = format!("127.0.0.1:{}", args.dicom_port);
    config.mllp.bind = format!("127.0.0.1:{}", args.mllp_port);
    config.centre.lang = args.lang.clone();
    // Every sender of the demonstration comes from one address.
    config.mllp.connections_per_peer = config.mllp.connections_per_peer.max(100);
    // A visitor should not wait as long as a modality may pause.
    config.imaging.quiet_seconds_cr_dx = config.imaging.quiet_seconds_cr_dx.min(3);
    config.imaging.quiet_seconds_us = config.imaging.quiet_seconds_us.min(3);
    config.imaging.quiet_seconds_ct_mr = config.imaging.quiet_seconds_ct_mr.min(5);
    config.imaging.quiet_seconds_other = config.imaging.quiet_seconds_other.min(3);
    start_log(&config)?;
    let listeners = app::bind(&config).await?;
    if config.http.public_url.is_empty() {
        config.http.public_url = format!("http://{}", listeners.http_address);
    }
    let ctx = app::open_platform(config).await?;
    seed::seed(&ctx).await?;
    api::public::set_demo(accounts::people_json());
    let centre = app::open_centre(ctx)?;
    let stop = stop_signal()?;
    let line = ready(&listeners, &centre.ctx.config.dicom.ae_title);
    let doors =
        feed::Doors { dicom: listeners.dicom_address.to_string(), mllp: listeners.mllp_address.to_string() };
    let serving = tokio::spawn(app::serve(centre.clone(), listeners, stop.clone()));
    say(&line);
    if !args.no_feed {
        say(&accounts::table());
        tokio::spawn(feed::feed(centre.ctx.clone(), doors, stop));
    }
    serving.await.map_err(|_| Fault::internal("the server stopped unexpectedly"))??;
    Ok(ExitCode::SUCCESS)
}
