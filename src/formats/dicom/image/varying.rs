//! What differs from frame to frame: the functional groups of enhanced objects (PS3.3 §C.7.6.16).

use super::super::object::Node;
use super::super::{Object, Tag, tag};
use super::frame_set::Sets;
use super::{Window, inside, windows};

/// Frames whose own values are listed.
const MOST: usize = 4096;

/// What a frame says of itself: its own groups come first, then the shared ones, then the data set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Own {
    /// Rescale slope.
    pub slope: f64,
    /// Rescale intercept.
    pub intercept: f64,
    /// Rescale type.
    pub units: String,
    /// Windows.
    pub windows: Vec<Window>,
    /// Image position, mm.
    pub position: Vec<f64>,
    /// Image orientation.
    pub orientation: Vec<f64>,
    /// Pixel spacing row, column, mm.
    pub pixel_spacing: Vec<f64>,
    /// Slice thickness, mm.
    pub slice_thickness: Option<f64>,
    /// Stack, point in time and whatever else sets images of one place apart; frames with equal text may make one volume.
    pub set: String,
}

/// The frames of an object with groups of their own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Varying {
    /// Each frame in order; empty when every frame is like the first.
    pub frames: Vec<Own>,
    /// There are more frames than are listed, and they are not known to be alike.
    pub more: bool,
}

/// Reads the groups of `count` frames: what the first says, and what differs.
pub(super) fn varying(object: &Object, count: usize) -> (Own, Varying) {
    let root = object.root();
    let shared: Vec<Node<'_>> = root.items(tag::SHARED_GROUPS).first().map(inside).unwrap_or_default();
    let items = root.items(tag::PER_FRAME_GROUPS);
    let behind: Vec<Node<'_>> = shared.into_iter().chain([root.clone()]).collect();
    let sets = Sets::of(&root);
    let first = own(&items.first().map(inside).unwrap_or_default(), &behind, &sets);
    if count < 2 || items.is_empty() {
        return (first, Varying::default());
    }
    // Groups that were cut off by the limits of reading would be read as "slope 1, no place": nothing is said of them instead.
    if count > MOST || object.defects.has("header-large") {
        return (first, Varying { frames: Vec::new(), more: true });
    }
    let none = own(&[], &behind, &sets);
    let of = |n: usize| items.get(n).map_or_else(|| none.clone(), |item| own(&inside(item), &behind, &sets));
    let frames: Vec<Own> = (0..count).map(of).collect();
    let alike = frames.iter().all(|f| *f == first);
    (first, Varying { frames: if alike { Vec::new() } else { frames }, more: false })
}

fn own(mine: &[Node<'_>], behind: &[Node<'_>], sets: &Sets) -> Own {
    let numbers =
        |t: Tag| mine.iter().chain(behind).map(|n| n.numbers(t)).find(|v| !v.is_empty()).unwrap_or_default();
    let number = |t: Tag| numbers(t).first().copied();
    // Positron emission images name their unit elsewhere (PS3.3 §C.8.9.1.1.3).
    let units = [tag::RESCALE_TYPE, Tag(0x0054_1001)]
        .iter()
        .find_map(|t| mine.iter().chain(behind).map(|n| n.text(*t)).find(|v| !v.is_empty()));
    Own {
        slope: number(tag::SLOPE).filter(|s| *s != 0.0).unwrap_or(1.0),
        intercept: number(tag::INTERCEPT).unwrap_or(0.0),
        units: units.unwrap_or_default(),
        windows: mine.iter().chain(behind).map(windows).find(|w| !w.is_empty()).unwrap_or_default(),
        position: numbers(tag::POSITION),
        orientation: numbers(tag::ORIENTATION),
        pixel_spacing: numbers(tag::PIXEL_SPACING),
        slice_thickness: number(tag::SLICE_THICKNESS),
        set: sets.name(mine, behind),
    }
}
