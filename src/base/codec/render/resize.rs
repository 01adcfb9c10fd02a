//! Part and size of an image: smaller by averaging areas, larger by linear interpolation.

use super::Image;

/// Largest side an image is enlarged to, pixels.
const LARGEST: usize = 8192;

/// The part `[left, top, width, height]`, cut at the edges; `None` when nothing is left.
pub(super) fn cut(image: &Image, [left, top, width, height]: [u32; 4]) -> Option<Image> {
    let span = |start: u32, length: u32, side: usize| {
        let start = (start as usize).min(side);
        (start, start.saturating_add(length as usize).min(side))
    };
    let ((x0, x1), (y0, y1)) = (span(left, width, image.width), span(top, height, image.height));
    if x0 == x1 || y0 == y1 {
        return None;
    }
    let lines = image.data.chunks_exact(image.width * image.channels).skip(y0).take(y1 - y0);
    let data = lines.flat_map(|line| &line[x0 * image.channels..x1 * image.channels]).copied().collect();
    Some(Image { width: x1 - x0, height: y1 - y0, channels: image.channels, data })
}

/// `image` fitted into a box, or `None` when it stays as it is.
pub(super) fn fit(image: &Image, (width, height): (u32, u32), enlarge: bool) -> Option<Image> {
    let (w, h) = (image.width, image.height);
    let (most_w, most_h) = ((width as usize).clamp(1, LARGEST), (height as usize).clamp(1, LARGEST));
    // the narrower side decides
    let (new_w, new_h) = if most_w * h <= most_h * w {
        (most_w, (h * most_w / w).max(1))
    } else {
        ((w * most_h / h).max(1), most_h)
    };
    if new_w < w {
        Some(shrink(image, new_w, new_h))
    } else if enlarge && new_w > w {
        Some(grow(image, new_w, new_h))
    } else {
        None
    }
}

fn shrink(image: &Image, width: usize, height: usize) -> Image {
    let (channels, stride) = (image.channels, image.width * image.channels);
    let columns: Vec<(usize, usize)> = (0..width).map(|x| span(x, width, image.width)).collect();
    // Every column is so wide, or one pixel wider.
    let narrow = image.width / width;
    let mut data = vec![0; width * height * channels];
    // The source rows of a target row are added up first: one straight walk over them. One more stands for the column behind
    // the last.
    let mut sums = vec![0_u32; stride + 1];
    for (y, line) in data.chunks_exact_mut(width * channels).enumerate() {
        let (top, end) = span(y, height, image.height);
        sums.fill(0);
        for row in image.data[top * stride..end * stride].chunks_exact(stride) {
            sums.iter_mut().zip(row).for_each(|(sum, byte)| *sum += u32::from(*byte));
        }
        let means = [Mean::of((end - top) * narrow), Mean::of((end - top) * (narrow + 1))];
        match (channels, narrow) {
            (1, 1) => columns_of::<1>(&columns, &sums, &means, line),
            (1, 2) => columns_of::<2>(&columns, &sums, &means, line),
            (1, 3) => columns_of::<3>(&columns, &sums, &means, line),
            (1, 4) => columns_of::<4>(&columns, &sums, &means, line),
            _ => {
                for ((left, right), pixel) in columns.iter().zip(line.chunks_exact_mut(channels)) {
                    let mean = &means[right - left - narrow];
                    let under = &sums[left * channels..right * channels];
                    for (c, level) in pixel.iter_mut().enumerate() {
                        let one = under.iter().skip(c).step_by(channels);
                        *level = mean.round(one.map(|sum| u64::from(*sum)).sum());
                    }
                }
            }
        }
    }
    Image { width, height, channels, data }
}

/// A line of one channel whose pixels are `N` columns wide, or one more: few of them, so that a loop over them, or a decision
/// for each pixel, would cost more than the sum.
fn columns_of<const N: usize>(columns: &[(usize, usize)], sums: &[u32], means: &[Mean; 2], line: &mut [u8]) {
    for ((left, right), level) in columns.iter().zip(line) {
        let under = &sums[*left..=left + N];
        let wide = right - left - N;
        let first: u64 = under[..N].iter().map(|sum| u64::from(*sum)).sum();
        *level = means[wide].round(first + u64::from(under[N]) * wide as u64);
    }
}

/// The rounded mean of `count` bytes from their sum; a division for each pixel would take longer than all the rest.
struct Mean {
    count: u64,
    /// 2^40 divided by the count, rounded up; 0 where that would not be exact.
    inverse: u64,
}

impl Mean {
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

fn grow(image: &Image, width: usize, height: usize) -> Image {
    let (columns, lines) = (between(width, image.width), between(height, image.height));
    let stride = image.width * image.channels;
    let mut data = Vec::with_capacity(width * height * image.channels);
    for (y0, y1, down) in &lines {
        for (x0, x1, right) in &columns {
            for channel in 0..image.channels {
                let at =
                    |y: usize, x: usize| f32::from(image.data[y * stride + x * image.channels + channel]);
                let upper = at(*y0, *x0) * (1.0 - right) + at(*y0, *x1) * right;
                let lower = at(*y1, *x0) * (1.0 - right) + at(*y1, *x1) * right;
                data.push((upper * (1.0 - down) + lower * down).round() as u8);
            }
        }
    }
    Image { width, height, channels: image.channels, data }
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
                    assert_eq!(u64::from(mean.round(sum)), (sum + count / 2) / count, "{sum} of {count}");
                }
            }
        }
    }

    #[test]
    fn areas_are_averaged_by_channel() {
        let data: Vec<u8> = (0..7 * 5 * 3).map(|i| (i * 37 % 251) as u8).collect();
        let image = Image { width: 7, height: 5, channels: 3, data: data.clone() };
        let small = shrink(&image, 3, 2);
        for (channels, width) in [(1, 7), (1, 5), (1, 3), (1, 2), (1, 1), (3, 5)] {
            // Every width of columns, the narrow and the wide one of each.
            let data: Vec<u8> = (0..9 * 4 * channels).map(|i| (i * 91 % 253) as u8).collect();
            let image = Image { width: 9, height: 4, channels, data };
            let made = shrink(&image, width, 3);
            for (y, x, c) in
                (0..3).flat_map(|y| (0..width).flat_map(move |x| (0..channels).map(move |c| (y, x, c))))
            {
                let (rows, cols) = (span(y, 3, 4), span(x, width, 9));
                let under = (rows.0..rows.1).flat_map(|r| (cols.0..cols.1).map(move |k| (r, k)));
                let values: Vec<usize> =
                    under.map(|(r, k)| usize::from(image.data[(r * 9 + k) * channels + c])).collect();
                let mean = (values.iter().sum::<usize>() + values.len() / 2) / values.len();
                assert_eq!(
                    usize::from(made.data[(y * width + x) * channels + c]),
                    mean,
                    "{width}: {y} {x} {c}"
                );
            }
        }
        for (y, x, c) in (0..2).flat_map(|y| (0..3).flat_map(move |x| (0..3).map(move |c| (y, x, c)))) {
            let (rows, cols) = (span(y, 2, 5), span(x, 3, 7));
            let under = (rows.0..rows.1).flat_map(|r| (cols.0..cols.1).map(move |k| (r, k)));
            let values: Vec<usize> = under.map(|(r, k)| usize::from(data[(r * 7 + k) * 3 + c])).collect();
            let mean = (values.iter().sum::<usize>() + values.len() / 2) / values.len();
            assert_eq!(usize::from(small.data[(y * 3 + x) * 3 + c]), mean, "{y} {x} {c}");
        }
    }
}
