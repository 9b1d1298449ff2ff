public import Base
public import JSONText

/// What a table of calls has to know of a line of a segment, told without making its row whole.
///
/// It says no more than the line does: whether what a row names is defined only ``RowReader`` knows.
public enum RowOutline: Sendable {
    /// An intent: its number, its time, and the numbers of the definitions of who calls and of what is called.
    case call(sequence: UInt64, time: WallTime, caller: Int, shape: Int)
    /// The outcome of an intent.
    case end(intent: UInt64, result: ByteString)
    /// A change of the configuration.
    case change(sequence: UInt64, time: WallTime)
    /// A definition: its number, and the object that has its fields.
    case definition(Int, JSONValue)
    /// Everything else, also what is not in the format's form.
    case other

    /// Reads a line, without its line feed and seal.
    public init(_ line: ArraySlice<UInt8>) {
        self = AuditRow.json(Array(line)).flatMap { Self.read($0) } ?? .other
    }

    private static func read(_ json: JSONValue) -> RowOutline? {
        guard let kind = json.element(at: 0)?.string else {
            if let number = json["define"]?.number?.int {
                return .definition(number, json)
            }
            return AuditRow(json).flatMap { row in
                row.kind == .admin ? .change(sequence: row.sequence, time: row.time) : nil
            }
        }
        let values = Array(json.elements)
        if kind.isEqual(to: "i") {
            return intent(values)
        }
        guard kind.isEqual(to: "o"), values.count >= 5, let intent = values[3].number?.int, intent > 0,
            let result = values[4].string
        else {
            return nil
        }
        return .end(intent: UInt64(intent), result: ByteString(result.bytes))
    }

    private static func intent(_ values: [JSONValue]) -> RowOutline? {
        guard values.count >= 6, let sequence = values[1].number?.int, sequence > 0,
            let milliseconds = values[2].number?.int, let caller = values[4].number?.int,
            let shape = values[5].number?.int
        else {
            return nil
        }
        return .call(
            sequence: UInt64(sequence),
            time: WallTime(milliseconds: Int64(milliseconds)),
            caller: caller,
            shape: shape
        )
    }
}
