/// Something a reader of a policy should know: an error, for which it does not load, or a warning.
public struct PolicyFinding: Sendable, Hashable {
    /// How bad it is.
    public enum Severity: String, Sendable, Hashable {
        /// The policy does not load.
        case error
        /// It loads, and may not mean what its author thinks.
        case warning
    }

    /// The closed list of kinds, stable for machines.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        case notJSON = "not-json"
        case unknownKey = "unknown-key"
        case missingKey = "missing-key"
        case wrongType = "wrong-type"
        case badValue = "bad-value"
        case ambiguousValue = "ambiguous-value"
        case ambiguousPattern = "ambiguous-pattern"
        case conflictingIncrement = "conflicting-increment"
        case tooLarge = "too-large"
        case neverFires = "never-fires"
        case searchNotMatch = "search-not-match"
        case emptyList = "empty-list"
        case hiddenKey = "hidden-key"
        case cut = "cut"
        case unknownTool = "unknown-tool"
        case unmentionedTool = "unmentioned-tool"
        case impossiblePath = "impossible-path"
        case impossibleValue = "impossible-value"
        case alwaysFires = "always-fires"
        case weakerClass = "weaker-class"
        case wideAllow = "wide-allow"
        case otherSpelling = "other-spelling"
    }

    /// How bad it is.
    public let severity: Severity
    /// The JSON Pointer of the value it is about.
    public let pointer: String
    /// From 1.
    public let line: Int
    /// From 1, in Unicode scalars.
    public let column: Int
    /// What kind it is.
    public let code: Code
    /// What is wrong and what would be right, for people: lower case, no full stop.
    public let message: String

    /// A finding from its parts.
    public init(severity: Severity, pointer: String, line: Int, column: Int, code: Code, message: String) {
        self.severity = severity
        self.pointer = pointer
        self.line = line
        self.column = column
        self.code = code
        self.message = message
    }
}

/// Collects findings by byte offset; lines and columns are worked out once, at the end, in one pass.
public struct FindingList: Sendable {
    private struct Entry: Sendable {
        let severity: PolicyFinding.Severity
        let location: SourceLocation
        let code: PolicyFinding.Code
        let message: String
    }

    /// How many findings are told; the rest is a number.
    public static let maximumCount = 100

    private var entries: [Entry] = []
    /// Whether an error is among them.
    public private(set) var hasErrors = false

    /// An empty list.
    public init() {}

    /// Adds an error.
    public mutating func error(_ code: PolicyFinding.Code, at location: SourceLocation, _ message: String) {
        hasErrors = true
        entries.append(Entry(severity: .error, location: location, code: code, message: message))
    }

    /// Adds a warning.
    public mutating func warning(_ code: PolicyFinding.Code, at location: SourceLocation, _ message: String) {
        entries.append(Entry(severity: .warning, location: location, code: code, message: message))
    }

    /// The findings by position, errors before warnings when they are too many to tell all.
    public func findings(in source: [UInt8]) -> [PolicyFinding] {
        var told = entries
        if told.count > Self.maximumCount {
            let errors = told.filter { $0.severity == .error }
            let warnings = told.filter { $0.severity == .warning }
            told = Array((errors + warnings).prefix(Self.maximumCount))
        }
        // Stable: two findings at one place keep the order they were found in.
        let sorted = told.enumerated().sorted {
            ($0.element.location.offset, $0.offset) < ($1.element.location.offset, $1.offset)
        }
        var cursor = PositionCursor()
        var findings = sorted.map { _, entry in
            cursor.advance(to: entry.location.offset, in: source)
            return PolicyFinding(
                severity: entry.severity,
                pointer: entry.location.pointer.description,
                line: cursor.line,
                column: cursor.column,
                code: entry.code,
                message: entry.message
            )
        }
        if entries.count > Self.maximumCount {
            findings.append(cutNotice(after: cursor))
        }
        return findings
    }

    private func cutNotice(after cursor: PositionCursor) -> PolicyFinding {
        PolicyFinding(
            severity: hasErrors ? .error : .warning,
            pointer: "",
            line: cursor.line,
            column: cursor.column,
            code: .cut,
            message: "\(entries.count - Self.maximumCount) more findings are not shown; mend these first"
        )
    }
}

/// Line and column of rising offsets, in one pass over the text.
struct PositionCursor {
    private(set) var line = 1
    private(set) var column = 1
    private var offset = 0

    /// Lines end with LF, CR or CRLF; columns count Unicode scalars.
    mutating func advance(to target: Int, in source: [UInt8]) {
        let end = min(target, source.count)
        while offset < end {
            let byte = source[offset]
            let startsCRLF =
                byte == UInt8(ascii: "\r") && offset + 1 < source.count && source[offset + 1] == UInt8(ascii: "\n")
            if byte == UInt8(ascii: "\n") || (byte == UInt8(ascii: "\r") && !startsCRLF) {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80, !startsCRLF {
                column += 1
            }
            offset += 1
        }
    }
}
