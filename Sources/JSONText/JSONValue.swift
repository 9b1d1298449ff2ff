/// One value inside a document: a reference and an index, cheap to copy.
///
/// Asking a value for what it is not gives `nil`, zero or an empty sequence, never an error.
public struct JSONValue: Sendable {
    /// The document it stands in.
    public let document: JSONDocument
    let index: Int

    var node: TapeNode { document.tape[index] }

    /// What it is.
    public var kind: JSONKind { node.kind }

    /// Its exact bytes in the document, quotes and brackets included.
    public var range: Range<Int> { node.range }

    /// Those bytes, uncopied.
    public var rawBytes: ArraySlice<UInt8> { document.bytes[range] }

    /// Where it stands in its document, as a JSON Pointer (RFC 6901); O(values before it).
    public var pointer: String {
        var text: [UInt8] = []
        var value = document.root
        while value.index != index, let step = value.step(towards: index) {
            text.append(UInt8(ascii: "/"))
            JSONPointer.append(token: step.token, to: &text)
            value = step.value
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The element or member value that is, or contains, the value at `target` on the tape.
    private func step(towards target: Int) -> (token: ArraySlice<UInt8>, value: JSONValue)? {
        for (position, element) in elements.enumerated() where target < Int(element.node.next) {
            return (Array(String(position).utf8)[...], element)
        }
        for member in members where target < Int(member.value.node.next) {
            return (member.key.slice, member.value)
        }
        return nil
    }

    /// Where it starts, for people.
    public var position: JSONPosition { JSONPosition(ofOffset: range.lowerBound, in: document.bytes) }

    /// Whether it is `null`.
    public var isNull: Bool { kind == .null }

    /// The truth value of a boolean.
    public var boolean: Bool? {
        let node = node
        return node.kind == .boolean ? document.bytes[node.range.lowerBound] == UInt8(ascii: "t") : nil
    }

    /// The text of a string.
    public var string: JSONString? {
        let node = node
        return node.kind == .string ? JSONString(document: document, index: index) : nil
    }

    /// The number of a number.
    public var number: JSONNumber? {
        let node = node
        return node.kind == .number ? JSONNumber(document: document, range: node.range) : nil
    }

    /// How many elements or members; 0 for other kinds.
    public var count: Int {
        let node = node
        return node.kind == .array || node.kind == .object ? node.count : 0
    }

    /// The member with this key, by exact bytes; O(members), no allocation unless a key has escapes.
    public subscript(_ key: StaticString) -> JSONValue? {
        let place = document.place(of: key, inObject: index)
        return place == 0 ? nil : JSONValue(document: document, index: place)
    }

    /// The member with this key, by exact bytes; O(members), no allocation unless a key has escapes.
    public func member(_ key: some Collection<UInt8>) -> JSONValue? {
        firstMember { document.isString($0, equalTo: key) }
    }

    @inline(__always)
    private func firstMember(_ matches: (TapeNode) -> Bool) -> JSONValue? {
        let node = node
        guard node.kind == .object else {
            return nil
        }
        var position = index + 1
        for _ in 0..<node.count {
            if matches(document.tape[position]) {
                return JSONValue(document: document, index: position + 1)
            }
            position = Int(document.tape[position + 1].next)
        }
        return nil
    }

    /// An object's members in the order of the text; empty for other kinds.
    public var members: JSONMembers { JSONMembers(of: self) }

    /// An array's elements; empty for other kinds.
    public var elements: JSONElements { JSONElements(of: self) }

    /// The element at `position`, from 0; `nil` outside.
    ///
    /// O(`position`).
    public func element(at position: Int) -> JSONValue? {
        let node = node
        guard node.kind == .array, position >= 0, position < node.count else {
            return nil
        }
        var index = index + 1
        for _ in 0..<position {
            index = Int(document.tape[index].next)
        }
        return JSONValue(document: document, index: index)
    }

    /// How deep arrays and objects nest: 0 for a scalar, 1 for an array or object of scalars.
    ///
    /// O(values inside).
    public var depth: Int {
        var ends: [Int] = []
        var deepest = 0
        for position in index..<Int(node.next) {
            while let end = ends.last, end <= position {
                ends.removeLast()
            }
            let node = document.tape[position]
            if node.kind == .array || node.kind == .object {
                ends.append(Int(node.next))
                deepest = Swift.max(deepest, ends.count)
            }
        }
        return deepest
    }
}

/// The members of an object, in the order of the text.
public struct JSONMembers: Sequence, Sendable {
    private let object: JSONValue

    init(of value: JSONValue) {
        object = value
    }

    /// Starts at the first member.
    public func makeIterator() -> Iterator {
        Iterator(object)
    }

    /// Walks the members once.
    public struct Iterator: IteratorProtocol, Sendable {
        private let document: JSONDocument
        private var index: Int
        private var remaining: Int

        init(_ object: JSONValue) {
            document = object.document
            index = object.index + 1
            remaining = object.kind == .object ? object.count : 0
        }

        /// The next member, `nil` after the last.
        public mutating func next() -> JSONMember? {
            guard remaining > 0 else {
                return nil
            }
            remaining -= 1
            let member = JSONMember(document: document, index: index)
            index = Int(document.tape[index + 1].next)
            return member
        }
    }
}

/// One member of an object.
public struct JSONMember: Sendable {
    let document: JSONDocument
    /// The key's; the value is the next.
    let index: Int

    /// Its key.
    public var key: JSONString { JSONString(document: document, index: index) }
    /// Its value.
    public var value: JSONValue { JSONValue(document: document, index: index + 1) }
}

/// The elements of an array.
public struct JSONElements: Sequence, Sendable {
    private let array: JSONValue

    init(of value: JSONValue) {
        array = value
    }

    /// Starts at the first element.
    public func makeIterator() -> Iterator {
        Iterator(array)
    }

    /// Walks the elements once.
    public struct Iterator: IteratorProtocol, Sendable {
        private let document: JSONDocument
        private var index: Int
        private var remaining: Int

        init(_ array: JSONValue) {
            document = array.document
            index = array.index + 1
            remaining = array.kind == .array ? array.count : 0
        }

        /// The next element, `nil` after the last.
        public mutating func next() -> JSONValue? {
            guard remaining > 0 else {
                return nil
            }
            remaining -= 1
            let value = JSONValue(document: document, index: index)
            index = Int(document.tape[index].next)
            return value
        }
    }
}
