import Base
import Settings
import YAMLText

/// What holds for any bytes taken for `toolgate.yaml`: a whole configuration, or reasons that lie in the text.
enum SettingsProperties {
    static func check(_ bytes: [UInt8]) {
        guard bytes.count <= 1 << 16 else {
            return
        }
        do throws(YAMLError) {
            _ = try YAMLDocument.parse(bytes, limits: YAMLLimits(maximumBytes: 1 << 16, maximumNodes: 4_096))
        } catch {
            precondition(error.position.line >= 1 && error.position.column >= 1, "an error lies outside of its text")
        }
        let policy = Array(#"{"version":"1","default":"deny","tools":{"add":{}}}"#.utf8)
        let sources = SettingsSources(
            file: { $0.hasSuffix(".json") ? .success(policy) : .failure(SourceFailure("no such file")) },
            variable: { $0.isEmpty ? nil : Array("secret".utf8) }
        )
        let result = SettingsReader.read(bytes, sources: sources)
        precondition((result.configuration == nil) == !result.problems.isEmpty, "refused without a reason, or half")
        precondition(result.problems.count <= 100)
    }
}
