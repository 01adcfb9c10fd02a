//! What a reader and other programs see: text that extracts rightly, banners, tables, true size.

use std::path::PathBuf;
use std::sync::LazyLock;

use super::*;

mod paper;

static FONTS: LazyLock<Option<Fonts>> = LazyLock::new(|| Fonts::load(&[PathBuf::from(DEFAULT_FOLDER)]).ok());

fn fonts() -> Option<&'static Fonts> {
    if FONTS.is_none() {
        println!("SKIPPED: no chinese font under {DEFAULT_FOLDER}");
    }
    FONTS.as_ref()
}

pub(crate) fn sample(body: Body) -> ReportDocument {
    ReportDocument {
        version: 1,
        report_no: "R20261124-000017".to_owned(),
        title: "数字X线摄影(DR)诊断报告".to_owned(),
        facility: Issuer {
            centre: "示范县人民医院医学影像诊断中心".to_owned(),
            clinic: "柳林镇卫生院".to_owned(),
            phone: "0351-0000000".to_owned(),
        },
        patient: PatientHeader {
            name: "卢瑋玘䶮".to_owned(),
            sex: "男".to_owned(),
            age: "43岁".to_owned(),
            patient_id: "C01-000123".to_owned(),
            more: vec![Field { label: "床号".to_owned(), value: "12".to_owned() }],
        },
        order: OrderInfo {
            accession: "A2611240001".to_owned(),
            item: "胸部正位".to_owned(),
            ordered_by: "王医生".to_owned(),
            clinical_info: "咳嗽三天,#image(\"/etc/passwd\") *发热* $x$ @a <b>".to_owned(),
            examined_at: "2026-11-24 09:58".to_owned(),
            received_at: "2026-11-24 10:01".to_owned(),
        },
        body,
        recognition_mark: Some("医共体互认".to_owned()),
        signers: vec![
            SignedBy {
                role: "报告医师".into(), name: "李书写".into(), time: "2026-11-24 10:31".into()
            },
            SignedBy {
                role: "审核医师".into(), name: "张审核".into(), time: "2026-11-24 10:42".into()
            },
        ],
        issued_at: "2026-11-24T10:42:07+08:00".to_owned(),
        verify_url: "https://yigong.example/v/0123456789abcdef0123456789abcdef".to_owned(),
        demo_signer: true,
        ..ReportDocument::default()
    }
}

pub(crate) fn chest() -> Body {
    Body::Imaging(ImagingBody {
        technique: "站立后前位。".to_owned(),
        findings: "胸廓对称,气管居中。\n两肺纹理清晰,未见实变影。\n心影大小形态正常,双侧膈面光整。"
            .to_owned(),
        impression: "心肺膈未见明显异常。".to_owned(),
        recommendation: "如有症状请随诊。".to_owned(),
        ..ImagingBody::default()
    })
}

fn potassium() -> Body {
    let row = |item: &str, result: &str, flag: &str, critical, unit: &str, range: &str| LabRow {
        item: item.into(),
        result: result.into(),
        flag: flag.into(),
        critical,
        unit: unit.into(),
        range: range.into(),
        method: "离子选择电极法".into(),
        recognised: !critical,
    };
    Body::Lab(LabBody {
        specimen: "血清".into(),
        rows: vec![
            row("钾 (K)", "7.1", "HH", true, "mmol/L", "3.5–5.3"),
            row("钠 (Na)", "140", "", false, "mmol/L", "137–147"),
        ],
        notes: "标本轻度溶血。".into(),
    })
}

fn tracing() -> Body {
    // one second and one millivolt: a box of 25 mm by 10 mm
    let svg = r##"<svg xmlns="http://www.w3.org/2000/svg" width="270mm" height="135mm" viewBox="0 0 270 135"><rect x="10" y="10" width="25" height="10" fill="none" stroke="#c00" stroke-width="0.2"/><text x="12" y="8" font-size="4">II</text></svg>"##;
    let m = |name: &str, value: &str, unit: &str| Measurement {
        name: name.into(),
        value: value.into(),
        unit: unit.into(),
        note: String::new(),
    };
    Body::Ecg(EcgBody {
        measurements: vec![
            m("心率", "72", "次/分"),
            m("PR", "160", "ms"),
            m("QRS", "92", "ms"),
            m("QT/QTc", "380/416", "ms"),
        ],
        statements: vec!["窦性心律".into(), "II、III、aVF 导联 ST 段抬高".into()],
        impression: "急性下壁心肌梗死可能".into(),
        tracing: Some(Tracing {
            svg: svg.into(),
            width_mm: 270.0,
            height_mm: 135.0,
            caption: "25 mm/s  10 mm/mV  0.05–150 Hz".into(),
        }),
        ..EcgBody::default()
    })
}

/// Text of `pdf` as poppler reads it, or `None` where poppler is not installed.
pub(crate) fn run(program: &str, args: &[&str], pdf: &[u8]) -> Option<(bool, String)> {
    let file = std::env::temp_dir().join(format!(
        "yigong-{}-{:?}.pdf",
        std::process::id(),
        std::thread::current().id()
    ));
    std::fs::write(&file, pdf).unwrap();
    let args = args.iter().map(|a| if *a == "FILE" { file.as_os_str() } else { a.as_ref() });
    #[expect(clippy::disallowed_methods, reason = "tests ask other people's programs")]
    let output = std::process::Command::new(program).args(args).output();
    std::fs::remove_file(&file).unwrap();
    let Ok(output) = output else {
        println!("SKIPPED: {program} is not installed");
        return None;
    };
    let text = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
}

fn text_of(document: &ReportDocument) -> Option<String> {
    let pdf = render(document, fonts()?).unwrap();
    if let Ok(folder) = std::env::var("YIGONG_KEEP_PDF") {
        let name = format!("{:?}-{:?}.pdf", document.kind, std::mem::discriminant(&document.body));
        std::fs::write(PathBuf::from(folder).join(name), &pdf).unwrap();
    }
    assert!(pdf.windows(20).any(|w| w.starts_with(b"pdfaid:part>2")), "marked as PDF/A-2");
    run("pdftotext", &["-layout", "FILE", "-"], &pdf).map(|(_, text)| text)
}

#[test]
fn chinese_text_extracts_rightly_including_rare_characters() {
    let Some(text) = text_of(&sample(chest())) else { return };
    for expected in [
        "卢瑋玘䶮",
        "示范县人民医院医学影像诊断中心",
        "检查所见",
        "心影大小形态正常",
        "诊断意见",
        "医共体互认",
        "张审核",
        "演示签名",
        "第1页/共1页",
    ] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
}

#[test]
fn text_is_never_read_as_markup() {
    let Some(text) = text_of(&sample(chest())) else { return };
    assert!(text.contains("#image(\"/etc/passwd\") *发热* $x$ @a <b>"), "{text}");
}

#[test]
fn a_critical_value_is_said_in_words() {
    let Some(text) = text_of(&sample(potassium())) else { return };
    let row = text.lines().find(|l| l.contains("钾 (K)")).unwrap();
    assert!(
        row.contains("7.1") && row.contains("↑↑") && row.contains("危急") && row.contains("mmol/L"),
        "{row}"
    );
}

#[test]
fn each_kind_carries_its_banner() {
    for (kind, version, banner) in [
        (Kind::Prelim, 1, "急诊报告,以正式报告为准"),
        (Kind::Amended, 2, "修订报告 第2版"),
        (Kind::Withdrawn, 3, "已撤回"),
    ] {
        let document =
            ReportDocument { kind, version, change_reason: "患者身份错误".into(), ..sample(chest()) };
        let Some(text) = text_of(&document) else { return };
        assert!(text.contains(banner), "{banner} in {text}");
        assert_eq!(
            text.contains("心影大小"),
            kind != Kind::Withdrawn,
            "a withdrawn version carries no findings"
        );
    }
}

#[test]
fn an_ecg_of_no_diagnostic_quality_says_so_and_marks_what_is_in_doubt() {
    let Body::Ecg(ecg) = tracing() else { return };
    let mut measurements = ecg.measurements.clone();
    measurements[1].value = "160?".into();
    let body = EcgBody {
        quality: "不满足诊断质量 · 250 Hz < 500: not diagnostic quality".into(),
        doubt: "? = 该值的起止点不确定".into(),
        measurements,
        ..ecg
    };
    let Some(text) = text_of(&sample(Body::Ecg(body))) else { return };
    for part in ["不满足诊断质量", "not diagnostic quality", "160?", "起止点不确定"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn an_ecg_is_drawn_at_its_true_size_on_a_landscape_page() {
    let Some(fonts) = fonts() else { return };
    let document = sample(tracing());
    let pdf = render(&document, fonts).unwrap();
    let Some((_, info)) = run("pdfinfo", &["FILE"], &pdf) else { return };
    assert!(info.contains("841.89 x 595.27") || info.contains("841.89 x 595.28"), "{info}");
    assert!(info.contains("Pages:           1"), "{info}");
    let Some((_, words)) = run("pdftotext", &["-bbox", "FILE", "-"], &pdf) else { return };
    assert!(words.contains(">II<") && words.contains("急性下壁心肌梗死可能"), "{words}");
    text_of(&document);
}

#[test]
fn a_long_report_numbers_its_pages_and_repeats_the_patient() {
    let findings = "右肺上叶见磨玻璃结节,大小约 6 mm,边界清。\n".repeat(120);
    let body = Body::Imaging(ImagingBody { findings, ..ImagingBody::default() });
    let Some(text) = text_of(&ReportDocument { lang: Lang::En, ..sample(body) }) else { return };
    assert!(text.contains("Page 3 of "), "{text}");
    assert!(text.matches("卢瑋玘䶮").count() >= 3, "{text}");
}

#[test]
fn a_character_without_a_glyph_is_spelled_out() {
    let mut document = sample(chest());
    document.patient.name = "卢\u{e863}\u{0}".to_owned();
    let Some(text) = text_of(&document) else { return };
    assert!(text.contains("卢〔U+E863〕〔U+0000〕"), "{text}");
}

#[test]
fn a_missing_chinese_font_is_named() {
    let error = Fonts::load(&[PathBuf::from("/nonexistent")]).err().unwrap();
    assert!(error.to_string().contains("fonts-noto-cjk"), "{error}");
}

#[test]
fn the_same_document_gives_the_same_bytes_quickly() {
    let Some(fonts) = fonts() else { return };
    let started = std::time::Instant::now();
    drop(Fonts::load(&[PathBuf::from(DEFAULT_FOLDER)]));
    println!("fonts found in {} ms", started.elapsed().as_millis());
    let first = render(&sample(chest()), fonts).unwrap();
    let started = std::time::Instant::now();
    let again = render(&ReportDocument { report_no: "R2".into(), ..sample(potassium()) }, fonts).unwrap();
    println!("warm render: {} ms, {} bytes", started.elapsed().as_millis(), again.len());
    assert_eq!(first, render(&sample(chest()), fonts).unwrap());
}
