//! Codes of values for other systems: LOINC, and ISO/IEEE 11073-10102 (MDC, partition 2) as in DICOM CID 3226 to 3229.

/// What a value is called elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// Our name.
    pub what: &'static str,
    /// LOINC code; empty when none says exactly this.
    pub loinc: &'static str,
    /// MDC term code inside partition 2; 0 = none.
    pub mdc: u32,
    /// Name, Chinese.
    pub zh: &'static str,
    /// Name, English.
    pub en: &'static str,
}

impl Code {
    /// The context-free MDC code: partition times 65536 plus term.
    #[must_use]
    pub fn mdc_code(&self) -> Option<u32> {
        (self.mdc > 0).then_some(2 * 65_536 + self.mdc)
    }
}

const fn code(what: &'static str, loinc: &'static str, mdc: u32, zh: &'static str, en: &'static str) -> Code {
    Code { what, loinc, mdc, zh, en }
}

/// Values in the order reports print them.
pub const CODES: &[Code] = &[
    code("hr", "8867-4", 16_770, "心率", "Heart rate"),
    code("pr", "8625-6", 15_872, "PR间期", "PR interval"),
    code("qrs", "8633-0", 16_156, "QRS时限", "QRS duration"),
    code("qt", "8634-8", 16_160, "QT间期", "QT interval"),
    code("qtc", "8636-3", 15_876, "QTc间期", "QTc interval"),
    code("qtcf", "8636-3", 15_892, "QTc间期(Fridericia)", "QTc interval (Fridericia)"),
    code("qtcb", "8636-3", 15_880, "QTc间期(Bazett)", "QTc interval (Bazett)"),
    code("axis_p", "8626-4", 16_128, "P波电轴", "P wave axis"),
    code("axis_qrs", "8632-2", 16_132, "QRS电轴", "QRS axis"),
    code("axis_t", "8638-9", 16_136, "T波电轴", "T wave axis"),
    code("rr", "", 16_168, "RR间期", "RR interval"),
];

/// The code of a value; none for values of ours alone.
#[must_use]
pub fn of(what: &str) -> Option<&'static Code> {
    CODES.iter().find(|c| c.what == what)
}

/// Name of a source: Chinese, English.
#[must_use]
pub fn source(source: &str) -> (&'static str, &'static str) {
    match source {
        "vendor" => ("设备", "recorder"),
        "physician" => ("医师", "physician"),
        _ => ("服务器", "server"),
    }
}
