/// What looking for a member by name came to.
public enum MemberSearch: ~Escapable {
    /// No member has the name, and none is nearly it.
    case missing
    /// The one member with exactly the name's bytes.
    case found(JSONCursor)
    /// A member that was said to be the name's twin.
    case ambiguous
}

extension JSONCursor {
    /// Looks for the member named `key` among an object's members, in one walk over the tape.
    ///
    /// `isTwin` is asked about every other key that could fold to `folded` (toNFKC_Casefold of `key`): keys with escapes or
    /// bytes beyond ASCII, and keys that differ from `folded` in the case of ASCII letters alone. When it says yes the walk
    /// ends. Everything else costs a comparison of lengths. `folded` is empty when no ASCII key folds to it.
    ///
    /// O(bytes of the keys); no allocation unless keys have escapes.
    @_lifetime(copy self)
    public func search(_ key: Span<UInt8>, folded: Span<UInt8>, isTwin: (JSONCursor) -> Bool) -> MemberSearch {
        guard kind == .object else {
            return .missing
        }
        var result = MemberSearch.missing
        var name = first
        for _ in 0..<count {
            let member = name.following
            switch name.likeness(to: key, folded: folded) {
            case .equal:
                result = .found(member)
            case .suspect:
                if name.hasEscapes, name.isText(key) {
                    result = .found(member)
                } else if isTwin(name) {
                    return .ambiguous
                }
            case .other:
                break
            }
            name = member.following
        }
        return result
    }

    /// How a key on the tape stands to a name, as far as its raw bytes tell.
    private enum Likeness {
        case equal
        /// Only folding, or resolving escapes, can tell.
        case suspect
        case other
    }

    private func likeness(to key: Span<UInt8>, folded: Span<UInt8>) -> Likeness {
        guard !hasEscapes else {
            return .suspect
        }
        let text = rawText
        if text.isEqual(to: key) {
            return .equal
        }
        var isCaseTwin = text.count == folded.count && !folded.isEmpty
        for offset in 0..<text.count {
            let byte = text[offset]
            guard byte < 0x80 else {
                return .suspect
            }
            if isCaseTwin {
                let isCapital = byte &- UInt8(ascii: "A") < 26
                isCaseTwin = (isCapital ? byte | 0x20 : byte) == folded[offset]
            }
        }
        return isCaseTwin ? .suspect : .other
    }
}
