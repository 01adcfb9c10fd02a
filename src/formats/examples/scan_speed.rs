//! How fast the scanner is: `cargo run --release -p yigong-formats --example scan_speed`. Numbers for people; no test
//! depends on them.

#![expect(clippy::print_stdout, reason = "a measurement prints its result")]

use std::io::Cursor;
use std::time::Instant;

use yigong_formats::dicom::dataset::Writer;
use yigong_formats::dicom::plausible::Mode;
use yigong_formats::dicom::scan::Scanner;
use yigong_formats::dicom::{FileSource, SliceSource, Source, Tag, Vr, header, json, part10, tag, uid};

fn walk<S: Source>(source: &mut S, mode: Mode) -> usize {
    let mut scanner = Scanner::new(source, 0, mode);
    let mut tokens = 0;
    while let Ok(Some(_)) = scanner.next_token() {
        tokens += 1;
    }
    tokens
}

fn say(what: &str, bytes: usize, mut run: impl FnMut() -> usize) {
    let mut best = f64::MAX;
    let mut found = 0;
    for _ in 0..5 {
        let start = Instant::now();
        found = run();
        best = best.min(start.elapsed().as_secs_f64());
    }
    #[expect(clippy::cast_precision_loss, reason = "a size in a printed rate")]
    let rate = bytes as f64 / best / 1e6;
    println!("{what:44} {bytes:>11} bytes {:>12.1} µs {rate:>10.0} MB/s   {found}", best * 1e6);
}

fn uids(w: &mut Writer) {
    w.text(tag::SOP_CLASS, Vr::UI, "1.2.840.10008.5.1.4.1.1.7");
    w.text(tag::SOP_INSTANCE, Vr::UI, "1.2.3");
    w.text(tag::STUDY_UID, Vr::UI, "1.2.4");
    w.text(tag::SERIES_UID, Vr::UI, "1.2.5");
}

/// Many elements with values of a given length, the tags rising.
fn many(explicit: bool, count: u32, length: usize) -> Vec<u8> {
    let mut w = Writer::new(explicit);
    for n in 0..count {
        let t = Tag::new(0x0009 + 2 * (n / 0xE000) as u16, 0x1000 + (n % 0xE000) as u16);
        w.element(t, Vr::UL, &vec![7; length]);
    }
    w.bytes
}

fn file(body: &[u8]) -> Vec<u8> {
    [part10::head("1.2.840.10008.5.1.4.1.1.7", "1.2.3", uid::EXPLICIT_LE), body.to_vec()].concat()
}

fn main() {
    for (mode, name) in [(Mode::EXPLICIT_LE, "explicit"), (Mode::IMPLICIT_LE, "implicit")] {
        for length in [8, 32, 1024] {
            let bytes = many(mode.explicit, 500_000_u32.min(256_000_000 / length as u32), length);
            say(&format!("walk {name}, values of {length}"), bytes.len(), || {
                walk(&mut SliceSource(&bytes), mode)
            });
            if length == 32 {
                say(&format!("walk {name}, values of {length}, windows"), bytes.len(), || {
                    walk(&mut FileSource::new(Cursor::new(&bytes), bytes.len() as u64), mode)
                });
            }
        }
    }
    let mut w = Writer::new(true);
    uids(&mut w);
    let plain = w.bytes.clone();
    w.element(tag::PIXELS, Vr::OW, &vec![0; 64 << 20]);
    let film = file(&w.bytes);
    say("header of a 64 MiB film", film.len(), || usize::from(header(&mut SliceSource(&film), None).is_ok()));
    let open = [
        0x40, 0, 0x30, 0xA7, b'S', b'Q', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0, 0xE0, 0xFF, 0xFF, 0xFF,
        0xFF,
    ];
    let nested = file(&[plain.clone(), open.repeat(1_000_000)].concat());
    say("1,000,000 nested levels", nested.len(), || {
        usize::from(header(&mut SliceSource(&nested), None).is_err())
    });
    let bogus =
        [&plain[..], &[0xE1, 0x7F, 0x10, 0x10, b'O', b'B', 0, 0, 0xF0, 0xFF, 0xFF, 0xFF], b"abcd"].concat();
    let bogus = file(&bogus);
    say("a length of 4 GiB", bogus.len(), || usize::from(header(&mut SliceSource(&bogus), None).is_ok()));
    let wide = file(&[plain, many(true, 390_000, 16)].concat());
    say("header and index, 390,000 elements", wide.len(), || {
        usize::from(header(&mut SliceSource(&wide), None).is_ok())
    });
    if let Ok(h) = header(&mut SliceSource(&wide), None) {
        let mut out = Vec::new();
        say("DICOM JSON of it", wide.len(), || {
            out.clear();
            let _ = json::write(&h.object, &|p| p.to_owned(), &mut out);
            out.len()
        });
    }
}
