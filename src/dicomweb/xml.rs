//! The Native DICOM Model (PS3.19 §A.1) of a data set we compose, for clients that ask for `application/dicom+xml`.

use serde_json::{Map, Value};

/// A whole document from the DICOM JSON of a data set of our own making (two levels at most).
pub(super) fn document(set: &Map<String, Value>) -> String {
    let mut out =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?><NativeDicomModel xml:space=\"preserve\">");
    attributes(&mut out, set);
    out.push_str("</NativeDicomModel>");
    out
}

fn attributes(out: &mut String, set: &Map<String, Value>) {
    for (tag, attribute) in set {
        let vr = attribute.get("vr").and_then(Value::as_str).unwrap_or("UN");
        out.push_str(&format!("<DicomAttribute tag=\"{tag}\" vr=\"{vr}\">"));
        let values = attribute.get("Value").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for (n, value) in values.iter().enumerate() {
            match value {
                Value::Object(item) => {
                    out.push_str(&format!("<Item number=\"{}\">", n + 1));
                    attributes(out, item);
                    out.push_str("</Item>");
                }
                Value::String(text) => {
                    out.push_str(&format!("<Value number=\"{}\">{}</Value>", n + 1, escaped(text)))
                }
                other => out.push_str(&format!("<Value number=\"{}\">{other}</Value>", n + 1)),
            }
        }
        out.push_str("</DicomAttribute>");
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn values_and_items() {
        let set = json!({"00081199": {"vr": "SQ", "Value": [{"00081150": {"vr": "UI", "Value": ["1.2"]}, "00081196": {"vr": "US", "Value": [45056]}}]}, "00080050": {"vr": "SH", "Value": ["a<&b"]}});
        let text = super::document(set.as_object().unwrap());
        assert!(text.ends_with("<DicomAttribute tag=\"00081199\" vr=\"SQ\"><Item number=\"1\"><DicomAttribute tag=\"00081150\" vr=\"UI\"><Value number=\"1\">1.2</Value></DicomAttribute><DicomAttribute tag=\"00081196\" vr=\"US\"><Value number=\"1\">45056</Value></DicomAttribute></Item></DicomAttribute><DicomAttribute tag=\"00080050\" vr=\"SH\"><Value number=\"1\">a&lt;&amp;b</Value></DicomAttribute></NativeDicomModel>"), "{text}");
    }
}
