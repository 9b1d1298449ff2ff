import Base

/// A closed set of keys to tell apart in one pass over an object: what reading a message mostly is.
public struct JSONKeySet: Sendable {
    /// LIMIT: the most keys of a set, which is what a ``JSONMemberTable`` has room for.
    public static let maximumCount = 32

    fileprivate let names: NameTable

    /// The keys, which must differ; their positions are what members are told by.
    public init(_ keys: [StaticString]) {
        precondition(keys.count <= Self.maximumCount)
        names = NameTable(keys)
    }

    @inline(__always)
    func position(of key: TapeNode, _ text: Span<UInt8>) -> Int? {
        guard key.hasEscapes else {
            return names.number(of: text, key.contents)
        }
        let resolved = StringEscapes.resolved(text, in: key.contents)
        return names.number(of: resolved.span, 0..<resolved.count)
    }

    /// The position of a key, escapes resolved; `nil` when it is none of the set.
    public func position(of key: JSONString) -> Int? {
        let bytes = key.document.bytes
        return position(of: key.node, bytes.span)
    }
}

/// Which members of one object have the keys of a set: filled in one walk over the tape, without an allocation.
///
/// It cannot be copied, because every copy would be one of 128 bytes: measured, they cost more than the walk.
public struct JSONMemberTable: ~Copyable, Sendable {
    private let document: JSONDocument
    /// The member values' nodes by the position of their keys; 0 is nobody, for node 0 is the root.
    private var places: InlineArray<32, UInt32>
    /// How many members have other keys.
    public let otherCount: Int

    /// Sorts the members of `object`; no members for other kinds.
    ///
    /// O(members); no allocation unless a key has escapes.
    public init(_ object: JSONValue, keys: JSONKeySet) {
        document = object.document
        places = .init(repeating: 0)
        otherCount = object.document.sort(membersOf: object.index, keys, into: &places)
    }

    /// Sorts the members of `object`, a value of `document`; no members when there is none.
    public init(_ object: JSONValue?, of document: JSONDocument, keys: JSONKeySet) {
        self.document = document
        places = .init(repeating: 0)
        if let object {
            otherCount = document.sort(membersOf: object.index, keys, into: &places)
        } else {
            otherCount = 0
        }
    }

    /// The member whose key has this position in the set.
    public subscript(position: Int) -> JSONValue? {
        let place = places[position]
        return place == 0 ? nil : JSONValue(document: document, index: Int(place))
    }

    /// Whether there is a member whose key has this position in the set.
    public func contains(_ position: Int) -> Bool {
        places[position] != 0
    }

    /// What the member whose key has this position in the set is; `nil` when there is none.
    public func kind(_ position: Int) -> JSONKind? {
        let place = places[position]
        return place == 0 ? nil : document.tape[Int(place)].kind
    }
}

extension JSONDocument {
    fileprivate func sort(
        membersOf object: Int,
        _ keys: JSONKeySet,
        into places: inout InlineArray<32, UInt32>
    ) -> Int {
        let (tape, bytes) = (tape, bytes)
        let node = tape[object]
        guard node.kind == .object else {
            return 0
        }
        let text = bytes.span
        var otherCount = 0
        var index = object + 1
        for _ in 0..<node.count {
            if let position = keys.position(of: tape[index], text) {
                places[position] = UInt32(truncatingIfNeeded: index + 1)
            } else {
                otherCount += 1
            }
            index = Int(tape[index + 1].next)
        }
        return otherCount
    }
}
