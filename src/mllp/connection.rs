//! One connection: bytes to frames under deadlines, one message at a time, the answer before the next is read.

use std::net::IpAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;
use yigong_base::Ctx;
use yigong_base::access::Permit;
use yigong_base::site::peer;
use yigong_formats::hl7::Profile;
use yigong_formats::hl7::frame::{Decoder, Event, Limits, Waiting};

use super::intake;

/// No VT after the first byte.
const START: Duration = Duration::from_secs(30);
/// Nothing at all between messages.
const IDLE: Duration = Duration::from_secs(600);
/// Silence that completes a frame whose FS came without CR.
const AFTER_FS: Duration = Duration::from_millis(200);
/// An answer the peer does not take.
const WRITE: Duration = Duration::from_secs(30);
/// Longest message of a port for peers that are not marked large.
const PLAIN_FRAME: usize = 1 << 20;

/// Serves one connection until it ends.
pub(super) async fn serve(mut stream: TcpStream, ip: IpAddr, ctx: &Ctx, mut stopped: watch::Receiver<bool>) {
    if let Err(e) = stream.set_nodelay(true) {
        tracing::debug!(error = %e, "mllp.nodelay");
    }
    let (limits, registered) = limits(ctx, ip).await;
    let mut decoder = Decoder::new(limits);
    let frame_time = Duration::from_secs(u64::try_from(ctx.config.mllp.frame_seconds).unwrap_or(60).max(1));
    let mut buffer = vec![0_u8; 16 * 1024];
    let mut since = Instant::now();
    let mut waited = decoder.waiting();
    loop {
        if decoder.waiting() != waited {
            waited = decoder.waiting();
            since = Instant::now();
        }
        let patience = match waited {
            Waiting::Idle if registered => None,
            Waiting::Idle => Some(IDLE),
            Waiting::ForStart => Some(START),
            Waiting::ForEnd => Some(frame_time),
            Waiting::AfterFs => Some(AFTER_FS),
            Waiting::Closed => return,
        };
        let read = tokio::select! {
            read = stream.read(&mut buffer) => read,
            () = sleep_until(patience.map(|p| since + p)) => {
                match decoder.silence() {
                    Some(event) => { if !handle(&mut stream, ctx, ip, event).await { return; } continue; }
                    None => {
                        if let Some(event) = decoder.end() { handle(&mut stream, ctx, ip, event).await; }
                        tracing::info!(%ip, waiting = ?waited, "mllp.deadline");
                        return;
                    }
                }
            }
            _ = stopped.changed() => return,
        };
        let count = match read {
            Ok(0) => {
                // The peer closed its side; what it finished is still answered.
                if let Some(event) = decoder.end() {
                    handle(&mut stream, ctx, ip, event).await;
                }
                return;
            }
            Ok(count) => count,
            Err(e) => {
                tracing::debug!(%ip, error = %e, "mllp.read_failed");
                return;
            }
        };
        let mut rest = buffer.get(..count).unwrap_or_default();
        if waited == Waiting::Idle && rest.starts_with(&[0x16, 0x03]) {
            tracing::warn!(%ip, "mllp.tls_hello_on_plain_port");
            return;
        }
        while !rest.is_empty() {
            let (used, event) = decoder.take(rest);
            rest = rest.get(used..).unwrap_or_default();
            if decoder.waiting() == Waiting::ForEnd && waited != Waiting::ForEnd {
                since = Instant::now();
                waited = Waiting::ForEnd;
            }
            if let Some(event) = event
                && !handle(&mut stream, ctx, ip, event).await
            {
                return;
            }
        }
    }
}

/// Answers one event; false = close.
async fn handle(stream: &mut TcpStream, ctx: &Ctx, ip: IpAddr, event: Event) -> bool {
    let goes_on = !event.closes();
    let reply = match event {
        Event::Junk { count, first } => {
            tracing::warn!(%ip, count, kept = first.len(), "mllp.junk_before_frame");
            return true;
        }
        Event::Frame { body, fs_without_cr } => {
            if fs_without_cr {
                tracing::info!(%ip, "mllp.fs_without_cr");
            }
            intake::message(ctx, ip, body).await
        }
        Event::Aborted(body) => intake::broken(ctx, ip, body, "aborted_frame").await,
        Event::FsInside(body) => intake::broken(ctx, ip, body, "fs_inside_data").await,
        Event::TooLong(body) => intake::broken(ctx, ip, body, "frame_too_long").await,
        Event::NotStrict(body) => intake::broken(ctx, ip, body, "fs_without_cr").await,
    };
    match reply {
        intake::Reply::Close => false,
        intake::Reply::Send(bytes) => {
            let written = tokio::time::timeout(WRITE, stream.write_all(&bytes)).await;
            matches!(written, Ok(Ok(()))) && goes_on
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Limits of the address: large when one of its peers is; no idle limit for registered instruments.
async fn limits(ctx: &Ctx, ip: IpAddr) -> (Limits, bool) {
    let mut limits = Limits { max_frame: PLAIN_FRAME, strict_end: false };
    let mut instrument = false;
    let permit = Permit::system("mllp.limits");
    if let Ok(mut conn) = ctx.db.read(&permit).await {
        for peer in peer::list(&mut conn).await.unwrap_or_default() {
            if peer.kind != "hl7" || !peer.enabled || !peer.admits(ip) {
                continue;
            }
            if let Ok(profile) = Profile::of_policy(&peer.policy) {
                if profile.large {
                    limits.max_frame =
                        usize::try_from(ctx.config.mllp.max_frame_bytes).unwrap_or(PLAIN_FRAME);
                }
                limits.strict_end |= profile.strict_end;
                instrument |= profile.instrument;
            }
        }
    }
    (limits, instrument)
}
