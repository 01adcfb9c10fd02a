//! Two recordings of a person side by side (serial comparison).

use serde_json::Value;

use super::previous::Doubt;
use super::understand::Understood;

/// What is to be doubted on arrival.
pub(super) fn doubt(_new: &Understood, _before: Option<&Understood>) -> Doubt {
    Doubt { swap: Value::Null, other_person: false }
}
