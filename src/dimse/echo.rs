//! C-ECHO (PS3.7 §9.1.5): is somebody there.

use yigong_formats::dicom::command::{C_ECHO, Response};
use yigong_formats::dicom::negotiate::Context;

use super::status;

/// Answers an echo; 0122 when it came on a context of another class.
pub(super) fn on_c_echo(context: &Context, message_id: u16, sop_class: &str) -> Response {
    let status = if context.sop_class == sop_class { status::SUCCESS } else { status::CLASS_NOT_SUPPORTED };
    Response {
        to: C_ECHO,
        message_id,
        sop_class: sop_class.to_owned(),
        sop_instance: String::new(),
        status,
        ..Response::default()
    }
}
