public import Base

/// A name or URI pattern: `*` is any run of bytes, also none; there is no escape (policy-language.md, section 1).
public struct NamePattern: Sendable, Hashable {
    /// As written.
    public let source: ByteString
    /// What stands between the stars; one part when there is none.
    private let parts: [[UInt8]]
    /// How many Unicode scalars are not `*`: of two patterns that match a name, the one with more governs it.
    public let specificity: Int

    /// Any text is a pattern.
    public init(_ source: ByteString) {
        self.source = source
        parts = source.bytes.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map { Array($0) }
        specificity = source.bytes.reduce(0) { sum, byte in
            sum + (byte & 0xC0 != 0x80 && byte != UInt8(ascii: "*") ? 1 : 0)
        }
    }

    /// Whether there is a `*`.
    public var isPattern: Bool { parts.count > 1 }

    /// Whether it matches the whole of `name`, byte by byte; O(length of `name` × the longest part).
    public func matches(_ name: [UInt8]) -> Bool {
        guard let first = parts.first, let last = parts.last, parts.count > 1 else {
            return name == source.bytes
        }
        guard name.count >= first.count + last.count, name.starts(with: first),
            name[(name.count - last.count)...].elementsEqual(last)
        else {
            return false
        }
        // Between the ends, the leftmost place for each part leaves most room for the rest.
        var position = first.count
        let end = name.count - last.count
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let found = Self.firstPlace(of: part, in: name, from: position, to: end) else {
                return false
            }
            position = found + part.count
        }
        return true
    }

    private static func firstPlace(of part: [UInt8], in name: [UInt8], from start: Int, to end: Int) -> Int? {
        var position = start
        while position + part.count <= end {
            if name[position..<(position + part.count)].elementsEqual(part) {
                return position
            }
            position += 1
        }
        return nil
    }

    /// Whether some name matches both.
    ///
    /// Exact: with a star in each, everything between the first and last stars can be written one after the other, so
    /// only the fixed beginnings and the fixed ends can contradict each other.
    public func intersects(_ other: NamePattern) -> Bool {
        guard isPattern else {
            return other.matches(source.bytes)
        }
        guard other.isPattern else {
            return matches(other.source.bytes)
        }
        guard let prefix = parts.first, let otherPrefix = other.parts.first, let suffix = parts.last,
            let otherSuffix = other.parts.last
        else {
            return false
        }
        let prefixLength = min(prefix.count, otherPrefix.count)
        let suffixLength = min(suffix.count, otherSuffix.count)
        return prefix.prefix(prefixLength) == otherPrefix.prefix(prefixLength)
            && suffix.suffix(suffixLength) == otherSuffix.suffix(suffixLength)
    }
}

/// Names and patterns, of which one match is enough.
struct NameSet: Sendable {
    private let names: Set<ByteString>
    private let patterns: [NamePattern]

    init(_ sources: [ByteString]) {
        names = Set(sources.filter { !$0.bytes.contains(UInt8(ascii: "*")) })
        patterns = sources.filter { $0.bytes.contains(UInt8(ascii: "*")) }.map { NamePattern($0) }
    }

    var isEmpty: Bool { names.isEmpty && patterns.isEmpty }

    func contains(_ name: ByteString) -> Bool {
        (!names.isEmpty && names.contains(name)) || patterns.contains { $0.matches(name.bytes) }
    }

    /// The first pattern that matches, for messages.
    func pattern(matching name: ByteString) -> NamePattern? {
        patterns.first { $0.matches(name.bytes) }
    }
}
