import Base
import JSONText

/// Works out which value of a broken text an error is about, for people who look for it by name.
enum JSONErrorPlace {
    private enum Level {
        case object(key: [UInt8])
        case array(index: Int)
    }

    /// The pointer of the innermost member or element begun before the error; for a duplicate key, of that member.
    static func pointer(to error: JSONError, in source: [UInt8]) -> PolicyPointer {
        guard error.reason != .tooManyBytes else {
            return .root
        }
        var levels: [Level] = []
        var position = 0
        var expectsKey = false
        while position < min(error.offset, source.count) {
            switch source[position] {
            case UInt8(ascii: "{"):
                levels.append(.object(key: []))
                expectsKey = true
            case UInt8(ascii: "["):
                levels.append(.array(index: 0))
                expectsKey = false
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                _ = levels.popLast()
            case UInt8(ascii: ","):
                expectsKey = advance(&levels)
            case UInt8(ascii: "\""):
                let end = closingQuote(from: position, in: source)
                if expectsKey, case .object = levels.last {
                    levels[levels.count - 1] = .object(key: key(in: source[position..<min(end + 1, source.count)]))
                    expectsKey = false
                }
                position = end
            default: break
            }
            position += 1
        }
        if error.reason == .duplicateKey, error.offset < source.count, case .object = levels.last {
            let start = source[error.offset] == UInt8(ascii: "\"") ? error.offset : max(0, error.offset - 1)
            let end = closingQuote(from: start, in: source)
            levels[levels.count - 1] = .object(key: key(in: source[start..<min(end + 1, source.count)]))
        }
        return pointer(levels)
    }

    private static func pointer(_ levels: [Level]) -> PolicyPointer {
        // A text of nothing but brackets would make a pointer as long as itself.
        levels.prefix(80).reduce(PolicyPointer.root) { pointer, level in
            switch level {
            case .object(let key): key.isEmpty ? pointer : pointer.appending(key)
            case .array(let index): pointer.appending(index)
            }
        }
    }

    /// After a comma: the next element, or a new key is due.
    private static func advance(_ levels: inout [Level]) -> Bool {
        switch levels.last {
        case .array(let index):
            levels[levels.count - 1] = .array(index: index + 1)
            return false
        case .object:
            levels[levels.count - 1] = .object(key: [])
            return true
        case nil:
            return false
        }
    }

    private static func closingQuote(from start: Int, in source: [UInt8]) -> Int {
        var position = start + 1
        while position < source.count, source[position] != UInt8(ascii: "\"") {
            position += source[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        return position
    }

    private static func key(in quoted: ArraySlice<UInt8>) -> [UInt8] {
        do throws(JSONError) {
            return try JSONDocument(Array(quoted)).root.string?.bytes ?? []
        } catch {
            return []
        }
    }
}
