//! SQL of accounts, sessions and tokens.

crate::statements! {
    /// A new account.
    INSERT_ACCOUNT = "INSERT INTO account (id, login, name, name_en, password_hash, facility, active, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// Change an account.
    UPDATE_ACCOUNT = "UPDATE account SET name = $2, name_en = $3, facility = $4, active = $5 WHERE id = $1";
    /// Change a password.
    SET_PASSWORD = "UPDATE account SET password_hash = $2, failures = 0, locked_until = NULL WHERE id = $1";
    /// By login.
    BY_LOGIN = "SELECT id, login, name, name_en, password_hash, facility, active, failures, locked_until, settings FROM account WHERE login = $1";
    /// By id.
    BY_ID = "SELECT id, login, name, name_en, password_hash, facility, active, failures, locked_until, settings FROM account WHERE id = $1";
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
    /// Count a wrong password.
    COUNT_FAILURE = "UPDATE account SET failures = failures + 1, locked_until = $2 WHERE id = $1";
    /// A right password clears the count.
    CLEAR_FAILURES = "UPDATE account SET failures = 0, locked_until = NULL WHERE id = $1";
    /// Personal settings.
    SET_SETTINGS = "UPDATE account SET settings = $2 WHERE id = $1";
    /// A new session.
    INSERT_SESSION = "INSERT INTO session (token_hash, account, csrf, created_at, seen_at, expires_at, reauth_at, address) VALUES ($1, $2, $3, $4, $4, $5, $4, $6)";
    /// A live session.
    FIND_SESSION = "SELECT s.account, s.csrf, s.seen_at, s.expires_at, s.reauth_at, a.login, a.name, a.name_en, a.facility, a.active, a.settings, f.kind AS facility_kind, f.name AS facility_name, f.name_en AS facility_name_en
        FROM session s JOIN account a ON a.id = s.account JOIN facility f ON f.code = a.facility WHERE s.token_hash = $1";
    /// Seen just now.
    TOUCH_SESSION = "UPDATE session SET seen_at = $2 WHERE token_hash = $1";
    /// Password confirmed just now.
    REAUTH_SESSION = "UPDATE session SET reauth_at = $2 WHERE token_hash = $1";
    /// Sign out.
    DELETE_SESSION = "DELETE FROM session WHERE token_hash = $1";
    /// Sign an account out everywhere.
    DELETE_SESSIONS_OF = "DELETE FROM session WHERE account = $1";
    /// A new machine token.
    INSERT_TOKEN = "INSERT INTO machine_token (id, token_hash, name, facility, scopes, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    /// A live token.
    FIND_TOKEN = "SELECT id, name, facility, scopes FROM machine_token WHERE token_hash = $1 AND revoked_at IS NULL";
    /// All tokens.
    LIST_TOKENS = "SELECT id, name, facility, scopes, created_at, revoked_at FROM machine_token ORDER BY created_at";
    /// Revoke a token.
    REVOKE_TOKEN = "UPDATE machine_token SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
}
