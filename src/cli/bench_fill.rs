//! `yigong bench-fill`: many studies through the product's own receiving and settling, so that queries and worklists can be
//! measured at the size of a county. Not for a folder with real data: the studies are invented.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Args;
use yigong_base::access::Permit;
use yigong_base::clock::{Clock, DAY_MS};
use yigong_base::config::Config;
use yigong_base::fault::{Fault, Result};
use yigong_base::site::peer::{self, Peer};
use yigong_base::{Ctx, args, jobs};
use yigong_clinic::imaging::receive::{Arrival, receive_with};
use yigong_clinic::imaging::settle::settle_with;
use yigong_clinic::imaging::sql;
use yigong_clinic::order;
use yigong_formats::dicom::dataset::Writer;
use yigong_formats::dicom::{Vr, part10, tag, text, uid};

use super::say;
use crate::app::open_platform;

/// 2024-01-01 08:00 in China.
const FIRST_DAY_MS: i64 = 1_704_067_200_000;
const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
/// Studies on their way at a time: they share syncs.
const WIDE: u64 = 64;
const FAMILY: &[&str] =
    &["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林"];
const GIVEN: &[&str] =
    &["伟", "芳", "娜", "秀英", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛"];

/// Options.
#[derive(Args)]
pub struct FillArgs {
    /// Studies to add, one instance each.
    #[arg(long, default_value_t = 100_000)]
    studies: u64,
    /// Number of the first one; a second run begins where the first ended.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Facility that sends them; the studies are spread over its days of three years.
    #[arg(long, default_value = "C01")]
    facility: String,
    /// Settle each study, so that it is a task in the worklist.
    #[arg(long)]
    tasks: bool,
    /// Place an order for the patient of each study, on a day of the same three years, so that it stands in the modality worklist.
    #[arg(long)]
    orders: bool,
}

/// Fills and reports the rate.
pub async fn run(options: FillArgs, config: Config) -> Result<ExitCode> {
    let ctx = open_platform(config).await?;
    let began = std::time::Instant::now();
    let sender = sender(&ctx, &options.facility).await?;
    let later = Later(Arc::clone(&ctx.clock));
    let settling = Ctx { clock: Arc::new(later), ..ctx.clone() };
    let next = Arc::new(AtomicU64::new(options.from));
    let end = options.from + options.studies;
    let mut workers = Vec::new();
    for _ in 0..WIDE {
        let (ctx, settling, sender, next) =
            (ctx.clone(), settling.clone(), sender.clone(), Arc::clone(&next));
        workers.push(tokio::spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= end {
                    return Ok::<(), Fault>(());
                }
                let study = add(&ctx, &sender, n).await?;
                if options.tasks {
                    settle_with(&settling, &study).await?;
                }
                if options.orders {
                    order_of(&ctx, &sender.facility, &study, n).await?;
                }
                forget_jobs(&ctx, &study).await?;
            }
        }));
    }
    for worker in workers {
        worker.await.map_err(|_| Fault::internal("a worker stopped"))??;
    }
    let seconds = began.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = options.studies as f64 / seconds.max(0.001);
    say(&format!("{} studies in {seconds:.1} s, {rate:.0} a second", options.studies));
    Ok(ExitCode::SUCCESS)
}

/// A server that starts on the folder is to be measured, not to be kept busy with previews of what is no image.
async fn forget_jobs(ctx: &Ctx, study: &str) -> Result<()> {
    let mut tx = ctx.db.begin(&Permit::system("bench-fill")).await?;
    for kind in ["settle", "preview", "metadata", "announce"] {
        tx.exec(jobs::sql::FORGET, args![kind, study]).await?;
    }
    tx.commit().await
}

/// The same clock, a day later: every study has been quiet for long enough.
struct Later(Arc<dyn Clock>);

impl Clock for Later {
    fn now(&self) -> i64 {
        self.0.now() + DAY_MS
    }
}

async fn sender(ctx: &Ctx, facility: &str) -> Result<Peer> {
    let permit = Permit::system("bench-fill");
    let title = format!("FILL{facility}");
    if let Some(known) = peer::find_ae(&mut *ctx.db.read(&permit).await?, &title, facility).await? {
        return Ok(known);
    }
    let mut new = Peer {
        id: String::new(),
        kind: "dicom".into(),
        facility: facility.into(),
        name: format!("{facility} bench-fill"),
        ae_title: Some(title),
        app: None,
        app_facility: None,
        addresses: "127.0.0.1".into(),
        port: None,
        policy: serde_json::json!({}),
        enabled: true,
        last_seen_at: None,
    };
    let mut tx = ctx.db.begin(&permit).await?;
    new.id = peer::create(&mut tx, ctx, &permit, &new).await?;
    tx.commit().await?;
    Ok(new)
}

/// Receives study `n`; answers its row id.
async fn add(ctx: &Ctx, sender: &Peer, n: u64) -> Result<String> {
    let mut spool = ctx.blobs.spool().await?;
    spool.write(&file(n)).await?;
    let spooled = spool.finish().await?;
    let arrival = Arrival {
        peer: sender.clone(),
        spooled,
        sop_class: None,
        sop_instance: None,
        study: None,
        by: None,
        source: "import",
    };
    receive_with(ctx, arrival).await?;
    let mut read = ctx.db.read(&Permit::system("bench-fill")).await?;
    let study = format!("2.25.7{n:012}");
    read.one(sql::PLACE, args![&sender.facility, study, "", ""]).await?.text("id")
}

/// An order for the patient of a study, on one of the 1,096 days from 2024 to 2026.
async fn order_of(ctx: &Ctx, facility: &str, study: &str, n: u64) -> Result<()> {
    let permit = Permit::system("bench-fill");
    let mut tx = ctx.db.begin(&permit).await?;
    let row = tx.one(sql::SETTLING, args![study]).await?;
    let offered = order::catalogue(&mut tx, "imaging").await?;
    let item = offered.into_iter().cycle().nth(usize::try_from(n % 11).unwrap_or(0));
    let days = i64::try_from(n % 1_096).unwrap_or(0);
    let new = order::NewOrder {
        placer_no: format!("P{n:09}"),
        patient: row.text("patient")?,
        pipeline: "imaging".into(),
        items: item.into_iter().collect(),
        priority: "routine".into(),
        scheduled_at: Some(FIRST_DAY_MS + days * DAY_MS),
        ..order::NewOrder::default()
    };
    order::place(&mut tx, ctx, &permit, facility, &new).await?;
    tx.commit().await
}

/// A CT of 4 x 4 pixels.
fn file(n: u64) -> Vec<u8> {
    let pick = |list: &[&'static str], at: u64| {
        usize::try_from(at).ok().and_then(|at| list.get(at % list.len().max(1))).copied().unwrap_or_default()
    };
    let date = format!("{}{:02}{:02}", 2024 + n % 3, 1 + n / 3 % 12, 1 + n / 36 % 28);
    let person = n / 3;
    let name = format!("={}^{}{}", pick(FAMILY, person), pick(GIVEN, person / 16), pick(GIVEN, person / 256));
    let instance = format!("2.25.9{n:012}");
    let mut w = Writer::new(true);
    w.text(tag::CHARSET, Vr::CS, "GB18030");
    w.text(tag::SOP_CLASS, Vr::UI, CT);
    w.text(tag::SOP_INSTANCE, Vr::UI, &instance);
    w.text(tag::STUDY_DATE, Vr::DA, &date);
    w.text(tag::STUDY_TIME, Vr::TM, &format!("{:02}{:02}00", n % 24, n % 60));
    w.text(tag::ACCESSION, Vr::SH, &format!("F{n:09}"));
    w.text(tag::MODALITY, Vr::CS, pick(&["CT", "CR", "DX", "US", "MR"], n));
    w.text(tag::STUDY_DESCRIPTION, Vr::LO, "CHEST");
    let spelt = text::encode("GB18030", &name).unwrap_or_default();
    w.element(tag::PATIENT_NAME, Vr::PN, &spelt);
    w.text(tag::PATIENT_ID, Vr::LO, &format!("FILL{person:09}"));
    w.text(tag::BIRTH_DATE, Vr::DA, &format!("19{:02}0{}1{}", 30 + person % 70, 1 + person % 9, person % 10));
    w.text(tag::SEX, Vr::CS, if person.is_multiple_of(2) { "M" } else { "F" });
    w.text(tag::STUDY_UID, Vr::UI, &format!("2.25.7{n:012}"));
    w.text(tag::SERIES_UID, Vr::UI, &format!("2.25.8{n:012}"));
    w.text(tag::INSTANCE_NUMBER, Vr::IS, "1");
    w.element(tag::SAMPLES, Vr::US, &1_u16.to_le_bytes());
    w.text(tag::PHOTOMETRIC, Vr::CS, "MONOCHROME2");
    let shape = [
        (tag::ROWS, 4_u16),
        (tag::COLS, 4),
        (tag::BITS_ALLOCATED, 16),
        (tag::BITS_STORED, 12),
        (tag::HIGH_BIT, 11),
        (tag::PIXEL_REPRESENTATION, 0),
    ];
    for (t, value) in shape {
        w.element(t, Vr::US, &value.to_le_bytes());
    }
    w.element(tag::PIXELS, Vr::OW, &[3; 32]);
    let mut out = part10::head(CT, &instance, uid::EXPLICIT_LE);
    out.extend_from_slice(&w.bytes);
    out
}
