/// When tools were found gone.
enum Schema2 {
    static let statements = "ALTER TABLE tool_pins ADD COLUMN gone INTEGER"
}
