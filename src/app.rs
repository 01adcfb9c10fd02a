//! The composition root: opens storage, registers jobs, starts listeners, stops them in order.

use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use yigong_base::Ctx;
use yigong_base::access::Permit;
use yigong_base::clock::{Clock, SystemClock};
use yigong_base::config::Config;
use yigong_base::fault::{Fault, Result};
use yigong_base::id::{Ids, RandomIds};
use yigong_base::jobs::{self, JobRow, Runner};
use yigong_base::kept::Kept;
use yigong_base::live::Live;
use yigong_base::setting::pairing;
use yigong_base::storage::blob::Blobs;
use yigong_base::storage::{Db, migrate};
use yigong_clinic::delivery::{self, Carriers};
use yigong_clinic::elsewhere::{Elsewhere, LOOK};
use yigong_clinic::timekeeping::{self, Keeper};
use yigong_clinic::{Centre, critical, ecg, imaging, worklist};

use crate::dimse::listener::Doors;
use crate::dimse::reports::Reports;
use crate::{api, dimse, mllp};

/// How often leases that ran out are looked for.
const LEASE_SWEEP: Duration = Duration::from_secs(5);
/// Background jobs of this machine's own at a time.
const JOB_WORKERS: usize = 4;
/// Background jobs at a time that talk to other machines: most of them wait.
const LINE_WORKERS: usize = 8;

/// Bound listeners; nothing is accepted yet.
pub struct Listeners {
    http: std::net::TcpListener,
    dicom: Doors,
    mllp: TcpListener,
    /// Address of the pages.
    pub http_address: SocketAddr,
    /// Address of the DICOM listener.
    pub dicom_address: SocketAddr,
    /// Address of the DICOM listener behind TLS, when there is one.
    pub dicom_tls_address: Option<SocketAddr>,
    /// Address of the MLLP listener.
    pub mllp_address: SocketAddr,
}

/// Binds the listeners of the configuration; an error names the one that failed.
pub async fn bind(config: &Config) -> Result<Listeners> {
    let failed = |what: &'static str, address: &str| {
        let address = address.to_owned();
        move |e: std::io::Error| Fault::invalid(what, format!("cannot listen on {address}: {e}"))
    };
    let http =
        std::net::TcpListener::bind(&config.http.bind).map_err(failed("http.bind", &config.http.bind))?;
    http.set_nonblocking(true).map_err(failed("http.bind", &config.http.bind))?;
    let near = http.local_addr().is_ok_and(|address| address.ip().is_loopback());
    if !near && !config.http.public_url.starts_with("https://") {
        tracing::warn!(
            bind = config.http.bind,
            "passwords, names and images cross the network in the clear: put a proxy with TLS in front and set http.public_url to its https address"
        );
    }
    let dicom =
        TcpListener::bind(&config.dicom.bind).await.map_err(failed("dicom.bind", &config.dicom.bind))?;
    let tls = match config.dicom.tls_bind.as_str() {
        "" => None,
        address => {
            // The certificate first: a port that refuses everybody helps nobody.
            let door = dimse::tls::door(&config.dicom)?;
            Some((TcpListener::bind(address).await.map_err(failed("dicom.tls_bind", address))?, door))
        }
    };
    let mllp = TcpListener::bind(&config.mllp.bind).await.map_err(failed("mllp.bind", &config.mllp.bind))?;
    let of = |r: std::io::Result<SocketAddr>| r.map_err(|e| Fault::io("local address", &e));
    Ok(Listeners {
        http_address: of(http.local_addr())?,
        dicom_address: of(dicom.local_addr())?,
        dicom_tls_address: tls.as_ref().map(|(listener, _)| of(listener.local_addr())).transpose()?,
        mllp_address: of(mllp.local_addr())?,
        http,
        dicom: Doors { plain: dicom, tls },
        mllp,
    })
}

/// Opens the database alone: safe beside a running server.
pub async fn open_database(config: &Config) -> Result<Db> {
    if config.storage.database == "sqlite" {
        Db::open_sqlite(&PathBuf::from(&config.storage.data).join("yigong.sqlite")).await
    } else {
        Db::open_postgres(&config.storage.database).await
    }
}

/// Opens the platform: data folder, database (migrated), blobs.
pub async fn open_platform(config: Config) -> Result<Ctx> {
    let data = PathBuf::from(&config.storage.data);
    // Names, images and password hashes are nobody's but the program's.
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&data)
        .map_err(|e| Fault::io(&format!("create data folder {}", data.display()), &e))?;
    let mode = std::fs::metadata(&data).map_err(|e| Fault::io("data folder", &e))?.permissions().mode();
    if mode & 0o007 != 0 {
        tracing::warn!(folder = %data.display(), "the data folder can be read by everybody on this machine: chmod 700");
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let ids: Arc<dyn Ids> = Arc::new(RandomIds);
    let db = open_database(&config).await?;
    pairing::look(&db, &data).await?;
    migrate::run(&db, clock.now()).await?;
    let stored = imaging::retrieve::any(&mut *db.read(&Permit::system("storage")).await?).await?;
    pairing::check(&db, &data, &ids.next(), stored, clock.now()).await?;
    timekeeping::begin(&db, &*clock).await?;
    let blobs = Blobs::open(&data, ids.next()).await?.with_reserve(config.storage.reserve_bytes);
    Ok(Ctx { db, blobs, clock, ids, config: Arc::new(config), live: Live::default(), kept: Kept::default() })
}

/// Says that the database and the data folder of the configuration belong together: nothing else is opened.
pub async fn adopt(config: &Config) -> Result<()> {
    let db = open_database(config).await?;
    let now = SystemClock::new().now();
    migrate::run(&db, now).await?;
    pairing::adopt(&db, Path::new(&config.storage.data), &RandomIds.next(), now).await
}

/// Opens the centre on its platform: signing key and fonts.
pub fn open_centre(ctx: Ctx) -> Result<Centre> {
    let data = PathBuf::from(&ctx.config.storage.data);
    Centre::open(ctx, Path::new(&data))
}

fn runner(centre: &Centre, reports: Reports) -> Runner<Centre> {
    let mut carriers: Carriers = Carriers::new();
    carriers.insert("hl7", Arc::new(mllp::Hl7Carrier::new(centre.ctx.clone())));
    carriers.insert("dicom", Arc::new(dimse::DicomCarrier::new(centre.ctx.clone())));
    let carriers = Arc::new(carriers);
    Runner::new(centre.ctx.clone(), centre.clone())
        .on("ecg_receive", |centre: Centre, job: JobRow| async move {
            ecg::receive(&centre.ctx, &job.key).await.map(|_| ())
        })
        .on(ecg::stray::JOB, |centre: Centre, job: JobRow| async move {
            ecg::stray::look(&centre.ctx, &job.key, &job.payload).await
        })
        .on(ecg::upload::JOB, |centre: Centre, job: JobRow| async move {
            ecg::upload::go_on(&centre.ctx, &job.key).await.map(|_| ())
        })
        .on(ecg::gate::JOB, |centre: Centre, job: JobRow| async move {
            ecg::gate::release(&centre.ctx, &job.key).await
        })
        .on("escalate", |centre: Centre, _: JobRow| async move {
            for (alert, facility) in critical::escalate::escalate_due(&centre.ctx).await? {
                centre.ctx.live.changed("critical", &alert, &facility);
            }
            Ok(())
        })
        .on(imaging::key_note::JOB, |centre: Centre, job: JobRow| async move {
            imaging::key_note::make(&centre.ctx, &job.key, &job.payload).await
        })
        .on("settle", |centre: Centre, job: JobRow| async move {
            imaging::settle::settle(&centre, &job.key).await
        })
        .on("preview", |centre: Centre, job: JobRow| async move {
            imaging::settle::preview(&centre, &job.key).await
        })
        .on(imaging::prepared::JOB, |centre: Centre, job: JobRow| async move {
            imaging::prepared::prepare(&centre.ctx, &job.key).await
        })
        .on("grant_signed", |centre: Centre, job: JobRow| async move {
            imaging::grant::signed(&centre.ctx, &job.key).await
        })
        .on("grant_end", |centre: Centre, job: JobRow| async move {
            imaging::grant::end(&centre.ctx, &job.key).await
        })
        .on("charset", |centre: Centre, job: JobRow| async move {
            imaging::reconcile::reindex(&centre.ctx, &job.key, &job.payload).await
        })
        .on(imaging::reconcile::held::JOB, |centre: Centre, job: JobRow| async move {
            imaging::reconcile::held::look_again(&centre.ctx, &job.key).await
        })
        .on(imaging::reconcile::note::JOB, |centre: Centre, job: JobRow| async move {
            imaging::reconcile::note::reject_by_note(&centre.ctx, &job.key, &job.payload).await
        })
        .on("scrub", |centre: Centre, _: JobRow| async move { imaging::scrub::scrub(&centre.ctx).await })
        .on("sweep", |centre: Centre, job: JobRow| async move {
            imaging::scrub::sweep(&centre.ctx, &job.payload).await
        })
        .on(
            "retention",
            |centre: Centre, _: JobRow| async move { imaging::retention::run(&centre.ctx).await },
        )
        .on(imaging::recompress::JOB, |centre: Centre, _: JobRow| async move {
            imaging::recompress::run(&centre).await
        })
        .on(imaging::step::JOB, |centre: Centre, job: JobRow| async move {
            imaging::step::complete(&centre.ctx, &job.key).await
        })
        .on(imaging::outbox::rules::ANNOUNCE, |centre: Centre, job: JobRow| async move {
            imaging::outbox::rules::announce(&centre.ctx, &job.key).await
        })
        .on_line(imaging::outbox::JOB, |centre: Centre, job: JobRow| async move {
            dimse::outbox::run(&centre, &job.key).await
        })
        .on_line(imaging::fetch::JOB, |centre: Centre, job: JobRow| async move {
            dimse::fetch::run(&centre, &job.key).await
        })
        .on_line(imaging::outbox::rules::AVAILABILITY, |centre: Centre, job: JobRow| async move {
            dimse::outbox::notify(&centre, &job).await
        })
        .on_line(imaging::commitment::ASK, |centre: Centre, job: JobRow| async move {
            dimse::outbox::ask(&centre, &job.key).await
        })
        .on_line(imaging::commitment::JOB, move |centre: Centre, job: JobRow| {
            let reports = reports.clone();
            async move { dimse::commitment::run(&centre, &reports, &job.key).await }
        })
        .on(mllp::replay::JOB, |centre: Centre, job: JobRow| async move {
            mllp::replay::replay(&centre.ctx, &job.key).await
        })
        .on_line("deliver", move |centre: Centre, job: JobRow| {
            let carriers = Arc::clone(&carriers);
            async move { delivery::run(&centre.ctx, &carriers, &job.key).await.map(|_| ()) }
        })
}

async fn sweep_leases(centre: Centre, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LEASE_SWEEP) => {}
        }
        // Beside the jobs: no single job row stands between a critical value and silence.
        match critical::escalate::escalate_due(&centre.ctx).await {
            Ok(told) => {
                for (alert, facility) in told {
                    centre.ctx.live.changed("critical", &alert, &facility);
                }
            }
            Err(fault) => tracing::error!(error = %fault, "critical.escalate failed"),
        }
        match worklist::expire(&centre.ctx).await {
            Ok(freed) => {
                for (item, facility) in freed {
                    centre.ctx.live.changed("worklist", &item, &facility);
                }
            }
            Err(fault) => tracing::error!(error = %fault, "lease.sweep failed"),
        }
    }
}

/// Sees to it that nothing waits or ends wrongly when the machine's clock is set.
pub async fn keep_time(ctx: Ctx, stop: CancellationToken) {
    let (mut keeper, mut failed) = (None, false);
    loop {
        let looked = match &mut keeper {
            None => Keeper::start(&ctx).await.map(|started| keeper = Some(started)),
            Some(keeper) => keeper.look(&ctx).await.map(|_| ()),
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(timekeeping::LOOK) => {}
        }
        match looked {
            Ok(_) => failed = false,
            Err(_) if failed => {}
            Err(fault) => {
                failed = true;
                tracing::error!(error = %fault, "clock.look failed");
            }
        }
    }
}

/// Tells the pages of this process what other processes wrote. A look that fails is repeated at the next.
async fn follow_others(centre: Centre, mut elsewhere: Elsewhere, stop: CancellationToken) {
    let mut failed = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        match elsewhere.look(&centre.ctx).await {
            Ok(_) => failed = false,
            // Said once: a database that is away says so in many places.
            Err(fault) if !failed => {
                failed = true;
                tracing::warn!(error = %fault, "elsewhere.look failed");
            }
            Err(_) => {}
        }
    }
}

/// Every connection, object on its way and study that is downloaded holds files open; a shell allows 1,024 of them, and the system
/// mostly many more to whoever asks.
fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    if let Err(why) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%why, limit = ?limit.current, "the number of open files stays limited");
    }
}

/// Serves until `stop`; then stops accepting, ends what runs, and returns.
pub async fn serve(centre: Centre, listeners: Listeners, stop: CancellationToken) -> Result<()> {
    // A policy that cannot be read stops the start, not a night job.
    imaging::retention::years(&centre.ctx.config.retention, "")?;
    jobs::orphans::free(&centre.ctx).await?;
    imaging::scrub::schedule(&centre.ctx).await?;
    imaging::recompress::schedule(&centre.ctx).await?;
    raise_open_files();
    let http = api::server::start(centre.clone(), listeners.http).map_err(|e| Fault::io("start http", &e))?;
    let handle = http.handle();
    let http = tokio::spawn(http);
    let hl7 = {
        let (ctx, stop) = (centre.ctx.clone(), stop.clone());
        tokio::spawn(
            async move { mllp::run(listeners.mllp, ctx, async move { stop.cancelled().await }).await },
        )
    };
    let reports = Reports::default();
    let dicom = dimse::listener::run(centre.clone(), listeners.dicom, reports.clone(), stop.clone());
    let dicom = tokio::spawn(dicom);
    let jobs = tokio::spawn(runner(&centre, reports).run(JOB_WORKERS, LINE_WORKERS, stop.clone()));
    let leases = tokio::spawn(sweep_leases(centre.clone(), stop.clone()));
    let time = tokio::spawn(keep_time(centre.ctx.clone(), stop.clone()));
    let elsewhere = Elsewhere::start(&centre.ctx).await?;
    let others = tokio::spawn(follow_others(centre.clone(), elsewhere, stop.clone()));
    stop.cancelled().await;
    tracing::info!("stopping");
    centre.ctx.live.stop();
    handle.stop(true).await;
    for (name, task) in
        [("dicom", dicom), ("jobs", jobs), ("leases", leases), ("time", time), ("others", others)]
    {
        if task.await.is_err() {
            tracing::error!(part = name, "part stopped unexpectedly");
        }
    }
    if !matches!(hl7.await, Ok(Ok(()))) || !matches!(http.await, Ok(Ok(()))) {
        tracing::error!("a listener stopped unexpectedly");
    }
    Ok(())
}
