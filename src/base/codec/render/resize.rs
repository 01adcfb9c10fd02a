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
    let mut data = Vec::with_capacity(width * height * channels);
    // The source rows of a target row are added up first: one straight walk over them.
    let mut sums = vec![0_u32; stride];
    for y in 0..height {
        let (top, end) = span(y, height, image.height);
        sums.fill(0);
        for row in image.data[top * stride..end * stride].chunks_exact(stride) {
            sums.iter_mut().zip(row).for_each(|(sum, byte)| *sum += u32::from(*byte));
        }
        for (left, right) in &columns {
            let count = ((end - top) * (right - left)) as u64;
            for channel in 0..channels {
                let under = sums[left * channels..right * channels].iter().skip(channel).step_by(channels);
                let sum: u64 = under.map(|sum| u64::from(*sum)).sum();
                data.push(u8::try_from((sum + count / 2) / count).unwrap_or(u8::MAX));
            }
        }
    }
    Image { width, height, channels, data }
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
