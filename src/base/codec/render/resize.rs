//! Makes an image smaller by averaging areas; never larger.

use super::Image;

/// `image` with its longest side at most `longest_side`, or `None` when it already is.
pub(super) fn fit(image: &Image, longest_side: usize) -> Option<Image> {
    let longest = image.width.max(image.height);
    if longest <= longest_side {
        return None;
    }
    let scale = |side: usize| (side * longest_side / longest).max(1);
    let (width, height) = (scale(image.width), scale(image.height));
    let mut data = Vec::with_capacity(width * height * image.channels);
    for y in 0..height {
        let rows = span(y, height, image.height);
        for x in 0..width {
            let cols = span(x, width, image.width);
            for channel in 0..image.channels {
                data.push(mean(image, rows, cols, channel));
            }
        }
    }
    Some(Image { width, height, channels: image.channels, data })
}

/// Source pixels (first, one past last) that make target pixel `at`.
fn span(at: usize, target: usize, source: usize) -> (usize, usize) {
    let first = at * source / target;
    (first, ((at + 1) * source / target).max(first + 1))
}

fn mean(image: &Image, rows: (usize, usize), cols: (usize, usize), channel: usize) -> u8 {
    let mut sum = 0_usize;
    for y in rows.0..rows.1 {
        let row = &image.data[y * image.width * image.channels..];
        for x in cols.0..cols.1 {
            sum += usize::from(row[x * image.channels + channel]);
        }
    }
    let count = (rows.1 - rows.0) * (cols.1 - cols.0);
    u8::try_from((sum + count / 2) / count).unwrap_or(u8::MAX)
}
