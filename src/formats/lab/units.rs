//! Spellings of units to UCUM codes, and linear conversions between them (UCUM 2.1).

/// UCUM code with the spellings seen on instruments and in clinic systems; compared without blanks and in lower case.
const ALIASES: &[(&str, &[&str])] = &[
    ("mmol/L", &["mmol/l", "mm/l", "毫摩尔/升"]),
    ("umol/L", &["umol/l", "μmol/l", "µmol/l", "微摩尔/升"]),
    ("nmol/L", &["nmol/l"]),
    ("pmol/L", &["pmol/l"]),
    ("g/L", &["g/l", "克/升"]),
    ("mg/L", &["mg/l"]),
    ("mg/dL", &["mg/dl", "mg%"]),
    ("g/dL", &["g/dl", "g%"]),
    ("ug/L", &["ug/l", "μg/l", "µg/l"]),
    ("ng/L", &["ng/l"]),
    ("ng/mL", &["ng/ml"]),
    ("pg/mL", &["pg/ml"]),
    ("U/L", &["u/l", "iu/l", "单位/升"]),
    ("m[IU]/L", &["miu/l", "mu/l", "m[iu]/l"]),
    ("u[IU]/mL", &["uiu/ml", "μiu/ml", "µiu/ml", "u[iu]/ml"]),
    (
        "10*9/L",
        &[
            "10*9/l",
            "10^9/l",
            "x10^9/l",
            "×10^9/l",
            "x10*9/l",
            "10e9/l",
            "g/l(10^9)",
            "10⁹/l",
            "×10⁹/l",
            "x10⁹/l",
        ],
    ),
    ("10*12/L", &["10*12/l", "10^12/l", "x10^12/l", "×10^12/l", "x10*12/l", "10e12/l", "10¹²/l", "×10¹²/l"]),
    ("10*3/uL", &["10*3/ul", "10^3/ul", "x10^3/ul", "k/ul", "10*3/μl", "10^3/μl", "10*3/µl"]),
    ("10*6/uL", &["10*6/ul", "10^6/ul", "x10^6/ul", "m/ul", "10*6/μl", "10^6/μl"]),
    ("%", &["%", "percent"]),
    ("fL", &["fl"]),
    ("pg", &["pg"]),
    ("s", &["s", "sec", "秒"]),
    ("mm/h", &["mm/h", "mm/hr", "mm/小时"]),
    ("mosm/kg", &["mosm/kg", "mosm/kgh2o", "mosm/kg.h2o"]),
    ("{ratio}", &["ratio", "inr", "{inr}", "{ratio}"]),
    ("[pH]", &["ph", "[ph]", "ph值"]),
    ("1", &["1"]),
    ("/uL", &["/ul", "个/ul", "个/μl", "/μl", "/µl"]),
    ("/[HPF]", &["/hpf", "/hp", "个/hpf", "/[hpf]"]),
];

/// Factor from the first unit to the second. Only conversions that need no substance.
const FACTORS: &[(&str, &str, f64)] = &[
    ("g/dL", "g/L", 10.0),
    ("mg/dL", "mg/L", 10.0),
    ("mg/dL", "g/L", 0.01),
    ("mg/L", "g/L", 0.001),
    ("ug/L", "mg/L", 0.001),
    ("ng/mL", "ug/L", 1.0),
    ("pg/mL", "ng/L", 1.0),
    ("umol/L", "mmol/L", 0.001),
    ("nmol/L", "umol/L", 0.001),
    ("pmol/L", "nmol/L", 0.001),
    ("10*3/uL", "10*9/L", 1.0),
    ("10*6/uL", "10*12/L", 1.0),
    ("u[IU]/mL", "m[IU]/L", 1.0),
];

/// The UCUM code of a spelling; `None` when it is not in the table: the result is held, never guessed.
pub fn ucum(text: &str) -> Option<&'static str> {
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    ALIASES
        .iter()
        .find(|(code, names)| code.to_lowercase() == plain || names.contains(&plain.as_str()))
        .map(|(code, _)| *code)
}

/// The value in another unit; `None` when the two do not convert without knowing the substance.
pub fn convert(value: f64, from: &str, to: &str) -> Option<f64> {
    let (from, to) = (ucum(from)?, ucum(to)?);
    if from == to {
        return Some(value);
    }
    FACTORS.iter().find_map(|(a, b, factor)| match (*a == from && *b == to, *b == from && *a == to) {
        (true, _) => Some(value * factor),
        (_, true) => Some(value / factor),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_meet_in_one_code() {
        for text in ["mmol/L", "MMOL/L", " mmol / l", "毫摩尔/升"] {
            assert_eq!(ucum(text), Some("mmol/L"));
        }
        assert_eq!(ucum("×10^9/L"), Some("10*9/L"));
        assert_eq!(ucum("furlong"), None);
        assert_eq!(ucum(""), None);
    }

    #[test]
    fn only_substance_free_conversions() {
        assert_eq!(convert(7.0, "10*3/uL", "10^9/L"), Some(7.0));
        assert_eq!(convert(14.0, "g/dL", "g/L"), Some(140.0));
        assert_eq!(convert(140.0, "g/L", "g/dL"), Some(14.0));
        assert_eq!(convert(90.0, "mg/dL", "mmol/L"), None);
    }

    #[test]
    fn the_table_names_each_unit_once() {
        let mut seen = std::collections::BTreeSet::new();
        for (_, names) in ALIASES {
            for name in *names {
                assert!(seen.insert(*name), "{name} stands twice");
            }
        }
        assert!(FACTORS.iter().all(|(a, b, _)| ucum(a) == Some(a) && ucum(b) == Some(b)));
    }
}
