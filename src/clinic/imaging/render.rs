//! Frames as pictures (specification §7.6): the object's own presentation, or the window a client asks for.

use std::sync::Arc;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use yigong_base::codec::{Display, Format, Output, Picture, Pool, Request};
use yigong_base::fault::{Fault, Result};
use yigong_formats::dicom::image::look;

use super::egress::sound;
use super::open::Opened;
use super::retrieve::Stored;
use crate::Centre;

/// What a client may ask of a rendered frame (PS3.18 §8.3.5).
#[derive(Debug, Clone, PartialEq)]
pub struct Rendering {
    /// Window centre, width and function (`LINEAR`, `LINEAR_EXACT`, `SIGMOID`; empty = the object's) instead of the object's own.
    pub window: Option<(f64, f64, String)>,
    /// JPEG or PNG.
    pub format: Format,
    /// Part of the image: left, top, width, height.
    pub part: Option<[u32; 4]>,
    /// The box the image is fitted into.
    pub fit: Option<(u32, u32)>,
    /// It may become larger than it is.
    pub enlarge: bool,
    /// Overlays are drawn.
    pub overlays: bool,
    /// Black and white change places.
    pub invert: bool,
}

impl Default for Rendering {
    fn default() -> Self {
        Self {
            window: None,
            format: Format::Jpeg(85),
            part: None,
            fit: None,
            enlarge: false,
            overlays: true,
            invert: false,
        }
    }
}

impl Rendering {
    /// A JPEG whose longest side is at most `side` pixels.
    #[must_use]
    pub fn within(side: u16) -> Self {
        Self { fit: Some((side.into(), side.into())), ..Self::default() }
    }

    fn picture(&self) -> Picture {
        Picture { format: self.format, part: self.part, fit: self.fit, enlarge: self.enlarge }
    }
}

/// Bytes of pictures that are kept.
const KEPT_BYTES: u64 = 16 << 20;

/// The pictures that were asked for lately, by everything that decides their bytes.
pub struct Drawn(Cache<String, Arc<Vec<u8>>, ByLength>);

#[derive(Clone)]
struct ByLength;

impl Weighter<String, Arc<Vec<u8>>> for ByLength {
    fn weight(&self, key: &String, picture: &Arc<Vec<u8>>) -> u64 {
        (key.len() + picture.len()) as u64
    }
}

impl Default for Drawn {
    fn default() -> Self {
        // One shard: the largest picture that is kept is as large as a shard.
        let mut options = OptionsBuilder::new();
        options.shards(1).estimated_items_capacity(500).weight_capacity(KEPT_BYTES);
        Self(match options.build() {
            Ok(options) => Cache::with_options(
                options,
                ByLength,
                DefaultHashBuilder::default(),
                DefaultLifecycle::default(),
            ),
            Err(_) => Cache::with_weighter(500, KEPT_BYTES, ByLength),
        })
    }
}

/// Frame `n` (from 1) of a stored instance as a picture. Nobody sees a kept picture of an object that is known as damaged.
///
/// # Errors
/// `NotFound` for a wrong number; `Invalid` with the codec's slug when it cannot be decoded; `Storage` for a damaged object.
pub async fn frame(centre: &Centre, stored: &Stored, n: usize, how: &Rendering) -> Result<Vec<u8>> {
    sound(stored)?;
    let key = format!("{} {n} {how:?}", stored.etag());
    if let Some(kept) = centre.drawn.0.get(&key) {
        return Ok(kept.to_vec());
    }
    let picture = drawn(centre, stored, n, how).await?;
    centre.drawn.0.insert(key, Arc::new(picture.clone()));
    Ok(picture)
}

async fn drawn(centre: &Centre, stored: &Stored, n: usize, how: &Rendering) -> Result<Vec<u8>> {
    let opened = Opened::outgoing(&centre.ctx, stored).await?;
    let n = n.checked_sub(1).ok_or_else(|| Fault::not_found("frame"))?;
    let parts = pictures(&centre.codec, &opened, n, std::slice::from_ref(how)).await?;
    parts.into_iter().next().ok_or_else(|| Fault::internal("the codec worker answered nothing"))
}

/// Pictures of frame `n` (from 0) of an opened object, decoded once; the first one's window, overlays and inversion hold for all.
///
/// # Errors
/// As [`frame`].
pub async fn pictures(codec: &Pool, opened: &Opened, n: usize, how: &[Rendering]) -> Result<Vec<Vec<u8>>> {
    let stretch = opened.stretch(n).await?;
    let request = Request {
        transfer_syntax: opened.syntax().to_owned(),
        shape: opened.shape(),
        display: how.first().map_or_else(Display::default, |first| display(opened, n, first)),
        outputs: how.iter().map(|h| Output::Picture(h.picture())).collect(),
    };
    Ok(codec.work(&request, &stretch.frame()).await?)
}

/// The presentation of frame `n`, from 0.
fn display(opened: &Opened, n: usize, how: &Rendering) -> Display {
    let look = look(&opened.object, &opened.image, n);
    let (window, voi_function) = match &how.window {
        Some((centre, width, function)) if function.is_empty() => {
            (Some((*centre, *width)), look.voi_function)
        }
        Some((centre, width, function)) => (Some((*centre, *width)), function.clone()),
        None => (look.windows.first().map(|w| (w.center, w.width)), look.voi_function),
    };
    let inverse = look.inverse || opened.image.photometric == "MONOCHROME1";
    Display {
        slope: look.rescale.0,
        intercept: look.rescale.1,
        modality: look.modality,
        window,
        voi_function,
        voi: look.voi.into_iter().next(),
        presentation: look.presentation,
        padding: look.padding,
        invert: inverse != how.invert,
        palette: look.palette,
        shutter: look.shutter,
        overlays: if how.overlays { look.overlays } else { Vec::new() },
    }
}
