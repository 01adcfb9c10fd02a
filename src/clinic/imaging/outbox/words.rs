//! Why something did not leave, as a slug for which the pages have plain words. The text of the peer or of the connection stands
//! beside it, for whoever mends it.

/// Parts of an error text and what they mean; the first that fits counts.
const MEANINGS: &[(&str, &str)] = &[
    ("cancelled", "cancelled"),
    ("stored bytes are damaged", "damaged"),
    ("policy has given its bytes up", "erased"),
    ("another version has taken its place", "superseded"),
    ("held for a person", "held"),
    ("waits for a person to look at", "held_back"),
    ("may see nothing", "not_visible"),
    ("no such instance", "not_visible"),
    ("rejected (", "hidden"),
    ("no longer registered", "unregistered"),
    ("is disabled", "disabled"),
    ("did not keep every object", "not_kept"),
    ("no answer for seven days", "no_answer"),
    ("called ae title not recognised", "called_ae"),
    ("calling ae title not recognised", "calling_ae"),
    ("temporary congestion", "peer_busy"),
    ("local limit exceeded", "peer_busy"),
    ("associate: rejected", "not_admitted"),
    ("tls:", "tls"),
    ("connect: no answer", "no_connection"),
    ("Connection refused", "nobody_listens"),
    ("connect:", "no_connection"),
    ("does not accept the service", "service_refused"),
    ("status 0122", "service_refused"),
    ("no presentation context", "not_taken"),
    ("cannot be made from", "not_taken"),
    ("above", "too_large"),
    ("aborted", "broken_off"),
    ("connection was lost", "broken_off"),
    ("associate:", "broken_off"),
    ("a port", "no_port"),
    ("not AE@host:port", "no_port"),
];

/// The slug of what failed; empty where nothing did. A status of the receiver (PS3.4 table B.2-1, PS3.7 annex C) says more than
/// a text.
#[must_use]
pub fn slug(status: Option<i64>, error: &str) -> &'static str {
    match status {
        Some(0xA700..=0xA7FF) => return "no_room",
        Some(0xA900..=0xA9FF) => return "mismatch",
        Some(0xC000..=0xCFFF) => return "not_understood",
        Some(0x0122) => return "service_refused",
        Some(0x0124) => return "not_allowed",
        Some(n) if (1..0xB000).contains(&n) || (0xD000..0xFFFE).contains(&n) => return "refused",
        _ => {}
    }
    if error.is_empty() {
        return "";
    }
    MEANINGS.iter().find(|(part, _)| error.contains(part)).map_or("other", |(_, slug)| slug)
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn what_failed_has_a_name() {
        let refused = "connect: Connection refused (os error 111)";
        for (status, error, wanted) in [
            (None, "", ""),
            (Some(0xA700), "disk", "no_room"),
            (Some(0xA9FF), "", "mismatch"),
            (Some(0xC000), "uid", "not_understood"),
            (Some(0x0124), "", "not_allowed"),
            (Some(0x0211), "", "refused"),
            (None, refused, "nobody_listens"),
            (None, "connect: no answer", "no_connection"),
            (
                None,
                "busy: storage commitment: associate: rejected: called ae title not recognised",
                "called_ae",
            ),
            (None, "its stored bytes are damaged (hash)", "damaged"),
            (None, "rejected (113001)", "hidden"),
            (Some(0xFFFF), "rejected (113001)", "hidden"),
            (None, "peer: is disabled", "disabled"),
            (None, "something new", "other"),
        ] {
            assert_eq!(slug(status, error), wanted, "{status:?} {error}");
        }
    }
}
