//! Writes generated samples into a folder, for looking at them with other tools and for the browser tests:
//! `cargo run -p yigong-sample-data --example emit -- DIR [all|viewer]`.
use yigong_formats::dicom::build::TextSet;
use yigong_sample_data::{county::person, ct, ecg, film, mammogram, object::Exam, ultrasound, vascular};

fn exam(seed: &str, n: usize) -> Exam {
    Exam {
        seed: seed.into(),
        person: person("C01", n),
        accession: String::new(),
        at: ("20261124".into(), "081500".into()),
        text: TextSet::Gb18030,
    }
}

/// What the browser tests of the viewer read: thin CT and an earlier CT of the same person, an enhanced CT,
/// a CT with overlays, film, mammograms, ultrasound.
fn viewer(folder: &str) -> std::io::Result<()> {
    let keep = |name: &str, bytes: Vec<u8>| std::fs::write(format!("{folder}/{name}.dcm"), bytes);
    let scan = ct::thin(&exam("viewer ct", 4));
    for n in 0..ct::THIN_SLICES {
        keep(&format!("ct_{n:03}"), scan.slice(n).unwrap_or_default())?;
    }
    let mut before = exam("viewer prior", 4);
    before.at.0 = "20260318".into();
    let earlier = ct::scan(&before, true);
    for n in 70..100 {
        keep(&format!("prior_{n:03}"), earlier.slice(n).unwrap_or_default())?;
    }
    keep("cr", film::film(&exam("viewer cr", 10), film::Finding::Cardiomegaly, true))?;
    for (name, bytes) in mammogram::views(&exam("viewer mg", 15)) {
        keep(&format!("mg_{name}"), bytes)?;
    }
    keep("enhanced", ct::volume::enhanced(&exam("viewer enhanced", 12)))?;
    let covered = exam("viewer covered", 13);
    for n in 0..ct::volume::PLACES {
        keep(&format!("covered_{n:03}"), ct::volume::covered(&covered, n))?;
    }
    keep("us_doppler", vascular::doppler(&exam("viewer us", 8)))?;
    keep("us_cine", ultrasound::cine(&exam("viewer echo", 6)))
}

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".into());
    if std::env::args().nth(2).as_deref() == Some("viewer") {
        return viewer(&folder);
    }
    std::fs::write(
        format!("{folder}/cr_normal.dcm"),
        film::film(&exam("cr1", 1), film::Finding::Normal, true),
    )?;
    std::fs::write(
        format!("{folder}/dx_pneumonia.dcm"),
        film::film(&exam("dx2", 2), film::Finding::Pneumonia, false),
    )?;
    for rhythm in
        [ecg::Rhythm::Sinus, ecg::Rhythm::AnteriorStemi, ecg::Rhythm::Fibrillation, ecg::Rhythm::RightArmOff]
    {
        std::fs::write(format!("{folder}/ecg_{rhythm:?}.dcm"), ecg::waveform(&exam("ecg", 3), rhythm))?;
    }
    std::fs::write(format!("{folder}/us.dcm"), ultrasound::cine(&exam("us1", 5)))?;
    let scan = ct::scan(&exam("ct1", 4), true);
    for n in (0..ct::SLICES).filter(|n| std::env::args().nth(2).is_some() || n % 20 == 2) {
        std::fs::write(format!("{folder}/ct_{n:03}.dcm"), scan.slice(n).unwrap_or_default())?;
    }
    Ok(())
}
