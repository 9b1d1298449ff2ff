import Base
import JSONText

/// A value a condition looks at: an argument, or one of the other roots.
enum Operand {
    case argument(JSONValue)
    case text(ByteString)
    case whole(Int)

    var type: TypeSet {
        switch self {
        case .argument(let value): TypeSet(value.kind)
        case .text: .text
        case .whole: .number
        }
    }

    var argument: JSONValue? {
        guard case .argument(let value) = self else {
            return nil
        }
        return value
    }

    /// The UTF-8 of a text; uncopied unless it was written with escapes.
    ///
    /// Empty for other types.
    var text: ArraySlice<UInt8> {
        switch self {
        case .argument(let value): value.string?.slice ?? []
        case .text(let text): text.bytes[...]
        case .whole: []
        }
    }

    /// The number; zero for other types.
    var number: ExactDecimal {
        switch self {
        case .argument(let value): value.number?.decimal ?? .zero
        case .text: .zero
        case .whole(let number): ExactDecimal(number)
        }
    }

    /// Unicode scalars of a text, elements of an array.
    var length: Int {
        switch self {
        case .argument(let value): value.string?.scalarCount ?? value.count
        case .text(let text): text.bytes.reduce(0) { $0 + ($1 & 0xC0 != 0x80 ? 1 : 0) }
        case .whole: 0
        }
    }
}
