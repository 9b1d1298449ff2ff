import Base

/// Where one field lies in the buffer that holds it.
///
/// 16 bytes, so that a usual head's fields fill four cache lines.
struct FieldEntry: Sendable {
    /// Number of a `KnownField`, or one of the two below.
    var known: UInt8 = Self.unknown
    /// 0 for a known field: its name is in the table.
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
/// Names are in lower case, so bytes compare; those of known fields are not even stored. Values are without the white
/// space around them. Fields that may stand once (`KnownField.isSingleton`, every `Mcp-*`) stand once: the parser
/// refuses a second one, and so does `append`.
public struct HTTPFields: Sendable {
    /// Most fields a value can hold.
    public static let capacity = 250
    /// Most bytes a value can hold when it is built by `append`.
    static let maximumBytes = 1024 * 1024

    /// The bytes: for a parsed head the whole head, start line included; for one that is built its lines as they will be
    /// sent, so that writing them is one copy.
    private(set) var bytes: [UInt8]
    private(set) var entries: [FieldEntry]
    /// Per known field the number of its first entry plus one; 0 when there is none.
    private var first: InlineArray<64, UInt8>

    /// Whether every value has passed the check of what we write: so it is unless the fields were received.
    let isWritten: Bool

    /// No field.
    public init() {
        isWritten = true
        bytes = []
        entries = []
        first = .init(repeating: 0)
    }

    /// Takes over what the parser found.
    init(bytes: [UInt8], entries: [FieldEntry]) {
        isWritten = false
        self.bytes = bytes
        self.entries = entries
        first = .init(repeating: 0)
        for index in entries.indices.reversed() where entries[index].known < 64 {
            first[Int(entries[index].known)] = UInt8(truncatingIfNeeded: index + 1)
        }
    }

    /// Begins a field with a known name; what follows is `endField`.
    mutating func beginField(_ field: KnownField) -> FieldEntry {
        makeRoom()
        let start = bytes.count
        KnownFieldTable.shared.appendWrittenName(of: field, to: &bytes)
        var entry = FieldEntry(line: start..<start)
        entry.known = field.rawValue
        return entry
    }

    /// Begins a field with a name in lower case that is none of ours; what follows is `endField`.
    mutating func beginField(_ lowercasedName: [UInt8], known: UInt8) -> FieldEntry {
        makeRoom()
        var entry = FieldEntry(line: bytes.count..<bytes.count)
        entry.known = known
        entry.nameLength = UInt16(truncatingIfNeeded: lowercasedName.count)
        bytes.append(contentsOf: lowercasedName)
        bytes.append(": ")
        return entry
    }

    private mutating func makeRoom() {
        if entries.isEmpty {
            // What we write has a handful of fields: one allocation for their bytes and one for their places.
            bytes.reserveCapacity(384)
            entries.reserveCapacity(12)
        }
    }

    /// Ends a field with its value, or takes it back when it cannot stand.
    @inline(__always)
    mutating func endField(
        _ begun: FieldEntry,
        value: (inout [UInt8]) -> Void
    ) throws(HTTPSerializerError) {
        let valueStart = bytes.count
        value(&bytes)
        try endField(begun, valueStart)
    }

    private mutating func endField(_ begun: FieldEntry, _ valueStart: Int) throws(HTTPSerializerError) {
        let valueEnd = bytes.count
        let isWritable = Self.isWritable(bytes.span, valueStart..<valueEnd)
        guard isWritable, entries.count < Self.capacity, valueEnd <= Self.maximumBytes else {
            bytes.removeLast(valueEnd - Int(begun.nameStart))
            throw isWritable ? .tooLarge : .badValue
        }
        bytes.append("\r\n")
        var entry = begun
        entry.valueStart = UInt32(truncatingIfNeeded: valueStart)
        entry.valueEnd = UInt32(truncatingIfNeeded: valueEnd)
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
        return number == 0 ? nil : bytes[entries[Int(number) &- 1].valueRange]
    }

    /// Whether there is a field of this kind.
    public func contains(_ field: KnownField) -> Bool {
        first[Int(field.rawValue)] != 0
    }

    /// How many fields of this kind there are; more than one only for lists (`Accept`, `Connection`, …).
    public func count(of field: KnownField) -> Int {
        contains(field) ? entries.count { $0.known == field.rawValue } : 0
    }

    /// Whether there is a field whose name begins with `mcp-` and is none of the known ones.
    public var hasUnknownMCPField: Bool {
        entries.contains { $0.known == FieldEntry.unknownMCP }
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
        let known = KnownField(rawValue: entry.known)
        return HTTPField(
            name: known.map(KnownFieldTable.shared.lowercasedName) ?? bytes[entry.nameRange],
            value: bytes[entry.valueRange],
            known: known
        )
    }
}
