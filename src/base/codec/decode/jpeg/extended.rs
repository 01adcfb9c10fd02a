//! Extended sequential JPEG with 12 bits, process 4 (T.81 annex F): what mammography and X-ray devices call JPEG Extended.

use super::super::super::error::refused;
use super::super::super::{CodecError, Shape};
use super::bits::Bits;
use super::dct::{Dct, ZIGZAG};
use super::stream::{Component, Member, Scan, Stream, Tables};

/// Largest sample.
const TOP: f32 = 4095.0;
const MIDDLE: f32 = 2048.0;

/// Samples of one component, in whole blocks.
struct Plane {
    width: usize,
    /// Blocks that carry image: across, down.
    blocks: (usize, usize),
    samples: Vec<u16>,
}

/// Decodes to samples by pixel.
pub(super) fn decode(stream: &Stream<'_>, shape: &Shape) -> Result<Vec<u16>, CodecError> {
    let dct = Dct::new();
    let mut planes: Vec<Plane> = Vec::new();
    let mut sampling = Vec::new();
    let mut done = 0_u8;
    stream.scans(|tables, scan, data| {
        if planes.is_empty() {
            sampling = tables.components.iter().map(|c| c.sampling).collect();
            planes = tables.components.iter().map(|c| plane(shape, &tables.components, c)).collect();
        }
        done = done.saturating_add(scan.members.len() as u8);
        one(&mut planes, shape, &dct, tables, scan, data)
    })?;
    if planes.len() != usize::from(shape.samples) || u16::from(done) < shape.samples {
        return Err(refused("jpeg scan is missing"));
    }
    Ok(by_pixel(shape, &planes, &sampling))
}

fn largest(components: &[Component]) -> (usize, usize) {
    components.iter().fold((1, 1), |(h, v), c| (h.max(c.sampling.0), v.max(c.sampling.1)))
}

/// Whole MCUs (§A.2.4), so that no block lies outside.
fn plane(shape: &Shape, all: &[Component], own: &Component) -> Plane {
    let (rows, cols) = (shape.rows as usize, shape.cols as usize);
    let (most_h, most_v) = largest(all);
    let (across, down) = (cols.div_ceil(8 * most_h), rows.div_ceil(8 * most_v));
    let (h, v) = own.sampling;
    let width = across * h * 8;
    let blocks = ((cols * h).div_ceil(most_h).div_ceil(8), (rows * v).div_ceil(most_v).div_ceil(8));
    Plane { width, blocks, samples: vec![0; width * down * v * 8] }
}

/// One scan: one component by its own blocks, several by MCU.
fn one(
    planes: &mut [Plane],
    shape: &Shape,
    dct: &Dct,
    tables: &Tables,
    scan: &Scan,
    data: &[u8],
) -> Result<usize, CodecError> {
    // spectral selection and approximation have no meaning in a sequential frame; some devices write something there
    let alone = scan.members.len() == 1;
    let (most_h, most_v) = largest(&tables.components);
    let units = match scan.members.first() {
        Some(m) if alone => planes[m.component].blocks,
        _ => ((shape.cols as usize).div_ceil(8 * most_h), (shape.rows as usize).div_ceil(8 * most_v)),
    };
    let mut bits = Bits::new(data);
    let mut predictions = vec![0_i32; scan.members.len()];
    for unit in 0..units.0 * units.1 {
        if tables.restart > 0 && unit > 0 && unit.is_multiple_of(tables.restart) {
            bits.restart()?;
            predictions.fill(0);
        }
        let (column, row) = (unit % units.0, unit / units.0);
        for (member, prediction) in scan.members.iter().zip(&mut predictions) {
            let (h, v) = if alone { (1, 1) } else { tables.components[member.component].sampling };
            for block in 0..h * v {
                let coefficients = coefficients(tables, member, prediction, &mut bits)?;
                let samples = dct.inverse(&coefficients);
                let at = (column * h + block % h, row * v + block / h);
                store(&mut planes[member.component], at, &samples);
            }
        }
    }
    Ok(bits.used())
}

/// The coefficients of a block, dequantised (§F.2.2).
fn coefficients(
    tables: &Tables,
    member: &Member,
    prediction: &mut i32,
    bits: &mut Bits<'_>,
) -> Result<[f32; 64], CodecError> {
    let missing = || refused("jpeg table is missing");
    let dc = tables.dc[member.dc].as_ref().ok_or_else(missing)?;
    let ac = tables.ac[member.ac].as_ref().ok_or_else(missing)?;
    let steps = tables.quantisation[tables.components[member.component].quantisation].as_ref();
    let steps = steps.ok_or_else(missing)?;
    let mut out = [0.0; 64];
    let size = dc.decode(bits)?;
    if size > 15 {
        return Err(refused("jpeg coefficient"));
    }
    *prediction = prediction.wrapping_add(bits.signed(size.into())?);
    out[0] = *prediction as f32 * f32::from(steps[0]);
    let mut k = 1;
    while k < 64 {
        let code = ac.decode(bits)?;
        let (run, size) = (usize::from(code >> 4), u32::from(code & 15));
        if size == 0 {
            if run < 15 {
                break;
            }
            k += 16;
            continue;
        }
        k += run;
        let (Some(place), Some(step)) = (ZIGZAG.get(k), steps.get(k)) else {
            return Err(refused("jpeg coefficient"));
        };
        out[*place] = bits.signed(size)? as f32 * f32::from(*step);
        k += 1;
    }
    Ok(out)
}

fn store(plane: &mut Plane, (column, row): (usize, usize), samples: &[f32; 64]) {
    for (y, line) in samples.chunks_exact(8).enumerate() {
        let start = (row * 8 + y) * plane.width + column * 8;
        if let Some(places) = plane.samples.get_mut(start..start + 8) {
            for (place, value) in places.iter_mut().zip(line) {
                *place = (value + MIDDLE).round().clamp(0.0, TOP) as u16;
            }
        }
    }
}

/// Interleaves; a subsampled component is repeated.
fn by_pixel(shape: &Shape, planes: &[Plane], sampling: &[(usize, usize)]) -> Vec<u16> {
    let (most_h, most_v) = sampling.iter().fold((1, 1), |(a, b), s| (a.max(s.0), b.max(s.1)));
    let mut out = Vec::with_capacity(shape.pixels() * planes.len());
    for y in 0..shape.rows as usize {
        for x in 0..shape.cols as usize {
            for (plane, (h, v)) in planes.iter().zip(sampling) {
                out.push(plane.samples[(y * v / most_v) * plane.width + x * h / most_h]);
            }
        }
    }
    out
}
