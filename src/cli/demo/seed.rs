//! Seeding a fresh demonstration: facilities, peers, accounts, tokens, destinations, item table, templates, evidence.
//! Done once per data folder; the rows are invented and say so.

use serde_json::{Value, json};
use yigong_base::access::account::{NewAccount, insert};
use yigong_base::access::password::{Cost, hash};
use yigong_base::access::{Grant, Permit, token};
use yigong_base::clock::DAY_MS;
use yigong_base::fault::{Fault, Result};
use yigong_base::site::{Facility, Peer, facility, peer};
use yigong_base::storage::Tx;
use yigong_base::{Ctx, args, setting};
use yigong_clinic::delivery::destination::{self, Destination};
use yigong_clinic::lab::items;
use yigong_clinic::recognition::evidence::{Evidence, Item, file, put_item};
use yigong_clinic::report::sql as report_sql;
use yigong_sample_data::county::{PLACES, Place};

use super::accounts::{PASSWORD, SCOPES, all, token as demo_token};

/// Templates and phrases of the demonstration.
const TEXTS: &str = include_str!("templates.json");
/// Mark of a folder that was seeded.
const SEEDED: &str = "demo.seeded";

/// Seeds the folder unless it was seeded before.
pub async fn seed(ctx: &Ctx) -> Result<()> {
    let permit = Permit::system("demo");
    if setting::get(&mut *ctx.db.read(&permit).await?, SEEDED).await?.is_some() {
        return Ok(());
    }
    // One hash serves all: the password is printed for everybody anyway.
    let hashed = hash(PASSWORD, ctx.ids.secret_bytes(), Cost::Demo).await?;
    let mut tx = ctx.db.begin(&permit).await?;
    for place in PLACES {
        seed_place(&mut tx, ctx, &permit, place).await?;
    }
    for account in all() {
        let new = NewAccount {
            login: account.login,
            name: account.name,
            name_en: account.name_en,
            facility: account.facility.clone(),
            grants: vec![Grant {
                role: account.role,
                facility: account.facility,
                pipelines: account.pipelines.into(),
            }],
            must_change: false,
        };
        insert(&mut tx, ctx, &permit, &new, &hashed).await?;
    }
    instrument(&mut tx, ctx, &permit).await?;
    items::seed_demo(&mut tx, ctx, &permit).await?;
    texts(&mut tx).await?;
    evidence(&mut tx, ctx, &permit).await?;
    setting::put(&mut tx, ctx, SEEDED, "1").await?;
    tx.commit().await
}

async fn seed_place(tx: &mut Tx, ctx: &Ctx, permit: &Permit, place: &Place) -> Result<()> {
    let number = place.code.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let f = Facility {
        code: place.code.into(),
        name: place.name.into(),
        name_en: place.name_en.into(),
        kind: place.kind.into(),
        grid: place.grid.into(),
        phone: format!("0000-5500{number:0>2}"),
        duty_phone: format!("0000-5511{number:0>2}"),
        active: true,
    };
    facility::put(tx, ctx, permit, &f).await?;
    let mut new = Peer {
        id: format!("dicom-{}", place.code.to_lowercase()),
        kind: "dicom".into(),
        facility: place.code.into(),
        name: format!("{} DICOM", place.name),
        ae_title: Some(place.ae_title.into()),
        app: None,
        app_facility: None,
        addresses: "127.0.0.1".into(),
        port: None,
        policy: json!({}),
        enabled: true,
        last_seen_at: None,
    };
    peer::create(tx, ctx, permit, &new).await?;
    new.id = format!("hl7-{}", place.code.to_lowercase());
    new.kind = "hl7".into();
    new.name = format!("{} HIS", place.name);
    new.ae_title = None;
    new.app_facility = Some(place.code.into());
    peer::create(tx, ctx, permit, &new).await?;
    let scopes = SCOPES.map(str::to_owned);
    token::create(
        tx,
        ctx,
        permit,
        &format!("{} demo", place.code),
        place.code,
        &scopes,
        &demo_token(place.code),
    )
    .await?;
    if place.kind == "clinic" {
        for (kind, name) in [("web", "基层页面"), ("fhir", "FHIR 拉取")] {
            let d = Destination {
                id: String::new(),
                facility: place.code.into(),
                kind: kind.into(),
                name: format!("{} {name}", place.name),
                address: String::new(),
                settings: json!({}),
                enabled: true,
            };
            destination::create(tx, ctx, permit, &d).await?;
        }
    }
    Ok(())
}

/// The analyser of the lead hospital's laboratory.
async fn instrument(tx: &mut Tx, ctx: &Ctx, permit: &Permit) -> Result<()> {
    let analyser = Peer {
        id: "hl7-analyser".into(),
        kind: "hl7".into(),
        facility: "LEAD".into(),
        name: "生化分析仪 (演示)".into(),
        ae_title: None,
        app: Some("DEMO-LAB".into()),
        app_facility: Some("LEADLAB".into()),
        addresses: "127.0.0.1".into(),
        port: None,
        policy: json!({"profile": {"dialect": "generic", "instrument": true, "control_id": "weak"}}),
        enabled: true,
        last_seen_at: None,
    };
    peer::create(tx, ctx, permit, &analyser).await.map(|_| ())
}

async fn texts(tx: &mut Tx) -> Result<()> {
    let all: Value = serde_json::from_str(TEXTS)?;
    let text = |v: &Value, key: &str| v.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let list = |key: &str| all.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    for (n, t) in list("templates").iter().enumerate() {
        let sections =
            t.get("sections").cloned().ok_or_else(|| Fault::internal("template without sections"))?;
        tx.exec(
            report_sql::PUT_TEMPLATE,
            args![
                text(t, "id"),
                text(t, "pipeline"),
                text(t, "modality"),
                text(t, "body_part"),
                text(t, "name"),
                sections,
                n
            ],
        )
        .await?;
    }
    for p in list("phrases") {
        tx.exec(
            report_sql::PUT_PHRASE,
            args![
                text(&p, "id"),
                text(&p, "code"),
                text(&p, "pipeline"),
                text(&p, "section"),
                text(&p, "text")
            ],
        )
        .await?;
    }
    Ok(())
}

/// Invented evidence: chest films of the first five clinics and the electrolytes of the lead hospital are marked.
async fn evidence(tx: &mut Tx, ctx: &Ctx, permit: &Permit) -> Result<()> {
    let (from, to) = (ctx.now() - 30 * DAY_MS, ctx.now() + 335 * DAY_MS);
    let values = [("K", "钾"), ("NA", "钠"), ("CL", "氯"), ("CA", "钙")];
    for (code, name) in values {
        item(tx, ctx, permit, code, name, "value", Some(7)).await?;
        for (scheme, level) in [("eqa", "province"), ("iqc", "county")] {
            pass(tx, ctx, permit, "LEAD", code, scheme, level, from, to).await?;
        }
    }
    for (code, name) in [("DX-CHEST", "胸部正位 DR"), ("CT-CHEST", "胸部 CT 平扫")] {
        item(tx, ctx, permit, code, name, "image", None).await?;
        for clinic in ["C01", "C02", "C03", "C04", "C05"] {
            for (scheme, level) in [("eqa", "city"), ("device_qc", "county")] {
                pass(tx, ctx, permit, clinic, code, scheme, level, from, to).await?;
            }
        }
    }
    Ok(())
}

async fn item(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    code: &str,
    name: &str,
    kind: &str,
    window: Option<i64>,
) -> Result<()> {
    let new = Item {
        code: code.into(),
        name: name.into(),
        kind: kind.into(),
        window_days: window,
        scope_level: "province".into(),
        valid_from: 0,
        valid_to: None,
    };
    put_item(tx, ctx, permit, &new).await
}

#[expect(clippy::too_many_arguments, reason = "the columns of the row")]
async fn pass(
    tx: &mut Tx,
    ctx: &Ctx,
    permit: &Permit,
    facility: &str,
    code: &str,
    scheme: &str,
    level: &str,
    from: i64,
    to: i64,
) -> Result<()> {
    let e = Evidence {
        facility: facility.into(),
        item: code.into(),
        scheme: scheme.into(),
        level: level.into(),
        result: "pass".into(),
        valid_from: from,
        valid_to: to,
    };
    file(tx, ctx, permit, &e).await.map(|_| ())
}
