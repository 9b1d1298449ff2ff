/// People who sign in: accounts, sessions, tokens of the admin API, invitations, the first account's link.
///
/// Every record names its organisation, of which there is one so far. Nothing here opens anything: passwords are slow
/// hashes, tokens and codes keyed digests, second factors sealed under the key file.
enum Schema5 {
    static let statements = """
        CREATE TABLE accounts (
            member TEXT PRIMARY KEY NOT NULL REFERENCES members (id) DEFERRABLE INITIALLY DEFERRED,
            organisation TEXT NOT NULL REFERENCES organisations (id) DEFERRABLE INITIALLY DEFERRED,
            email TEXT NOT NULL UNIQUE,
            password TEXT,
            password_set INTEGER NOT NULL,
            second_factor BLOB,
            pending_factor BLOB,
            pending_until INTEGER,
            created INTEGER NOT NULL,
            CHECK ((pending_factor IS NULL) = (pending_until IS NULL))
        ) STRICT;
        CREATE TABLE account_uses (
            member TEXT PRIMARY KEY NOT NULL REFERENCES accounts (member) DEFERRABLE INITIALLY DEFERRED,
            last_step INTEGER,
            last_sign_in INTEGER
        ) STRICT;
        CREATE TABLE recovery_codes (
            digest BLOB PRIMARY KEY NOT NULL CHECK (length(digest) = 32),
            member TEXT NOT NULL REFERENCES accounts (member) DEFERRABLE INITIALLY DEFERRED
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX recovery_codes_by_member ON recovery_codes (member);
        CREATE TABLE sessions (
            id TEXT PRIMARY KEY NOT NULL,
            member TEXT NOT NULL REFERENCES accounts (member) DEFERRABLE INITIALLY DEFERRED,
            organisation TEXT NOT NULL REFERENCES organisations (id) DEFERRABLE INITIALLY DEFERRED,
            digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
            address TEXT NOT NULL,
            client TEXT NOT NULL,
            created INTEGER NOT NULL,
            last_seen INTEGER NOT NULL,
            ends INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX sessions_by_member ON sessions (member);
        CREATE TABLE admin_tokens (
            id TEXT PRIMARY KEY NOT NULL,
            organisation TEXT NOT NULL REFERENCES organisations (id) DEFERRABLE INITIALLY DEFERRED,
            label TEXT NOT NULL UNIQUE,
            owner TEXT NOT NULL REFERENCES members (id) DEFERRABLE INITIALLY DEFERRED,
            role TEXT NOT NULL CHECK (role IN ('admin', 'policy_manager', 'viewer')),
            digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
            expires INTEGER,
            created_by TEXT NOT NULL,
            created INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX admin_tokens_by_owner ON admin_tokens (owner);
        CREATE TABLE admin_token_uses (
            token TEXT PRIMARY KEY NOT NULL REFERENCES admin_tokens (id) DEFERRABLE INITIALLY DEFERRED,
            time INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE invitations (
            id TEXT PRIMARY KEY NOT NULL,
            organisation TEXT NOT NULL REFERENCES organisations (id) DEFERRABLE INITIALLY DEFERRED,
            digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
            email TEXT NOT NULL UNIQUE,
            role TEXT NOT NULL CHECK (role IN ('admin', 'policy_manager', 'viewer')),
            member TEXT REFERENCES members (id) DEFERRABLE INITIALLY DEFERRED,
            inviter TEXT REFERENCES members (id) DEFERRABLE INITIALLY DEFERRED,
            created_by TEXT NOT NULL,
            created INTEGER NOT NULL,
            expires INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX invitations_by_member ON invitations (member);
        CREATE INDEX invitations_by_inviter ON invitations (inviter);
        CREATE TABLE setup_links (
            organisation TEXT PRIMARY KEY NOT NULL REFERENCES organisations (id) DEFERRABLE INITIALLY DEFERRED,
            digest BLOB NOT NULL CHECK (length(digest) = 32),
            created INTEGER NOT NULL,
            expires INTEGER NOT NULL
        ) STRICT;
        """
}
