//! Small files that ask for much: refused with a reason before anything is made of them.

use std::time::{Duration, Instant};

use base64::Engine as _;

use super::dicom::{Plan, TWELVE, objects, plan};
use super::scp::{leads, record};
use super::*;

/// Far more than a refusal needs, far less than unpacking would take.
const SOON: Duration = Duration::from_secs(1);

/// Time this thread has run, where the system tells it: others may be at work beside the test.
fn cpu() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(told.split(' ').next()?.parse().ok()?))
}

fn refused(bytes: &[u8]) -> Refusal {
    let (start, before) = (Instant::now(), cpu());
    let refusal = decode::decode(bytes, &Limits::default()).unwrap_err();
    let took = cpu().zip(before).map_or_else(|| start.elapsed(), |(now, before)| now - before);
    eprintln!("{} bytes, {took:?}: {refusal}", bytes.len());
    assert!(took < SOON, "{took:?}");
    refusal
}

fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Codes of ten bits that build the longest entry of the table and then repeat it.
fn swollen(codes: usize) -> Vec<u8> {
    let (mut out, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    let table = (0..767).map(|k| if k == 0 { 0 } else { 255 + k });
    for code in table.chain(std::iter::repeat_n(1_022, codes)) {
        held = held << 10 | code;
        bits += 10;
        while bits >= 8 {
            bits -= 8;
            out.push((held >> bits & 0xFF) as u8);
        }
        held &= (1 << bits) - 1;
    }
    out
}

fn xli(duration: &str, codes: usize) -> Vec<u8> {
    let packed = swollen(codes);
    let lead = [&(packed.len() as u32).to_le_bytes()[..], &[0; 4], &packed].concat();
    let all = lead.repeat(12);
    format!(
        "<restingecgdata><waveforms><parsedwaveforms samplespersecond=\"500\" resolution=\"5\" compression=\"XLI\" \
         dataencoding=\"Base64\" {duration}>{}</parsedwaveforms></waveforms></restingecgdata>",
        base64(&all)
    )
    .into_bytes()
}

#[test]
fn a_philips_stream_unpacks_to_what_the_budget_allows() {
    // 650 kB that stand for 300 MB.
    let bomb = xli("", 32_000);
    assert!((600_000..800_000).contains(&bomb.len()), "{}", bomb.len());
    assert!(refused(&bomb).reason.contains("lead 1: more samples than 699050"));
    // What is declared counts before anything is unpacked.
    let declared = refused(&xli("durationperchannel=\"999999999\"", 32_000));
    assert!(declared.stage == "limit" && declared.reason.contains("500000000 samples"), "{declared}");
    let short = refused(&xli("durationperchannel=\"10000\"", 32_000));
    assert_eq!(short.reason, "lead 1: more samples than 5000");
    // The same packing of ten minutes is read.
    assert!(decode::decode(&xli("", 600), &Limits::default()).is_ok());
    let labels = "V ".repeat(500_000);
    let many = format!(
        "<restingecgdata><x><parsedwaveforms samplespersecond=\"500\" resolution=\"5\" leadlabels=\"{labels}\">AAAA</parsedwaveforms></x></restingecgdata>"
    );
    assert_eq!(refused(many.as_bytes()).reason, "more than 64 channels exceed the limits");
}

#[test]
fn short_leads_are_not_filled_up_beyond_the_budget() {
    let lead = |k: usize, data: &str| {
        format!(
            "<LeadData><LeadID>L{k}</LeadID><LeadAmplitudeUnitsPerBit>5</LeadAmplitudeUnitsPerBit>\
             <LeadAmplitudeUnits>MICROVOLTS</LeadAmplitudeUnits><WaveFormData>{data}</WaveFormData></LeadData>"
        )
    };
    let long = base64(&vec![1; 2 << 20]);
    let leads: String = (0..64).map(|k| lead(k, if k == 0 { &long } else { "AAA=" })).collect();
    let muse = format!("<RestingECG><Waveform><SampleBase>500</SampleBase>{leads}</Waveform></RestingECG>");
    assert_eq!(refused(muse.as_bytes()).stage, "limit");
    let sequence = |k: usize, digits: &str| {
        format!(
            "<component><sequence><code code=\"X{k}\"/><value><origin value=\"0\" unit=\"uV\"/><scale value=\"1\" unit=\"uV\"/>\
             <digits>{digits}</digits></value></sequence></component>"
        )
    };
    let long = "0 ".repeat(1 << 20);
    let leads: String = (0..60).map(|k| sequence(k, if k == 0 { &long } else { "0" })).collect();
    let aecg = format!(
        "<AnnotatedECG><series><sequenceSet><component><sequence><code code=\"TIME_RELATIVE\"/><value><head value=\"0\" unit=\"s\"/>\
         <increment value=\"2\" unit=\"ms\"/></value></sequence></component>{leads}</sequenceSet></series></AnnotatedECG>"
    );
    assert_eq!(refused(aecg.as_bytes()).stage, "limit");
}

#[test]
fn a_lead_of_gaps_and_an_object_of_groups_are_refused() {
    let gaps = Plan {
        codes: &TWELVE[..1],
        stored: ("SS", 16, 16),
        samples: 200_000,
        data: (0..200_000).flat_map(|i| if i % 2 == 0 { i16::MIN } else { 5 }.to_le_bytes()).collect(),
        ..plan(false)
    };
    assert_eq!(refused(&objects(std::slice::from_ref(&gaps))).reason, "a lead with more than 32768 gaps");
    let one = Plan { samples: 1, data: vec![0; 2], ..gaps };
    assert_eq!(refused(&objects(&vec![one; 65])).reason, "more than 64 multiplex groups");
    let mut deflated = vec![0; 128];
    deflated.extend(b"DICM\x02\0\x10\0UI\x16\x001.2.840.10008.1.2.1.99");
    deflated.resize(4 << 20, 0);
    assert_eq!(refused(&deflated).stage, "limit");
}

#[test]
fn a_scp_table_of_many_nodes_and_sections_that_overlap_are_refused() {
    // One table whose codes of 32 bits share no path: 9 bytes ask for up to 32 nodes each.
    let code = |k: u32| {
        let word = k.wrapping_mul(0x9E37_79B1);
        [&[32, 32, 1, 0, 0][..], &word.to_le_bytes()].concat()
    };
    let table = [&[1, 0, 0x20, 0x4E][..], &(0..20_000).flat_map(code).collect::<Vec<_>>()].concat();
    let nodes = refused(&record(&[(2, table), (3, leads(&[1], 100, 0))], false));
    assert_eq!(nodes.reason, "Huffman tables of more than 65536 nodes");
    // Six hundred sections, each said to reach to the end of the file.
    let sections: Vec<_> = (20..620).map(|id| (id, vec![0; 16_384])).collect();
    let mut bytes = record(&sections, false);
    for k in 1..=600 {
        let at = 22 + 10 * k;
        let index = u32::from_le_bytes(bytes[at + 6..at + 10].try_into().unwrap());
        let length = bytes.len() as u32 - (index - 1);
        bytes[at + 2..at + 6].copy_from_slice(&length.to_le_bytes());
    }
    assert_eq!(refused(&bytes).reason, "the sections overlap");
}
