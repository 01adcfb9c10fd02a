//! `yigong decode`: one file through the same reader, codec workers and pipeline as the server uses. For developers and tests:
//! no configuration, no database.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::json;
use yigong_base::codec::{Format, Pool, PoolLimits};
use yigong_base::fault::{Fault, Result};
use yigong_clinic::imaging::open::Opened;
use yigong_clinic::imaging::render::{Rendering, pictures};
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
    /// Window of a picture instead of the object's own: centre,width or centre,width,function.
    #[arg(long)]
    window: Option<String>,
    /// Longest side of a picture, pixels.
    #[arg(long)]
    side: Option<u16>,
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
    /// The displayed frame (the first without `--frame`) as PNG.
    Png,
    /// The same as JPEG.
    Jpeg,
}

/// Runs the command: prints a description as one line of JSON.
///
/// # Errors
/// Why the file or a frame cannot be read, by slug.
pub async fn run(args: DecodeArgs) -> Result<ExitCode> {
    let opened = Opened::alone(&args.file).await?;
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
            Form::Png | Form::Jpeg => picture(&codec, &opened, &args).await?,
            form => {
                let wanted = match args.frame {
                    Some(n) => n.saturating_sub(1)..n,
                    // an object without frames fails by name, too
                    None => 0..frames.max(1),
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

async fn picture(codec: &Pool, opened: &Opened, args: &DecodeArgs) -> Result<Vec<u8>> {
    let mut how = args.side.map_or_else(Rendering::default, Rendering::within);
    if args.form == Form::Png {
        how.format = Format::Png;
    }
    if let Some(text) = &args.window {
        how.window = Some(window(text).ok_or_else(|| Fault::invalid("window", "centre,width[,function]"))?);
    }
    let n = args.frame.unwrap_or(1).saturating_sub(1);
    let parts = pictures(codec, opened, n, &[how]).await?;
    parts.into_iter().next().ok_or_else(|| Fault::internal("the codec worker answered nothing"))
}

fn window(text: &str) -> Option<(f64, f64, String)> {
    let mut parts = text.splitn(3, ',');
    let (centre, width) = (parts.next()?.trim().parse().ok()?, parts.next()?.trim().parse().ok()?);
    Some((centre, width, parts.next().unwrap_or("LINEAR").to_ascii_uppercase()))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).map_err(|e| Fault::io("write the output", &e))
}
