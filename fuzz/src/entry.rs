//! The entry functions. An input begins with one byte that chooses the circumstances; the rest is what a peer sends.

use std::io::Cursor;

use yigong_formats::dicom::attributes::Attributes;
use yigong_formats::dicom::command::Command;
use yigong_formats::dicom::frames::Frames;
use yigong_formats::dicom::level::{Level, unsupported};
use yigong_formats::dicom::multipart::{Event, MAX_PARTS, Media, Reader};
use yigong_formats::dicom::negotiate::{self, Admission, Decision, PeerPolicy};
use yigong_formats::dicom::text::{self, Charset};
use yigong_formats::dicom::{
    FileSource, Object, SliceSource, Vr, dump, header, json, matching, name, qido, tag, uid,
};
use yigong_formats::ecg as ecg_formats;
use yigong_formats::ecg::Format;

fn choose(data: &[u8]) -> (usize, &[u8]) {
    data.split_first().map_or((0, data), |(first, rest)| (usize::from(*first), rest))
}

/// F-1: the scanner, the index, JSON, the printed form, the frame index.
pub fn scanner(data: &[u8]) {
    let (choice, data) = choose(data);
    let syntaxes = [
        None,
        Some(uid::IMPLICIT_LE),
        Some(uid::EXPLICIT_LE),
        Some(uid::EXPLICIT_BE),
        Some(uid::DEFLATED_LE),
    ];
    let negotiated = syntaxes[choice % syntaxes.len()];
    let by_slice = header(&mut SliceSource(data), negotiated);
    let mut file = FileSource::new(Cursor::new(data), data.len() as u64);
    let by_file = header(&mut file, negotiated);
    assert_eq!(file.failed(), None);
    match (&by_slice, &by_file) {
        (Ok(a), Ok(b)) => {
            assert_eq!(a.defects, b.defects, "windows change nothing");
            assert_eq!(a.frames, b.frames, "windows change nothing");
        }
        (Err(a), Err(b)) => assert_eq!(a, b),
        _ => panic!("a file is refused and a slice is not, or the other way round"),
    }
    if let Ok(object) = Object::parse(data, negotiated) {
        let mut out = Vec::new();
        json::write(&object, &|path| path.to_owned(), &mut out).expect("memory does not fail");
        // serde_json's own limit of depth is lower than ours.
        if out.windows(8).filter(|w| w == b"\"Value\":").count() < 40 {
            let read: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
            assert_eq!(read, json::dataset(&object, &|path| path.to_owned()));
        }
    }
    let Ok(h) = by_slice else { return };
    let size = h.object.deflated.unwrap_or(data.len() as u64);
    for (_, token) in h.root().elements() {
        assert!(token.offset + token.length <= size, "a value past the end");
    }
    for n in 0..h.frames.count().min(100) {
        for (offset, length) in h.frames.ranges(n).expect("a counted frame") {
            assert!(offset + length <= size, "a frame past the end");
        }
    }
    assert_eq!(Frames::from_bytes(&h.frames.to_bytes()), h.frames);
    for found in [&h.sop_class, &h.sop_instance, &h.study, &h.series] {
        assert!(uid::is_valid(found));
    }
    let mut printed = String::new();
    dump::write(&h, &mut printed).expect("memory does not fail");
    assert!(printed.chars().all(|c| c == '\n' || !c.is_control()));
}

/// F-4 (text): what (0008,0005) says, and up to three values; 0xFF separates them.
pub fn charset(data: &[u8]) {
    let (choice, data) = choose(data);
    let mut parts = data.split(|b| *b == 0xFF);
    let declared = parts.next().filter(|_| choice & 1 == 0);
    let values: Vec<(&[u8], bool)> = parts.take(3).map(|v| (v, choice & 2 == 0)).collect();
    let profile = (choice & 4 == 0).then_some(Charset::GB18030);
    let (decision, notes) = text::decide(declared, &values, profile.as_ref());
    assert!(decision.confidence <= 100);
    assert!(decision.confidence >= 60 || !notes.is_empty(), "a doubt is said");
    for (raw, person) in values {
        let vr = if person { Vr::PN } else { Vr::LT };
        let (whole, _) = text::decode(&decision.charset, raw, person);
        assert!(whole.chars().count() <= raw.len(), "a character needs a byte");
        for value in text::values(&decision.charset, vr, raw) {
            let n = name::read(&value);
            assert!(n.initials.chars().count() <= value.chars().count());
            let _ = json::person(&value);
            let again = text::values(&Charset::UTF8, Vr::LT, value.as_bytes());
            let printable = !value.is_empty() && !value.ends_with([' ', '\0']);
            assert!(!printable || again == [value], "UTF-8 keeps what was read");
        }
    }
}

/// F-3: association requests and answers as they stand in a PDU.
pub fn negotiation(data: &[u8]) {
    let (choice, data) = choose(data);
    if choice & 1 == 1 {
        let _ = negotiate::read_answer(data, &[]);
        return;
    }
    let Ok(request) = negotiate::read_request(data) else { return };
    let admission = match choice >> 1 & 3 {
        0 => Admission::Unknown,
        1 => Admission::ForeignAddress,
        2 => Admission::TlsRequired,
        _ => Admission::Admitted(PeerPolicy::default()),
    };
    let welcome = matches!(admission, Admission::Admitted(_));
    let called = request.called_ae_title.trim_matches(['\0', ' ']).to_owned();
    if let Decision::Accept { contexts, .. } = negotiate::decide(&request, &called, &admission) {
        assert!(welcome, "nobody unknown is accepted");
        assert!(contexts.len() <= negotiate::MAX_CONTEXTS);
        for c in &contexts {
            let proposed = request.presentation_contexts.iter().any(|p| {
                p.id == c.id
                    && p.transfer_syntaxes.iter().any(|t| t.trim_matches(['\0', ' ']) == c.transfer_syntax)
            });
            assert!(proposed, "only what was proposed is accepted");
        }
    }
}

/// F-3: DIMSE command sets. What is understood is written and read again to the same meaning (long comments are cut once).
pub fn command(data: &[u8]) {
    if let Ok(command) = Command::decode(data)
        && let Ok(again) = Command::decode(&command.encode())
    {
        assert_eq!(Command::decode(&again.encode()), Ok(again));
    }
}

/// What a multipart body comes to when it is read in pieces of one size.
#[derive(Debug, PartialEq, Eq)]
struct Body {
    parts: Vec<(String, Vec<u8>)>,
    end: Result<(), &'static str>,
}

fn body(boundary: &str, data: &[u8], piece: usize) -> Body {
    let mut reader = Reader::new(boundary);
    let mut parts: Vec<(String, Vec<u8>)> = Vec::new();
    for piece in data.chunks(piece) {
        reader.push(piece);
        loop {
            match reader.event() {
                Ok(Event::Part(head)) => parts.push((head.media.kind, Vec::new())),
                Ok(Event::Data(bytes)) => {
                    assert!(!bytes.is_empty(), "data is some data");
                    parts.last_mut().expect("bytes belong to a part").1.extend_from_slice(bytes);
                }
                Ok(Event::PartEnd) => {}
                Ok(Event::More) => break,
                Err(refusal) => return Body { parts, end: Err(refusal.slug) },
            }
        }
        assert!(parts.len() <= reader.parts() as usize && reader.parts() <= MAX_PARTS);
    }
    Body { parts, end: reader.finish().map_err(|refusal| refusal.slug) }
}

/// F-6: bodies of STOW-RS: the content type up to the first line end, then the body. The size of the pieces changes nothing.
pub fn multipart(data: &[u8]) {
    let (choice, data) = choose(data);
    let (line, rest) = data.iter().position(|b| *b == b'\n').map_or((data, &data[..0]), |n| data.split_at(n));
    let media = Media::parse(&String::from_utf8_lossy(line));
    let Ok(boundary) = media.boundary() else { return };
    let rest = rest.strip_prefix(b"\n").unwrap_or_default();
    let whole = body(boundary, rest, rest.len().max(1));
    let pieces = body(boundary, rest, choice % 64 + 1);
    if whole.end.is_ok() {
        assert_eq!(whole, pieces, "pieces change nothing");
    } else {
        assert!(pieces.end.is_err(), "a body that is refused whole is refused in pieces");
    }
    let delimiter = format!("\r\n--{boundary}");
    for (_, bytes) in &whole.parts {
        let found = bytes.windows(delimiter.len()).any(|w| w == delimiter.as_bytes());
        assert!(!found, "a delimiter is no data");
    }
}

/// F-6: queries of QIDO-RS after percent decoding, `name=value` between `&`; what is understood is matched against a row.
pub fn qido(data: &[u8]) {
    let (choice, data) = choose(data);
    let level = [Level::Study, Level::Series, Level::Instance, Level::Patient][choice & 3];
    let text = String::from_utf8_lossy(data);
    let pairs: Vec<(String, String)> = text
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    let asked = match qido::read(level, &[], &pairs) {
        Ok(asked) => asked,
        Err(malformed) => {
            assert!(
                malformed.key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.'),
                "fit for an answer"
            );
            return;
        }
    };
    assert!(asked.limit <= qido::MAX_OF_STUDY);
    assert!(unsupported(level, &asked.keys).is_empty() && matching::malformed(&asked.keys).is_none());
    for warning in &asked.warnings {
        assert!(warning.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'"'), "fit for a header");
    }
    let mut held = Attributes::default();
    held.put(tag::PATIENT_NAME, "Wang^Xiaodong=王^小东")
        .put(tag::STUDY_DATE, "20260131")
        .put(tag::STUDY_TIME, "0830");
    held.put_all(tag::MODALITIES_IN_STUDY, vec!["CR".into(), "SR".into()]).put(tag::STUDY_UID, "1.2.3");
    let exact = matching::row(&asked.keys, &held, false);
    assert!(!exact || matching::row(&asked.keys, &held, true), "fuzzy finds what exact finds");
    let combined = [(tag::STUDY_DATE, tag::STUDY_TIME)];
    for (date, time) in combined {
        let (date, time) = (asked.keys.text(date), asked.keys.text(time));
        let _ = matching::is_combined(date, time) && matching::combined(date, time, "20260131", "0830");
    }
}

/// F-8: electrocardiograms of any format.
pub fn ecg(data: &[u8]) {
    ecg_of(data, None);
}

/// Decodes, and checks what every decoded recording must be: leads as long as their group, gaps inside it, marks inside
/// theirs, and an answer to every question.
fn ecg_of(data: &[u8], format: Option<Format>) {
    let limits = ecg_formats::Limits::default();
    let document = match ecg_formats::decode::decode(data, &limits) {
        Ok(document) => document,
        Err(refusal) => {
            assert!(!refusal.reason.is_empty(), "a refusal has a reason");
            return;
        }
    };
    assert!(format.is_none() || ecg_formats::decode::probe(data) == Some(document.source));
    judge(&document);
}

fn judge(document: &ecg_formats::Document) {
    for group in &document.groups {
        assert!(group.rate.is_positive(), "a group has a rate");
        for lead in &group.leads {
            assert_eq!(lead.raw.len(), group.samples, "leads of one length");
            assert!(lead.missing.iter().all(|(a, b)| a < b && *b <= group.samples), "gaps inside the lead");
            assert!(lead.missing.windows(2).all(|w| w[0].1 <= w[1].0), "gaps in order");
        }
    }
    for mark in &document.fiducials {
        assert!(
            document.groups.get(mark.group).is_some_and(|g| mark.sample < g.samples),
            "a mark inside its group"
        );
    }
    let _ = document.waveform_sha256();
    assert!(
        document.groups.is_empty()
            || document.same_recording(document)
            || document.waveform_sha256().is_empty()
    );
    let _ = ecg_formats::analyse(document, "");
}

/// SCP-ECG.
pub fn ecg_scp(data: &[u8]) {
    ecg_of(data, Some(Format::Scp));
}

/// Healforce.
pub fn ecg_healforce(data: &[u8]) {
    ecg_of(data, Some(Format::Healforce));
}

/// HL7 aECG.
pub fn ecg_aecg(data: &[u8]) {
    ecg_of(data, Some(Format::Aecg));
}

/// Philips XML.
pub fn ecg_philips(data: &[u8]) {
    ecg_of(data, Some(Format::Philips));
}

/// GE MUSE XML.
pub fn ecg_muse(data: &[u8]) {
    ecg_of(data, Some(Format::Muse));
}

/// EDF.
pub fn ecg_edf(data: &[u8]) {
    ecg_of(data, Some(Format::Edf));
}

/// ISHNE.
pub fn ecg_ishne(data: &[u8]) {
    ecg_of(data, Some(Format::Ishne));
}

/// WFDB: a header, a NUL, and the bytes of every signal file.
pub fn ecg_wfdb(data: &[u8]) {
    let mut parts = data.splitn(2, |b| *b == 0);
    let (header, signals) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let limits = ecg_formats::Limits::default();
    if let Ok(document) = ecg_formats::decode::wfdb::decode(header, &|_| Some(signals.to_vec()), &limits) {
        judge(&document);
    }
}

/// Samples as no decoder would give them to all that reads samples: measurement, quality, exchanged electrodes, critical
/// rules, comparison, drawing. Eight bytes choose leads, gap, rate, unit, length and form; the rest are the samples of
/// every lead, over and over.
pub fn ecg_measure(data: &[u8]) {
    let Some((&[low, high, rate, unit, length, form, stride, phase], body)) = data.split_first_chunk() else {
        return;
    };
    if body.is_empty() {
        return;
    }
    let rates = [
        (500, 1),
        (1_000, 1),
        (250, 1),
        (20, 1),
        (257, 2),
        (8_000, 1),
        (50_000, 1),
        (1, 1),
        (1, 1_000),
        (i64::MAX, 1),
    ];
    let (num, den) = rates[usize::from(rate) % rates.len()];
    // Of many leads no longer in time than at 500 a second: a minute of twelve is the same work four times over. Of three leads
    // more than a minute, which is where the measurement ends.
    let a_second =
        usize::try_from(num).map_or(usize::MAX, |n| (n / usize::try_from(den).unwrap_or(1)).max(16));
    let leads = u16::from_le_bytes([low, high]) & 0xfff;
    let seconds = if leads.count_ones() <= 3 { 75 } else { 16 };
    let count = ((usize::from(length) + 1) * 32).min(a_second.saturating_mul(seconds));
    let sample = |i: usize, k: usize| {
        let at = |n: usize| body[(i * usize::from(stride) + k * usize::from(phase) + n) % body.len()];
        let byte = i32::from(at(0).cast_signed());
        match form & 3 {
            0 => byte * 16,
            1 => i32::from(i16::from_le_bytes([at(0), at(1)])),
            2 => i32::from_le_bytes([at(0), at(1), at(2), at(3)]),
            _ => byte.signum() * i32::MAX,
        }
    };
    let units = [1, 1_000, -1_000, 5_000, 1_000_000, 1_000_000_000, i64::MAX, i64::MIN + 1];
    let offsets = [0, 300_000_000, -1, i64::MAX];
    let gap = (count / 16 * usize::from(high >> 4), count / 16 * usize::from(high >> 4) + count / 8);
    let lead = |(k, n): (usize, u16)| ecg_formats::Lead {
        id: ecg_formats::LeadId::Standard(n),
        label: String::new(),
        raw: (0..count).map(|i| sample(i, k)).collect(),
        scale: ecg_formats::Ratio::whole(units[usize::from(unit) % units.len()]),
        offset: ecg_formats::Ratio::whole(offsets[usize::from(form >> 2) % offsets.len()]),
        missing: if high >> 4 == 0 { Vec::new() } else { vec![(gap.0.min(count - 1), gap.1.min(count))] },
        rails: (i32::MIN, i32::MAX),
        derived: false,
    };
    let chosen = u16::from_le_bytes([low, high]);
    let numbers = [1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8].into_iter().enumerate();
    let group = ecg_formats::Group {
        kind: ecg_formats::GroupKind::Rhythm,
        derived: false,
        rate: ecg_formats::Ratio::new(num, den).expect("a rate"),
        t0_ms: 0.0,
        samples: count,
        leads: numbers.filter(|(k, _)| chosen >> k & 1 == 1).map(lead).collect(),
    };
    let document = ecg_formats::Document { groups: vec![group], ..Default::default() };
    let a = ecg_formats::analyse(&document, "");
    let m = &a.measured;
    assert!(m.values.iter().all(|v| v.number.is_none_or(f64::is_finite)), "values are numbers");
    assert!(m.beats.len() == m.beats_ms.len() && m.beats.len() == m.dominant.len(), "one answer a beat");
    assert!(m.beats_ms.iter().all(|t| t.is_finite() && *t >= 0.0), "beats lie in the recording");
    assert!(
        a.raises.iter().all(|r| !r.finding.contains("NaN") && !r.value.contains("inf")),
        "numbers in sentences"
    );
    for preset in ["zhejiang", "shanxi", "third"] {
        let _ = ecg_formats::critical::evaluate(m, &a.quality, ecg_formats::critical::preset(preset));
    }
    let _ = ecg_formats::leadswap::against(m, &m.median);
    let _ = ecg_formats::serial::compare(m, m);
    if form & 0x40 != 0 {
        let page = ecg_formats::draw::layout(&document, &ecg_formats::draw::Paper::REPORT);
        let svg = ecg_formats::draw::svg(&page);
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "numbers on paper");
    }
}
