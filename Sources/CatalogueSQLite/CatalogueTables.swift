/// The tables of the index, and the numbers its file is known by.
enum CatalogueTables {
    /// "TGct" in the header.
    static let applicationID = 0x5447_6374
    static let version = 1

    // Definitions stand apart: a search reads many rows of `tool` and none of them.
    static let statements = """
        CREATE TABLE source (
            id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, date INTEGER NOT NULL,
            UNIQUE (kind, name, date)
        );
        CREATE TABLE server (
            id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, publisher TEXT NOT NULL, transport TEXT NOT NULL
        );
        CREATE TABLE fact (
            server INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, origin TEXT NOT NULL,
            value TEXT NOT NULL, source INTEGER NOT NULL,
            PRIMARY KEY (server, name, kind, origin)
        ) WITHOUT ROWID;
        CREATE TABLE tool (
            id INTEGER PRIMARY KEY, server INTEGER NOT NULL, name TEXT NOT NULL, category INTEGER NOT NULL,
            severity INTEGER NOT NULL, tokens INTEGER NOT NULL, rules INTEGER NOT NULL, source INTEGER NOT NULL,
            facets TEXT NOT NULL, summary TEXT NOT NULL,
            UNIQUE (server, name)
        );
        CREATE TABLE definition (tool INTEGER PRIMARY KEY, json BLOB NOT NULL);
        CREATE TABLE reading (file TEXT PRIMARY KEY, done INTEGER NOT NULL) WITHOUT ROWID;
        CREATE VIRTUAL TABLE search USING fts5 (
            words, description, facets, content = '', detail = column, columnsize = 0,
            tokenize = 'porter unicode61 remove_diacritics 2'
        );
        """
}
