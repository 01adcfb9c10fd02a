//! The item catalogue: imaging and ECG examinations shipped as data, laboratory panels read from the item table.

use serde::Serialize;
use yigong_base::args;
use yigong_base::fault::Result;
use yigong_base::storage::Conn;

use super::sql;

/// Something that can be ordered.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct CatalogItem {
    /// Code.
    pub code: String,
    /// Name, Chinese.
    pub name: String,
    /// Name, English.
    pub name_en: String,
    /// `imaging`, `ecg`, `lab`.
    pub pipeline: String,
    /// DICOM modality, empty for lab.
    pub modality: String,
    /// Body part, empty where it does not apply.
    pub body_part: String,
    /// Items of a laboratory panel.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub panel_items: Vec<String>,
}

/// Code, Chinese, English, pipeline, modality, body part.
const EXAMINATIONS: &[[&str; 6]] = &[
    ["DX-CHEST", "胸部正位 DR", "Chest radiograph", "imaging", "DX", "CHEST"],
    ["DX-CHEST2", "胸部正侧位 DR", "Chest radiograph, two views", "imaging", "DX", "CHEST"],
    ["DX-HAND", "手正斜位 DR", "Hand radiograph", "imaging", "DX", "HAND"],
    ["DX-KNEE", "膝关节正侧位 DR", "Knee radiograph", "imaging", "DX", "KNEE"],
    ["DX-LSPINE", "腰椎正侧位 DR", "Lumbar spine radiograph", "imaging", "DX", "LSPINE"],
    ["CT-CHEST", "胸部 CT 平扫", "Chest CT without contrast", "imaging", "CT", "CHEST"],
    ["CT-HEAD", "头颅 CT 平扫", "Head CT without contrast", "imaging", "CT", "HEAD"],
    ["CT-ABDOMEN", "腹部 CT 平扫", "Abdomen CT without contrast", "imaging", "CT", "ABDOMEN"],
    ["US-ABDOMEN", "腹部超声", "Abdominal ultrasound", "imaging", "US", "ABDOMEN"],
    ["US-HEART", "心脏超声", "Echocardiography", "imaging", "US", "HEART"],
    ["MR-HEAD", "头颅 MR 平扫", "Head MR without contrast", "imaging", "MR", "HEAD"],
    ["ECG-12", "12 导联心电图", "12-lead ECG", "ecg", "ECG", ""],
];

/// Code, Chinese, English of the panels whose items stand in the item table.
const PANELS: &[[&str; 3]] = &[
    ["CBC", "血常规", "Complete blood count"],
    ["LYTES", "电解质", "Electrolytes"],
    ["RENAL", "肾功能", "Renal function"],
    ["LIVER", "肝功能", "Liver function"],
    ["LIPID", "血脂", "Lipids"],
    ["GLU", "血糖", "Glucose"],
    ["CARDIAC", "心肌标志物", "Cardiac markers"],
    ["COAG", "凝血功能", "Coagulation"],
    ["URINE", "尿常规", "Urinalysis"],
    ["THYROID", "甲状腺功能", "Thyroid function"],
];

/// Everything that can be ordered in a pipeline, or in all for an empty name.
pub async fn catalogue(conn: &mut Conn, pipeline: &str) -> Result<Vec<CatalogItem>> {
    let mut all: Vec<CatalogItem> = EXAMINATIONS.iter().map(examination).collect();
    for row in conn.all(sql::LAB_ITEMS, args![]).await? {
        let (code, panel) = (row.text("code")?, row.text("panel")?);
        match all.iter_mut().find(|i| i.pipeline == "lab" && i.code == panel) {
            Some(known) => known.panel_items.push(code),
            None => {
                let named = PANELS.iter().find(|[c, ..]| *c == panel);
                all.push(CatalogItem {
                    code: if panel.is_empty() { code.clone() } else { panel.clone() },
                    name: named.map_or(row.text("name")?, |[_, name, _]| (*name).to_owned()),
                    name_en: named.map_or(row.text("name_en")?, |[.., name]| (*name).to_owned()),
                    pipeline: "lab".into(),
                    modality: String::new(),
                    body_part: String::new(),
                    panel_items: vec![code],
                });
            }
        }
    }
    all.retain(|i| pipeline.is_empty() || i.pipeline == pipeline);
    Ok(all)
}

/// The catalogue entry of a code: an examination, a panel or a single laboratory item. `None` = unknown.
pub async fn lookup(conn: &mut Conn, code: &str) -> Result<Option<CatalogItem>> {
    if let Some(found) = catalogue(conn, "").await?.into_iter().find(|i| i.code == code) {
        return Ok(Some(found));
    }
    let Some(row) = conn.opt(sql::LAB_ITEM, args![code]).await? else { return Ok(None) };
    let mut one = examination(&[code, "", "", "lab", "", ""]);
    one.name = row.text("name")?;
    Ok(Some(one))
}

/// Priority class of what a sender writes in OBR-27.6, TQ1-9 or OBR-5 (HL7 table 0485); unknown = routine.
#[must_use]
pub fn priority_of(text: &str) -> &'static str {
    match text.trim().to_ascii_uppercase().as_str() {
        "S" | "STAT" => "stat",
        "E" | "EM" | "EMERGENCY" | "A" | "ASAP" => "emergency",
        "U" | "URGENT" | "P" | "C" => "urgent",
        _ => "routine",
    }
}

fn examination(row: &[&str; 6]) -> CatalogItem {
    let [code, name, name_en, pipeline, modality, body_part] = row.map(str::to_owned);
    CatalogItem { code, name, name_en, pipeline, modality, body_part, panel_items: Vec::new() }
}
