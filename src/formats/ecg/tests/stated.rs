//! What recorders state, in their own words and turned round, and what they deny.

use crate::ecg::critical::{self, Level};

#[test]
fn statements_on_the_list_are_orange() {
    for said in [
        "*** ** ** ** * ACUTE MI * ** ** ** **",
        "ACUTE MI",
        "ANTERIOR INFARCT, ACUTE",
        "Anterior infarct, possibly acute",
        "INFERIOR INFARCT (ACUTE OR RECENT)",
        "ACUTE ANTEROSEPTAL MYOCARDIAL INFARCTION",
        "ST ELEVATION MI",
        "ST-ELEVATION MYOCARDIAL INFARCTION",
        "Non-ST elevation MI",
        "ST elevation, consider anterior injury or acute infarct",
        "ST ELEVATION, CONSIDER INFERIOR INJURY",
        "STEMI",
        "CANNOT RULE OUT ACUTE MI",
        "Acute MI cannot be excluded",
        "RULE OUT ACUTE MI",
        "ACUTE MI NOT RULED OUT",
        "NO LVH, ACUTE MI",
        "NO SIGNIFICANT CHANGE. ACUTE MI",
        "NO PREVIOUS ECG; ACUTE MI",
        "THIRD DEGREE AV BLOCK",
        "3rd degree A-V block",
        "COMPLETE HEART BLOCK",
        "AV BLOCK, COMPLETE (THIRD DEGREE)",
        "AV BLOCK, THIRD DEGREE",
        "VENTRICULAR TACHYCARDIA",
        "NON-SUSTAINED VENTRICULAR TACHYCARDIA",
        "V-TACH",
        "VENTRICULAR FIBRILLATION",
        "WIDE QRS TACHYCARDIA",
        "TORSADES DE POINTES",
        "ASYSTOLE",
        "急性心肌梗死",
        "急性前壁心肌梗死",
        "急性广泛前壁、高侧壁心肌梗塞",
        "前壁心肌梗死(急性期)",
        "心肌梗死,急性",
        "急性 下壁 心梗",
        "不能排除急性前壁心肌梗死",
        "急性前壁心肌梗死待排除",
        "急性心肌梗死不除外",
        "有无急性心肌梗死?",
        "无左室肥大,急性下壁心肌梗死",
        "ST段抬高",
        "非ST段抬高型心肌梗死",
        "完全性房室传导阻滞",
        "三度房室传导阻滞",
        "Ⅲ度房室传导阻滞",
        "III度AVB",
        "3度房室传导阻滞",
        "高度房室传导阻滞",
        "房室传导阻滞(三度)",
        "室性心动过速",
        "短阵室速",
        "心室颤动",
        "室颤",
        "心室停搏",
        "尖端扭转型室性心动过速",
    ] {
        let raise = critical::stated(&["Sinus rhythm".into(), said.into()]);
        let raise = raise.unwrap_or_else(|| panic!("{said}"));
        assert_eq!(
            (raise.level, raise.rule, raise.value.as_str()),
            (Level::Orange, "vendor_statement", said)
        );
    }
}

#[test]
fn what_is_denied_or_something_else_is_not() {
    for said in [
        "NO ACUTE MI",
        "No evidence of acute MI",
        "NO SIGNS OF ACUTE INFARCTION",
        "NEGATIVE FOR ACUTE MI",
        "WITHOUT EVIDENCE OF AN ACUTE INFARCT",
        "NO ACUTE ISCHEMIA OR INFARCT",
        "ACUTE MI RULED OUT",
        "Acute MI has been excluded",
        "ACUTE MI: NO",
        "NO ST ELEVATION MI",
        "OLD ANTERIOR INFARCT",
        "ANTERIOR INFARCT, AGE UNDETERMINED",
        "INFERIOR INFARCT, OLD, NO ACUTE CHANGES",
        "ACUTE PERICARDITIS, OLD INFARCT",
        "SUPRAVENTRICULAR TACHYCARDIA",
        "SUPRA-VENTRICULAR TACHYCARDIA",
        "ATRIAL FIBRILLATION",
        "NO VENTRICULAR TACHYCARDIA",
        "FIRST DEGREE AV BLOCK",
        "FIRST DEGREE AV BLOCK, COMPLETE RBBB",
        "COMPLETE LEFT BUNDLE BRANCH BLOCK",
        "LEAD aVF, SMITH",
        "ST ELEVATION, PROBABLY DUE TO EARLY REPOLARIZATION",
        "NORMAL ECG",
        "SEVTEEN VTX",
        "无急性心肌梗死",
        "未见明显急性心肌梗死征象",
        "急性心肌梗死已排除",
        "已除外急性心肌梗死",
        "陈旧性前壁心肌梗死",
        "无ST段抬高",
        "室上性心动过速",
        "房室折返性心动过速",
        "房室性心动过速",
        "未见室性心动过速",
        "不完全性房室传导阻滞",
        "一度房室传导阻滞",
        "一度房室传导阻滞,完全性右束支传导阻滞",
        "完全性左束支传导阻滞",
        "窦性心律",
        "房颤",
    ] {
        assert_eq!(critical::stated(&[said.into()]), None, "{said}");
    }
    // What one sentence denies another may say.
    assert!(critical::stated(&["NO ACUTE MI".into(), "VENTRICULAR TACHYCARDIA".into()]).is_some());
    assert!(critical::stated(&["NO VT, BUT ACUTE MI".into()]).is_some());
    assert_eq!(critical::stated(&[]), None);
}
