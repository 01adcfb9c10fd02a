//! The child's side: reads requests, decodes, answers, until its input ends.

use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::refused;
use super::render::Press;
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
    if let Some(parts) = passed(request, body)? {
        return Ok(parts);
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
        let mut press = Press::of(&picture, (image.width, image.height), image.channels)?;
        press.take(&image);
        parts.push(press.end()?);
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

/// The pictures of a frame whose samples become grey levels as they pass, where nothing else is made of them.
fn passed<R: Read>(request: &Request, body: &mut io::Take<R>) -> Result<Option<Vec<Vec<u8>>>, CodecError> {
    let (shape, wanted) = (&request.shape, request.outputs.iter().map(picture));
    let Some(wanted) = wanted.collect::<Option<Vec<Picture>>>() else { return Ok(None) };
    if body.limit() < shape.frame_bytes() || !decode::is_plain(&request.transfer_syntax) {
        return Ok(None);
    }
    let size = (shape.cols as usize, shape.rows as usize);
    let presses = wanted.iter().map(|picture| Press::of(picture, size, 1));
    let mut presses = presses.collect::<Result<Vec<Press>, CodecError>>()?;
    let took = render::passing(body, shape, &request.display, |lines| {
        presses.iter_mut().for_each(|press| press.take(lines));
    });
    if !took.map_err(ended)? {
        return Ok(None);
    }
    presses.into_iter().map(Press::end).collect::<Result<_, _>>().map(Some)
}

fn ended(error: io::Error) -> CodecError {
    refused(format!("the frame ended: {error}"))
}
