//! What must hold for any true recording; every breach is a warning shown to the reader, never a correction.

use super::{EcgDocument, Lead};

/// Adds warnings for leads that contradict each other, suspicious scale, rate, bandwidth, duration and gaps.
pub fn check(document: &mut EcgDocument) {
    let Some(group) = document.rhythm().cloned() else { return };
    let lead = |code| group.lead(code);
    let limit = group.leads.iter().map(|l| l.scale.to_f64().abs()).fold(0.0, f64::max) * 2.0;
    let residual = |parts: [(Option<&Lead>, i64); 3]| -> bool {
        let [(Some(a), x), (Some(b), y), (Some(c), z)] = parts else { return false };
        let beyond = (0..group.samples)
            .filter(|i| match (a.nanovolts(*i), b.nanovolts(*i), c.nanovolts(*i)) {
                // Twice the value, so that halves stay whole.
                (Some(p), Some(q), Some(r)) => ((x * p + y * q + z * r) as f64 / 2.0).abs() > limit,
                _ => false,
            })
            .count();
        beyond * 1000 > group.samples
    };
    let broken = residual([(lead(61), 2), (lead(2), -2), (lead(1), 2)])
        || residual([(lead(62), 2), (lead(1), 1), (lead(2), 1)])
        || residual([(lead(63), 2), (lead(1), -1), (lead(61), 1)])
        || residual([(lead(64), 2), (lead(2), -1), (lead(61), -1)]);
    if broken {
        document.warn("lead_map_or_skew", "肢体导联之间不符合 Einthoven/Goldberger 关系", "limb leads contradict each other (Einthoven or Goldberger)");
    }
    for l in &group.leads {
        let values: Vec<i64> = (0..group.samples).filter_map(|i| l.nanovolts(i)).collect();
        let span = values.iter().max().zip(values.iter().min()).map_or(0, |(a, b)| a - b);
        if span > 20_000_000 || (span > 5_000 && span < 50_000) {
            document.warn("scale_suspect", format!("{} 导联幅度可疑,请核对定标", l.id.name()), format!("amplitude of {} is implausible, check the scale", l.id.name()));
        }
        if !l.saturated.is_empty() {
            document.warn("saturated", format!("{} 导联信号饱和", l.id.name()), format!("{} is saturated", l.id.name()));
        }
        if !l.missing.is_empty() {
            document.warn("gap", format!("{} 导联有数据缺失", l.id.name()), format!("{} has missing samples", l.id.name()));
        }
    }
    let rate = group.rate.to_f64();
    if rate < 500.0 {
        document.warn("rate", format!("采样率 {rate} Hz < 500 Hz:不可用于诊断"), format!("{rate} Hz < 500: not diagnostic quality"));
    }
    let upper = group.leads.iter().filter_map(|l| l.band[1]).filter(|f| *f > 0.0).fold(f64::MAX, f64::min);
    if upper < 150.0 {
        document.warn("bandwidth", format!("频带上限 {upper} Hz < 150 Hz"), format!("upper band limit {upper} Hz < 150"));
    }
    if group.seconds() < 9.5 {
        document.warn("duration", format!("记录时长 {:.1} 秒,不足 10 秒", group.seconds()), format!("{:.1} s recorded, less than 10 s", group.seconds()));
    }
    let standard = group.leads.iter().filter(|l| l.id.is_standard()).count();
    let eight = [1, 2, 3, 4, 5, 6, 7, 8].iter().all(|c| group.lead(*c).is_some());
    if standard < 12 && !eight {
        document.warn("leads", format!("仅 {standard} 个标准导联"), format!("only {standard} standard leads"));
    }
}
