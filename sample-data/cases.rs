//! The cases of the demo county: who is examined where, what arrives in which order. Coherent over the protocols:
//! the study of an order carries its placer number as accession number, the result its barcode.

use crate::county::{Person, person};
use crate::ecg::{Rhythm, waveform};
use crate::film::{Finding, film};
use crate::hl7::{self, Item, Order, Reading};
use crate::object::Exam;
use crate::{ct, ultrasound};
use yigong_formats::dicom::build::TextSet;

/// When the feed began: local date `YYYYMMDD` and the minute of that day.
#[derive(Clone, Debug)]
pub struct Start {
    /// Local date.
    pub date: String,
    /// Minute of the day, 0..1440.
    pub minute: u32,
}

/// What one step sends.
#[derive(Clone, Debug)]
pub enum Load {
    /// An HL7 message.
    Message(Vec<u8>),
    /// DICOM objects, made when they are sent.
    Objects(Box<Study>),
}

/// A study to be generated.
#[derive(Clone, Debug)]
pub struct Study {
    exam: Exam,
    shows: Shows,
}

#[derive(Clone, Copy, Debug)]
enum Shows {
    Film(Finding, bool),
    Ct(bool),
    Ultrasound,
    Ecg(Rhythm),
}

/// One step of the feed.
#[derive(Clone, Debug)]
pub struct Step {
    /// Calling AE title, `DEMO01`..`DEMO25`; messages name their sender themselves.
    pub ae_title: String,
    /// What goes over the wire.
    pub load: Load,
}

impl Study {
    /// SOP class of its objects.
    pub fn sop_class(&self) -> &'static str {
        match self.shows {
            Shows::Film(_, true) => "1.2.840.10008.5.1.4.1.1.1",
            Shows::Film(_, false) => "1.2.840.10008.5.1.4.1.1.1.1",
            Shows::Ct(_) => "1.2.840.10008.5.1.4.1.1.2",
            Shows::Ultrasound => "1.2.840.10008.5.1.4.1.1.3.1",
            Shows::Ecg(_) => "1.2.840.10008.5.1.4.1.1.9.1.1",
        }
    }

    /// Calls `each` with every object as a Part-10 file, in order, until it answers false.
    pub fn objects(&self, mut each: impl FnMut(Vec<u8>) -> bool) {
        match self.shows {
            Shows::Film(finding, computed) => {
                each(film(&self.exam, finding, computed));
            }
            Shows::Ct(nodule) => {
                let scan = ct::scan(&self.exam, nodule);
                let mut n = 0;
                while let Some(bytes) = scan.slice(n) {
                    if !each(bytes) {
                        return;
                    }
                    n += 1;
                }
            }
            Shows::Ultrasound => {
                each(ultrasound::cine(&self.exam));
            }
            Shows::Ecg(rhythm) => {
                each(waveform(&self.exam, rhythm));
            }
        }
    }
}

/// Facility, person, item, section, priority, history, what it shows, text set.
type Examination =
    (&'static str, usize, Option<Item>, &'static str, &'static str, &'static str, Option<Shows>, TextSet);

const G: TextSet = TextSet::Gb18030;
const U: TextSet = TextSet::Utf8;
const CHEST: Item = ("DX-CHEST", "胸部正位 DR");
const CHEST_CT: Item = ("CT-CHEST", "胸部 CT 平扫");
const ECG: Item = ("ECG-12", "12 导联心电图");
const ECHO: Item = ("US-HEART", "心脏超声");

const EXAMINATIONS: &[Examination] = &[
    ("C05", 3, Some(ECG), "EC", "S", "胸痛 2 小时,大汗", Some(Shows::Ecg(Rhythm::AnteriorStemi)), G),
    ("C01", 0, Some(CHEST), "RAD", "R", "咳嗽、发热 3 天", Some(Shows::Film(Finding::Pneumonia, true)), G),
    ("C02", 1, Some(CHEST), "RAD", "R", "体检", Some(Shows::Film(Finding::Normal, false)), U),
    ("C07", 4, Some(ECG), "EC", "R", "高血压复查", Some(Shows::Ecg(Rhythm::Sinus)), U),
    ("C12", 11, Some(ECG), "EC", "R", "心悸", Some(Shows::Ecg(Rhythm::RightArmOff)), G),
    (
        "C11",
        10,
        Some(CHEST),
        "RAD",
        "A",
        "气促,双下肢水肿",
        Some(Shows::Film(Finding::Cardiomegaly, false)),
        G,
    ),
    ("C03", 2, Some(CHEST_CT), "CT", "U", "体检发现右上肺结节", Some(Shows::Ct(true)), G),
    ("C08", 7, Some(ECG), "EC", "U", "心律不齐", Some(Shows::Ecg(Rhythm::Fibrillation)), G),
    ("C10", 9, Some(ECHO), "US", "R", "活动后气促", Some(Shows::Ultrasound), G),
    ("C14", 13, Some(CHEST), "RAD", "U", "左侧胸痛 1 周", Some(Shows::Film(Finding::Effusion, true)), G),
    ("C13", 12, Some(CHEST), "RAD", "R", "吸烟 30 年", Some(Shows::Film(Finding::Nodule, false)), U),
    ("C15", 14, Some(ECG), "EC", "R", "头晕", Some(Shows::Ecg(Rhythm::SlowSinus)), G),
    // Images that no order announced, and an order whose images have not come.
    ("C02", 17, None, "", "", "", Some(Shows::Film(Finding::Normal, false)), G),
    ("C01", 16, Some(CHEST_CT), "CT", "R", "咯血", None, G),
];

/// Facility, person, panels, priority, history, barcode, readings (none yet = empty), text set.
type Tube = (
    &'static str,
    usize,
    &'static [Item],
    &'static str,
    &'static str,
    &'static str,
    &'static [Reading],
    TextSet,
);

const LYTES: Item = ("LYTES", "电解质");
const RENAL: Item = ("RENAL", "肾功能");
const CBC: Item = ("CBC", "血常规");
const LIVER: Item = ("LIVER", "肝功能");

const TUBES: &[Tube] = &[
    ("C04", 5, &[LYTES, RENAL], "S", "乏力、少尿 2 天", "2600000401", hl7::CRITICAL, G),
    ("C06", 6, &[CBC], "R", "体检", "2600000601", hl7::CBC_NORMAL, G),
    ("C01", 0, &[CBC], "R", "咳嗽、发热 3 天", "2600000101", hl7::CBC_INFECTION, G),
    ("C09", 8, &[LIVER], "R", "脂肪肝复查", "2600000901", hl7::LIVER, U),
    ("C02", 18, &[LYTES, RENAL], "R", "高血压年度检查", "2600000201", hl7::LYTES_RENAL, G),
    ("C16", 15, &[CBC, LYTES], "R", "腹泻 1 天", "2600001601", &[], G),
];

/// Every step in the order of sending: registrations and orders first, then evidence of the three pipelines in turn.
pub fn steps(start: &Start) -> Vec<Step> {
    let mut orders = Vec::new();
    let mut evidence = Vec::new();
    for (n, case) in EXAMINATIONS.iter().enumerate() {
        let (facility, who, item, section, priority, history, shows, set) = case;
        let person = person(facility, *who);
        let placer_no = format!("{}{:03}", start.date.get(2..).unwrap_or_default(), 101 + n);
        let before = clock(start, 30 - n as u32);
        if let Some(item) = item {
            order_steps(
                &mut orders,
                &person,
                &Order {
                    person: &person,
                    placer_no: &placer_no,
                    items: &[*item],
                    section,
                    priority,
                    history,
                    barcode: "",
                    at: &before,
                },
                *set,
            );
        }
        if let Some(shows) = shows {
            let at = clock(start, 8);
            let exam = Exam {
                seed: format!("county case {facility} {n}"),
                accession: if item.is_some() { placer_no } else { String::new() },
                at: (at.get(..8).unwrap_or_default().to_owned(), at.get(8..).unwrap_or_default().to_owned()),
                text: *set,
                person,
            };
            evidence.push(step(facility, Load::Objects(Box::new(Study { exam, shows: *shows }))));
        }
    }
    for (n, (facility, who, items, priority, history, barcode, readings, set)) in TUBES.iter().enumerate() {
        let person = person(facility, *who);
        let placer_no = format!("{}{:03}", start.date.get(2..).unwrap_or_default(), 301 + n);
        let before = clock(start, 25 - n as u32);
        order_steps(
            &mut orders,
            &person,
            &Order {
                person: &person,
                placer_no: &placer_no,
                items,
                section: "LAB",
                priority,
                history,
                barcode,
                at: &before,
            },
            *set,
        );
        if !readings.is_empty() {
            // The critical result comes early, the others between the images.
            let result =
                step("LEAD", Load::Message(hl7::results(&person, barcode, readings, &clock(start, 2), *set)));
            evidence.insert((1 + 2 * n).min(evidence.len()), result);
        }
    }
    orders.extend(evidence);
    orders
}

fn order_steps(out: &mut Vec<Step>, person: &Person, order: &Order<'_>, set: TextSet) {
    out.push(step(person.facility, Load::Message(hl7::registration(person, order.at, set))));
    out.push(step(person.facility, Load::Message(hl7::order(order, set))));
}

fn step(facility: &str, load: Load) -> Step {
    let ae_title = crate::county::place(facility).map_or("LEAD", |p| p.ae_title);
    Step { ae_title: ae_title.into(), load }
}

/// Local time `minutes` before the start, on the same day.
fn clock(start: &Start, minutes: u32) -> String {
    let minute = start.minute.saturating_sub(minutes);
    format!("{}{:02}{:02}00", start.date, minute / 60 % 24, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_start_gives_the_same_bytes() {
        let start = Start { date: "20261124".into(), minute: 615 };
        let messages = |steps: Vec<Step>| -> Vec<Vec<u8>> {
            steps
                .into_iter()
                .filter_map(|s| if let Load::Message(m) = s.load { Some(m) } else { None })
                .collect()
        };
        assert_eq!(messages(steps(&start)), messages(steps(&start)));
        assert!(steps(&start).len() > 40);
    }

    #[test]
    fn studies_make_their_objects() {
        let start = Start { date: "20261124".into(), minute: 615 };
        for step in steps(&start) {
            if let Load::Objects(study) = step.load {
                let mut count = 0;
                study.objects(|bytes| {
                    count += 1;
                    assert_eq!(bytes.get(128..132), Some(&b"DICM"[..]));
                    count < 2
                });
                assert!(count > 0);
            }
        }
    }
}
