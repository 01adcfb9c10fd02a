//! The demonstration's accounts and tokens. Their secrets are printed for everybody; they exist in demonstrations only.

use serde_json::{Value, json};
use yigong_base::access::Role;
use yigong_base::digest::sha256_hex;
use yigong_sample_data::county::PLACES;

/// Password of every demonstration account.
pub const PASSWORD: &str = "yigong-demo";

/// Scopes of every demonstration token.
pub const SCOPES: [&str; 3] = ["reports:read", "images:read", "images:write"];

/// A demonstration account.
pub struct DemoAccount {
    /// Login name.
    pub login: String,
    /// Name, Chinese.
    pub name: String,
    /// Name, English.
    pub name_en: String,
    /// Role.
    pub role: Role,
    /// Facility code.
    pub facility: String,
    /// Pipelines of the role.
    pub pipelines: &'static str,
}

/// Accounts of the lead hospital: login, name, English name, role, pipelines.
const CENTRE: &[(&str, &str, &str, Role, &str)] = &[
    ("writer", "陈书明", "Chen Shuming", Role::Writer, "imaging"),
    ("writer2", "林晓岚", "Lin Xiaolan", Role::Writer, "imaging"),
    ("auditor", "周审正", "Zhou Shenzheng", Role::Auditor, "imaging"),
    ("ecg", "许心仪", "Xu Xinyi", Role::Auditor, "ecg"),
    ("lead", "高主任", "Director Gao", Role::Lead, "*"),
    ("registrar", "何登记", "He Dengji", Role::Registrar, "*"),
    ("labtech", "罗检验", "Luo Jianyan", Role::LabTechnician, "lab"),
    ("labverifier", "梁审核", "Liang Shenhe", Role::LabVerifier, "lab"),
    ("qc", "宋质控", "Song Zhikong", Role::QcOfficer, "*"),
    ("finance", "郑财务", "Zheng Caiwu", Role::Finance, "*"),
    ("supervisor", "谢监管", "Xie Jianguan", Role::Supervisor, "*"),
    ("admin", "韩信息", "Han Xinxi", Role::ItAdmin, "*"),
    ("external", "冯外聘", "Feng Waipin", Role::ExternalReader, "imaging"),
];

/// Every account: the centre's, then a doctor and a technician for each clinic.
#[must_use]
pub fn all() -> Vec<DemoAccount> {
    let mut list: Vec<DemoAccount> = CENTRE
        .iter()
        .map(|(login, name, name_en, role, pipelines)| DemoAccount {
            login: (*login).into(),
            name: (*name).into(),
            name_en: (*name_en).into(),
            role: *role,
            facility: "LEAD".into(),
            pipelines,
        })
        .collect();
    for place in PLACES.iter().filter(|p| p.kind == "clinic") {
        let number = place.code.trim_start_matches('C');
        for (login, name, name_en, role) in [
            ("doctor", "医生", "Doctor", Role::ClinicDoctor),
            ("tech", "技师", "Technician", Role::ClinicTechnician),
        ] {
            list.push(DemoAccount {
                login: format!("{login}{number}"),
                name: format!("{}{name}", place.name.chars().take(2).collect::<String>()),
                name_en: format!("{name_en} {number}"),
                role,
                facility: place.code.into(),
                pipelines: "*",
            });
        }
    }
    list
}

/// The token of a demonstration facility; the same in every demonstration.
#[must_use]
pub fn token(facility: &str) -> String {
    format!(
        "demo-{}-{}",
        facility.to_lowercase(),
        &sha256_hex(format!("yigong demonstration {facility}").as_bytes())[..24]
    )
}

/// People as JSON, for the login page.
#[must_use]
pub fn people_json() -> Value {
    let name_of = |code: &str| PLACES.iter().find(|p| p.code == code).map_or("", |p| p.name);
    all()
        .iter()
        .map(|a| {
            json!({
                "login": a.login, "password": PASSWORD, "role": a.role.as_str(), "facility": a.facility,
                "facility_name": name_of(&a.facility), "name": a.name, "name_en": a.name_en, "pipelines": a.pipelines,
            })
        })
        .collect()
}

/// People and tokens as JSON.
#[must_use]
pub fn json() -> Value {
    let tokens: Vec<Value> = PLACES
        .iter()
        .map(
            |p| json!({"facility": p.code, "ae_title": p.ae_title, "scopes": SCOPES, "token": token(p.code)}),
        )
        .collect();
    json!({"accounts": people_json(), "tokens": tokens})
}

/// People and tokens as a table.
#[must_use]
pub fn table() -> String {
    let mut text = format!("{:<12} {:<12} {:<18} {}\n", "user", "password", "role", "facility");
    for a in all().iter().filter(|a| a.facility == "LEAD" || a.facility == "C01") {
        text.push_str(&format!("{:<12} {:<12} {:<18} {}\n", a.login, PASSWORD, a.role.as_str(), a.facility));
    }
    text.push_str("(doctor02 … doctor25 and tech02 … tech25 likewise for the clinics C02 … C25)\n");
    for facility in ["LEAD", "C01"] {
        text.push_str(&format!("token {facility} ({}): {}\n", SCOPES.join(", "), token(facility)));
    }
    text.push_str("all accounts and tokens: yigong demo --accounts --json");
    text
}
