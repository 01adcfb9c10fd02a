//! `yigong serve`: the production form.

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use yigong_base::access::{Permit, sql};
use yigong_base::args;
use yigong_base::config::Config;
use yigong_base::fault::{Fault, Result};

use super::{say, start_log};
use crate::app::{self, Listeners};

/// Runs the centre until SIGTERM or SIGINT.
pub async fn serve(config: Config) -> Result<ExitCode> {
    start_log(&config)?;
    let listeners = app::bind(&config).await?;
    let ctx = app::open_platform(config).await?;
    let people = ctx.db.read(&Permit::system("serve")).await?.all(sql::LIST_ACCOUNTS, args![]).await?.len();
    if people == 0 {
        say(
            "no account yet: add the lead hospital with `yigong facility add` and an administrator with `yigong user create`",
        );
    }
    let centre = app::open_centre(ctx)?;
    say(&ready(&listeners, &centre.ctx.config.dicom.ae_title));
    app::serve(centre, listeners, stop_signal()?).await?;
    Ok(ExitCode::SUCCESS)
}

/// The line that scripts wait for: every listener accepts.
#[must_use]
pub fn ready(listeners: &Listeners, ae_title: &str) -> String {
    let local = |address: std::net::SocketAddr| {
        if address.ip().is_unspecified() {
            format!("127.0.0.1:{}", address.port())
        } else {
            address.to_string()
        }
    };
    let tls = listeners.dicom_tls_address.map(|a| format!(" dicom_tls={}", local(a))).unwrap_or_default();
    format!(
        "ready http={} dicom={} aet={ae_title} mllp={}{tls}",
        local(listeners.http_address),
        local(listeners.dicom_address),
        local(listeners.mllp_address)
    )
}

/// A token that is cancelled by SIGTERM or SIGINT.
pub fn stop_signal() -> Result<CancellationToken> {
    let stop = CancellationToken::new();
    let told = stop.clone();
    let mut term = signal(SignalKind::terminate()).map_err(|e| Fault::io("listen for SIGTERM", &e))?;
    let mut int = signal(SignalKind::interrupt()).map_err(|e| Fault::io("listen for SIGINT", &e))?;
    tokio::spawn(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        told.cancel();
    });
    Ok(stop)
}
