//! What a value means for a patient: unit, range, flag and the reasons to hold it. No rows are written here.

use yigong_base::fault::Result;
use yigong_formats::hl7::value::{self, Number};
use yigong_formats::lab::{CriticalLimit, Flag, Sex, Verdict, flags, ranges, units};

use super::hold;
use super::items::Item;
use super::receive::Run;

/// What is known beside the value.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// Sex of the patient of the order.
    pub sex: Option<Sex>,
    /// Sex the message names.
    pub message_sex: Option<Sex>,
    /// Birth date of the order's patient and the one the message names, `YYYYMMDD` or empty.
    pub birth: (String, String),
    /// The message names another person than the order.
    pub other_person: bool,
    /// Day of the run or of receipt, `YYYYMMDD`.
    pub day: String,
    /// Last published value of the person: number and its age in ms.
    pub earlier: Option<(f64, i64)>,
    /// Whether the item was ordered.
    pub ordered: bool,
    /// Whether another run of the item stands for the specimen.
    pub other_run: bool,
    /// The device clock runs ahead or far behind.
    pub clock_off: bool,
}

/// The verdict on one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluated {
    /// Value as reported.
    pub value: String,
    /// Number without comparator.
    pub number: Option<f64>,
    /// `<`, `>`, `<=`, `>=` or empty.
    pub comparator: String,
    /// UCUM unit; the raw one when it is not known.
    pub unit: String,
    /// Reference interval as text.
    pub reference: String,
    /// Flag.
    pub flag: Flag,
    /// Reasons to hold it.
    pub holds: Vec<String>,
    /// Side of the critical value to alert about: `H`, `L`, or `A` for a text.
    pub alert: Option<&'static str>,
}

/// Evaluates a run. Whatever cannot be evaluated becomes a hold.
pub fn evaluate(item: &Item, run: &Run, around: &Around) -> Result<Evaluated> {
    let mut holds: Vec<&str> = Vec::new();
    let age = ranges::age_days(&around.birth.0, &around.day);
    let range = ranges::pick(&item.ranges, around.sex, age);
    let reference = range.map(ranges::Range::print).unwrap_or_default();
    let numeric = value::number(&run.value, run.comma_decimal);
    let mut shown = run.value.trim().to_owned();
    let mut unit = run.unit.clone();
    let mut flag = Flag::None;
    let mut number: Option<Number> = None;
    // An alert may come from doubt as well; doubt only ever raises, it releases nothing.
    let mut alert = None;
    if item.unit.is_empty() {
        match numeric {
            // A number without a unit (pH) is held against its limits as any other; what the instrument calls its unit is shown.
            Some(n) => {
                flag = flags::of_number(&n, range, item.critical);
                check_number(item, &n, around, &mut holds);
                number = Some(n);
            }
            None => {
                flag = flags::of_text(&run.value, range);
                unit = String::new();
            }
        }
    } else {
        match numeric.and_then(|n| units::convert(n.value, &run.unit, &item.unit).map(|v| (n, v))) {
            Some((n, converted)) => {
                if converted.to_bits() != n.value.to_bits() {
                    shown = format!("{}{converted:.*}", n.comparator, item.decimals);
                }
                let n = Number { value: converted, ..n };
                flag = flags::of_number(&n, range, item.critical);
                check_number(item, &n, around, &mut holds);
                unit = item.unit.clone();
                number = Some(n);
            }
            None => match value::number(&run.value, run.comma_decimal) {
                Some(raw) => {
                    holds.push(hold::UNKNOWN_UNIT);
                    alert = side(flags::of_number(&raw, range, item.critical));
                    holds.extend(alert.map(|_| hold::MAYBE_CRITICAL));
                }
                None => holds.push(hold::NOT_A_NUMBER),
            },
        }
    }
    if flag.critical() {
        holds.push(hold::CRITICAL);
        alert = side(flag);
    } else if let Some(said) = run.flags.iter().find_map(|f| sender_side(f)) {
        holds.push(hold::SENDER_CRITICAL);
        alert = alert.or(Some(said));
    }
    if item.critical == CriticalLimit::NotAuthored {
        holds.push(hold::NO_LIMIT);
    }
    check_run(run, around, &mut holds);
    Ok(Evaluated {
        value: shown,
        number: number.as_ref().map(|n| n.value),
        comparator: number.as_ref().map(|n| n.comparator.to_owned()).unwrap_or_default(),
        unit,
        reference,
        flag,
        holds: holds.into_iter().map(str::to_owned).collect(),
        alert,
    })
}

pub(super) fn side(flag: Flag) -> Option<&'static str> {
    match flag {
        Flag::HH => Some("H"),
        Flag::LL => Some("L"),
        _ => None,
    }
}

/// The panic flags of HL7 table 0078.
pub(super) fn sender_side(flag: &str) -> Option<&'static str> {
    match flag.trim().to_ascii_uppercase().as_str() {
        "HH" => Some("H"),
        "LL" => Some("L"),
        "AA" => Some("A"),
        _ => None,
    }
}

fn check_number(item: &Item, n: &Number, around: &Around, holds: &mut Vec<&str>) {
    let (low, high) = item.reportable;
    if low.is_some_and(|l| n.value < l) || high.is_some_and(|h| n.value > h) {
        holds.push(hold::REPORTABLE_RANGE);
    }
    match item.delta.map(|rule| rule.check(n.value, around.earlier)) {
        Some(Verdict::Exceeded(_)) => holds.push(hold::DELTA),
        Some(Verdict::Within | Verdict::NotEvaluated) => {}
        None => holds.push(hold::ENGINE_ERROR),
    }
}

fn check_run(run: &Run, around: &Around, holds: &mut Vec<&str>) {
    let sexes_differ = matches!((around.sex, around.message_sex), (Some(a), Some(b)) if a != b);
    let (ours, theirs) = &around.birth;
    if sexes_differ || (!ours.is_empty() && !theirs.is_empty() && ours != theirs) {
        holds.push(hold::SEX_AGE_MISMATCH);
    }
    // N and the range flags are the instrument's opinion of the value (panic flags have their own reason),
    // everything else is an alarm
    let plain = |f: &str| matches!(f, "" | "N" | "L" | "H" | "LL" | "HH" | "A" | "AA" | "<" | ">");
    if run.flags.iter().any(|f| !plain(f.trim())) {
        holds.push(hold::INSTRUMENT_FLAG);
    }
    if !matches!(run.status.as_str(), "F" | "C" | "") {
        holds.push(hold::NOT_FINAL);
    }
    for (wrong, code) in [
        (around.other_person, hold::IDENTITY_MISMATCH),
        (!around.ordered, hold::NOT_ORDERED),
        (around.other_run, hold::DUPLICATE),
        (run.suspect, hold::CHARSET),
        (around.clock_off, hold::CLOCK),
        (run.manual, hold::MANUAL),
    ] {
        if wrong {
            holds.push(code);
        }
    }
    holds.extend(run.doubt);
}
