/// Which key file the store is used with.
enum Schema4 {
    static let statements =
        "ALTER TABLE state ADD COLUMN key_check BLOB CHECK (key_check IS NULL OR length(key_check) = 32)"
}
