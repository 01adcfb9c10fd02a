//! Which images may be taken for one volume: what sets two images of one place apart (PS3.3 §C.7.6.16.2.2, §C.7.6.17).

use super::super::Tag;
use super::super::object::Node;

/// Attributes by which images of one place differ: temporal position and index, stack, echo, diffusion b-value.
const TOLD: [(&str, Tag); 6] = [
    ("stack", Tag(0x0020_9056)),
    ("time", Tag(0x0020_9128)),
    ("time", Tag(0x0020_0100)),
    ("echo", Tag(0x0018_0086)),
    ("echo-ms", Tag(0x0018_9082)),
    ("b", Tag(0x0018_9087)),
];

/// Dimension Index Values, and the pointers of the dimensions they count.
const INDEX_VALUES: Tag = Tag(0x0020_9157);
const DIMENSIONS: Tag = Tag(0x0020_9222);
const POINTER: Tag = Tag(0x0020_9165);

/// Dimensions along which frames of one volume follow each other: in-stack position, image position and the sequence it stands in,
/// instance number, frame acquisition number, slice location, acquisition date and time of the frame.
const ALONG: [Tag; 8] = [
    Tag(0x0020_9057),
    Tag(0x0020_0032),
    Tag(0x0020_9113),
    Tag(0x0020_0013),
    Tag(0x0020_9156),
    Tag(0x0020_1041),
    Tag(0x0018_9074),
    Tag(0x0018_9151),
];

/// The dimensions of an object that separate volumes, by their place among the index values.
pub(super) struct Sets(Vec<usize>);

impl Sets {
    /// Reads the Dimension Index Sequence; an object without one has none.
    pub(super) fn of(root: &Node<'_>) -> Self {
        let dimensions = root.items(DIMENSIONS);
        let apart = |(place, item): (usize, &Node<'_>)| {
            // A pointer that cannot be read is taken for one that separates: nothing is joined on a guess.
            pointer(item).is_none_or(|p| !ALONG.contains(&p)).then_some(place)
        };
        Self(dimensions.iter().enumerate().filter_map(apart).collect())
    }

    /// The name of the set an image belongs to; empty when nothing tells sets apart.
    pub(super) fn name(&self, mine: &[Node<'_>], behind: &[Node<'_>]) -> String {
        let texts = |t: Tag| mine.iter().chain(behind).map(|n| words(n, t)).find(|v| !v.is_empty());
        let mut parts: Vec<String> =
            TOLD.iter().filter_map(|(name, t)| Some(format!("{name} {}", texts(*t)?))).collect();
        let values = mine.iter().map(|n| n.numbers(INDEX_VALUES)).find(|v| !v.is_empty()).unwrap_or_default();
        parts.extend(self.0.iter().filter_map(|place| Some(format!("d{place} {}", values.get(*place)?))));
        parts.join(", ")
    }
}

/// The first value as text, whether it is written as text or as a number.
fn words(node: &Node<'_>, wanted: Tag) -> String {
    let Some((index, token)) = node.get(wanted) else { return String::new() };
    if token.vr.is_text() {
        return node.strings_at(index).into_iter().next().unwrap_or_default();
    }
    node.numbers_at(index).first().map(f64::to_string).unwrap_or_default()
}

/// A Dimension Index Pointer: group, then element, in the byte order of the object.
fn pointer(item: &Node<'_>) -> Option<Tag> {
    let (_, _, big) = item.place(POINTER)?;
    let &[a, b, c, d] = item.bytes(POINTER)?.first_chunk::<4>()?;
    let short = |pair: [u8; 2]| if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) };
    Some(Tag::new(short([a, b]), short([c, d])))
}
