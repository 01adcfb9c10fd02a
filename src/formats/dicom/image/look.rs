//! How one frame is meant to be shown (PS3.3 §C.11, §C.7.6.11, §C.9.2), from its functional groups, the shared ones and the data set.

use serde::{Deserialize, Serialize};

use super::super::object::Node;
use super::super::{Object, Tag, Vr, tag};
use super::table::{Palette, Table, palette, table};
use super::{Image, Window, inside, packed, windows};

/// The presentation of a frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// Rescale slope and intercept.
    pub rescale: (f64, f64),
    /// Modality LUT, instead of slope and intercept.
    pub modality: Option<Table>,
    /// Windows in the order of the object.
    pub windows: Vec<Window>,
    /// VOI LUT function of the windows.
    pub voi_function: String,
    /// VOI LUTs.
    pub voi: Vec<Table>,
    /// Presentation LUT.
    pub presentation: Option<Table>,
    /// Presentation LUT shape INVERSE.
    pub inverse: bool,
    /// Padding values, first and last.
    pub padding: Option<(i64, i64)>,
    /// Palette.
    pub palette: Option<Palette>,
    /// Shutter.
    pub shutter: Option<Shutter>,
    /// Overlays.
    pub overlays: Vec<Overlay>,
}

/// Where an overlay has its bits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plane {
    /// Its own, packed from the low bit, line after line without padding.
    Bits(#[serde(with = "packed::bytes")] Vec<u8>),
    /// This bit of every sample word (retired, still met).
    Embedded(u16),
}

/// An overlay plane over the frame (PS3.3 §C.9.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlay {
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub cols: u32,
    /// Row and column of its first pixel in the image, from 1; may lie outside.
    pub origin: (i64, i64),
    /// Its bits.
    pub plane: Plane,
}

/// What of the image is covered (PS3.3 §C.7.6.11, §C.7.6.15). Pixels must lie inside every shape given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shutter {
    /// Left, right, upper and lower edge, pixels from 1, themselves covered.
    pub rectangle: Option<[i64; 4]>,
    /// Row, column of the centre, radius.
    pub circle: Option<[i64; 3]>,
    /// Row and column of each corner.
    pub polygon: Vec<(i64, i64)>,
    /// Bits of this overlay cover.
    pub bitmap: Option<Overlay>,
    /// Grey level of what is covered, as P-value of 16 bits.
    pub value: u16,
}

/// Reads the presentation of frame `n`, from 0.
#[must_use]
pub fn look(object: &Object, image: &Image, n: usize) -> Look {
    let root = object.root();
    let places = places(&root, n);
    let first = |t: Tag| places.iter().find_map(|p| p.number(t));
    let items = |t: Tag| places.iter().map(|p| p.items(t)).find(|i| !i.is_empty()).unwrap_or_default();
    let tables = |t: Tag| items(t).iter().filter_map(|i| table(i, image.signed)).collect::<Vec<_>>();
    let bitmap = root.int(Tag(0x0018_1623)).and_then(|g| u16::try_from(g).ok());
    let groups = (0..16).map(|i| 0x6000 + 2 * i).filter(|g| root.has(Tag::new(*g, 0x0010)));
    let overlays = |wanted: &dyn Fn(u16) -> bool| -> Vec<Overlay> {
        groups.clone().filter(|g| wanted(*g)).filter_map(|g| overlay(&root, g, n)).collect()
    };
    let covering = bitmap.and_then(|b| overlays(&|g| g == b).into_iter().next());
    Look {
        rescale: (
            first(tag::SLOPE).filter(|s| *s != 0.0).unwrap_or(1.0),
            first(tag::INTERCEPT).unwrap_or(0.0),
        ),
        modality: tables(Tag(0x0028_3000)).into_iter().next(),
        windows: places.iter().map(windows).find(|w| !w.is_empty()).unwrap_or_default(),
        voi_function: places
            .iter()
            .map(|p| p.text(tag::VOI_FUNCTION))
            .find(|f| !f.is_empty())
            .unwrap_or_default(),
        voi: tables(Tag(0x0028_3010)),
        presentation: tables(Tag(0x2050_0010)).into_iter().next(),
        inverse: places.iter().any(|p| p.text(Tag(0x2050_0020)) == "INVERSE"),
        padding: image.padding,
        palette: if image.photometric == "PALETTE COLOR" { palette(&root) } else { None },
        shutter: shutter(&places, covering),
        overlays: overlays(&|g| Some(g) != bitmap),
    }
}

/// The functional groups of the frame, then the shared ones, then the data set.
fn places<'o>(root: &Node<'o>, n: usize) -> Vec<Node<'o>> {
    let mut out = Vec::new();
    for (groups, index) in [(tag::PER_FRAME_GROUPS, n), (tag::SHARED_GROUPS, 0)] {
        out.extend(root.items(groups).get(index).map(inside).unwrap_or_default());
    }
    out.push(root.clone());
    out
}

fn shutter(places: &[Node<'_>], bitmap: Option<Overlay>) -> Option<Shutter> {
    let node = places.iter().find(|p| p.has(Tag(0x0018_1600)))?;
    let shapes = node.strings(Tag(0x0018_1600));
    let has = |name: &str| shapes.iter().any(|s| s == name);
    let int = |element: u16| node.int(Tag::new(0x0018, element));
    let all = |list: [Option<i64>; 4]| {
        let [Some(a), Some(b), Some(c), Some(d)] = list else { return None };
        Some([a, b, c, d])
    };
    let pairs = |element: u16| -> Vec<(i64, i64)> {
        let numbers = node.numbers(Tag::new(0x0018, element));
        numbers.chunks_exact(2).filter_map(|c| Some((*c.first()? as i64, *c.get(1)? as i64))).collect()
    };
    let circle = pairs(0x1610).first().copied().zip(int(0x1612)).map(|((row, col), r)| [row, col, r]);
    let made = Shutter {
        rectangle: all([int(0x1602), int(0x1604), int(0x1606), int(0x1608)]).filter(|_| has("RECTANGULAR")),
        circle: circle.filter(|_| has("CIRCULAR")),
        polygon: if has("POLYGONAL") { pairs(0x1620) } else { Vec::new() },
        bitmap: bitmap.filter(|_| has("BITMAP")),
        value: int(0x1622).and_then(|v| u16::try_from(v).ok()).unwrap_or(0),
    };
    Some(made)
        .filter(|s| s.rectangle.is_some() || s.circle.is_some() || s.polygon.len() > 2 || s.bitmap.is_some())
}

/// The plane of overlay `group` that belongs to frame `n`.
fn overlay(root: &Node<'_>, group: u16, n: usize) -> Option<Overlay> {
    let at = |element: u16| Tag::new(group, element);
    let side = |element: u16| root.int(at(element)).and_then(|v| u32::try_from(v).ok()).filter(|v| *v > 0);
    let (rows, cols) = (side(0x0010)?, side(0x0011)?);
    let origin = root.numbers(at(0x0050));
    let origin = (origin.first().map_or(1, |v| *v as i64), origin.get(1).map_or(1, |v| *v as i64));
    let Some(raw) = root.bytes(at(0x3000)) else {
        // no data of its own: the bits stand in the pixel words (PS3.5 §8.1.2, retired)
        let bit = root.int(at(0x0102)).and_then(|b| u16::try_from(b).ok()).filter(|b| *b > 0)?;
        return Some(Overlay { rows, cols, origin, plane: Plane::Embedded(bit) });
    };
    let frames = side(0x0015).map_or(1, |f| f as usize);
    let begins =
        root.int(at(0x0051)).and_then(|f| usize::try_from(f).ok()).map_or(0, |f| f.saturating_sub(1));
    // one plane without frames of its own lies over every frame
    let own = if frames > 1 { n.checked_sub(begins).filter(|k| *k < frames)? } else { 0 };
    let bits = u64::from(rows) * u64::from(cols);
    let words = root.get(at(0x3000)).is_some_and(|(_, t)| t.big && t.vr == Vr::OW);
    let mut data = raw.to_vec();
    if words {
        data.chunks_exact_mut(2).for_each(<[u8]>::reverse);
    }
    let start = bits.checked_mul(own as u64)?;
    let plane = super::super::frames::cut_bits(&data, start, bits)?;
    Some(Overlay { rows, cols, origin, plane: Plane::Bits(plane) })
}
