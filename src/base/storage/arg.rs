//! Statement arguments: the four types both engines share.

use serde_json::Value;

/// One argument. Columns are only text, 64-bit integer, double and bytes.
#[derive(Debug, Clone)]
pub enum Arg {
    /// `BIGINT`; times in ms, booleans 0/1.
    Int(Option<i64>),
    /// `TEXT`.
    Text(Option<String>),
    /// `DOUBLE PRECISION`.
    Real(Option<f64>),
    /// `BLOB` / `BYTEA`.
    Bytes(Option<Vec<u8>>),
}

macro_rules! int {
    ($($t:ty),+) => {$(
        impl From<$t> for Arg {
            fn from(v: $t) -> Self { Self::Int(Some(i64::from(v))) }
        }
        impl From<Option<$t>> for Arg {
            fn from(v: Option<$t>) -> Self { Self::Int(v.map(i64::from)) }
        }
    )+};
}
int!(i64, i32, u32, u16, u8, bool);

/// Numbers above the column's range are stored as its maximum; no count in this system comes near it.
fn clamp(v: u64) -> i64 {
    i64::try_from(v).unwrap_or(i64::MAX)
}

impl From<usize> for Arg {
    fn from(v: usize) -> Self {
        Self::Int(Some(clamp(v as u64)))
    }
}
impl From<u64> for Arg {
    fn from(v: u64) -> Self {
        Self::Int(Some(clamp(v)))
    }
}
impl From<f64> for Arg {
    fn from(v: f64) -> Self {
        Self::Real(Some(v))
    }
}
impl From<Option<f64>> for Arg {
    fn from(v: Option<f64>) -> Self {
        Self::Real(v)
    }
}
impl From<&str> for Arg {
    fn from(v: &str) -> Self {
        Self::Text(Some(v.to_owned()))
    }
}
impl From<String> for Arg {
    fn from(v: String) -> Self {
        Self::Text(Some(v))
    }
}
impl From<&String> for Arg {
    fn from(v: &String) -> Self {
        Self::Text(Some(v.clone()))
    }
}
impl From<Option<String>> for Arg {
    fn from(v: Option<String>) -> Self {
        Self::Text(v)
    }
}
impl From<&Option<String>> for Arg {
    fn from(v: &Option<String>) -> Self {
        Self::Text(v.clone())
    }
}
impl From<Option<&str>> for Arg {
    fn from(v: Option<&str>) -> Self {
        Self::Text(v.map(str::to_owned))
    }
}
impl From<Vec<u8>> for Arg {
    fn from(v: Vec<u8>) -> Self {
        Self::Bytes(Some(v))
    }
}
impl From<&[u8]> for Arg {
    fn from(v: &[u8]) -> Self {
        Self::Bytes(Some(v.to_vec()))
    }
}
impl From<Option<Vec<u8>>> for Arg {
    fn from(v: Option<Vec<u8>>) -> Self {
        Self::Bytes(v)
    }
}
impl From<&Value> for Arg {
    fn from(v: &Value) -> Self {
        Self::Text(Some(v.to_string()))
    }
}
impl From<Value> for Arg {
    fn from(v: Value) -> Self {
        Self::Text(Some(v.to_string()))
    }
}
