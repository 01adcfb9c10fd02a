//! Canonical JSON (RFC 8785): one value, one sequence of bytes, so that a signature over it can be checked anywhere.

use serde_json::{Map, Number, Value};

/// Writes `value` canonically: members sorted by UTF-16 code units, no spaces, shortest numbers.
#[must_use]
pub fn canonical_json(value: &Value) -> Vec<u8> {
    let mut out = String::new();
    write_value(value, &mut out);
    out.into_bytes()
}

/// Depth is bounded by `serde_json`, which refuses more than 128 levels.
fn write_value(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_value(item, out);
            }
            out.push(']');
        }
        Value::Object(fields) => write_object(fields, out),
        Value::Number(number) => write_number(number, out),
        // strings, true, false and null are already written as RFC 8785 §3.2.2 asks
        other => out.push_str(&other.to_string()),
    }
}

fn write_object(fields: &Map<String, Value>, out: &mut String) {
    let mut sorted: Vec<_> = fields.iter().collect();
    sorted.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
    out.push('{');
    for (i, (name, field)) in sorted.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        out.push_str(&Value::from(name.as_str()).to_string());
        out.push(':');
        write_value(field, out);
    }
    out.push('}');
}

/// RFC 8785 §3.2.2.3: as ECMAScript prints a double; integers that fit 64 bits are printed whole.
fn write_number(number: &Number, out: &mut String) {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else {
        out.push_str(&number.to_string());
        return;
    };
    let size = float.abs();
    if float == 0.0 {
        out.push('0');
    } else if (1e-6..1e21).contains(&size) {
        out.push_str(&float.to_string());
    } else {
        let text = format!("{float:e}");
        out.push_str(&if size >= 1.0 { text.replace('e', "e+") } else { text });
    }
}
