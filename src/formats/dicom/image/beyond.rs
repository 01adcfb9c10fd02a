//! What of a presentation a viewer misses that shows the samples through a straight window (PS3.3 §C.11, §C.7.6.11, §C.9.2).

use super::super::{Object, Tag, tag};
use super::{Image, every_place};

/// The reasons why plain samples under a linear window would not be the picture that was meant, in a fixed order:
/// `overlay`, `modality-lut`, `voi-lut`, `voi-function`, `presentation-lut`, `shutter`, `palette`.
///
/// A VOI LUT beside a window is an alternative to it (§C.11.2.1.1) and no reason.
pub(super) fn beyond(object: &Object, image: &Image) -> Vec<&'static str> {
    let root = object.root();
    let places = every_place(&root);
    let filled = |t: Tag| places.iter().any(|p| !p.items(t).is_empty());
    let grey = image.samples == 1;
    // Own bits, or a bit of the sample words (retired, still met).
    let drawn = |group: u16| {
        let at = |element: u16| Tag::new(group, element);
        let embedded = || root.int(at(0x0102)).is_some_and(|bit| bit > 0);
        root.has(at(0x0010)) && (root.has(at(0x3000)) || embedded())
    };
    let bent = |f: &str| !matches!(f, "" | "LINEAR");
    let shapes = |p: &super::Node<'_>| p.strings(Tag(0x0018_1600)).iter().any(|s| !s.is_empty());
    let windowed = !image.windows.is_empty();
    [
        ("overlay", (0..16).any(|i| drawn(0x6000 + 2 * i))),
        ("modality-lut", grey && filled(Tag(0x0028_3000))),
        ("voi-lut", grey && !windowed && filled(Tag(0x0028_3010))),
        ("voi-function", grey && places.iter().any(|p| bent(&p.text(tag::VOI_FUNCTION)))),
        ("presentation-lut", grey && filled(Tag(0x2050_0010))),
        ("shutter", places.iter().any(shapes)),
        ("palette", image.photometric == "PALETTE COLOR"),
    ]
    .into_iter()
    .filter_map(|(reason, there)| there.then_some(reason))
    .collect()
}
