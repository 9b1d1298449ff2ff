import Base
import JSONText

/// What holds for any bytes taken for JSON.
enum JSONProperties {
    static func check(_ bytes: [UInt8]) {
        guard let document = read(bytes) else {
            return
        }
        let root = document.root
        precondition(root.isEqual(to: root), "a value differs from itself")
        let exact = JSONCanonical.exact(root)
        guard let again = read(exact) else {
            preconditionFailure("a canonical form is refused")
        }
        precondition(again.root.isEqual(to: root), "a canonical form is another value")
        precondition(JSONCanonical.exact(again.root) == exact, "a canonical form is not its own canonical form")
        var writer = JSONWriter()
        writer.raw(root.rawBytes)
        precondition(read(writer.output).map { $0.root.isEqual(to: root) } == true)
        walk(root)
    }

    private static func read(_ bytes: [UInt8]) -> JSONDocument? {
        do {
            return try JSONDocument(bytes)
        } catch {
            precondition(error.offset >= 0 && error.offset <= bytes.count, "an error lies outside of its text")
            _ = error.position(in: bytes)
            return nil
        }
    }

    /// Touches every value once; the reader bounds the depth.
    private static func walk(_ value: JSONValue) {
        if let number = value.number {
            _ = number.decimal.description
            _ = number.decimal.isAmbiguous
            _ = number.int
        }
        if let string = value.string {
            precondition(string.scalarCount <= string.bytes.count)
        }
        for element in value.elements {
            walk(element)
        }
        for member in value.members {
            precondition(value.member(member.key.bytes) != nil, "a member cannot be found by its key")
            walk(member.value)
        }
    }
}
