//! Writes generated samples into a folder, for looking at them with other tools: `cargo run -p yigong-sample-data --example emit -- DIR`.
use yigong_formats::dicom::build::TextSet;
use yigong_formats::ecg::{decode, draw};
use yigong_sample_data::{county::person, ecg, film, object::Exam};

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".into());
    let exam = |seed: &str, n| Exam { seed: seed.into(), person: person("C01", n), accession: "A1".into(), at: ("20261124".into(), "081500".into()), text: TextSet::Gb18030 };
    std::fs::write(format!("{folder}/cr_normal.dcm"), film::film(&exam("cr1", 1), film::Finding::Normal, true))?;
    std::fs::write(format!("{folder}/dx_pneumonia.dcm"), film::film(&exam("dx2", 2), film::Finding::Pneumonia, false))?;
    for rhythm in [ecg::Rhythm::Sinus, ecg::Rhythm::AnteriorStemi, ecg::Rhythm::Fibrillation, ecg::Rhythm::RightArmOff] {
        let bytes = ecg::waveform(&exam("ecg", 3), rhythm);
        std::fs::write(format!("{folder}/ecg_{rhythm:?}.dcm"), &bytes)?;
        if let Ok(document) = decode::decode(&bytes, &decode::Limits::default()) {
            std::fs::write(format!("{folder}/ecg_{rhythm:?}.svg"), draw::render(&draw::layout(&document, &draw::Layout::default())))?;
        }
    }
    Ok(())
}
