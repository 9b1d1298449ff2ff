import Base

/// Where one field lies in the buffer that holds it.
///
/// 16 bytes, so that a usual head's fields fill four cache lines.
struct FieldEntry: Sendable {
    /// Number of a `KnownField`, or one of the two below.
    var known: UInt8 = Self.unknown
    var nameLength: UInt16 = 0
    var nameStart: UInt32
    var valueStart: UInt32 = 0
    var valueEnd: UInt32

    /// A name that is none of ours.
    static let unknown: UInt8 = 255
    /// A name that is none of ours and begins with `mcp-`: may stand only once.
    static let unknownMCP: UInt8 = 254

    /// A line of a head before its name and value have been told apart.
    init(line: Range<Int>) {
        nameStart = UInt32(truncatingIfNeeded: line.lowerBound)
        valueEnd = UInt32(truncatingIfNeeded: line.upperBound)
    }

    var nameRange: Range<Int> {
        Int(nameStart)..<(Int(nameStart) + Int(nameLength))
    }

    var valueRange: Range<Int> {
        Int(valueStart)..<Int(valueEnd)
    }
}

/// The fields of a head, in the order in which they stood: one buffer and the places of names and values in it.
///
/// Names are kept in lower case, so bytes compare. Values are without the white space around them. Fields that may
/// stand once (`KnownField.isSingleton`, every `Mcp-*`) stand once: the parser refuses a second one, and so does
/// `append`.
public struct HTTPFields: Sendable {
    /// Most fields a value can hold.
    public static let capacity = 250
    /// Most bytes a value can hold when it is built by `append`.
    static let maximumBytes = 1024 * 1024

    /// The bytes: for a parsed head the whole head, start line included.
    private(set) var bytes: [UInt8]
    private(set) var entries: [FieldEntry]
    /// Per known field the number of its first entry plus one; 0 when there is none.
    private var first: InlineArray<64, UInt8>

    /// No field.
    public init() {
        bytes = []
        entries = []
        first = .init(repeating: 0)
    }

    /// Takes over what the parser found.
    init(bytes: [UInt8], entries: [FieldEntry]) {
        self.bytes = bytes
        self.entries = entries
        first = .init(repeating: 0)
        for index in entries.indices.reversed() where entries[index].known < 64 {
            first[Int(entries[index].known)] = UInt8(truncatingIfNeeded: index + 1)
        }
    }

    mutating func add(_ entry: FieldEntry, appending newBytes: (inout [UInt8]) -> Void) {
        newBytes(&bytes)
        entries.append(entry)
        if entry.known < 64, first[Int(entry.known)] == 0 {
            first[Int(entry.known)] = UInt8(truncatingIfNeeded: entries.count)
        }
    }

    /// The value of the first field of this kind, `nil` when there is none.
    ///
    /// Costs one array access, no allocation.
    public subscript(_ field: KnownField) -> ArraySlice<UInt8>? {
        let number = first[Int(field.rawValue)]
        return number == 0 ? nil : bytes[entries[Int(number) - 1].valueRange]
    }

    /// Whether there is a field of this kind.
    public func contains(_ field: KnownField) -> Bool {
        first[Int(field.rawValue)] != 0
    }

    /// How many fields of this kind there are; more than one only for lists (`Accept`, `Connection`, …).
    public func count(of field: KnownField) -> Int {
        contains(field) ? entries.count { $0.known == field.rawValue } : 0
    }

    /// The values of all fields of this kind joined by `, ` (RFC 9110, section 5.3); `nil` when there is none.
    public func combined(_ field: KnownField) -> [UInt8]? {
        guard contains(field) else {
            return nil
        }
        var joined: [UInt8] = []
        for entry in entries where entry.known == field.rawValue {
            if !joined.isEmpty {
                joined.append(", ")
            }
            joined.append(contentsOf: bytes[entry.valueRange])
        }
        return joined
    }

    /// The value of the first field with this name, in lower case, by looking through all of them.
    public func value(named name: StaticString) -> ArraySlice<UInt8>? {
        first { $0.name.isEqual(to: name) }?.value
    }
}

/// One field as it stands in `HTTPFields`.
public struct HTTPField: Sendable {
    /// The name in lower case.
    public let name: ArraySlice<UInt8>
    /// The value without white space around it.
    public let value: ArraySlice<UInt8>
    /// Which of the known fields it is.
    public let known: KnownField?
}

extension HTTPFields: RandomAccessCollection {
    /// 0.
    public var startIndex: Int { 0 }
    /// How many fields there are.
    public var endIndex: Int { entries.count }

    /// The field at `position` in the order of the wire.
    public subscript(position: Int) -> HTTPField {
        let entry = entries[position]
        return HTTPField(
            name: bytes[entry.nameRange],
            value: bytes[entry.valueRange],
            known: KnownField(rawValue: entry.known)
        )
    }
}
