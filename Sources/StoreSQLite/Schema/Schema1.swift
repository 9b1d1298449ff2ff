/// The first shape.
///
/// Rows refer to each other with `NO ACTION`: what goes with what is decided by the rules of `Stores`, the database only
/// makes sure that nothing is left hanging. Times are milliseconds since 1970, identities UUIDs as text.
enum Schema1 {
    static let statements = """
        CREATE TABLE state (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            revision INTEGER NOT NULL CHECK (revision >= 0),
            events INTEGER NOT NULL CHECK (events >= 0),
            wrapping_version INTEGER NOT NULL CHECK (wrapping_version >= 0)
        ) STRICT;
        CREATE TABLE organisations (
            id TEXT PRIMARY KEY NOT NULL,
            name TEXT NOT NULL,
            created INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE members (
            id TEXT PRIMARY KEY NOT NULL,
            label TEXT NOT NULL UNIQUE,
            email TEXT,
            role TEXT NOT NULL CHECK (role IN ('admin', 'policy_manager', 'viewer')),
            is_active INTEGER NOT NULL CHECK (is_active IN (0, 1)),
            created INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE servers (
            id TEXT PRIMARY KEY NOT NULL,
            name TEXT NOT NULL UNIQUE,
            upstream_kind TEXT NOT NULL,
            upstream_url TEXT NOT NULL,
            allows_insecure INTEGER NOT NULL CHECK (allows_insecure IN (0, 1)),
            changed_tools TEXT NOT NULL,
            limit_failure TEXT NOT NULL,
            created INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE server_headers (
            server TEXT NOT NULL REFERENCES servers (id) DEFERRABLE INITIALLY DEFERRED,
            position INTEGER NOT NULL,
            name TEXT NOT NULL,
            source TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (server, position)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE policies (
            id TEXT PRIMARY KEY NOT NULL,
            server TEXT NOT NULL REFERENCES servers (id) DEFERRABLE INITIALLY DEFERRED,
            name TEXT NOT NULL UNIQUE,
            created INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX policies_by_server ON policies (server);
        CREATE TABLE policy_versions (
            policy TEXT NOT NULL REFERENCES policies (id) DEFERRABLE INITIALLY DEFERRED,
            number INTEGER NOT NULL CHECK (number >= 1),
            source BLOB NOT NULL,
            digest BLOB NOT NULL CHECK (length(digest) = 32),
            author TEXT NOT NULL,
            time INTEGER NOT NULL,
            note TEXT,
            PRIMARY KEY (policy, number)
        ) STRICT;
        CREATE TABLE bundles (
            id TEXT PRIMARY KEY NOT NULL,
            name TEXT NOT NULL UNIQUE,
            created INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE bundle_members (
            bundle TEXT NOT NULL REFERENCES bundles (id) DEFERRABLE INITIALLY DEFERRED,
            position INTEGER NOT NULL,
            server TEXT NOT NULL REFERENCES servers (id) DEFERRABLE INITIALLY DEFERRED,
            prefix TEXT NOT NULL,
            policy TEXT REFERENCES policies (id) DEFERRABLE INITIALLY DEFERRED,
            PRIMARY KEY (bundle, position)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX bundle_members_by_server ON bundle_members (server);
        CREATE INDEX bundle_members_by_policy ON bundle_members (policy);
        CREATE TABLE grants (
            id TEXT PRIMARY KEY NOT NULL,
            label TEXT NOT NULL UNIQUE,
            server TEXT REFERENCES servers (id) DEFERRABLE INITIALLY DEFERRED,
            policy TEXT REFERENCES policies (id) DEFERRABLE INITIALLY DEFERRED,
            bundle TEXT REFERENCES bundles (id) DEFERRABLE INITIALLY DEFERRED,
            digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
            previous_digest BLOB UNIQUE CHECK (length(previous_digest) = 32),
            previous_ends INTEGER,
            generation INTEGER NOT NULL CHECK (generation >= 1),
            expires INTEGER,
            revoked INTEGER,
            owner TEXT REFERENCES members (id) DEFERRABLE INITIALLY DEFERRED,
            created_by TEXT NOT NULL,
            created INTEGER NOT NULL,
            CHECK ((server IS NULL) <> (bundle IS NULL)),
            CHECK (policy IS NULL OR server IS NOT NULL),
            CHECK ((previous_digest IS NULL) = (previous_ends IS NULL))
        ) STRICT;
        CREATE INDEX grants_by_server ON grants (server);
        CREATE INDEX grants_by_policy ON grants (policy);
        CREATE INDEX grants_by_bundle ON grants (bundle);
        CREATE INDEX grants_by_owner ON grants (owner);
        CREATE TABLE grant_uses (
            grant_id TEXT PRIMARY KEY NOT NULL REFERENCES grants (id) DEFERRABLE INITIALLY DEFERRED,
            time INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE credentials (
            id TEXT PRIMARY KEY NOT NULL,
            name TEXT NOT NULL UNIQUE,
            server TEXT NOT NULL REFERENCES servers (id) DEFERRABLE INITIALLY DEFERRED,
            origin TEXT NOT NULL,
            key_version INTEGER NOT NULL CHECK (key_version >= 1),
            wrap_nonce BLOB NOT NULL CHECK (length(wrap_nonce) = 12),
            wrapped_key BLOB NOT NULL CHECK (length(wrapped_key) = 48),
            nonce BLOB NOT NULL CHECK (length(nonce) = 12),
            ciphertext BLOB NOT NULL CHECK (length(ciphertext) >= 16),
            updated INTEGER NOT NULL,
            created INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX credentials_by_server ON credentials (server);
        CREATE TABLE tool_pins (
            server TEXT NOT NULL REFERENCES servers (id) DEFERRABLE INITIALLY DEFERRED,
            tool TEXT NOT NULL,
            standing TEXT NOT NULL CHECK (standing IN ('pinned', 'changed', 'new')),
            digest BLOB NOT NULL CHECK (length(digest) = 32),
            definition BLOB NOT NULL,
            seen INTEGER NOT NULL,
            pending_digest BLOB CHECK (length(pending_digest) = 32),
            pending_definition BLOB,
            pending_seen INTEGER,
            accepted_by TEXT,
            accepted INTEGER,
            PRIMARY KEY (server, tool)
        ) STRICT;
        CREATE TABLE quota_states (
            counter BLOB PRIMARY KEY NOT NULL,
            windows BLOB NOT NULL,
            updated INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE admin_events (
            sequence INTEGER PRIMARY KEY CHECK (sequence >= 1),
            revision INTEGER NOT NULL CHECK (revision >= 1),
            time INTEGER NOT NULL,
            author TEXT NOT NULL,
            action TEXT NOT NULL,
            subject_kind TEXT NOT NULL,
            subject_name TEXT NOT NULL,
            before BLOB CHECK (length(before) = 32),
            after BLOB CHECK (length(after) = 32)
        ) STRICT;
        """
}
