import Base

/// A closed set of keys to tell apart in one pass over an object: what reading a message mostly is.
public struct JSONKeySet: Sendable {
    /// The keys by their length, each with its position in the set.
    private let byLength: [[(position: Int, text: StaticString)]]

    /// The keys, which must differ; their positions are what members are told by.
    public init(_ keys: [StaticString]) {
        let longest = keys.map(\.utf8CodeUnitCount).max() ?? 0
        let numbered = keys.enumerated().map { (position: $0.offset, text: $0.element) }
        byLength = (0...longest).map { length in numbered.filter { $0.text.utf8CodeUnitCount == length } }
    }

    /// The keys of one length.
    fileprivate func candidates(_ length: Int) -> [(position: Int, text: StaticString)] {
        length < byLength.count ? byLength[length] : []
    }
}

extension JSONValue {
    /// Hands every member of an object to `body`, with the position of its key in `keys`; `nil` for other keys.
    ///
    /// Nothing for other kinds. O(members); no allocation unless a key has escapes.
    public func forEachMember<Failure: Error>(
        of keys: JSONKeySet,
        _ body: (Int?, JSONMember) throws(Failure) -> Void
    ) throws(Failure) {
        let node = node
        guard node.kind == .object else {
            return
        }
        let document = document
        var position = index + 1
        for _ in 0..<node.count {
            let member = JSONMember(document: document, index: position)
            try body(document.position(of: document.tape[position], in: keys), member)
            position = Int(document.tape[position + 1].next)
        }
    }
}

extension JSONDocument {
    fileprivate func position(of key: TapeNode, in keys: JSONKeySet) -> Int? {
        let contents = key.contents
        if key.hasEscapes {
            let text = resolved(contents)
            return keys.candidates(text.count).first { text.isEqual(to: $0.text) }?.position
        }
        for candidate in keys.candidates(contents.count) where bytes.isEqual(to: candidate.text, in: contents) {
            return candidate.position
        }
        return nil
    }
}
