public import Base

/// How a limit measures time.
public enum CounterWindow: Hashable, Sendable {
    /// Any half-open interval of this many nanoseconds (policy-language.md, section 5, `align: sliding`).
    case sliding(nanoseconds: Int64)
    /// Resets at the turn of a unit of the calendar; the caller knows zones and says when that is.
    case calendar(WindowUnit)
}

extension CounterWindow {
    /// Whether it is longer than a machine takes to come back from a loss of power: ten seconds.
    ///
    /// What is lost of a shorter one has mostly passed by then.
    var outlivesPowerLoss: Bool {
        switch self {
        case .sliding(let nanoseconds): nanoseconds > 10_000_000_000
        case .calendar(let unit): unit != .second
        }
    }
}

/// The units a calendar window may have.
public enum WindowUnit: UInt8, Hashable, Sendable, CaseIterable {
    case second, minute, hour, day, week, month
}

/// Whose calls share a counter (policy-language.md, section 5, `scope`).
public enum CounterScope: UInt8, Hashable, Sendable, CaseIterable {
    case grant, member, server, organisation
}

/// What makes two limits count together: name, window, alignment, scope and key path, each a field of its own.
///
/// Never concatenated text, so no caller can choose a name that meets another's counter (security.md, 3.3 rule 7).
/// Made once per limit of a policy and shared by all calls, its hash included.
public struct CounterIdentity: Hashable, Sendable {
    private final class Parts: Sendable {
        let name: ByteString
        let window: CounterWindow
        let scope: CounterScope
        let keyPath: ByteString?
        let hash: Int

        init(name: ByteString, window: CounterWindow, scope: CounterScope, keyPath: ByteString?) {
            self.name = name
            self.window = window
            self.scope = scope
            self.keyPath = keyPath
            var hasher = Hasher()
            hasher.combine(name)
            hasher.combine(window)
            hasher.combine(scope)
            hasher.combine(keyPath)
            hash = hasher.finalize()
        }
    }

    private let parts: Parts

    /// The counter's name.
    public var name: ByteString { parts.name }
    /// Window and alignment.
    public var window: CounterWindow { parts.window }
    /// Whose calls share it.
    public var scope: CounterScope { parts.scope }
    /// The canonical key path, `nil` when the counter is not split.
    public var keyPath: ByteString? { parts.keyPath }
    var precomputedHash: Int { parts.hash }

    /// An identity from its parts.
    public init(name: ByteString, window: CounterWindow, scope: CounterScope, keyPath: ByteString? = nil) {
        parts = Parts(name: name, window: window, scope: scope, keyPath: keyPath)
    }

    /// Whether every part is the same.
    public static func == (left: CounterIdentity, right: CounterIdentity) -> Bool {
        left.parts === right.parts
            || (left.precomputedHash == right.precomputedHash && left.scope == right.scope
                && left.window == right.window && left.name == right.name && left.keyPath == right.keyPath)
    }

    /// Feeds the hash made when the value was.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(precomputedHash)
    }
}

/// One holder of counters: the kind keeps a member called like a grant apart from that grant.
///
/// Made once per grant and shared by its calls, its hash included.
public struct ScopeKey: Hashable, Sendable {
    /// What `bytes` names.
    public enum Kind: UInt8, Hashable, Sendable {
        case grant, member, grantWithoutMember, server, organisation
    }

    /// What `bytes` names.
    public let kind: Kind
    /// The holder's identifier.
    public let bytes: ByteString
    let precomputedHash: Int

    /// A holder of counters.
    public init(_ kind: Kind, _ bytes: ByteString) {
        self.kind = kind
        self.bytes = bytes
        var hasher = Hasher()
        hasher.combine(kind)
        hasher.combine(bytes)
        precomputedHash = hasher.finalize()
    }

    /// Whether kind and identifier are the same.
    public static func == (left: ScopeKey, right: ScopeKey) -> Bool {
        left.precomputedHash == right.precomputedHash && left.kind == right.kind && left.bytes == right.bytes
    }

    /// Feeds the hash made when the value was.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(precomputedHash)
    }
}

/// The value that splits a counter, typed and canonical: `1` and `1.0` are one, `"1"` is another.
public enum CounterKeyValue: Hashable, Sendable {
    /// The counter is not split.
    case none
    /// Text, as its bytes.
    case text(ByteString)
    /// A digest of text too long to keep (so that 10,000 values stay small).
    case digest(ByteString)
    /// A number by its exact value.
    case number(ExactDecimal)
    /// A boolean.
    case boolean(Bool)
}
