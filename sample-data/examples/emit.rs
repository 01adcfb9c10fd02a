//! Writes generated samples into a folder, for looking at them with other tools: `cargo run -p yigong-sample-data --example emit -- DIR`.
use yigong_formats::dicom::build::TextSet;
use yigong_sample_data::{county::person, ct, ecg, film, object::Exam, ultrasound};

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".into());
    let exam = |seed: &str, n| Exam {
        seed: seed.into(),
        person: person("C01", n),
        accession: "A1".into(),
        at: ("20261124".into(), "081500".into()),
        text: TextSet::Gb18030,
    };
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
