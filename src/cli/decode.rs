//! `yigong decode`: one file through the same reader, codec workers and pipeline as the server uses. For developers and tests:
//! no configuration, no database.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::json;
use yigong_base::codec::{Pool, PoolLimits};
use yigong_base::fault::{Fault, Result};
use yigong_clinic::imaging::open::Opened;
use yigong_clinic::imaging::transcode::{Transcoded, frame_of, samples_of};
use yigong_formats::dicom::uid;

use super::say;

/// What to make of the file.
#[derive(Args)]
pub struct DecodeArgs {
    /// A DICOM file.
    file: PathBuf,
    /// One frame, from 1; every frame without it.
    #[arg(long)]
    frame: Option<usize>,
    /// What is written.
    #[arg(long, value_enum, default_value = "raw")]
    form: Form,
    /// Transfer syntax UID for `frames` and `object`.
    #[arg(long, default_value = uid::EXPLICIT_LE)]
    to: String,
    /// Where it is written; without it the description alone is printed.
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Little-endian samples, frame after frame.
    Raw,
    /// Frames in the transfer syntax of `--to`, one after the other.
    Frames,
    /// The whole object in the transfer syntax of `--to`.
    Object,
}

/// Runs the command: prints a description as one line of JSON.
///
/// # Errors
/// Why the file or a frame cannot be read, by slug.
pub async fn run(args: DecodeArgs) -> Result<ExitCode> {
    let opened = Opened::read(&args.file).await?;
    let program = std::env::current_exe().map_err(|e| Fault::io("find this program", &e))?;
    let codec = Pool::new(program, vec!["codec-worker".to_owned()], PoolLimits::default());
    let shape = opened.shape();
    let decoded = shape.decoded();
    let frames = opened.frames.count();
    let description = json!({
        "transfer_syntax": opened.object.head.transfer_syntax, "frames": frames,
        "rows": shape.rows, "cols": shape.cols, "samples": shape.samples, "planar": shape.planar,
        "bits_allocated": shape.bits_allocated, "bits_stored": shape.bits_stored, "signed": shape.signed,
        "float": shape.float, "photometric": shape.photometric, "decoded_photometric": decoded.photometric,
        "defects": opened.object.defects.slugs(),
    });
    if let Some(out) = &args.out {
        let bytes = match args.form {
            Form::Object => Transcoded::begin(codec, opened, &args.to).await?.whole().await?,
            form => {
                let wanted = match args.frame {
                    Some(n) => n.saturating_sub(1)..n,
                    None => 0..frames,
                };
                let mut all = Vec::new();
                for n in wanted {
                    let mut frame = match form {
                        Form::Raw => samples_of(&codec, &opened, n).await?,
                        _ => frame_of(&codec, &opened, n, &args.to).await?,
                    };
                    all.append(&mut frame);
                }
                all
            }
        };
        write(out, &bytes)?;
    }
    say(&description.to_string());
    Ok(ExitCode::SUCCESS)
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).map_err(|e| Fault::io("write the output", &e))
}
