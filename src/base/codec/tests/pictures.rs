//! Tables, shutters, overlays, size and format (PS3.3 §C.7.6.11, §C.9.2, §C.11).

use super::super::decode::Pixels;
use super::super::render::{Image, Press, display};
use super::*;

fn shown(shape: &Shape, data: Vec<u8>, how: &Display) -> Image {
    display(&Pixels::new(data), shape, how).unwrap()
}

fn picture(image: &Image, wanted: &Picture) -> Result<Vec<u8>, CodecError> {
    let mut press = Press::of(wanted, (image.width, image.height), image.channels)?;
    press.take(image);
    press.end()
}

fn table(first: i64, bits: u32, entries: &[u16]) -> Option<Table> {
    Some(Table { first, bits, entries: entries.to_vec() })
}

fn bits(rows: u32, cols: u32, origin: (i64, i64), packed: &[u8]) -> Overlay {
    Overlay { rows, cols, origin, plane: Plane::Bits(packed.to_vec()) }
}

#[test]
fn tables_take_the_place_of_slope_and_window() {
    let how = Display {
        slope: 1000.0,
        modality: table(10, 12, &[0, 100, 200]),
        voi: table(50, 8, &[0, 255]),
        ..Display::default()
    };
    // 9 and 10 give 0, clamped below the VOI table; 11 gives 100, clamped above it
    assert_eq!(shown(&grey(1, 3, 8), vec![9, 10, 11], &how).data, [0, 0, 255]);
    let windowed = Display { window: Some((100.0, 201.0)), ..how };
    assert_eq!(shown(&grey(1, 3, 8), vec![10, 11, 12], &windowed).data, [1, 128, 255]);
    let curve = Display {
        window: Some((128.0, 256.0)),
        presentation: table(0, 8, &[255, 0, 0]),
        ..Display::default()
    };
    assert_eq!(shown(&grey(1, 2, 8), vec![0, 255], &curve).data, [255, 0]);
}

#[test]
fn floating_point_and_wide_samples_are_shown() {
    let float = Shape { float: true, bits_allocated: 32, bits_stored: 32, high_bit: 31, ..grey(1, 3, 8) };
    let data = [-1.0_f32, 0.0, 1.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    let how = Display { window: Some((0.0, 2.0)), voi_function: "LINEAR_EXACT".into(), ..Display::default() };
    assert_eq!(shown(&float, data, &how).data, [0, 128, 255]);
    let data = [f32::NAN, 5.0, 7.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    assert_eq!(shown(&float, data, &Display::default()).data, [0, 0, 255]);
    let wide = Shape { bits_allocated: 32, bits_stored: 32, high_bit: 31, ..grey(1, 2, 8) };
    let data = [0_u32, 4_000_000_000].iter().flat_map(|v| v.to_le_bytes()).collect();
    assert_eq!(shown(&wide, data, &Display::default()).data, [0, 255]);
    let mask = Shape { bits_allocated: 1, bits_stored: 1, high_bit: 0, ..grey(1, 4, 8) };
    assert_eq!(shown(&mask, vec![0, 1, 0, 0], &Display::default()).data, [0, 255, 0, 0]);
}

#[test]
fn a_shutter_covers_what_lies_outside_every_shape() {
    let open = |shutter: Shutter| -> String {
        let how = Display { window: Some((50.0, 1.0)), shutter: Some(shutter), ..Display::default() };
        let image = shown(&grey(5, 5, 8), vec![200; 25], &how);
        let line = |l: &[u8]| l.iter().map(|v| if *v == 255 { '#' } else { '.' }).collect::<String>();
        image.data.chunks(5).map(line).collect::<Vec<_>>().join(" ")
    };
    let none = Shutter::default();
    assert_eq!(
        open(Shutter { rectangle: Some([1, 5, 1, 4]), ..none.clone() }),
        "..... .###. .###. ..... ....."
    );
    assert_eq!(open(Shutter { circle: Some([3, 3, 1]), ..none.clone() }), "..... ..#.. .###. ..#.. .....");
    let triangle = vec![(1, 1), (5, 1), (5, 5)];
    assert_eq!(open(Shutter { polygon: triangle, ..none.clone() }), "#.... ##... ###.. ####. .....");
    let bitmap = Some(bits(1, 5, (3, 1), &[0b1_1111]));
    assert_eq!(open(Shutter { bitmap, ..none.clone() }), "##### ##### ..... ##### #####");
    let how = Display {
        window: Some((50.0, 1.0)),
        shutter: Some(Shutter { circle: Some([3, 3, 0]), value: 0x8000, ..none }),
        ..Display::default()
    };
    assert_eq!(shown(&grey(5, 5, 8), vec![200; 25], &how).data[0], 128, "shutter presentation value");
}

#[test]
fn overlays_are_drawn_from_their_own_bits_or_from_the_pixels() {
    let how = Display {
        window: Some((2000.0, 1.0)),
        // begins a row above the image
        overlays: vec![bits(2, 2, (0, 2), &[0b1011])],
        ..Display::default()
    };
    assert_eq!(shown(&grey(2, 3, 8), vec![0; 6], &how).data, [0, 0, 255, 0, 0, 0]);
    let embedded = Overlay { plane: Plane::Embedded(12), ..bits(1, 2, (1, 1), &[]) };
    let how = Display { overlays: vec![embedded], ..how };
    let data = [0x1000_u16, 0x0fff].iter().flat_map(|v| v.to_le_bytes()).collect();
    assert_eq!(shown(&grey(1, 2, 12), data, &how).data, [255, 255]);
    let data = [0x1000_u16, 0x0001].iter().flat_map(|v| v.to_le_bytes()).collect();
    assert_eq!(shown(&grey(1, 2, 12), data, &how).data, [255, 0], "the bit is no part of the value");
}

#[test]
fn pictures_have_the_part_size_and_format_asked_for() {
    let how = Display { window: Some((128.0, 256.0)), ..Display::default() };
    let image = shown(&grey(40, 80, 8), (0..3200_u32).map(|i| (i % 80) as u8).collect(), &how);
    let size = |wanted: Picture| {
        let file = picture(&image, &wanted).unwrap();
        let reader = png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
        (reader.info().width, reader.info().height)
    };
    let plain = Picture { format: Format::Png, part: None, fit: None, enlarge: false };
    assert_eq!(size(plain), (80, 40));
    assert_eq!(size(Picture { fit: Some((20, 20)), ..plain }), (20, 10));
    assert_eq!(size(Picture { fit: Some((200, 20)), ..plain }), (40, 20));
    assert_eq!(size(Picture { fit: Some((200, 200)), ..plain }), (80, 40));
    assert_eq!(size(Picture { fit: Some((200, 200)), enlarge: true, ..plain }), (200, 100));
    assert_eq!(size(Picture { part: Some([70, 30, 100, 5]), ..plain }), (10, 5));
    assert!(picture(&image, &Picture { part: Some([80, 0, 1, 1]), ..plain }).is_err());
    let jpeg = picture(&image, &Picture { format: Format::Jpeg(90), ..plain }).unwrap();
    assert!(jpeg.starts_with(&[0xff, 0xd8]));
}
