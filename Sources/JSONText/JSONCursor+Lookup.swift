public import Base

/// What looking for a member by name came to.
public enum MemberSearch: ~Escapable {
    /// No member has the name, and none is nearly it.
    case missing
    /// The one member with exactly the name's bytes.
    case found(JSONCursor)
    /// A member that was said to be the name's twin.
    case ambiguous
}

/// Which members of one object have keys of a table: filled in one walk over the tape, without an allocation.
///
/// It cannot be copied, because every copy would be one of 128 bytes.
public struct JSONMemberPlaces: ~Copyable {
    /// LIMIT: the most keys a table may have to be looked for at once.
    public static let maximumCount = 32

    /// The member values' places by the numbers of their keys; 0 is nobody, for place 0 is the root.
    fileprivate var places = InlineArray<32, UInt32>(repeating: 0)
    /// Whether every key of the object could be told by its bytes: none has escapes or bytes beyond ASCII, and none may be
    /// a key of the table but for the case of its letters.
    ///
    /// When not, only ``JSONCursor/search(_:folded:isTwin:)`` can tell.
    public fileprivate(set) var isCertain = true

    fileprivate init() {}

    /// Nothing was found, and nothing is certain.
    public static var unknown: JSONMemberPlaces {
        var places = JSONMemberPlaces()
        places.isCertain = false
        return places
    }
}

extension JSONCursor {
    /// Finds all members of an object whose keys are in the table, in one walk; nobody for other kinds.
    ///
    /// O(members); no allocation.
    public func places(of keys: borrowing KeyTable) -> JSONMemberPlaces {
        var places = JSONMemberPlaces()
        guard kind == .object, keys.count > 0 else {
            return places
        }
        guard keys.count <= JSONMemberPlaces.maximumCount else {
            places.isCertain = false
            return places
        }
        var name = self.first
        for _ in 0..<count {
            let member = name.following
            let key = name.rawText
            switch name.hasEscapes ? .near : keys.findPlain(key, 0..<key.count) {
            case .found(let number): places.places[number] = UInt32(truncatingIfNeeded: member.place)
            case .near: places.isCertain = false
            case .absent: break
            }
            name = member.following
        }
        return places
    }

    /// The member whose key has this number; `places` must be of this object.
    @_lifetime(copy self)
    public func member(_ number: Int, at places: borrowing JSONMemberPlaces) -> JSONCursor? {
        let place = places.places[number]
        return place == 0 ? nil : at(Int(place))
    }

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
