/// Where events are told, and what is still to be told.
enum Schema6 {
    static let statements = """
        CREATE TABLE webhooks (
            id TEXT PRIMARY KEY NOT NULL,
            organisation TEXT NOT NULL REFERENCES organisations (id) DEFERRABLE INITIALLY DEFERRED,
            name TEXT NOT NULL UNIQUE,
            url TEXT NOT NULL,
            allows_insecure INTEGER NOT NULL CHECK (allows_insecure IN (0, 1)),
            events TEXT NOT NULL,
            secret BLOB NOT NULL,
            created_by TEXT NOT NULL,
            created INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE webhook_deliveries (
            id TEXT PRIMARY KEY NOT NULL,
            webhook TEXT NOT NULL REFERENCES webhooks (id) DEFERRABLE INITIALLY DEFERRED,
            event TEXT NOT NULL,
            body BLOB NOT NULL,
            standing TEXT NOT NULL CHECK (standing IN ('waiting', 'delivered', 'dead')),
            attempts INTEGER NOT NULL CHECK (attempts >= 0),
            due INTEGER NOT NULL,
            status INTEGER,
            problem TEXT,
            created INTEGER NOT NULL,
            settled INTEGER
        ) STRICT;
        CREATE INDEX webhook_deliveries_by_standing ON webhook_deliveries (standing);
        CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook);
        """
}
