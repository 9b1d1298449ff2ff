import Base

/// Reads one document into a tape, in one pass from left to right, without recursion: open containers are a chain
/// through the tape itself, so depth costs no stack and no allocation.
struct TapeReader: ~Escapable {
    private let text: Span<UInt8>
    private let limits: JSONLimits
    private var tape: [TapeNode] = []
    private var position = 0
    private var depth = 0
    /// The innermost open container's node, -1 outside.
    private var parent = -1
    private var isInObject = false
    /// How many of its elements or members have ended; its node gets the count when it closes or another one opens.
    private var childCount = 0
    /// The marks of its keys; all bits once two keys share one, or one has escapes: only then keys are compared.
    private var keyMarks: UInt32 = 0

    private static let noParent = Int(UInt32.max)

    @_lifetime(copy text)
    private init(_ text: Span<UInt8>, limits: JSONLimits) {
        self.text = text
        self.limits = limits.clamped
    }

    /// Reads everything; the first node is the root.
    ///
    /// All that happens once per value is inlined here, on a reader that never leaves this function: its state lives in
    /// registers. Measured: half the instructions of methods that call each other.
    static func tape(of text: Span<UInt8>, limits: JSONLimits) throws(JSONError) -> [TapeNode] {
        guard text.count <= limits.clamped.maximumBytes else {
            throw JSONError(offset: limits.clamped.maximumBytes, reason: .tooManyBytes)
        }
        if text.count >= 2, text[0] >= 0xEF, isByteOrderMark(text) {
            throw JSONError(offset: 0, reason: .byteOrderMark)
        }
        var reader = TapeReader(text, limits: limits)
        // A request of 300 bytes has 25 to 45 nodes: one allocation for it, of a size the allocator keeps at hand, and no
        // megabytes for a long string.
        reader.tape.reserveCapacity(Swift.min(text.count / 8 + 8, 4_096))
        var isComplete = false
        while !isComplete {
            isComplete = try reader.readValue()
        }
        let end = Self.endOfSpace(text, from: reader.position)
        guard end == text.count else {
            throw JSONError(offset: end, reason: .trailingContent)
        }
        return reader.tape
    }

    /// EF BB BF, or either order of UTF-16's.
    private static func isByteOrderMark(_ text: Span<UInt8>) -> Bool {
        switch (text[0], text[1]) {
        case (0xFE, 0xFF), (0xFF, 0xFE): true
        case (0xEF, 0xBB): text.count >= 3 && text[2] == 0xBF
        default: false
        }
    }

    /// Reads a scalar or opens a container, then closes what ends here; true when the root is complete.
    ///
    /// After an object's beginning and after a comma in one it reads the key first.
    @inline(__always)
    private mutating func readValue() throws(JSONError) -> Bool {
        if isInObject {
            try readKey()
        }
        let byte = try peekPastSpace()
        switch byte {
        case UInt8(ascii: "\""):
            _ = try readString()
        case UInt8(ascii: "{"):
            try open(.object)
            if try peekPastSpace() != UInt8(ascii: "}") {
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
            let end = try Self.endOfNumber(text, from: position, maximumDigits: limits.maximumNumberDigits)
            try appendScalar(.number, end: end)
        default:
            let (kind, end) = try Self.literal(text, from: position)
            try appendScalar(kind, end: end)
        }
        return try finishValue()
    }

    /// After a value: the comma that leads to the next one, or the ends of any containers; true after the root's.
    @inline(__always)
    private mutating func finishValue() throws(JSONError) -> Bool {
        while parent >= 0 {
            childCount &+= 1
            let byte = try peekPastSpace()
            if byte == UInt8(ascii: ",") {
                position &+= 1
                return false
            }
            guard byte == (isInObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                throw JSONError(offset: position, reason: .unexpectedByte)
            }
            try close()
        }
        return true
    }

    @inline(__always)
    private mutating func open(_ kind: JSONKind) throws(JSONError) {
        guard depth < limits.maximumDepth else {
            throw JSONError(offset: position, reason: .tooDeep)
        }
        depth &+= 1
        let node = TapeNode(start: position, end: position, next: parent < 0 ? Self.noParent : parent, kind: kind)
        if parent >= 0 {
            tape[parent].suspend(count: childCount, keyMarks: keyMarks)
        }
        childCount = 0
        keyMarks = 0
        parent = tape.count
        isInObject = kind == .object
        try append(node)
        position &+= 1
    }

    /// Closes the innermost container, whose last byte is at `position`.
    @inline(__always)
    private mutating func close() throws(JSONError) {
        if keyMarks == .max, !limits.isGrammarOnly,
            let offset = DuplicateKeys.firstOffset(of: childCount, from: parent + 1, tape.span, text)
        {
            throw JSONError(offset: offset, reason: .duplicateKey)
        }
        position &+= 1
        depth &-= 1
        parent = tape[parent].close(count: childCount, end: position, next: tape.count)
        guard parent != Self.noParent else {
            parent = -1
            isInObject = false
            return
        }
        let outer = tape[parent]
        (childCount, keyMarks) = (outer.count, outer.keyMarks)
        isInObject = outer.kind == .object
    }

    @inline(__always)
    private mutating func readKey() throws(JSONError) {
        guard try peekPastSpace() == UInt8(ascii: "\"") else {
            throw JSONError(offset: position, reason: .unexpectedByte)
        }
        let start = position
        let hasEscapes = try readString()
        // Equal keys have equal marks; of an empty key these bytes are its quotes.
        let (first, last) = (UInt32(text[start &+ 1]), UInt32(text[position &- 2]))
        let mark: UInt32 = 1 &<< (((first ^ last) &* 2 ^ UInt32(truncatingIfNeeded: position &- start)) & 31)
        keyMarks = hasEscapes || keyMarks & mark != 0 ? .max : keyMarks | mark
        guard try peekPastSpace() == UInt8(ascii: ":") else {
            throw JSONError(offset: position, reason: .unexpectedByte)
        }
        position &+= 1
    }

    @inline(__always)
    private mutating func append(_ node: TapeNode) throws(JSONError) {
        guard tape.count < limits.maximumNodes else {
            throw JSONError(offset: Int(node.start), reason: .tooManyNodes)
        }
        tape.append(node)
    }

    @inline(__always)
    private mutating func appendScalar(_ kind: JSONKind, end: Int, hasEscapes: Bool = false) throws(JSONError) {
        try append(
            TapeNode(start: position, end: end, next: tape.count &+ 1, kind: kind, hasEscapes: hasEscapes)
        )
        position = end
    }

    // MARK: - space

    /// The first position from `start` on that is no white space.
    @inline(never)
    private static func endOfSpace(_ text: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): index &+= 1
            default: return index
            }
        }
        return index
    }

    @inline(__always)
    private mutating func peekPastSpace() throws(JSONError) -> UInt8 {
        // Compact texts have no space: asked first, without a call.
        if position < text.count, text[position] > 0x20 {
            return text[position]
        }
        position = Self.endOfSpace(text, from: position)
        guard position < text.count else {
            throw JSONError(offset: text.count, reason: .unexpectedEnd)
        }
        return text[position]
    }

    // MARK: - scalars

    /// `true`, `false` or `null`: what it is and where it ends.
    @inline(never)
    private static func literal(_ text: Span<UInt8>, from start: Int) throws(JSONError) -> (JSONKind, Int) {
        switch text[start] {
        case UInt8(ascii: "t"):
            (.boolean, try endOfLiteral(text, from: start, [0x74, 0x72, 0x75, 0x65]))
        case UInt8(ascii: "f"):
            (.boolean, try endOfLiteral(text, from: start, [0x66, 0x61, 0x6C, 0x73, 0x65]))
        case UInt8(ascii: "n"):
            (.null, try endOfLiteral(text, from: start, [0x6E, 0x75, 0x6C, 0x6C]))
        default:
            throw JSONError(offset: start, reason: .unexpectedByte)
        }
    }

    private static func endOfLiteral<let length: Int>(
        _ text: Span<UInt8>,
        from start: Int,
        _ word: InlineArray<length, UInt8>
    ) throws(JSONError) -> Int {
        for offset in 0..<length {
            guard start + offset < text.count else {
                throw JSONError(offset: text.count, reason: .unexpectedEnd)
            }
            guard text[start + offset] == word[offset] else {
                throw JSONError(offset: start + offset, reason: .unexpectedByte)
            }
        }
        return start + length
    }

    /// A string or key, `position` being at its first quote; says whether it has escapes.
    @inline(__always)
    private mutating func readString() throws(JSONError) -> Bool {
        let end = text.endOfStringText(from: position &+ 1, to: text.count)
        var string = (end: end, hasEscapes: false)
        if end >= text.count || text[end] != UInt8(ascii: "\"") {
            string = try Self.endOfString(text, from: end, acceptingNull: limits.isGrammarOnly)
        }
        guard string.end &- position &- 1 <= limits.maximumStringBytes else {
            throw JSONError(offset: position, reason: .stringTooLong)
        }
        try appendScalar(.string, end: string.end &+ 1, hasEscapes: string.hasEscapes)
        return string.hasEscapes
    }

    /// Where the closing quote of a string stands of which everything before `start` is plain, and whether there are
    /// escapes before it.
    @inline(never)
    private static func endOfString(
        _ text: Span<UInt8>,
        from start: Int,
        acceptingNull: Bool
    ) throws(JSONError) -> (end: Int, hasEscapes: Bool) {
        var index = start
        var hasEscapes = false
        while true {
            index = text.endOfStringText(from: index, to: text.count)
            guard index < text.count else {
                throw JSONError(offset: text.count, reason: .unexpectedEnd)
            }
            switch text[index] {
            case UInt8(ascii: "\""):
                return (index, hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                index = try StringEscapes.check(text, at: index, acceptingNull: acceptingNull)
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

    /// Where the number ends whose sign or first digit stands at `start`.
    @inline(never)
    private static func endOfNumber(
        _ text: Span<UInt8>,
        from start: Int,
        maximumDigits: Int
    ) throws(JSONError) -> Int {
        var index = start
        var digits = 0
        if text[index] == UInt8(ascii: "-") {
            index &+= 1
        }
        let whole = try skipDigits(text, from: &index)
        if whole > 1, text[index &- whole] == UInt8(ascii: "0") {
            throw JSONError(offset: start, reason: .invalidNumber)
        }
        digits &+= whole
        if index < text.count, text[index] == UInt8(ascii: ".") {
            index &+= 1
            digits &+= try skipDigits(text, from: &index)
        }
        if index < text.count, text[index] | 0x20 == UInt8(ascii: "e") {
            index &+= 1
            if index < text.count, text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") {
                index &+= 1
            }
            digits &+= try skipDigits(text, from: &index)
        }
        guard digits <= maximumDigits else {
            throw JSONError(offset: start, reason: .numberTooLong)
        }
        return index
    }

    /// At least one digit; says how many.
    private static func skipDigits(_ text: Span<UInt8>, from index: inout Int) throws(JSONError) -> Int {
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
