//! The keys by which a patient is found: every form of the name, and for Han names what stands behind each character.

use yigong_formats::dicom::detect::is_han;

use super::sql;
use crate::args;
use crate::fault::Result;
use crate::storage::Tx;

/// Characters of a name that are indexed from within; longer text is no name.
const LONGEST: usize = 12;

/// Remembers forms of the patient's name, folded by the caller. What is known stays.
pub async fn find_by(tx: &mut Tx, patient: &str, forms: &[String]) -> Result<()> {
    for form in forms {
        for key in keys(form) {
            tx.exec(sql::ADD_KEY, args![patient, key]).await?;
        }
    }
    Ok(())
}

/// The form itself, and for a name in Han each of its ends behind a star: `*小东*` is then found by an index too.
fn keys(form: &str) -> Vec<String> {
    let mut keys = vec![form.to_owned()];
    if form.chars().count() <= LONGEST {
        keys.extend(form.char_indices().filter(|(_, c)| is_han(*c)).map(|(at, _)| {
            let mut key = String::from("*");
            key.push_str(form.get(at..).unwrap_or_default());
            key
        }));
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::keys;

    #[test]
    fn ends_of_han_names() {
        assert_eq!(keys("王小东"), ["王小东", "*王小东", "*小东", "*东"]);
        assert_eq!(keys("wangxiaodong"), ["wangxiaodong"]);
        assert_eq!(keys("赵𬀩"), ["赵𬀩", "*赵𬀩", "*𬀩"]);
    }
}
