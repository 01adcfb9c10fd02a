//! Descriptions of made objects.

use super::super::dataset::{Writer, header};
use super::super::{SliceSource, Vr, header as scan, part10, uid};
use super::*;

const CR: &str = "1.2.840.10008.5.1.4.1.1.1";

/// Elements under construction, sorted by tag at the end.
#[derive(Default, Clone)]
struct Made(Vec<(Tag, Vec<u8>)>);

impl Made {
    fn with(mut self, tag: u32, vr: Vr, value: &[u8]) -> Self {
        let mut w = Writer::new(true);
        w.element(Tag(tag), vr, value);
        self.0.push((Tag(tag), w.bytes));
        self
    }
    fn text(self, tag: u32, vr: Vr, value: &str) -> Self {
        self.with(tag, vr, value.as_bytes())
    }
    fn short(self, tag: u32, value: u16) -> Self {
        self.with(tag, Vr::US, &value.to_le_bytes())
    }
    fn items(mut self, tag: u32, items: &[Made]) -> Self {
        let body: Vec<u8> = items.iter().flat_map(Made::item).collect();
        let mut out = Vec::new();
        header(&mut out, true, Tag(tag), Vr::SQ, body.len() as u32);
        out.extend(body);
        self.0.push((Tag(tag), out));
        self
    }
    fn bytes(&self) -> Vec<u8> {
        let mut list = self.0.clone();
        list.sort_by_key(|(tag, _)| *tag);
        list.into_iter().flat_map(|(_, bytes)| bytes).collect()
    }
    fn item(&self) -> Vec<u8> {
        let body = self.bytes();
        let mut out = vec![0xFE, 0xFF, 0x00, 0xE0];
        out.extend((body.len() as u32).to_le_bytes());
        out.extend(body);
        out
    }
    fn image(&self) -> Image {
        let mut file = part10::head(CR, "1.2.3", uid::EXPLICIT_LE);
        file.extend(self.bytes());
        scan(&mut SliceSource(&file), None).unwrap().image
    }
}

/// Two by two grey pixels of 16 bits in so many frames.
fn grey(frames: usize) -> Made {
    Made::default()
        .text(0x0008_0016, Vr::UI, CR)
        .text(0x0008_0018, Vr::UI, "1.2.3")
        .text(0x0020_000D, Vr::UI, "1.2")
        .text(0x0020_000E, Vr::UI, "1.2.1")
        .text(0x0028_0004, Vr::CS, "MONOCHROME2")
        .text(0x0028_0008, Vr::IS, &frames.to_string())
        .short(0x0028_0002, 1)
        .short(0x0028_0010, 2)
        .short(0x0028_0011, 2)
        .short(0x0028_0100, 16)
        .short(0x0028_0101, 12)
        .short(0x0028_0102, 11)
        .short(0x0028_0103, 0)
        .with(0x7FE0_0010, Vr::OW, &vec![0; 8 * frames])
}

fn table() -> Made {
    Made::default().with(0x0028_3002, Vr::US, &[2, 0, 0, 0, 16, 0]).with(
        0x0028_3006,
        Vr::OW,
        &[0, 0, 255, 255],
    )
}

fn window(center: &str, width: &str) -> Made {
    Made::default().text(0x0028_1050, Vr::DS, center).text(0x0028_1051, Vr::DS, width)
}

#[test]
fn what_a_straight_window_would_not_show_is_named() {
    let sides = |m: Made| m.short(0x6000_0010, 2).short(0x6000_0011, 2);
    let windowed = |m: Made| m.text(0x0028_1050, Vr::DS, "40").text(0x0028_1051, Vr::DS, "400");
    let voi = Made::default().text(0x0028_1056, Vr::CS, "SIGMOID");
    let cases: [(&str, Made, &[&str]); 13] = [
        ("plain", windowed(grey(1)), &[]),
        ("linear", windowed(grey(1)).text(0x0028_1056, Vr::CS, "LINEAR"), &[]),
        ("marker", sides(grey(1)).with(0x6000_3000, Vr::OW, &[1, 0]), &["overlay"]),
        ("marker in the words", sides(grey(1)).short(0x6000_0100, 16).short(0x6000_0102, 15), &["overlay"]),
        ("third plane", grey(1).short(0x6004_0010, 2).with(0x6004_3000, Vr::OW, &[1, 0]), &["overlay"]),
        ("voi table", grey(1).items(0x0028_3010, &[table()]), &["voi-lut"]),
        ("voi table beside a window", windowed(grey(1)).items(0x0028_3010, &[table()]), &[]),
        ("sigmoid", windowed(grey(1)).text(0x0028_1056, Vr::CS, "SIGMOID"), &["voi-function"]),
        ("exact", windowed(grey(1)).text(0x0028_1056, Vr::CS, "LINEAR_EXACT"), &["voi-function"]),
        (
            "sigmoid in the second frame",
            grey(2).items(0x5200_9230, &[Made::default(), Made::default().items(0x0028_9132, &[voi])]),
            &["voi-function"],
        ),
        ("modality table", grey(1).items(0x0028_3000, &[table()]), &["modality-lut"]),
        ("presentation table", grey(1).items(0x2050_0010, &[table()]), &["presentation-lut"]),
        ("shutter", grey(1).text(0x0018_1600, Vr::CS, "CIRCULAR"), &["shutter"]),
    ];
    for (name, made, wanted) in cases {
        assert_eq!(made.image().beyond, wanted, "{name}");
    }
    assert!(grey(1).text(0x2050_0020, Vr::CS, "INVERSE").image().inverse && !grey(1).image().inverse);
    // a window in the functional groups is a window
    let groups = Made::default().items(0x0028_9132, &[window("40", "400")]);
    let made = grey(1).items(0x5200_9229, &[groups]).items(0x0028_3010, &[table()]);
    assert_eq!(made.image().beyond, Vec::<&str>::new());
}

/// A frame of an enhanced object.
fn frame(slope: &str, orientation: &str, position: &str) -> Made {
    let real = Made::default().text(0x0028_1052, Vr::DS, "-5").text(0x0028_1053, Vr::DS, slope);
    Made::default()
        .items(0x0028_9145, &[real])
        .items(0x0020_9116, &[Made::default().text(0x0020_0037, Vr::DS, orientation)])
        .items(0x0020_9113, &[Made::default().text(0x0020_0032, Vr::DS, position)])
}

#[test]
fn frames_say_their_own_slope_plane_spacing_and_window() {
    let spacing = Made::default().text(0x0028_0030, Vr::DS, "0.5\\0.25");
    let shared = Made::default().items(0x0028_9110, &[spacing]).items(0x0028_9132, &[window("7", "9")]);
    let frames = [
        frame("2", "1\\0\\0\\0\\1\\0", "0\\0\\10"),
        frame("4", "0\\1\\0\\0\\0\\-1", "0\\0\\20").items(0x0028_9132, &[window("70", "90")]),
    ];
    let image = grey(3).items(0x5200_9229, &[shared]).items(0x5200_9230, &frames).image();
    assert_eq!((image.slope, image.intercept, &image.position[..]), (2.0, -5.0, &[0.0, 0.0, 10.0][..]));
    let listed = &image.varying.frames;
    assert_eq!(
        listed.iter().map(|f| f.slope).collect::<Vec<_>>(),
        [2.0, 4.0, 1.0],
        "the third has no groups"
    );
    assert_eq!(listed[1].orientation, [0.0, 1.0, 0.0, 0.0, 0.0, -1.0]);
    assert_eq!(listed.iter().map(|f| f.windows[0].center).collect::<Vec<_>>(), [7.0, 70.0, 7.0]);
    assert!(listed.iter().all(|f| f.pixel_spacing == [0.5, 0.25]) && listed[2].position.is_empty());

    // the groups of a frame count before what stands in the data set
    let one = grey(1).text(0x0028_1053, Vr::DS, "9").items(0x5200_9230, &frames[..1]).image();
    assert_eq!((one.slope, one.varying), (2.0, Varying::default()));
    let alike = [frames[0].clone(), frames[0].clone()];
    assert_eq!(grey(2).items(0x5200_9230, &alike).image().varying, Varying::default());
    let many: Vec<Made> = (0..2).map(|_| frames[0].clone()).collect();
    let image = grey(5000).items(0x5200_9230, &many).image();
    assert!(image.varying.more && image.varying.frames.is_empty());
}

#[test]
fn the_rate_of_a_film_is_told_in_several_ways() {
    let time = |made: Made| made.image().frame_time_ms;
    assert_eq!(
        time(grey(3).text(0x0018_1063, Vr::DS, "40").text(0x0018_1065, Vr::DS, "0\\10\\20")),
        Some(40.0)
    );
    assert_eq!(time(grey(3).text(0x0018_1065, Vr::DS, "0\\30\\50")), Some(40.0));
    assert_eq!(time(grey(3).text(0x0008_2144, Vr::IS, "25").text(0x0018_0040, Vr::IS, "50")), Some(40.0));
    assert_eq!(time(grey(3).text(0x0018_0040, Vr::IS, "50")), Some(20.0));
    assert_eq!(time(grey(3).text(0x0018_1063, Vr::DS, "0").text(0x0018_0040, Vr::IS, "0")), None);
}

#[test]
fn positron_emission_images_name_their_unit() {
    assert_eq!(grey(1).text(0x0054_1001, Vr::CS, "BQML").image().units, "BQML");
    assert_eq!(grey(1).text(0x0028_1054, Vr::LO, "HU").text(0x0054_1001, Vr::CS, "BQML").image().units, "HU");
}

/// A dimension of the object by the attribute it counts.
fn dimension(pointer: u32) -> Made {
    let [group, element] = [(pointer >> 16) as u16, pointer as u16].map(u16::to_le_bytes);
    Made::default().with(0x0020_9165, Vr::AT, &[group, element].concat())
}

#[test]
fn frames_of_one_stack_and_one_time_make_one_set() {
    let frame = |stack: &str, time: u32, b: u32, place: u32| {
        let values: Vec<u8> = [b, place].into_iter().flat_map(u32::to_le_bytes).collect();
        let content = Made::default()
            .text(0x0020_9056, Vr::SH, stack)
            .with(0x0020_9128, Vr::UL, &time.to_le_bytes())
            .with(0x0020_9157, Vr::UL, &values);
        Made::default().items(0x0020_9111, &[content])
    };
    let frames = [frame("1", 1, 1, 1), frame("1", 1, 1, 2), frame("1", 2, 1, 1), frame("2", 1, 1, 3)];
    let dimensions = [dimension(0x0018_9087), dimension(0x0020_9057)];
    let made = grey(4).items(0x0020_9222, &dimensions).items(0x5200_9230, &frames);
    let sets: Vec<String> = made.image().varying.frames.iter().map(|f| f.set.clone()).collect();
    assert_eq!(
        sets,
        ["stack 1, time 1, d0 1", "stack 1, time 1, d0 1", "stack 1, time 2, d0 1", "stack 2, time 1, d0 1"]
            .map(String::from)
    );
    assert_eq!(made.image().set, sets[0]);
    // a dimension that nobody can name separates
    let other = grey(2).items(0x0020_9222, &[Made::default(), Made::default()]);
    let apart = other.items(0x5200_9230, &frames[..2]).image().varying.frames;
    assert_ne!(apart[0].set, apart[1].set);
    // single images tell it in the data set
    assert_eq!(
        grey(1).text(0x0020_0100, Vr::IS, "3").text(0x0018_0086, Vr::IS, "2").image().set,
        "time 3, echo 2"
    );
    assert_eq!(grey(1).image().set, "");
}

#[test]
fn a_centre_that_is_no_number_takes_its_own_window_with_it() {
    let image = grey(1)
        .text(0x0028_1050, Vr::DS, "40\\abc\\-600")
        .text(0x0028_1051, Vr::DS, "400\\80\\1500")
        .text(0x0028_1055, Vr::LO, "SOFT\\BAD\\LUNG ")
        .image();
    let told: Vec<_> = image.windows.iter().map(|w| (w.center, w.width, w.label.as_str())).collect();
    assert_eq!(told, [(40.0, 400.0, "SOFT"), (-600.0, 1500.0, "LUNG")]);
}

#[test]
fn padding_is_a_value_or_a_range() {
    assert_eq!(grey(1).image().padding, None);
    let mut plain = grey(1);
    plain.0.retain(|(tag, _)| *tag != crate::dicom::tag::PIXEL_REPRESENTATION);
    let signed = plain.short(0x0028_0103, 1).short(0x0028_0120, 0xF800);
    assert_eq!(signed.image().padding, Some((-2048, -2048)));
    assert_eq!(signed.short(0x0028_0121, 0xFC00).image().padding, Some((-2048, -1024)));
}
