//! `yigong ecg`: a recording of any format as the server reads it. No configuration, no database.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use serde_json::{Map, Value, json};
use yigong_base::clock::{Clock, SystemClock};
use yigong_base::digest;
use yigong_base::fault::{Fault, Result};
use yigong_clinic::centre::time_of;
use yigong_formats::ecg::decode::{self, wfdb};
use yigong_formats::ecg::draw::{self, Paper};
use yigong_formats::ecg::measure::delineate;
use yigong_formats::ecg::write::{self, Export};
use yigong_formats::ecg::{Analysis, Document, Format, Limits, Refusal, Source, Value as EcgValue, analyse};

use super::say;

/// What to do with recordings.
#[derive(Subcommand)]
pub enum EcgCommand {
    /// Print format, leads, person, device and warnings. Exit code 2: the file would be refused.
    Show {
        /// The file.
        file: PathBuf,
    },
    /// Print every beat of the files with its boundaries as one JSON object; refused files carry `error`.
    Delineate {
        /// The only form there is; named so that a later one can stand beside it.
        #[arg(long, required = true)]
        json: bool,
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Print the values of the recorder and of this program side by side.
    Measure {
        /// The file.
        file: PathBuf,
    },
    /// Print the drawing in true millimetres.
    Svg {
        /// The file.
        file: PathBuf,
        /// 3x4+1, 6x2, 12x1 or cabrera.
        #[arg(long, default_value = "3x4+1")]
        layout: String,
        /// mm/s: 12.5, 25 or 50.
        #[arg(long, default_value = "25")]
        speed: String,
        /// mm/mV: 5, 10 or 20.
        #[arg(long, default_value = "10")]
        gain: String,
    },
    /// Print the technical verdict of each file. Exit code 1: one of them should be recorded again.
    Quality {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Write the recording in another format.
    Convert {
        /// The file.
        file: PathBuf,
        /// The format.
        #[arg(long)]
        to: Target,
        /// Start of the recording, YYYYMMDDHHMMSS, when the file does not say it.
        #[arg(long, default_value = "")]
        acquired: String,
        /// Where it is written; beside the file without it.
        #[arg(long)]
        out: Option<PathBuf>,
    },
}

/// A format that is written.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Target {
    /// DICOM waveform object.
    Dicom,
    /// HL7 annotated ECG.
    Aecg,
}

/// Runs the command.
///
/// # Errors
/// A file that cannot be read, or that is refused where a recording is needed.
pub fn run(command: &EcgCommand) -> Result<ExitCode> {
    match command {
        EcgCommand::Show { file } => show(file),
        EcgCommand::Delineate { files, .. } => delineate_all(files),
        EcgCommand::Measure { file } => measure(file),
        EcgCommand::Svg { file, layout, speed, gain } => {
            let paper = Paper::of(layout, speed, gain).ok_or_else(|| {
                Fault::invalid("layout", "3x4+1, 6x2, 12x1 or cabrera; 12.5, 25, 50; 5, 10, 20")
            })?;
            say(&draw::svg(&draw::layout(&needed(file)?, &paper)));
            Ok(ExitCode::SUCCESS)
        }
        EcgCommand::Quality { files } => quality(files),
        EcgCommand::Convert { file, to, acquired, out } => convert(file, *to, acquired, out.as_deref()),
    }
}

/// The name of the record, and what the file holds. Signal files of a WFDB header are looked for beside it.
fn read(file: &Path) -> Result<(String, std::result::Result<Document, Refusal>)> {
    let limits = Limits::default();
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let size = std::fs::metadata(file).map_err(|e| Fault::io("read the file", &e))?.len();
    if size > u64::try_from(limits.file).unwrap_or(u64::MAX) {
        let why = format!("file of {size} bytes, at most {} are read (no Holter streaming)", limits.file);
        return Ok((stem, Err(Refusal::new("limit", why))));
    }
    let bytes = std::fs::read(file).map_err(|e| Fault::io("read the file", &e))?;
    if decode::probe(&bytes) != Some(Format::Wfdb) {
        return Ok((stem, decode::decode(&bytes, &limits)));
    }
    let folder = file.parent().unwrap_or_else(|| Path::new(""));
    let beside = |name: &str| {
        // A header names files of its own folder and nothing else.
        let plain = Path::new(name).file_name().is_some_and(|n| n == name);
        let path = folder.join(name);
        let fits =
            std::fs::metadata(&path).is_ok_and(|m| usize::try_from(m.len()).is_ok_and(|n| n <= limits.file));
        if plain && fits { std::fs::read(path).ok() } else { None }
    };
    Ok((wfdb::record(&bytes), wfdb::decode(&bytes, &beside, &limits)))
}

fn needed(file: &Path) -> Result<Document> {
    read(file)?.1.map_err(|r| Fault::invalid("file", r.to_string()))
}

fn show(file: &Path) -> Result<ExitCode> {
    let document = match read(file)?.1 {
        Ok(document) => document,
        Err(refusal) => {
            say(&format!("verdict   refuse {refusal}"));
            if !refusal.subject.id.is_empty() || !refusal.subject.name.is_empty() {
                say(&format!("person    {} {}", refusal.subject.id, refusal.subject.name));
            }
            return Ok(ExitCode::from(2));
        }
    };
    let (s, d) = (&document.subject, &document.device);
    say(&format!("format    {} ({})", document.format, document.source.code()));
    say(&format!("person    {} {} {} {}", s.id, s.name, s.sex, s.birth_date));
    say(&format!("device    {} {} {}", d.maker, d.model, d.serial));
    say(&format!("acquired  {}", document.acquired));
    say(&format!("filters   {}", document.filters));
    for group in &document.groups {
        let kind = format!("{:?}", group.kind).to_lowercase();
        let (rate, seconds) = (group.rate.to_f64(), group.seconds());
        say(&format!("group     {kind}: {} samples at {rate} Hz, {seconds:.3} s", group.samples));
        for lead in &group.leads {
            let missing: usize = lead.missing.iter().map(|(a, b)| b - a).sum();
            let notes = [(lead.derived, " derived".to_owned()), (missing > 0, format!(" {missing} missing"))];
            let notes: String = notes.into_iter().filter(|(on, _)| *on).map(|(_, t)| t).collect();
            say(&format!("  {:<6} {} nV a unit{notes}", lead.id.to_string(), lead.scale.to_f64()));
        }
    }
    document.statements.iter().for_each(|t| say(&format!("says      {t}")));
    document.warnings.iter().for_each(|w| say(&format!("warning   {}: {}", w.code, w.text_en)));
    say(&format!("waveform  {}", document.waveform_sha256()));
    Ok(ExitCode::SUCCESS)
}

fn delineate_all(files: &[PathBuf]) -> Result<ExitCode> {
    let mut records = Map::new();
    for file in files {
        let (name, found) = read(file)?;
        // Two files of one name are told apart by their path.
        let name = if records.contains_key(&name) { file.display().to_string() } else { name };
        records.insert(name, record(found));
    }
    say(&json!({ "schema": delineate::SCHEMA, "records": records }).to_string());
    Ok(ExitCode::SUCCESS)
}

fn record(found: std::result::Result<Document, Refusal>) -> Value {
    let document = match found {
        Ok(document) => document,
        Err(refusal) => return json!({ "error": refusal.to_string(), "beats": [] }),
    };
    let Some(group) = document.rhythm() else { return json!({ "error": "no waveform", "beats": [] }) };
    let measured = analyse(&document, "").measured;
    delineate::entry(group.rate.to_f64(), group.samples, &measured)
}

/// Rows of the table: ours first, then whatever only the recorder gives. A question mark = boundaries in doubt.
fn measure(file: &Path) -> Result<ExitCode> {
    let document = needed(file)?;
    let analysis = analyse(&document, "");
    say(&format!("{:<12} {:>9} {:>9}  unit", "value", "recorder", "server"));
    let server = &analysis.measured.values;
    let names =
        server.iter().chain(document.values.iter().filter(|v| server.iter().all(|s| s.what != v.what)));
    for value in names {
        let text = |n: Option<f64>| n.map_or_else(|| "—".to_owned(), |n| format!("{n}"));
        let vendor = document.values.iter().find(|v| v.what == value.what && v.source == Source::Vendor);
        let ours = server.iter().find(|v| v.what == value.what);
        let doubt =
            |v: &EcgValue| v.number.is_some() && analysis.measured.doubtful.contains(&v.what.as_str());
        let (vendor, ours) = (
            vendor.map_or(String::new(), |v| text(v.number)),
            ours.map_or(String::new(), |v| text(v.number) + if doubt(v) { "?" } else { "" }),
        );
        say(&format!("{:<12} {vendor:>9} {ours:>9}  {}", value.what, value.unit));
    }
    Ok(ExitCode::SUCCESS)
}

fn quality(files: &[PathBuf]) -> Result<ExitCode> {
    let mut redo = false;
    for file in files {
        let (name, found) = read(file)?;
        match found {
            Err(refusal) => {
                redo = true;
                say(&format!("{name}: refuse {refusal}"));
            }
            Ok(document) => {
                let analysis: Analysis = analyse(&document, "");
                let verdict = format!("{:?}", analysis.quality.verdict).to_lowercase();
                redo |= verdict == "redo";
                say(&format!("{name}: {verdict}"));
                for r in &analysis.quality.reasons {
                    say(&format!("  {} {} {}: {}", r.code, r.lead, r.electrode, r.text_en));
                }
                if let Some(swap) = &analysis.swap {
                    say(&format!("  swap {}: {}", swap.electrodes, swap.text_en));
                }
            }
        }
    }
    Ok(if redo { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn convert(file: &Path, to: Target, acquired: &str, out: Option<&Path>) -> Result<ExitCode> {
    let bytes = std::fs::read(file).map_err(|e| Fault::io("read the file", &e))?;
    let document = needed(file)?;
    let analysis = analyse(&document, "");
    let original = digest::sha256_hex(&bytes);
    // The same file gives the same identifiers: a second conversion is no second recording.
    let uid = |part: &str| uid_of(&digest::sha256_hex(format!("{original} {part}").as_bytes()));
    let (study, series, instance) = (uid("study"), uid("series"), uid("instance"));
    let now = time_of(SystemClock::new().now(), 0);
    let written = format!(
        "{:04}{:02}{:02}{:02}{:02}{:02}",
        now.year(),
        u8::from(now.month()),
        now.day(),
        now.hour(),
        now.minute(),
        now.second()
    );
    let values: Vec<_> = document.values.iter().chain(&analysis.measured.values).cloned().collect();
    let export = Export {
        study: &study,
        series: &series,
        instance: &instance,
        written: &written,
        acquired,
        original_sha256: &original,
        measured: Some(&analysis.measured),
        values: &values,
        ..Export::default()
    };
    let (made, ending) = match to {
        Target::Dicom => (write::dicom(&document, &export), "dcm"),
        Target::Aecg => (write::aecg(&document, &export), "aecg.xml"),
    };
    let made = made.map_err(|why| Fault::invalid("file", why.to_string()))?;
    let out = out.map_or_else(|| file.with_extension(ending), Path::to_path_buf);
    if out == file {
        return Err(Fault::invalid("out", "the original is not overwritten"));
    }
    std::fs::write(&out, made).map_err(|e| Fault::io("write the output", &e))?;
    say(&out.display().to_string());
    Ok(ExitCode::SUCCESS)
}

/// `2.25.` and 128 bits of a hash as a decimal number (PS3.5 §B.2).
fn uid_of(hex: &str) -> String {
    let bits = hex.get(..32).and_then(|h| u128::from_str_radix(h, 16).ok()).unwrap_or_default();
    format!("2.25.{bits}")
}
