public import YAMLText

/// One thing that is wrong with a configuration, where it stands, and what to do about it.
public struct SettingsProblem: Hashable, Sendable {
    /// The kind of problem; a closed list.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// The text is not the YAML we accept.
        case syntax
        /// A key that means nothing there.
        case unknownKey = "unknown-key"
        /// A key that must be there.
        case missingKey = "missing-key"
        /// A list where text is expected, and the like.
        case wrongType = "wrong-type"
        /// The right type with a value that cannot be.
        case badValue = "bad-value"
        /// Two keys that cannot stand together.
        case conflict
        /// A name, identity or digest that another entry has already.
        case duplicate
        /// A name that no entry has.
        case unresolved
        /// A secret or document that cannot be had.
        case unreadable
        /// Something this version does not do yet.
        case notAvailable = "not-available"
    }

    /// The kind of problem.
    public let code: Code
    /// Where.
    public let position: YAMLPosition
    /// What is wrong; never holds a secret.
    public let message: String
    /// What to do.
    public let remedy: String?

    /// A problem from its parts.
    public init(_ code: Code, at position: YAMLPosition, _ message: String, remedy: String? = nil) {
        self.code = code
        self.position = position
        self.message = message
        self.remedy = remedy
    }
}

extension SettingsProblem: CustomStringConvertible {
    /// `line:column: what: what to do`.
    public var description: String {
        let place = "\(position.line):\(position.column): \(message)"
        return remedy.map { "\(place): \($0)" } ?? place
    }
}

/// Problems while they are being collected.
package struct Problems {
    package private(set) var all: [SettingsProblem] = []

    package init() {}

    package mutating func add(
        _ code: SettingsProblem.Code,
        at position: YAMLPosition,
        _ message: String,
        remedy: String? = nil
    ) {
        all.append(SettingsProblem(code, at: position, message, remedy: remedy))
    }
}

/// Finds the known name that was probably meant.
package enum NearestName {
    /// The nearest of `known` within two edits and half the length of `name`.
    package static func of(_ name: [UInt8], among known: [[UInt8]]) -> [UInt8]? {
        // LIMIT: longer names are no typing mistakes, and the comparison is quadratic.
        guard name.count <= 64 else {
            return nil
        }
        let limit = min(2, max(name.count / 2, 1))
        let candidates = known.map { (name: $0, distance: distance($0, name)) }
        return candidates.filter { $0.distance <= limit }.min { $0.distance < $1.distance }?.name
    }

    /// Insertions, deletions, replacements and swaps of neighbours that turn one into the other.
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var older: [Int] = []
        var previous = Array(0...right.count)
        for (row, leftByte) in left.enumerated() {
            var current = [row + 1]
            for (column, rightByte) in right.enumerated() {
                let replaced = previous[column] + (leftByte == rightByte ? 0 : 1)
                var best = min(replaced, previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, leftByte == right[column - 1], left[row - 1] == rightByte {
                    best = min(best, older[column - 1] + 1)
                }
                current.append(best)
            }
            older = previous
            previous = current
        }
        return previous[right.count]
    }
}
