//! SQL of accounts, sessions and tokens.

crate::statements! {
    /// A new account.
    INSERT_ACCOUNT = "INSERT INTO account (id, login, name, name_en, password_hash, facility, active, created_at, must_change) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// Change an account.
    UPDATE_ACCOUNT = "UPDATE account SET name = $2, name_en = $3, facility = $4, active = $5 WHERE id = $1";
    /// Change a password.
    SET_PASSWORD = "UPDATE account SET password_hash = $2, must_change = $3, failures = 0, locked_until = NULL WHERE id = $1";
    /// By login; active where the facility takes part, too.
    BY_LOGIN = "SELECT a.id, a.password_hash, a.facility, CASE WHEN f.active = 1 THEN a.active ELSE 0 END AS active, a.failures, a.locked_until
        FROM account a JOIN facility f ON f.code = a.facility WHERE a.login = $1";
    /// By id.
    BY_ID = "SELECT id, login, name, name_en, password_hash, facility, active FROM account WHERE id = $1";
    /// The lead hospital's code.
    LEAD = "SELECT code FROM facility WHERE kind = 'lead' AND active = 1 ORDER BY code LIMIT 1";
    /// All accounts.
    LIST_ACCOUNTS = "SELECT id, login, name, name_en, facility, active FROM account ORDER BY facility, login";
    /// Roles of one.
    ROLES_OF = "SELECT role, facility, pipelines FROM account_role WHERE account = $1 ORDER BY role";
    /// All roles.
    LIST_ROLES = "SELECT account, role, facility, pipelines FROM account_role ORDER BY account, role";
    /// Forget roles.
    CLEAR_ROLES = "DELETE FROM account_role WHERE account = $1";
    /// Add a role.
    ADD_ROLE = "INSERT INTO account_role (account, role, facility, pipelines) VALUES ($1, $2, $3, $4)";
    /// A try is counted before it is looked at: of many at the same moment one goes on. $2 = tries known of, $4 = from now on it rests until, $5 = now.
    TRY_ACCOUNT = "UPDATE account SET failures = $3, locked_until = $4 WHERE id = $1 AND failures = $2 AND (locked_until IS NULL OR locked_until <= $5)";
    /// The same at a browser that the account knows.
    TRY_DEVICE = "UPDATE known_device SET failures = $3, locked_until = $4 WHERE account = $1 AND failures = $2 AND (locked_until IS NULL OR locked_until <= $5) AND token_hash = $6";
    /// A browser that the account knows.
    FIND_DEVICE = "SELECT failures, locked_until FROM known_device WHERE account = $1 AND token_hash = $2";
    /// It is known from now on, or was right again.
    KEEP_DEVICE = "INSERT INTO known_device (account, token_hash, seen_at) VALUES ($1, $2, $3) ON CONFLICT (account, token_hash) DO UPDATE SET failures = 0, locked_until = NULL, seen_at = excluded.seen_at";
    /// The last twenty are enough.
    DROP_DEVICES = "DELETE FROM known_device WHERE account = $1 AND token_hash NOT IN (SELECT token_hash FROM known_device WHERE account = $1 ORDER BY seen_at DESC, token_hash LIMIT 20)";
    /// Who has a new password is known nowhere.
    FORGET_DEVICES = "DELETE FROM known_device WHERE account = $1";
    /// A right password clears the count.
    CLEAR_FAILURES = "UPDATE account SET failures = 0, locked_until = NULL WHERE id = $1";
    /// Personal settings.
    SET_SETTINGS = "UPDATE account SET settings = $2 WHERE id = $1";
    /// A new session.
    INSERT_SESSION = "INSERT INTO session (token_hash, account, csrf, created_at, seen_at, expires_at, reauth_at, address) VALUES ($1, $2, $3, $4, $4, $5, $4, $6)";
    /// A live session.
    FIND_SESSION = "SELECT s.account, s.csrf, s.seen_at, s.expires_at, s.reauth_at, s.locked, a.login, a.name, a.name_en, a.facility, CASE WHEN f.active = 1 THEN a.active ELSE 0 END AS active, a.must_change, a.settings,
        f.kind AS facility_kind, f.name AS facility_name, f.name_en AS facility_name_en, COALESCE((SELECT l.code FROM facility l WHERE l.kind = 'lead' AND l.active = 1 ORDER BY l.code LIMIT 1), '') AS lead
        FROM session s JOIN account a ON a.id = s.account JOIN facility f ON f.code = a.facility WHERE s.token_hash = $1";
    /// Seen just now.
    TOUCH_SESSION = "UPDATE session SET seen_at = $2 WHERE token_hash = $1";
    /// A try to confirm the password is counted before it is looked at; $2 = how many there may be.
    TRY_REAUTH = "UPDATE session SET failures = failures + 1 WHERE token_hash = $1 AND failures < $2";
    /// Password confirmed just now.
    REAUTH_SESSION = "UPDATE session SET reauth_at = $2, failures = 0, locked = 0 WHERE token_hash = $1";
    /// Nobody is before the page.
    LOCK_SESSION = "UPDATE session SET locked = 1 WHERE token_hash = $1";
    /// Sign out.
    DELETE_SESSION = "DELETE FROM session WHERE token_hash = $1";
    /// Sign an account out everywhere.
    DELETE_SESSIONS_OF = "DELETE FROM session WHERE account = $1";
    /// The same but for one.
    DELETE_OTHER_SESSIONS = "DELETE FROM session WHERE account = $1 AND token_hash <> $2";
    /// A new machine token.
    INSERT_TOKEN = "INSERT INTO machine_token (id, token_hash, name, facility, scopes, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    /// A live token.
    FIND_TOKEN = "SELECT t.id, t.name, t.facility, t.scopes FROM machine_token t JOIN facility f ON f.code = t.facility WHERE t.token_hash = $1 AND t.revoked_at IS NULL AND f.active = 1";
    /// All tokens.
    LIST_TOKENS = "SELECT id, name, facility, scopes, created_at, revoked_at FROM machine_token ORDER BY created_at";
    /// Revoke a token.
    REVOKE_TOKEN = "UPDATE machine_token SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
}
