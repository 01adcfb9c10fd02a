//! The child's side: reads requests, decodes, answers, until its input ends.

use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::refused;
use super::wire::{Answer, GREETING, read_request, write_answer};
use super::{CodecError, Format, Output, Picture, Request, decode, encode, render, sandbox};

/// Body of `yigong codec-worker`: confines this process, greets, then works until `input` ends.
///
/// # Errors
/// When the process cannot be confined or the other side goes away; the caller ends the process.
pub fn work(input: &mut dyn Read, output: &mut dyn Write) -> io::Result<()> {
    sandbox::confine()?;
    output.write_all(GREETING)?;
    output.flush()?;
    while let Some((request, body)) = read_request(input)? {
        let result = catch_unwind(AssertUnwindSafe(|| answer(&request, body)));
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
pub(super) fn answer(request: &Request, body: Vec<u8>) -> Result<Vec<Vec<u8>>, CodecError> {
    request.shape.check()?;
    let pixels = decode::decode(&request.transfer_syntax, &request.shape, body)?;
    let mut shown = None;
    let mut parts = Vec::with_capacity(request.outputs.len());
    for output in &request.outputs {
        let picture = match *output {
            Output::Raw => {
                parts.push(pixels.raw(&request.shape));
                continue;
            }
            Output::Coded(coding) => {
                parts.push(encode::encode(&pixels, &request.shape, coding)?);
                continue;
            }
            Output::Jpeg { longest_side, quality } => {
                let side = u32::from(longest_side.max(1));
                Picture { format: Format::Jpeg(quality), part: None, fit: Some((side, side)), enlarge: false }
            }
            Output::Picture(picture) => picture,
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
