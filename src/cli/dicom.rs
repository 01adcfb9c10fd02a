//! `yigong dicom dump FILE`: what the server sees in a file, read by the same scanner that receives it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use yigong_base::fault::{Fault, Result};
use yigong_formats::dicom::{FileSource, dump, header, json};

use super::say;

/// What to do with a DICOM file.
#[derive(Subcommand)]
pub enum DicomCommand {
    /// Print head, verdict, character set, frames and elements. Exit code 2: the file would be refused.
    Dump {
        /// The file.
        file: PathBuf,
        /// Print the DICOM JSON that the metadata service answers instead.
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command.
///
/// # Errors
/// The file cannot be read.
pub fn run(command: &DicomCommand) -> Result<ExitCode> {
    let DicomCommand::Dump { file, json: as_json } = command;
    let io = |e: &std::io::Error| Fault::io("read the file", e);
    let opened = std::fs::File::open(file).map_err(|e| io(&e))?;
    let length = opened.metadata().map_err(|e| io(&e))?.len();
    let mut source = FileSource::new(opened, length);
    let found = header(&mut source, None);
    if let Some(kind) = source.failed() {
        return Err(io(&kind.into()));
    }
    match found {
        Err(refusal) => {
            say(&format!("verdict  refuse {refusal}"));
            Ok(ExitCode::from(2))
        }
        Ok(h) if *as_json => {
            let mut out = Vec::new();
            json::write(&h.object, &|path| path.to_owned(), &mut out).map_err(|e| io(&e))?;
            say(&String::from_utf8_lossy(&out));
            Ok(ExitCode::SUCCESS)
        }
        Ok(h) => {
            let mut out = String::new();
            dump::write(&h, &mut out).map_err(|_| Fault::internal("the text could not be made"))?;
            say(out.trim_end());
            Ok(ExitCode::SUCCESS)
        }
    }
}
