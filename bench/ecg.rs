//! CPU time of decoding recordings, of measuring a 12-lead ECG of 10 s, and of measuring, judging and triaging it. Plain:
//! every recording several times, the median is printed.

#[path = "ecg_decode.rs"]
mod decoders;
#[path = "ecg_made.rs"]
mod made;

use std::path::{Path, PathBuf};

use yigong_formats::ecg::{Document, Group, GroupKind, Lead, LeadId, Ratio, analyse, measure};

const LEADS: [u16; 12] = [1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8];
const ROUNDS: usize = 5;
/// Measurements in one round: the kernel counts the time of a thread in ticks of milliseconds.
const REPEATS: u32 = 16;

fn group(columns: Vec<Vec<i32>>) -> Group {
    let samples = columns.first().map_or(0, Vec::len);
    let lead = |(n, raw)| Lead {
        id: LeadId::Standard(n),
        label: String::new(),
        raw,
        scale: Ratio::whole(1_000),
        offset: Ratio::ZERO,
        missing: Vec::new(),
        rails: (-32_768, 32_767),
        derived: false,
    };
    Group {
        kind: GroupKind::Rhythm,
        derived: false,
        rate: Ratio::whole(500),
        t0_ms: 0.0,
        samples,
        leads: LEADS.into_iter().zip(columns).map(lead).collect(),
    }
}

/// Sample-interleaved i16, 12 channels.
fn read(path: &Path) -> Option<Group> {
    let bytes = std::fs::read(path).ok()?;
    let column = |c: usize| {
        let sample =
            |row: &[u8]| Some(i32::from(i16::from_le_bytes([*row.get(2 * c)?, *row.get(2 * c + 1)?])));
        bytes.chunks_exact(24).filter_map(sample).collect()
    };
    Some(group((0..12).map(column).collect()))
}

/// A beat every 800 ms.
fn made() -> Group {
    let wave = |t: f64, at: f64, width: f64| (-((t - at) / width).powi(2)).exp();
    let sample = |i: i32| {
        let t = f64::from(i * 2 % 800);
        120.0 * wave(t, 180.0, 30.0) + 1_000.0 * wave(t, 320.0, 12.0) + 250.0 * wave(t, 560.0, 50.0)
    };
    let column = |k: i32| {
        #[expect(clippy::cast_possible_truncation, reason = "millivolts in microvolts")]
        let at = |i: i32| (sample(i) * f64::from(k - 4) / 6.0) as i32 + i * (7_919 + k) % 11;
        (0..5_000).map(at).collect()
    };
    group((0..12).map(column).collect())
}

/// CPU ms of one call: the median of `rounds`, each of `repeats` calls.
#[expect(clippy::cast_precision_loss, reason = "nanoseconds of a short run")]
fn median(rounds: usize, repeats: u32, call: impl Fn()) -> Option<f64> {
    let round = |_| {
        let before = cpu()?;
        (0..repeats).for_each(|_| call());
        Some((cpu()? - before) as f64 / 1e6 / f64::from(repeats))
    };
    let mut all: Vec<f64> = (0..rounds).filter_map(round).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied()
}

/// Nanoseconds this thread has run.
fn cpu() -> Option<u64> {
    std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
}

#[expect(clippy::print_stdout, reason = "a bench prints")]
fn main() {
    let root =
        std::env::var("YIGONG_SHARED").map_or_else(|_| PathBuf::from("../../../shared"), PathBuf::from);
    let folder = root.join("data/ecg/ludb/data");
    // `cargo test --all-targets` asks whether it runs, not how fast.
    let whole = std::env::args().any(|a| a == "--bench");
    let most = if whole { usize::MAX } else { 2 };
    let files = (1..200).step_by(2).map(|n| folder.join(format!("{n}.dat")));
    let mut groups: Vec<Group> = files.filter_map(|f| read(&f)).take(most).collect();
    let source = if groups.is_empty() { "one made strip" } else { "LUDB" };
    if groups.is_empty() {
        groups.push(made());
    }
    decoders::run(&root.join("data/ecg"), whole);
    let (rounds, repeats) = if whole { (ROUNDS, REPEATS) } else { (1, 1) };
    println!("{} recordings ({source}), {rounds} rounds of {repeats} each", groups.len());
    let measured = groups.iter().filter_map(|g| {
        median(rounds, repeats, || {
            std::hint::black_box(measure::measure(g, &[]));
        })
    });
    println!("CPU ms per recording, measured: {}", shares(measured.collect()));
    let analysed = groups.iter().filter_map(|g| {
        let document = Document { groups: vec![g.clone()], ..Document::default() };
        median(rounds, repeats, || {
            std::hint::black_box(analyse(&document, ""));
        })
    });
    println!("CPU ms per recording, measured, judged and triaged: {}", shares(analysed.collect()));
}

fn shares(mut ms: Vec<f64>) -> String {
    ms.sort_by(f64::total_cmp);
    let at = |share: usize| ms.get((ms.len() * share / 100).min(ms.len().saturating_sub(1))).copied();
    format!("median {:.2?}, 90 % {:.2?}, most {:.2?}", at(50), at(90), ms.last())
}
