internal import AuditModel
internal import Base
internal import PolicyEngine
internal import RateLimits

// The words counters have in the journal, both ways.

extension WindowUnit {
    private static let words: [(WindowUnit, ByteString)] = [
        (.second, "second"), (.minute, "minute"), (.hour, "hour"), (.day, "day"), (.week, "week"), (.month, "month"),
    ]

    var word: ByteString { Self.words.first { $0.0 == self }?.1 ?? "" }

    init?(word: ByteString) {
        guard let unit = Self.words.first(where: { $0.1 == word })?.0 else {
            return nil
        }
        self = unit
    }
}

extension CounterScope {
    private static let words: [(CounterScope, ByteString)] = [
        (.grant, "grant"), (.member, "member"), (.server, "server"), (.organisation, "organisation"),
    ]

    var word: ByteString { Self.words.first { $0.0 == self }?.1 ?? "" }

    init?(word: ByteString) {
        guard let scope = Self.words.first(where: { $0.1 == word })?.0 else {
            return nil
        }
        self = scope
    }
}

extension ScopeKey.Kind {
    private static let words: [(ScopeKey.Kind, ByteString)] = [
        (.grant, "grant"), (.member, "member"), (.grantWithoutMember, "grant_without_member"), (.server, "server"),
        (.organisation, "organisation"),
    ]

    var word: ByteString { Self.words.first { $0.0 == self }?.1 ?? "" }

    init?(word: ByteString) {
        guard let kind = Self.words.first(where: { $0.1 == word })?.0 else {
            return nil
        }
        self = kind
    }
}

extension CounterKeyValue {
    /// What the journal says of it: a digest, for values are never kept.
    var digest: ByteString? {
        guard case .digest(let digest) = self else {
            return nil
        }
        return digest
    }
}

extension Charge {
    /// The charge a row of the journal tells of; `nil` for words this version does not know.
    init?(_ charge: AuditCharge) {
        let window: CounterWindow
        switch charge.counter.window {
        case .sliding(let nanoseconds):
            window = .sliding(nanoseconds: nanoseconds)
        case .calendar(let word):
            guard let unit = WindowUnit(word: word) else {
                return nil
            }
            window = .calendar(unit)
        }
        guard let scope = CounterScope(word: charge.counter.scope), let kind = ScopeKey.Kind(word: charge.holderKind)
        else {
            return nil
        }
        let never = WallTime(milliseconds: 0)..<WallTime(milliseconds: 0)
        self.init(
            identity: CounterIdentity(
                name: charge.counter.name,
                window: window,
                scope: scope,
                keyPath: charge.counter.keyPath
            ),
            scopeKey: ScopeKey(kind, charge.holder),
            keyValue: charge.value.map { .digest($0) } ?? .none,
            maximum: charge.amount,
            amount: charge.amount,
            calendarWindow: charge.calendarWindow ?? never
        )
    }
}
