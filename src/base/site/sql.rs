//! SQL of facilities, peers and devices.

crate::statements! {
    /// Create or change a facility.
    PUT_FACILITY = "INSERT INTO facility (code, name, name_en, kind, grid, phone, duty_phone, active, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (code) DO UPDATE SET name = excluded.name, name_en = excluded.name_en, kind = excluded.kind, grid = excluded.grid,
        phone = excluded.phone, duty_phone = excluded.duty_phone, active = excluded.active";
    /// All facilities.
    LIST_FACILITIES = "SELECT code, name, name_en, kind, grid, phone, duty_phone, active FROM facility ORDER BY kind, code";
    /// One facility.
    FIND_FACILITY = "SELECT code, name, name_en, kind, grid, phone, duty_phone, active FROM facility WHERE code = $1";
    /// The lead hospital.
    LEAD_FACILITY = "SELECT code, name, name_en, kind, grid, phone, duty_phone, active FROM facility WHERE kind = 'lead' AND active = 1 ORDER BY code LIMIT 1";
    /// A new peer.
    INSERT_PEER = "INSERT INTO peer (id, kind, facility, name, ae_title, app, app_facility, addresses, port, policy, enabled, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    /// Change a peer.
    UPDATE_PEER = "UPDATE peer SET facility = $2, name = $3, ae_title = $4, app = $5, app_facility = $6, addresses = $7, port = $8, policy = $9, enabled = $10 WHERE id = $1";
    /// All peers.
    LIST_PEERS = "SELECT id, kind, facility, name, ae_title, app, app_facility, addresses, port, policy, enabled, last_seen_at FROM peer ORDER BY kind, facility, name";
    /// One peer.
    FIND_PEER = "SELECT id, kind, facility, name, ae_title, app, app_facility, addresses, port, policy, enabled, last_seen_at FROM peer WHERE id = $1";
    /// Enabled DICOM peers of facilities that take part, by AE title.
    FIND_AE = "SELECT id, kind, facility, name, ae_title, app, app_facility, addresses, port, policy, enabled, last_seen_at FROM peer WHERE kind = 'dicom' AND ae_title = $1 AND enabled = 1 AND EXISTS (SELECT 1 FROM facility f WHERE f.code = peer.facility AND f.active = 1) ORDER BY facility, id";
    /// The DICOM peer of a title: the facility's own, then an enabled one, first.
    KNOWN_AE = "SELECT id, kind, facility, name, ae_title, app, app_facility, addresses, port, policy, enabled, last_seen_at FROM peer WHERE kind = 'dicom' AND ae_title = $1
        ORDER BY CASE WHEN facility = $2 THEN 0 ELSE 1 END, enabled DESC, id LIMIT 1";
    /// Other enabled DICOM peers of a title.
    SAME_AE = "SELECT id, kind, facility, name, ae_title, app, app_facility, addresses, port, policy, enabled, last_seen_at FROM peer WHERE kind = 'dicom' AND ae_title = $1 AND enabled = 1 AND id <> $2";
    /// Enabled HL7 peers of facilities that take part.
    LIST_HL7 = "SELECT id, kind, facility, name, ae_title, app, app_facility, addresses, port, policy, enabled, last_seen_at FROM peer WHERE kind = 'hl7' AND enabled = 1 AND EXISTS (SELECT 1 FROM facility f WHERE f.code = peer.facility AND f.active = 1) ORDER BY id";
    /// Seen just now.
    TOUCH_PEER = "UPDATE peer SET last_seen_at = $2 WHERE id = $1";
    /// A clock that is off; of the same as before at most once in ten minutes.
    NOTE_CLOCK = "INSERT INTO peer_clock (peer, ahead_ms, seen_at) VALUES ($1, $2, $3) ON CONFLICT (peer) DO UPDATE SET ahead_ms = excluded.ahead_ms, seen_at = excluded.seen_at
        WHERE excluded.seen_at > peer_clock.seen_at + 600000 OR excluded.ahead_ms > peer_clock.ahead_ms + 60000 OR excluded.ahead_ms < peer_clock.ahead_ms - 60000";
    /// It is right again.
    FORGET_CLOCK = "DELETE FROM peer_clock WHERE peer = $1";
    /// Clocks that were off since a time.
    CLOCKS = "SELECT peer, ahead_ms, seen_at FROM peer_clock WHERE seen_at > $1 ORDER BY peer";
    /// A device, once.
    PUT_DEVICE = "INSERT INTO device (id, facility, kind, maker, model, serial, peer, last_seen_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
        ON CONFLICT (facility, maker, model, serial) DO UPDATE SET last_seen_at = excluded.last_seen_at, peer = excluded.peer";
    /// All devices.
    LIST_DEVICES = "SELECT id, facility, kind, maker, model, serial, peer, last_seen_at FROM device ORDER BY facility, kind, model";
}
