/// Calls that wait for a person.
///
/// They name grants and servers as text: what was asked stays readable when those are gone.
enum Schema3 {
    static let statements = """
        CREATE TABLE approvals (
            id TEXT PRIMARY KEY NOT NULL,
            binding BLOB NOT NULL CHECK (length(binding) = 32),
            grant_label TEXT NOT NULL,
            server_name TEXT NOT NULL,
            tool TEXT NOT NULL,
            rule TEXT NOT NULL,
            approvers TEXT NOT NULL,
            covers INTEGER,
            patience INTEGER NOT NULL,
            created INTEGER NOT NULL,
            lapses INTEGER NOT NULL,
            standing TEXT NOT NULL CHECK (standing IN ('pending', 'approved', 'denied', 'used')),
            agreed TEXT NOT NULL,
            decided_by TEXT,
            reason TEXT,
            sealed_arguments BLOB
        ) STRICT;
        CREATE INDEX approvals_by_binding ON approvals (binding);
        """
}
