import Base

/// Reads one document into a tape, in one pass from left to right, without recursion: open containers are a chain
/// through the tape itself, so depth costs no stack and no allocation.
struct TapeReader: ~Escapable {
    private let text: Span<UInt8>
    private let limits: JSONLimits
    private(set) var tape: [TapeNode] = []
    private var position = 0
    private var depth = 0
    /// The innermost open container's node, -1 outside.
    private var parent = -1
    private var isInObject = false

    private static let noParent = Int(UInt32.max)

    @_lifetime(copy text)
    init(_ text: Span<UInt8>, limits: JSONLimits) {
        self.text = text
        self.limits = limits.clamped
    }

    /// Reads everything; afterwards ``tape`` is complete, its first node the root.
    mutating func read() throws(JSONError) {
        guard text.count <= limits.maximumBytes else {
            throw JSONError(offset: limits.maximumBytes, reason: .tooManyBytes)
        }
        if text.count >= 2, text[0] >= 0xEF, isByteOrderMark {
            throw JSONError(offset: 0, reason: .byteOrderMark)
        }
        // A request of 300 bytes has 30 to 45 nodes: one allocation for it, and no megabytes for a long string.
        tape.reserveCapacity(Swift.min(text.count / 6 + 8, 4_096))
        var isComplete = false
        while !isComplete {
            isComplete = try readValue()
        }
        skipSpace()
        guard position == text.count else {
            throw JSONError(offset: position, reason: .trailingContent)
        }
    }

    /// EF BB BF, or either order of UTF-16's.
    private var isByteOrderMark: Bool {
        switch (text[0], text[1]) {
        case (0xFE, 0xFF), (0xFF, 0xFE): true
        case (0xEF, 0xBB): text.count >= 3 && text[2] == 0xBF
        default: false
        }
    }

    /// Reads a scalar or opens a container, then closes what ends here; true when the root is complete.
    private mutating func readValue() throws(JSONError) -> Bool {
        let byte = try peekPastSpace()
        switch byte {
        case UInt8(ascii: "\""):
            try readString()
        case UInt8(ascii: "{"):
            try open(.object)
            if try peekPastSpace() != UInt8(ascii: "}") {
                try readKey()
                return false
            }
            try close()
        case UInt8(ascii: "["):
            try open(.array)
            if try peekPastSpace() != UInt8(ascii: "]") {
                return false
            }
            try close()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try readNumber()
        default:
            try readLiteral(byte)
        }
        return try finishValue()
    }

    /// After a value: the comma that leads to the next one, or the ends of any containers; true after the root's.
    private mutating func finishValue() throws(JSONError) -> Bool {
        while parent >= 0 {
            tape[parent].addChild()
            let byte = try peekPastSpace()
            if byte == UInt8(ascii: ",") {
                position &+= 1
                if isInObject {
                    try readKey()
                }
                return false
            }
            guard byte == (isInObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                throw JSONError(offset: position, reason: .unexpectedByte)
            }
            try close()
        }
        return true
    }

    private mutating func open(_ kind: JSONKind) throws(JSONError) {
        guard depth < limits.maximumDepth else {
            throw JSONError(offset: position, reason: .tooDeep)
        }
        depth &+= 1
        let node = TapeNode(start: position, end: position, next: parent < 0 ? Self.noParent : parent, kind: kind)
        parent = tape.count
        isInObject = kind == .object
        try append(node)
        position &+= 1
    }

    /// Closes the innermost container, whose last byte is at `position`.
    private mutating func close() throws(JSONError) {
        if isInObject, !limits.isGrammarOnly,
            let offset = DuplicateKeys.firstOffset(inObject: parent, of: tape, text: text)
        {
            throw JSONError(offset: offset, reason: .duplicateKey)
        }
        position &+= 1
        depth &-= 1
        let outer = Int(tape[parent].next)
        tape[parent].end = UInt32(truncatingIfNeeded: position)
        tape[parent].next = UInt32(truncatingIfNeeded: tape.count)
        parent = outer == Self.noParent ? -1 : outer
        isInObject = parent >= 0 && tape[parent].kind == .object
    }

    private mutating func readKey() throws(JSONError) {
        guard try peekPastSpace() == UInt8(ascii: "\"") else {
            throw JSONError(offset: position, reason: .unexpectedByte)
        }
        try readString()
        guard try peekPastSpace() == UInt8(ascii: ":") else {
            throw JSONError(offset: position, reason: .unexpectedByte)
        }
        position &+= 1
    }

    private mutating func append(_ node: TapeNode) throws(JSONError) {
        guard tape.count < limits.maximumNodes else {
            throw JSONError(offset: Int(node.start), reason: .tooManyNodes)
        }
        tape.append(node)
    }

    private mutating func appendScalar(_ kind: JSONKind, end: Int, hasEscapes: Bool = false) throws(JSONError) {
        try append(
            TapeNode(start: position, end: end, next: tape.count &+ 1, kind: kind, hasEscapes: hasEscapes)
        )
        position = end
    }

    // MARK: - space

    private mutating func skipSpace() {
        var index = position
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"):
                index &+= 1
            default:
                position = index
                return
            }
        }
        position = index
    }

    private func peek() throws(JSONError) -> UInt8 {
        guard position < text.count else {
            throw JSONError(offset: text.count, reason: .unexpectedEnd)
        }
        return text[position]
    }

    private mutating func peekPastSpace() throws(JSONError) -> UInt8 {
        // Compact texts have no space: asked first, without a call.
        if position < text.count, text[position] > 0x20 {
            return text[position]
        }
        skipSpace()
        return try peek()
    }

    // MARK: - scalars

    private mutating func readLiteral(_ byte: UInt8) throws(JSONError) {
        switch byte {
        case UInt8(ascii: "t"):
            try readLiteral([0x74, 0x72, 0x75, 0x65], .boolean)
        case UInt8(ascii: "f"):
            try readLiteral([0x66, 0x61, 0x6C, 0x73, 0x65], .boolean)
        case UInt8(ascii: "n"):
            try readLiteral([0x6E, 0x75, 0x6C, 0x6C], .null)
        default:
            throw JSONError(offset: position, reason: .unexpectedByte)
        }
    }

    private mutating func readLiteral<let length: Int>(
        _ word: InlineArray<length, UInt8>,
        _ kind: JSONKind
    ) throws(JSONError) {
        for offset in 0..<length {
            guard position + offset < text.count else {
                throw JSONError(offset: text.count, reason: .unexpectedEnd)
            }
            guard text[position + offset] == word[offset] else {
                throw JSONError(offset: position + offset, reason: .unexpectedByte)
            }
        }
        try appendScalar(kind, end: position + length)
    }

    /// A string or key; `position` is at its first quote.
    private mutating func readString() throws(JSONError) {
        let text = text
        var index = position &+ 1
        var hasEscapes = false
        while true {
            // Most bytes of most strings end up here: 0x20 to 0x7F but quote and backslash.
            while index < text.count, text[index] &- 0x20 < 0x60, text[index] != UInt8(ascii: "\""),
                text[index] != UInt8(ascii: "\\")
            {
                index &+= 1
            }
            guard index < text.count else {
                throw JSONError(offset: text.count, reason: .unexpectedEnd)
            }
            switch text[index] {
            case UInt8(ascii: "\""):
                guard index &- position &- 1 <= limits.maximumStringBytes else {
                    throw JSONError(offset: position, reason: .stringTooLong)
                }
                return try appendScalar(.string, end: index &+ 1, hasEscapes: hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                index = try StringEscapes.check(text, at: index, acceptingNull: limits.isGrammarOnly)
            case 0x80...:
                let length = UTF8Check.sequenceLength(text, at: index)
                guard length > 0 else {
                    throw JSONError(offset: index, reason: .invalidUTF8)
                }
                index &+= length
            default:
                throw JSONError(offset: index, reason: .controlCharacter)
            }
        }
    }

    /// A number; `position` is at its sign or first digit.
    private mutating func readNumber() throws(JSONError) {
        var index = position
        var digits = 0
        if text[index] == UInt8(ascii: "-") {
            index &+= 1
        }
        let whole = try skipDigits(from: &index)
        if whole > 1, text[index &- whole] == UInt8(ascii: "0") {
            throw JSONError(offset: position, reason: .invalidNumber)
        }
        digits &+= whole
        if index < text.count, text[index] == UInt8(ascii: ".") {
            index &+= 1
            digits &+= try skipDigits(from: &index)
        }
        if index < text.count, text[index] | 0x20 == UInt8(ascii: "e") {
            index &+= 1
            if index < text.count, text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") {
                index &+= 1
            }
            digits &+= try skipDigits(from: &index)
        }
        guard digits <= limits.maximumNumberDigits else {
            throw JSONError(offset: position, reason: .numberTooLong)
        }
        try appendScalar(.number, end: index)
    }

    /// At least one digit; says how many.
    private func skipDigits(from index: inout Int) throws(JSONError) -> Int {
        let start = index
        while index < text.count, text[index] &- UInt8(ascii: "0") < 10 {
            index &+= 1
        }
        guard index > start else {
            throw JSONError(offset: index, reason: index < text.count ? .invalidNumber : .unexpectedEnd)
        }
        return index &- start
    }
}
