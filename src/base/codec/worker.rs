//! The child's side: reads requests, decodes, answers, until its input ends.

use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::refused;
use super::wire::{Answer, GREETING, read_body, read_request, write_answer};
use super::{CodecError, Format, Output, Picture, Request, decode, encode, render, sandbox};

/// Body of `yigong codec-worker`: confines this process, greets, then works until `input` ends.
///
/// # Errors
/// When the process cannot be confined or the other side goes away; the caller ends the process.
pub fn work(input: &mut dyn Read, output: &mut dyn Write) -> io::Result<()> {
    sandbox::confine()?;
    output.write_all(GREETING)?;
    output.flush()?;
    while let Some((request, length)) = read_request(input)? {
        let mut body = (&mut *input).take(length);
        let result = catch_unwind(AssertUnwindSafe(|| answer(&request, &mut body)));
        // What a refusal left unread stands before the next request.
        io::copy(&mut body, &mut io::sink())?;
        match result.unwrap_or_else(|_| Err(refused("the decoder gave up"))) {
            Ok(parts) => {
                let lengths = parts.iter().map(|p| p.len() as u64).collect();
                write_answer(output, &Answer::Done(lengths), &parts)?;
            }
            Err(error) => write_answer(output, &Answer::Failed(error), &[])?,
        }
    }
    Ok(())
}

/// Makes the outputs of one request.
pub(super) fn answer<R: Read>(request: &Request, body: &mut io::Take<R>) -> Result<Vec<Vec<u8>>, CodecError> {
    request.shape.check()?;
    let ended = |e: io::Error| refused(format!("the frame ended: {e}"));
    if let Some(image) = passed(request, body).map_err(ended)? {
        let pictures = request.outputs.iter().filter_map(picture);
        return pictures.map(|picture| render::picture(&image, &picture)).collect();
    }
    let body = read_body(body).map_err(ended)?;
    let pixels = decode::decode(&request.transfer_syntax, &request.shape, body)?;
    let mut shown = None;
    let mut parts = Vec::with_capacity(request.outputs.len());
    for output in &request.outputs {
        let picture = match (*output, picture(output)) {
            (_, Some(picture)) => picture,
            (Output::Coded(coding), _) => {
                parts.push(encode::encode(&pixels, &request.shape, coding)?);
                continue;
            }
            _ => {
                parts.push(pixels.raw(&request.shape));
                continue;
            }
        };
        let image = match shown.take() {
            Some(image) => image,
            None => render::display(&pixels, &request.shape, &request.display)?,
        };
        parts.push(render::picture(&image, &picture)?);
        shown = Some(image);
    }
    Ok(parts)
}

/// The picture that an output is.
fn picture(output: &Output) -> Option<Picture> {
    match *output {
        Output::Jpeg { longest_side, quality } => {
            let side = u32::from(longest_side.max(1));
            Some(Picture {
                format: Format::Jpeg(quality),
                part: None,
                fit: Some((side, side)),
                enlarge: false,
            })
        }
        Output::Picture(picture) => Some(picture),
        Output::Raw | Output::Coded(_) => None,
    }
}

/// The image of a frame whose samples become grey levels as they pass, where nothing else is made of them.
fn passed<R: Read>(request: &Request, body: &mut io::Take<R>) -> io::Result<Option<render::Image>> {
    let whole = body.limit() >= request.shape.frame_bytes();
    if !whole
        || !decode::is_plain(&request.transfer_syntax)
        || !request.outputs.iter().all(|o| picture(o).is_some())
    {
        return Ok(None);
    }
    render::passing(body, &request.shape, &request.display)
}
