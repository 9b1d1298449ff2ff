import Base

/// What looking for a member by name came to.
public enum MemberSearch: Sendable {
    /// No member has the name, and none is nearly it.
    case missing
    /// The one member with exactly the name's bytes.
    case found(JSONValue)
}

extension JSONValue {
    /// Looks for the member named `key` among an object's members, in one walk over the tape.
    ///
    /// `isTwin` is asked about every other key that could fold to `folded` (toNFKC_Casefold of `key`): keys with escapes or
    /// bytes beyond ASCII, and keys that differ from `folded` in the case of ASCII letters alone. When it says yes the walk
    /// ends with `nil`. Everything else costs a comparison of lengths. `folded` is empty when no ASCII key folds to it.
    ///
    /// O(bytes of the keys); no allocation unless keys have escapes.
    public func search(_ key: [UInt8], folded: [UInt8], isTwin: (JSONString) -> Bool) -> MemberSearch? {
        let document = document
        let tape = document.tape
        let bytes = document.bytes
        let text = bytes.span
        var result = MemberSearch.missing
        var position = index + 1
        for _ in 0..<count {
            let node = tape[position]
            switch KeyLikeness(node, text, key: key.span, folded: folded.span) {
            case .equal:
                result = .found(JSONValue(document: document, index: position + 1))
            case .suspect:
                let name = JSONString(document: document, index: position)
                if node.hasEscapes, name.isEqual(to: key) {
                    result = .found(JSONValue(document: document, index: position + 1))
                } else if isTwin(name) {
                    return nil
                }
            case .other:
                break
            }
            position = Int(tape[position + 1].next)
        }
        return result
    }
}

/// How a key on the tape stands to a name, as far as its raw bytes tell.
private enum KeyLikeness {
    case equal
    /// Only folding, or resolving escapes, can tell.
    case suspect
    case other

    init(_ node: TapeNode, _ text: Span<UInt8>, key: Span<UInt8>, folded: Span<UInt8>) {
        guard !node.hasEscapes else {
            self = .suspect
            return
        }
        let contents = node.contents
        if contents.count == key.count, KeyLikeness.areEqual(text, contents.lowerBound, key) {
            self = .equal
            return
        }
        var isCaseTwin = contents.count == folded.count && !folded.isEmpty
        for offset in 0..<contents.count {
            let byte = text[contents.lowerBound + offset]
            guard byte < 0x80 else {
                self = .suspect
                return
            }
            if isCaseTwin {
                let isCapital = byte &- UInt8(ascii: "A") < 26
                isCaseTwin = (isCapital ? byte | 0x20 : byte) == folded[offset]
            }
        }
        self = isCaseTwin ? .suspect : .other
    }

    private static func areEqual(_ text: Span<UInt8>, _ start: Int, _ key: Span<UInt8>) -> Bool {
        for offset in 0..<key.count where text[start + offset] != key[offset] {
            return false
        }
        return true
    }
}
