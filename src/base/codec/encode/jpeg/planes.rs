//! Eight lines of an image as planes of whole units: the last pixel and the last line go on to their ends (ITU-T T.81 §A.2.4).

use super::Samples;
use super::transform::SIDE;

/// Eight lines.
pub(super) struct Strip {
    width: usize,
    samples: Samples,
    halved: bool,
    /// Samples in a line of the first plane.
    stride: usize,
    /// Lines it has.
    lines: usize,
    planes: Vec<Vec<u8>>,
}

impl Strip {
    /// For lines of `width` pixels; of halved colour there is one sample for two pixels.
    pub(super) fn new(width: usize, samples: Samples, halved: bool) -> Self {
        let unit = if halved { 2 * SIDE } else { SIDE };
        let stride = width.next_multiple_of(unit);
        let count = if samples == Samples::Grey { 1 } else { 3 };
        Self { width, samples, halved, stride, lines: 0, planes: vec![vec![0; stride * SIDE]; count] }
    }

    /// Units side by side.
    pub(super) fn units(&self) -> usize {
        self.stride / if self.halved { 2 * SIDE } else { SIDE }
    }

    /// A plane: its lines, and the samples in one of them.
    pub(super) fn plane(&self, n: usize) -> (&[u8], usize) {
        (&self.planes[n], if n > 0 && self.halved { self.stride / 2 } else { self.stride })
    }

    /// Takes a line, a first one after it was closed; whether it was the last of eight.
    pub(super) fn put(&mut self, line: &[u8]) -> bool {
        let (start, width) = (self.lines * self.stride, self.width);
        match (self.samples, self.planes.as_mut_slice()) {
            (Samples::Grey, [grey, ..]) => grey[start..][..width].copy_from_slice(line),
            (Samples::Rgb, [a, b, c]) => parted(line, [a, b, c].map(|p| &mut p[start..][..width]), ybr),
            (_, [a, b, c]) => parted(line, [a, b, c].map(|p| &mut p[start..][..width]), |pixel| pixel),
            _ => {}
        }
        for plane in &mut self.planes {
            let line = &mut plane[start..][..self.stride];
            let end = line[width - 1];
            line[width..].fill(end);
        }
        self.lines += 1;
        self.lines == SIDE
    }

    /// Makes whole units of the lines it has; it has none after that.
    pub(super) fn close(&mut self) {
        let (stride, last) = (self.stride, self.lines.saturating_sub(1));
        for plane in &mut self.planes {
            for y in self.lines..SIDE {
                plane.copy_within(last * stride..(last + 1) * stride, y * stride);
            }
        }
        if self.halved {
            self.planes.iter_mut().skip(1).for_each(|plane| halve(plane));
        }
        self.lines = 0;
    }
}

/// Pixels of three samples into three lines.
fn parted(line: &[u8], [a, b, c]: [&mut [u8]; 3], made: impl Fn([u8; 3]) -> [u8; 3]) {
    let planes = a.iter_mut().zip(b).zip(c);
    for (pixel, ((a, b), c)) in line.as_chunks::<3>().0.iter().zip(planes) {
        [*a, *b, *c] = made(*pixel);
    }
}

/// Red, green and blue to brightness and differences (JFIF 1.02; ITU-R BT.601 at full range), in 65,536ths.
fn ybr([r, g, b]: [u8; 3]) -> [u8; 3] {
    let (r, g, b) = (i32::from(r), i32::from(g), i32::from(b));
    let byte = |sum: i32| ((sum + (1 << 15)) >> 16).clamp(0, 255) as u8;
    let middle = 128 << 16;
    [
        byte(19_595 * r + 38_470 * g + 7_471 * b),
        byte(-11_059 * r - 21_709 * g + 32_768 * b + middle),
        byte(32_768 * r - 27_439 * g - 5_329 * b + middle),
    ]
}

/// The mean of each two samples side by side; lines become half as long.
fn halve(plane: &mut [u8]) {
    for at in 0..plane.len() / 2 {
        let mean = (u16::from(plane[2 * at]) + u16::from(plane[2 * at + 1])).div_ceil(2);
        plane[at] = mean as u8;
    }
}
