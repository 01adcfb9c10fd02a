//! HL7 v2 messages of the invented clinics and analyser: ADT^A04, ORM^O01, OML^O21, ORU^R01, in GB18030 or UTF-8.

use crate::county::Person;
use yigong_formats::dicom::build::TextSet;

/// One ordered item: code and Chinese name.
pub type Item = (&'static str, &'static str);

/// An order as the clinic's HIS writes it.
pub struct Order<'a> {
    /// Patient.
    pub person: &'a Person,
    /// Placer order number, unique in the facility.
    pub placer_no: &'a str,
    /// Items of one pipeline.
    pub items: &'a [Item],
    /// Section of OBR-24 (HL7 table 0074): `RAD CT US EC LAB`.
    pub section: &'a str,
    /// `S`, `A`, `U` or `R`.
    pub priority: &'a str,
    /// Clinical history.
    pub history: &'a str,
    /// Barcode of the tube; laboratory orders are written as OML^O21, all others as ORM^O01.
    pub barcode: &'a str,
    /// Local time, `YYYYMMDDHHMMSS`.
    pub at: &'a str,
}

/// Value of one analyte: code, name, value, unit, reference range.
pub type Reading = (&'static str, &'static str, &'static str, &'static str, &'static str);

/// Characters of HL7 that must not stand in a value; the generators write none of them.
fn clean(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '|' | '^' | '~' | '\\' | '&' | '\r' | '\n')).collect()
}

fn encode(text: &str, set: TextSet) -> Vec<u8> {
    match set {
        TextSet::Utf8 => text.as_bytes().to_vec(),
        TextSet::Gb18030 => encoding_rs::GB18030.encode(text).0.into_owned(),
    }
}

fn label(set: TextSet) -> &'static str {
    match set {
        TextSet::Utf8 => "UNICODE UTF-8",
        TextSet::Gb18030 => "GB 18030-2000",
    }
}

fn msh(app: &str, facility: &str, at: &str, kind: &str, control: &str, set: TextSet) -> String {
    format!("MSH|^~\\&|{app}|{facility}|YIGONG|LEAD|{at}||{kind}|{control}|P|2.5.1||||||{}\r", label(set))
}

fn pid(p: &Person) -> String {
    format!(
        "PID|1||{}^^^{}^MR~{}^^^GA^NI||{}||{}|{}|||{}||{}\r",
        p.local_id,
        p.facility,
        p.national_id,
        clean(p.name),
        p.birth_date,
        p.sex,
        "云溪县",
        p.phone
    )
}

/// Registration of a patient.
pub fn registration(person: &Person, at: &str, set: TextSet) -> Vec<u8> {
    let control = format!(
        "{}ADT{at}{}",
        person.facility,
        person.local_id.trim_start_matches(|c: char| !c.is_ascii_digit())
    );
    let text = format!(
        "{}EVN|A04|{at}\r{}PV1|1|O|门诊\r",
        msh("HIS", person.facility, at, "ADT^A04^ADT_A01", &control, set),
        pid(person)
    );
    encode(&text, set)
}

/// An order.
pub fn order(o: &Order<'_>, set: TextSet) -> Vec<u8> {
    let (lab, at) = (!o.barcode.is_empty(), o.at);
    let kind = if lab { "OML^O21^OML_O21" } else { "ORM^O01^ORM_O01" };
    let mut text =
        msh("HIS", o.person.facility, at, kind, &format!("{}{}", o.person.facility, o.placer_no), set);
    text.push_str(&pid(o.person));
    text.push_str("PV1|1|O|全科门诊\r");
    text.push_str(&format!("ORC|NW|{}|||||^^^^^{}||{at}|||D01^门诊医生\r", o.placer_no, o.priority));
    if lab {
        text.push_str(&format!("TQ1|1||||||||{}\r", o.priority));
    }
    for (n, (code, name)) in o.items.iter().enumerate() {
        let history = if n == 0 { clean(o.history) } else { String::new() };
        text.push_str(&format!(
            "OBR|{}|{}||{code}^{name}^L|{}||{at}||||||{history}|||D01^门诊医生||||||||{}|||^^^^^{}\r",
            n + 1,
            o.placer_no,
            o.priority,
            o.section,
            o.priority
        ));
    }
    if lab {
        text.push_str(&format!("SPM|1|{}||SER^血清|||||||||||||{at}\r", o.barcode));
    }
    encode(&text, set)
}

/// Results of one tube as the analyser of the lead hospital sends them.
pub fn results(person: &Person, barcode: &str, readings: &[Reading], at: &str, set: TextSet) -> Vec<u8> {
    let mut text = msh("DEMO-LAB", "LEADLAB", at, "ORU^R01^ORU_R01", &format!("R{barcode}"), set);
    text.push_str(&format!(
        "PID|1||{}||{}||{}|{}\r",
        person.local_id,
        clean(person.name),
        person.birth_date,
        person.sex
    ));
    text.push_str(&format!("OBR|1||{barcode}|CHEM^生化分析仪|||{at}\r"));
    for (n, (code, name, value, unit, range)) in readings.iter().enumerate() {
        text.push_str(&format!("OBX|{}|NM|{code}^{name}||{value}|{unit}|{range}||||F|||{at}\r", n + 1));
    }
    encode(&text, set)
}

/// Potassium 7.1 with the renal failure behind it.
pub const CRITICAL: &[Reading] = &[
    ("K", "血清钾", "7.1", "mmol/L", "3.5-5.3"),
    ("NA", "血清钠", "134", "mmol/L", "137-147"),
    ("CL", "血清氯", "101", "mmol/L", "99-110"),
    ("UREA", "尿素", "28.6", "mmol/L", "3.1-8.0"),
    ("CREA", "肌酐", "612", "umol/L", "57-97"),
];
/// A blood count within its limits.
pub const CBC_NORMAL: &[Reading] = &[
    ("WBC", "白细胞计数", "6.2", "10*9/L", "3.5-9.5"),
    ("RBC", "红细胞计数", "4.5", "10*12/L", "3.8-5.1"),
    ("HGB", "血红蛋白", "132", "g/L", "115-150"),
    ("PLT", "血小板计数", "221", "10*9/L", "125-350"),
    ("NEUT%", "中性粒细胞百分数", "58.3", "%", "40-75"),
    ("LYMPH%", "淋巴细胞百分数", "32.1", "%", "20-50"),
];
/// A blood count of bacterial infection.
pub const CBC_INFECTION: &[Reading] = &[
    ("WBC", "白细胞计数", "14.8", "10*9/L", "3.5-9.5"),
    ("RBC", "红细胞计数", "4.9", "10*12/L", "4.3-5.8"),
    ("HGB", "血红蛋白", "148", "g/L", "130-175"),
    ("PLT", "血小板计数", "305", "10*9/L", "125-350"),
    ("NEUT%", "中性粒细胞百分数", "86.4", "%", "40-75"),
    ("LYMPH%", "淋巴细胞百分数", "8.8", "%", "20-50"),
];
/// Liver values, mildly raised.
pub const LIVER: &[Reading] = &[
    ("ALT", "丙氨酸氨基转移酶", "68", "U/L", "7-40"),
    ("AST", "天门冬氨酸氨基转移酶", "51", "U/L", "13-35"),
    ("TBIL", "总胆红素", "15.2", "umol/L", "0-21"),
    ("ALB", "白蛋白", "43.1", "g/L", "40-55"),
    ("TP", "总蛋白", "71.5", "g/L", "65-85"),
    ("GGT", "γ-谷氨酰转移酶", "62", "U/L", "7-45"),
];
/// Electrolytes and renal function within their limits.
pub const LYTES_RENAL: &[Reading] = &[
    ("K", "血清钾", "4.2", "mmol/L", "3.5-5.3"),
    ("NA", "血清钠", "141", "mmol/L", "137-147"),
    ("CL", "血清氯", "104", "mmol/L", "99-110"),
    ("CA", "血清钙", "2.31", "mmol/L", "2.11-2.52"),
    ("UREA", "尿素", "5.4", "mmol/L", "3.1-8.0"),
    ("CREA", "肌酐", "72", "umol/L", "57-97"),
    ("UA", "尿酸", "366", "umol/L", "208-428"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::county::person;
    use yigong_formats::hl7::{ReadOptions, receive};

    #[test]
    fn messages_read_back_in_both_character_sets() {
        // 陆瑋 in GB18030 holds the byte of the field separator.
        let p = person("C02", 1);
        for set in [TextSet::Gb18030, TextSet::Utf8] {
            let o = Order {
                person: &p,
                placer_no: "P1",
                items: &[("LYTES", "电解质")],
                section: "LAB",
                priority: "R",
                history: "复查",
                barcode: "B1",
                at: "20261124081500",
            };
            for bytes in [
                registration(&p, "20261124081500", set),
                order(&o, set),
                results(&p, "B1", CRITICAL, "20261124090000", set),
            ] {
                let got = receive(&bytes, &ReadOptions::default()).unwrap();
                let message = got.messages.into_iter().next().unwrap().unwrap();
                assert_eq!(message.segment("PID").unwrap().component(5, 1), "陆瑋");
            }
        }
    }
}
