import Base
import JSONText

/// Reads the steps of a path after `args`.
struct PathScanner {
    let bytes: [UInt8]
    var position: Int

    /// The next step; `nil` at the end.
    mutating func next() throws(PolicyPath.Failure) -> PolicyPath.Step? {
        guard position < bytes.count else {
            return nil
        }
        switch bytes[position] {
        case UInt8(ascii: "."): return try member()
        case UInt8(ascii: "["): return try bracket()
        default: throw .badStep(offset: position)
        }
    }

    /// `.name` or `.**`.
    private mutating func member() throws(PolicyPath.Failure) -> PolicyPath.Step {
        let start = position + 1
        if bytes[start...].starts(with: "**".utf8) {
            guard start + 2 == bytes.count else {
                throw .afterDescendants(offset: start + 2)
            }
            position = bytes.count
            return .descendants
        }
        var end = start
        while end < bytes.count, bytes[end] != UInt8(ascii: "."), bytes[end] != UInt8(ascii: "[") {
            guard bytes[end] != UInt8(ascii: "]"), bytes[end] != UInt8(ascii: "\""), bytes[end] != UInt8(ascii: "*")
            else {
                throw .badStep(offset: end)
            }
            end += 1
        }
        let name = bytes[start..<end]
        guard !name.isEmpty, !Self.hasWhiteSpace(name) else {
            throw .badStep(offset: start)
        }
        position = end
        return .key(ByteString(name))
    }

    /// `[0]`, `[*]` or `["name"]`.
    private mutating func bracket() throws(PolicyPath.Failure) -> PolicyPath.Step {
        let start = position + 1
        guard start < bytes.count else {
            throw .badStep(offset: position)
        }
        if bytes[start] == UInt8(ascii: "\"") {
            return try quotedKey(from: start)
        }
        guard let close = bytes[start...].firstIndex(of: UInt8(ascii: "]")) else {
            throw .badStep(offset: start)
        }
        let inside = bytes[start..<close]
        position = close + 1
        if inside.isEqual(to: "*") {
            return .elements
        }
        // No sign, no leading zero, no more digits than an array can have elements.
        guard !inside.isEmpty, inside.count <= 9, inside.count == 1 || inside.first != UInt8(ascii: "0") else {
            throw .badStep(offset: start)
        }
        var index = 0
        for byte in inside {
            guard let digit = byte.decimalDigit else {
                throw .badStep(offset: start)
            }
            index = index * 10 + digit
        }
        return .index(index)
    }

    /// A JSON string in brackets.
    private mutating func quotedKey(from start: Int) throws(PolicyPath.Failure) -> PolicyPath.Step {
        var end = start + 1
        while end < bytes.count, bytes[end] != UInt8(ascii: "\"") {
            end += bytes[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard end + 1 < bytes.count, bytes[end + 1] == UInt8(ascii: "]") else {
            throw .badStep(offset: start)
        }
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(Array(bytes[start...end]))
        } catch {
            throw .badStep(offset: start)
        }
        guard let key = document.root.string else {
            throw .badStep(offset: start)
        }
        position = end + 2
        return .key(ByteString(key.bytes))
    }

    private static func hasWhiteSpace(_ name: ArraySlice<UInt8>) -> Bool {
        String(decoding: name, as: UTF8.self).unicodeScalars.contains { $0.properties.isWhitespace }
    }
}
