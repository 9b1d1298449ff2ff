import Base
import Stores
import ToolCatalogue

// What stands in the file for the values of the rules. A number that is none of ours reads as nothing.

extension RiskCategory {
    private static let stored: [RiskCategory] = [.read, .write, .execute, .destructive, .financial, .unclassified]

    init?(_ value: StoredValue) {
        guard let number = value.number, Self.stored.indices.contains(number) else {
            return nil
        }
        self = Self.stored[number]
    }

    var number: StoredValue { .integer(Int64(Self.stored.firstIndex(of: self) ?? 5)) }
}

extension RiskSeverity {
    private static let stored: [RiskSeverity] = [.low, .medium, .high, .critical]

    init?(_ value: StoredValue) {
        guard let number = value.number, Self.stored.indices.contains(number) else {
            return nil
        }
        self = Self.stored[number]
    }

    var number: StoredValue { .integer(Int64(Self.stored.firstIndex(of: self) ?? 3)) }
}

extension CatalogueOrigin {
    init(_ kind: StoredValue, _ name: StoredValue, _ date: StoredValue) {
        self.init(
            kind: Kind(rawValue: kind.words) ?? .list,
            name: name.words,
            date: WallTime(milliseconds: Int64(date.number ?? 0))
        )
    }
}

extension StoredValue {
    /// The number, `nil` for anything else.
    var number: Int? {
        guard case .integer(let number) = self else {
            return nil
        }
        return Int(exactly: number)
    }

    /// The text, empty for anything else.
    var words: String {
        guard case .text(let text) = self else {
            return ""
        }
        return text.text
    }

    /// The bytes, none for anything else.
    var content: [UInt8] {
        guard case .bytes(let bytes) = self else {
            return []
        }
        return bytes
    }

    /// A text.
    static func plain(_ text: String) -> StoredValue { .text(ByteString(text)) }
}
