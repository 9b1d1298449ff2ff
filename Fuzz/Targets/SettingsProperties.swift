import Base
import YAMLText

/// What holds for any bytes taken for `toolgate.yaml`.
enum SettingsProperties {
    static func check(_ bytes: [UInt8]) {
        do throws(YAMLError) {
            _ = try YAMLDocument.parse(bytes, limits: YAMLLimits(maximumBytes: 1 << 16, maximumNodes: 4_096))
        } catch {
            _ = error.reason
        }
    }
}
