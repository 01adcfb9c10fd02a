//! The invented county: one lead hospital, 25 township clinics, and people who do not exist.

use crate::random::Random;

/// One facility of the demo county.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Facility code, `LEAD` or `C01`..`C25`.
    pub code: &'static str,
    /// Calling AE title, `LEAD` or `DEMO01`..`DEMO25`.
    pub ae_title: &'static str,
    /// Chinese name.
    pub name: &'static str,
    /// English name.
    pub name_en: &'static str,
    /// `lead` or `clinic`.
    pub kind: &'static str,
    /// Reading grid, `EAST` or `WEST`; empty for the lead hospital.
    pub grid: &'static str,
}

/// Name of the county, Chinese and English.
pub const COUNTY: (&str, &str) = ("云溪县", "Yunxi County");

macro_rules! places {
    ($($code:literal $ae:literal $name:literal $en:literal $kind:literal $grid:literal;)*) => {
        /// All facilities, the lead hospital first.
        pub const PLACES: &[Place] = &[$(Place { code: $code, ae_title: $ae, name: $name, name_en: $en, kind: $kind, grid: $grid }),*];
    };
}
places! {
    "LEAD" "LEAD" "云溪县人民医院" "Yunxi County People's Hospital" "lead" "";
    "C01" "DEMO01" "青石镇中心卫生院" "Qingshi Township Central Clinic" "clinic" "EAST";
    "C02" "DEMO02" "柳河镇卫生院" "Liuhe Township Clinic" "clinic" "EAST";
    "C03" "DEMO03" "白鹭乡卫生院" "Bailu Township Clinic" "clinic" "EAST";
    "C04" "DEMO04" "枫林镇卫生院" "Fenglin Township Clinic" "clinic" "EAST";
    "C05" "DEMO05" "石桥镇卫生院" "Shiqiao Township Clinic" "clinic" "EAST";
    "C06" "DEMO06" "梅岭乡卫生院" "Meiling Township Clinic" "clinic" "EAST";
    "C07" "DEMO07" "双溪镇中心卫生院" "Shuangxi Township Central Clinic" "clinic" "EAST";
    "C08" "DEMO08" "竹园乡卫生院" "Zhuyuan Township Clinic" "clinic" "EAST";
    "C09" "DEMO09" "古渡镇卫生院" "Gudu Township Clinic" "clinic" "EAST";
    "C10" "DEMO10" "桃源乡卫生院" "Taoyuan Township Clinic" "clinic" "EAST";
    "C11" "DEMO11" "龙泉镇卫生院" "Longquan Township Clinic" "clinic" "EAST";
    "C12" "DEMO12" "鹤峰乡卫生院" "Hefeng Township Clinic" "clinic" "EAST";
    "C13" "DEMO13" "碧湖镇卫生院" "Bihu Township Clinic" "clinic" "EAST";
    "C14" "DEMO14" "红岩镇中心卫生院" "Hongyan Township Central Clinic" "clinic" "WEST";
    "C15" "DEMO15" "松坪乡卫生院" "Songping Township Clinic" "clinic" "WEST";
    "C16" "DEMO16" "南塘镇卫生院" "Nantang Township Clinic" "clinic" "WEST";
    "C17" "DEMO17" "麦岗镇卫生院" "Maigang Township Clinic" "clinic" "WEST";
    "C18" "DEMO18" "水磨乡卫生院" "Shuimo Township Clinic" "clinic" "WEST";
    "C19" "DEMO19" "银杏镇卫生院" "Yinxing Township Clinic" "clinic" "WEST";
    "C20" "DEMO20" "高坡乡卫生院" "Gaopo Township Clinic" "clinic" "WEST";
    "C21" "DEMO21" "东湾镇卫生院" "Dongwan Township Clinic" "clinic" "WEST";
    "C22" "DEMO22" "清风乡卫生院" "Qingfeng Township Clinic" "clinic" "WEST";
    "C23" "DEMO23" "金盆镇卫生院" "Jinpen Township Clinic" "clinic" "WEST";
    "C24" "DEMO24" "云台乡卫生院" "Yuntai Township Clinic" "clinic" "WEST";
    "C25" "DEMO25" "沙河镇卫生院" "Shahe Township Clinic" "clinic" "WEST";
}

/// An invented person. The identity number starts with region 000000, which is never issued.
#[derive(Clone, Debug)]
pub struct Person {
    /// Facility code where the local number is valid.
    pub facility: &'static str,
    /// Local patient number.
    pub local_id: String,
    /// Chinese name.
    pub name: &'static str,
    /// Pinyin as `Family^Given`.
    pub pinyin: &'static str,
    /// `M` or `F`.
    pub sex: &'static str,
    /// Birth date, `YYYYMMDD`.
    pub birth_date: String,
    /// Synthetic 18-character number, region 000000.
    pub national_id: String,
    /// Synthetic telephone, 199 0000 xxxx.
    pub phone: String,
}

/// Names with sex; the first rows hold the characters that break badly written software.
const NAMES: &[(&str, &str, &str)] = &[
    ("王建国", "Wang^Jianguo", "M"),
    ("陆瑋", "Lu^Wei", "M"),
    ("李秀英", "Li^Xiuying", "F"),
    ("陈玘", "Chen^Qi", "M"),
    ("张䶮", "Zhang^Yan", "F"),
    ("周德发", "Zhou^Defa", "M"),
    ("吴桂兰", "Wu^Guilan", "F"),
    ("許誠", "Xu^Cheng", "M"),
    ("赵淑珍", "Zhao^Shuzhen", "F"),
    ("孙长林", "Sun^Changlin", "M"),
    ("欧阳玉梅", "Ouyang^Yumei", "F"),
    ("马福生", "Ma^Fusheng", "M"),
    ("刘喆", "Liu^Zhe", "M"),
    ("黄翠萍", "Huang^Cuiping", "F"),
    ("何国强", "He^Guoqiang", "M"),
    ("林月娥", "Lin^Yuee", "F"),
    ("单志刚", "Shan^Zhigang", "M"),
    ("罗凤琴", "Luo^Fengqin", "F"),
    ("谢大勇", "Xie^Dayong", "M"),
    ("韩小妹", "Han^Xiaomei", "F"),
    ("唐铁山", "Tang^Tieshan", "M"),
    ("冯腊梅", "Feng^Lamei", "F"),
    ("曹顺利", "Cao^Shunli", "M"),
    ("彭银花", "Peng^Yinhua", "F"),
    ("曾祥云", "Zeng^Xiangyun", "M"),
    ("邓春秀", "Deng^Chunxiu", "F"),
    ("苏有才", "Su^Youcai", "M"),
    ("蒋玉芬", "Jiang^Yufen", "F"),
    ("沈金宝", "Shen^Jinbao", "M"),
    ("魏红霞", "Wei^Hongxia", "F"),
];

/// Person number `n` at the facility `facility`; the same arguments always give the same person.
pub fn person(facility: &'static str, n: usize) -> Person {
    let (name, pinyin, sex) = NAMES[n % NAMES.len()];
    let mut random = Random::new(0xC0DE + n as u64);
    let (year, month, day) = (1938 + random.below(58), 1 + random.below(12), 1 + random.below(28));
    let birth_date = format!("{year:04}{month:02}{day:02}");
    let digit = if sex == "M" { 1 + 2 * (n % 5) } else { 2 * (n % 5) };
    Person {
        facility,
        local_id: format!("{facility}-{:06}", 100_000 + n * 37),
        name,
        pinyin,
        sex,
        national_id: identity(&format!("000000{birth_date}{:02}{digit}", n % 100)),
        birth_date,
        phone: format!("1990000{:04}", n % 10_000),
    }
}

/// Facility by code.
pub fn place(code: &str) -> Option<&'static Place> {
    PLACES.iter().find(|p| p.code == code)
}

/// Appends the check character of GB 11643-1999 to 17 digits.
fn identity(digits: &str) -> String {
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits.chars().zip(weights).map(|(c, w)| c.to_digit(10).unwrap_or(0) * w).sum();
    format!("{digits}{}", ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"][(sum % 11) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn county_has_a_lead_and_twenty_five_clinics() {
        assert_eq!(PLACES.iter().filter(|p| p.kind == "lead").count(), 1);
        assert_eq!(PLACES.iter().filter(|p| p.kind == "clinic").count(), 25);
    }

    #[test]
    fn people_are_repeatable_and_synthetic() {
        let (a, b) = (person("C01", 4), person("C01", 4));
        assert_eq!(a.national_id, b.national_id);
        assert!(a.national_id.starts_with("000000") && a.national_id.len() == 18);
    }
}
