//! Part and size of an image, line by line: smaller by averaging areas, larger by linear interpolation.

use std::ops::AddAssign;

use fearless_simd::{Level, dispatch};

use super::Image;

/// Largest side an image is enlarged to, pixels.
const LARGEST: usize = 8192;
/// Lines whose sum fits into two bytes.
const FEW: usize = 257;

/// A part of an image.
pub(super) struct Part {
    /// First and one past last column, and line.
    across: (usize, usize),
    down: (usize, usize),
    channels: usize,
}

impl Part {
    /// The part `[left, top, width, height]`, or all of it, cut at the edges of the image; `None` when nothing is left.
    pub(super) fn of(part: Option<[u32; 4]>, size: (usize, usize), channels: usize) -> Option<Self> {
        let [left, top, width, height] = part.unwrap_or([0, 0, u32::MAX, u32::MAX]);
        let span = |start: u32, length: u32, side: usize| {
            let start = (start as usize).min(side);
            (start, start.saturating_add(length as usize).min(side))
        };
        let (across, down) = (span(left, width, size.0), span(top, height, size.1));
        (across.0 < across.1 && down.0 < down.1).then_some(Self { across, down, channels })
    }

    /// Width and height, pixels.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.across.1 - self.across.0, self.down.1 - self.down.0)
    }

    /// What these lines of the image have of it.
    pub(super) fn lines<'a>(&self, lines: &'a Image) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let columns = self.across.0 * self.channels..self.across.1 * self.channels;
        let skipped = self.down.0.saturating_sub(lines.top);
        let taken = self.down.1.saturating_sub(lines.top).saturating_sub(skipped);
        let all = lines.data.chunks_exact(lines.width * lines.channels);
        all.skip(skipped).take(taken).map(move |line| &line[columns.clone()])
    }
}

/// The size of an image fitted into a box; its own where it would have to grow and may not.
pub(super) fn fitted((w, h): (usize, usize), (width, height): (u32, u32), enlarge: bool) -> (usize, usize) {
    let (most_w, most_h) = ((width as usize).clamp(1, LARGEST), (height as usize).clamp(1, LARGEST));
    // the narrower side decides
    let size = if most_w * h <= most_h * w {
        (most_w, (h * most_w / w).max(1))
    } else {
        ((w * most_h / h).max(1), most_h)
    };
    if enlarge || size.0 < w || size.1 < h { size } else { (w, h) }
}

/// An image that becomes smaller: each pixel is the mean of those it stands for.
pub(super) struct Shrink {
    from: (usize, usize),
    height: usize,
    channels: usize,
    columns: Vec<(usize, usize)>,
    /// Every column is so many pixels wide, or one more.
    narrow: usize,
    sums: Sums,
    /// Lines taken of the image, and made of the smaller one.
    taken: usize,
    made: usize,
    line: Vec<u8>,
    level: Level,
}

/// The lines that make one are added up first: one straight walk over them. One more sum stands for the column behind the last.
enum Sums {
    Few(Vec<u16>),
    Many(Vec<u32>),
}

impl Shrink {
    /// Of `from` to `to` pixels, neither side larger than it was.
    pub(super) fn new(from: (usize, usize), to: (usize, usize), channels: usize) -> Self {
        let sums = from.0 * channels + 1;
        Self {
            from,
            height: to.1,
            channels,
            columns: (0..to.0).map(|x| span(x, to.0, from.0)).collect(),
            narrow: from.0 / to.0,
            sums: if from.1 / to.1 < FEW { Sums::Few(vec![0; sums]) } else { Sums::Many(vec![0; sums]) },
            taken: 0,
            made: 0,
            line: vec![0; to.0 * channels],
            level: Level::new(),
        }
    }

    /// Takes a line; the one it completes.
    pub(super) fn take(&mut self, line: &[u8]) -> Option<&[u8]> {
        let (top, end) = span(self.made, self.height, self.from.1);
        let (level, is_first) = (self.level, self.taken == top);
        // With whatever vectors the processor has: the loops are plain.
        match &mut self.sums {
            Sums::Few(sums) => dispatch!(level, _simd => add(sums, line, is_first)),
            Sums::Many(sums) => dispatch!(level, _simd => add(sums, line, is_first)),
        }
        self.taken += 1;
        if self.taken < end {
            return None;
        }
        self.made += 1;
        let lines = end - top;
        let means = [Mean::of(lines * self.narrow), Mean::of(lines * (self.narrow + 1))];
        let to = (self.columns.as_slice(), &means, self.narrow, self.channels);
        let made = self.line.as_mut_slice();
        match &self.sums {
            Sums::Few(sums) => dispatch!(level, _simd => across(sums, to, made)),
            Sums::Many(sums) => dispatch!(level, _simd => across(sums, to, made)),
        }
        Some(&self.line)
    }
}

// What follows must become part of the function that knows the vectors of the processor.

#[inline(always)]
fn add<T: Copy + From<u8> + AddAssign>(sums: &mut [T], line: &[u8], is_first: bool) {
    let both = sums.iter_mut().zip(line);
    if is_first {
        both.for_each(|(sum, byte)| *sum = T::from(*byte));
    } else {
        both.for_each(|(sum, byte)| *sum += T::from(*byte));
    }
}

/// A line of means from the sums of its lines.
#[inline(always)]
fn across<T: Copy + Into<u32>>(
    sums: &[T],
    (columns, means, narrow, channels): (&[(usize, usize)], &[Mean; 2], usize, usize),
    line: &mut [u8],
) {
    match (channels, narrow) {
        (1, 1) => columns_of::<1, T>(columns, sums, means, line),
        (1, 2) => columns_of::<2, T>(columns, sums, means, line),
        (1, 3) => columns_of::<3, T>(columns, sums, means, line),
        (1, 4) => columns_of::<4, T>(columns, sums, means, line),
        _ => {
            for ((left, right), pixel) in columns.iter().zip(line.chunks_exact_mut(channels)) {
                let mean = &means[right - left - narrow];
                let under = &sums[left * channels..right * channels];
                for (c, level) in pixel.iter_mut().enumerate() {
                    let one = under.iter().skip(c).step_by(channels);
                    *level = mean.round(one.map(|sum| u64::from((*sum).into())).sum());
                }
            }
        }
    }
}

/// A line of one channel whose pixels are `N` columns wide, or one more: few of them, so that a loop over them, or a decision
/// for each pixel, would cost more than the sum.
#[inline(always)]
fn columns_of<const N: usize, T: Copy + Into<u32>>(
    columns: &[(usize, usize)],
    sums: &[T],
    means: &[Mean; 2],
    line: &mut [u8],
) {
    let sum = |at: &T| u64::from((*at).into());
    if columns.len() * N + 1 == sums.len() {
        // All of one width: nothing to look up.
        let all = sums.as_chunks::<N>().0.iter().zip(line);
        if let Some((half, inverse)) = means[0].short() {
            all.for_each(|(under, level)| {
                let sum: u32 = under.iter().map(|at| (*at).into()).sum();
                *level = (((sum + half) * inverse) >> SHORT) as u8;
            });
        } else {
            all.for_each(|(under, level)| *level = means[0].round(under.iter().map(sum).sum()));
        }
        return;
    }
    for ((left, right), level) in columns.iter().zip(line) {
        let under = &sums[*left..=left + N];
        let wide = right - left - N;
        let first: u64 = under[..N].iter().map(sum).sum();
        *level = means[wide].round(first + sum(&under[N]) * wide as u64);
    }
}

/// The rounded mean of `count` bytes from their sum; a division for each pixel would take longer than all the rest.
struct Mean {
    count: u64,
    /// 2^40 divided by the count, rounded up; 0 where that would not be exact.
    inverse: u64,
}

/// Bits behind the point of a short inverse.
const SHORT: u32 = 23;

impl Mean {
    /// Half of the count, and 2^23 divided by it, rounded up, where four bytes hold every product: the mean of the sum with its half
    /// is then exact (the error is below 256 * count^2 / 2^23).
    fn short(&self) -> Option<(u32, u32)> {
        let count = u32::try_from(self.count).ok().filter(|count| (1..=128).contains(count))?;
        Some((count / 2, (1 << SHORT) / count + 1))
    }

    fn of(count: usize) -> Self {
        let count = count as u64;
        // The error is below sum * count / 2^40, and the sum with its half is below 256 * count.
        let exact = count < 1 << 16;
        Self { count, inverse: if exact { (1 << 40) / count + 1 } else { 0 } }
    }

    fn round(&self, sum: u64) -> u8 {
        let sum = sum + self.count / 2;
        let mean = if self.inverse > 0 { (sum * self.inverse) >> 40 } else { sum / self.count };
        u8::try_from(mean).unwrap_or(u8::MAX)
    }
}

/// Source pixels (first, one past last) that make target pixel `at`.
fn span(at: usize, target: usize, source: usize) -> (usize, usize) {
    let first = at * source / target;
    (first, ((at + 1) * source / target).max(first + 1))
}

/// An image that becomes larger.
pub(super) struct Grow {
    columns: Vec<(usize, usize, f32)>,
    lines: Vec<(usize, usize, f32)>,
    channels: usize,
    /// The line before, and the one that came last.
    upper: Vec<u8>,
    lower: Vec<u8>,
    /// Lines taken of the image, and made of the larger one.
    taken: usize,
    made: usize,
    line: Vec<u8>,
}

impl Grow {
    /// Of `from` to `to` pixels, neither side smaller than it was.
    pub(super) fn new(from: (usize, usize), to: (usize, usize), channels: usize) -> Self {
        Self {
            columns: between(to.0, from.0),
            lines: between(to.1, from.1),
            channels,
            upper: Vec::new(),
            lower: Vec::new(),
            taken: 0,
            made: 0,
            line: vec![0; to.0 * channels],
        }
    }

    /// Takes a line and gives those that it completes.
    pub(super) fn take(&mut self, line: &[u8], mut give: impl FnMut(&[u8])) {
        std::mem::swap(&mut self.upper, &mut self.lower);
        self.lower.clear();
        self.lower.extend_from_slice(line);
        self.taken += 1;
        while let Some((y0, y1, down)) = self.lines.get(self.made).filter(|(_, y1, _)| *y1 < self.taken) {
            let of = |y: usize| if y + 1 == self.taken { &self.lower } else { &self.upper };
            let (upper, lower) = (of(*y0), of(*y1));
            for ((x0, x1, right), pixel) in self.columns.iter().zip(self.line.chunks_exact_mut(self.channels))
            {
                for (channel, level) in pixel.iter_mut().enumerate() {
                    let at = |line: &[u8], x: usize| f32::from(line[x * self.channels + channel]);
                    let upper = at(upper, *x0) * (1.0 - right) + at(upper, *x1) * right;
                    let lower = at(lower, *x0) * (1.0 - right) + at(lower, *x1) * right;
                    *level = (upper * (1.0 - down) + lower * down).round() as u8;
                }
            }
            self.made += 1;
            give(&self.line);
        }
    }
}

/// For each target pixel its two source pixels and the weight of the second.
fn between(target: usize, source: usize) -> Vec<(usize, usize, f32)> {
    let ratio = source as f32 / target as f32;
    (0..target)
        .map(|i| {
            let place = ((i as f32 + 0.5) * ratio - 0.5).max(0.0);
            let first = (place as usize).min(source - 1);
            (first, (first + 1).min(source - 1), place - first as f32)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_is_what_division_gives() {
        for count in (1..600).chain([4_095, 65_535, 65_536, 100_000]) {
            let mean = Mean::of(count);
            let count = count as u64;
            for level in 0..255 {
                // around the sums at which the rounded mean changes
                let edge = level * count + count / 2;
                for sum in edge.saturating_sub(1)..=edge + 1 {
                    let wanted = (sum + count / 2) / count;
                    assert_eq!(u64::from(mean.round(sum)), wanted, "{sum} of {count}");
                    if let Some((half, inverse)) = mean.short() {
                        let short = ((sum as u32 + half) * inverse) >> SHORT;
                        assert_eq!(u64::from(short), wanted, "{sum} of {count}");
                    }
                }
            }
        }
    }

    #[test]
    fn areas_are_averaged_by_channel() {
        // Every width of columns, the narrow and the wide one of each, and more lines than two bytes can sum up.
        let sizes = [(7, 5), (9, 4), (8, 6), (3, 900), (1, 600)];
        for (from, channels) in sizes.iter().flat_map(|from| [(*from, 1), (*from, 3)]) {
            let data: Vec<u8> = (0..from.0 * from.1 * channels).map(|i| (255 - i * 37 % 251) as u8).collect();
            let line = from.0 * channels;
            for to in (1..=from.0).flat_map(|w| [1, 2, 3].map(|h| (w, h))) {
                let mut shrink = Shrink::new(from, to, channels);
                let mut made = Vec::new();
                for line in data.chunks_exact(line) {
                    made.extend_from_slice(shrink.take(line).unwrap_or_default());
                }
                let mut means = Vec::new();
                for (y, x) in (0..to.1).flat_map(|y| (0..to.0).map(move |x| (y, x))) {
                    let (rows, cols) = (span(y, to.1, from.1), span(x, to.0, from.0));
                    for c in 0..channels {
                        let under = (rows.0..rows.1).flat_map(|r| (cols.0..cols.1).map(move |k| (r, k)));
                        let under = under.map(|(r, k)| usize::from(data[r * line + k * channels + c]));
                        let (sum, count) = under.fold((0, 0), |(sum, n), level| (sum + level, n + 1));
                        means.push(((sum + count / 2) / count) as u8);
                    }
                }
                assert!(made == means, "{from:?} to {to:?}, {channels}");
            }
        }
    }

    #[test]
    fn between_two_pixels_is_what_lies_between_them() {
        let mut grow = Grow::new((2, 2), (4, 4), 1);
        let mut made = Vec::new();
        for line in [[0, 100], [200, 100]] {
            grow.take(&line, |line| made.extend_from_slice(line));
        }
        assert_eq!(made, [0, 25, 75, 100, 50, 63, 88, 100, 150, 138, 113, 100, 200, 175, 125, 100]);
        let mut grow = Grow::new((1, 1), (2, 3), 3);
        let mut made = Vec::new();
        grow.take(&[1, 2, 3], |line| made.extend_from_slice(line));
        assert_eq!(made, [1, 2, 3].repeat(6));
    }

    #[test]
    fn an_image_is_fitted_by_the_side_that_is_too_long() {
        assert_eq!(fitted((80, 40), (20, 20), false), (20, 10));
        assert_eq!(fitted((80, 40), (200, 200), false), (80, 40));
        assert_eq!(fitted((80, 40), (200, 200), true), (200, 100));
        assert_eq!(fitted((1, 1000), (10, 10), false), (1, 10), "no line of it may be wider than one pixel");
    }
}
