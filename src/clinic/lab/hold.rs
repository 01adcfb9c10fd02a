//! Why a result is held (workflow specification 2.3). Any hold keeps it from batch release.

use serde::Serialize;

/// A reason with its texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Hold {
    /// Stable code, as stored.
    pub code: &'static str,
    /// Chinese.
    pub text_zh: &'static str,
    /// English.
    pub text_en: &'static str,
}

macro_rules! holds {
    ($($(#[$meta:meta])* $name:ident = $code:literal, $zh:literal, $en:literal;)+) => {
        $($(#[$meta])* pub const $name: &str = $code;)+
        const ALL: &[Hold] = &[$(Hold { code: $code, text_zh: $zh, text_en: $en }),+];
    };
}

holds! {
    /// At or beyond a critical limit.
    CRITICAL = "critical", "危急值", "Critical value";
    /// The sender marks it critical (HH, LL or AA in OBX-8), our limits do not.
    SENDER_CRITICAL = "sender_critical", "发送方标记危急", "Marked critical by the sender";
    /// The unit does not convert, and in the item's own unit the number would be critical.
    MAYBE_CRITICAL = "maybe_critical", "单位不明,按本项目单位计则为危急值", "Critical if the number is in the item's unit";
    /// Nobody has authored a critical limit for the item.
    NO_LIMIT = "no_limit", "该项目未设定危急界值", "No critical limit authored for this item";
    /// Change against the last value.
    DELTA = "delta", "与上次结果差异过大", "Change against the previous value exceeds the rule";
    /// Outside the reportable range.
    REPORTABLE_RANGE = "reportable_range", "超出可报告范围", "Outside the reportable range";
    /// The instrument flagged it.
    INSTRUMENT_FLAG = "instrument_flag", "仪器报警", "Instrument flag";
    /// Another run of the item exists.
    DUPLICATE = "duplicate", "同一标本同一项目有多次结果", "More than one run for this item";
    /// The message names another sex than the order.
    SEX_AGE_MISMATCH = "sex_age_mismatch", "报文中的性别或出生日期与申请不符", "Sex or birth date differs from the order";
    /// The message names another person than the order.
    IDENTITY_MISMATCH = "identity_mismatch", "报文中的姓名或患者编号与申请不符", "Name or patient id differs from the order";
    /// A character may have been cut, or the character set is doubtful.
    CHARSET = "charset", "字符可能被截断", "A character may have been cut";
    /// The unit is unknown or does not convert.
    UNKNOWN_UNIT = "unknown_unit", "单位未知或无法换算", "Unit unknown or not convertible";
    /// The value is no number where one is expected.
    NOT_A_NUMBER = "not_a_number", "应为数值", "A number is expected";
    /// The item was not ordered.
    NOT_ORDERED = "not_ordered", "申请单中没有该项目", "The item was not ordered";
    /// The sender's status is not final.
    NOT_FINAL = "not_final", "仪器标记为非最终结果", "The sender marks the result as not final";
    /// The device clock is off.
    CLOCK = "clock", "仪器时间偏差超过 5 分钟或晚于接收时间", "Device clock is off";
    /// LDL + HDL exceed total cholesterol and the like.
    CROSS_TEST = "cross_test", "项目间逻辑不符", "Items contradict each other";
    /// A rule could not be evaluated.
    ENGINE_ERROR = "engine_error", "规则无法执行", "A rule could not be evaluated";
    /// Another run was asked for, and what came bears the time of the one before: the message may have been sent again.
    SENT_AGAIN = "sent_again", "与复查前的结果时间、数值相同,可能是重发", "Same time and value as the run before: it may have been sent again";
    /// It was measured before the order was here, when nothing of the message could be compared with it.
    BEFORE_ORDER = "before_order", "结果先于申请到达,请核对标本与患者", "It came before the order: check specimen and patient";
    /// Entered or corrected by hand.
    MANUAL = "manual", "手工录入或更正,须他人审核", "Entered or corrected by hand; another person verifies";
}

/// The reason of a stored code; an unknown code shows as an engine error, never as nothing.
#[must_use]
pub fn of(code: &str) -> Hold {
    let find = |wanted: &str| ALL.iter().find(|h| h.code == wanted).copied();
    find(code).or_else(|| find(ENGINE_ERROR)).unwrap_or(Hold { code: ENGINE_ERROR, text_zh: "", text_en: "" })
}

/// Lane of a list of reasons: `ready`, `look`, `critical`.
#[must_use]
pub fn lane(codes: &[String]) -> &'static str {
    if codes.is_empty() {
        "ready"
    } else if codes.iter().any(|c| matches!(c.as_str(), CRITICAL | SENDER_CRITICAL | MAYBE_CRITICAL)) {
        "critical"
    } else {
        "look"
    }
}

/// Why a result is not matched, for people: Chinese, English.
#[must_use]
pub fn unmatched_text(code: &str) -> (&'static str, &'static str) {
    match code {
        "no_order" => ("条码没有对应的申请", "No order for this barcode"),
        "ambiguous_barcode" => ("报文中有两个不同标本的条码", "The message names two different specimens"),
        "no_barcode" => ("没有条码", "No barcode"),
        "rejected_specimen" => ("标本已拒收", "The specimen was rejected"),
        "cancelled_order" => ("申请已取消", "The order was cancelled"),
        "unknown_item" => ("未知项目", "Unknown item"),
        "foreign_specimen" => ("标本属于其他机构", "The specimen belongs to another facility"),
        "withdrawn_by_sender" => ("发送方撤回或更正了结果", "The sender withdrew or replaced the result"),
        _ => ("其他原因", "Other reason"),
    }
}
