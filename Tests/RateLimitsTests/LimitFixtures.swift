import Base
import RateLimits
import Testing

let second: Int64 = 1_000_000_000

func decimal(_ text: String) -> ExactDecimal {
    let bytes = Array(text.utf8)
    return ExactDecimal(lexeme: bytes.span) ?? ExactDecimal(-1)
}

func identity(_ name: ByteString = "c", seconds: Int64 = 60, keyPath: ByteString? = nil) -> CounterIdentity {
    CounterIdentity(name: name, window: .sliding(nanoseconds: seconds * second), scope: .grant, keyPath: keyPath)
}

func charge(
    _ identity: CounterIdentity = identity(),
    max: String,
    amount: String = "1",
    grant: ByteString = "g",
    key: CounterKeyValue = .none,
    calendar: Range<Int64> = 0..<0,
    isShadow: Bool = false,
    tag: Int = 0
) -> Charge {
    Charge(
        identity: identity,
        scopeKey: ScopeKey(.grant, grant),
        keyValue: key,
        maximum: decimal(max),
        amount: decimal(amount),
        calendarWindow: WallTime(milliseconds: calendar.lowerBound)..<WallTime(milliseconds: calendar.upperBound),
        isShadow: isShadow,
        tag: tag
    )
}

extension LimitTable {
    /// Reserves charges at a time in nanoseconds; the wall clock shows the same in milliseconds.
    func reserve(_ charges: [Charge], slots: [SlotClaim] = [], at nanoseconds: Int64) -> ReservationResult {
        reserve(
            ReservationPlan(slots: slots, charges: charges),
            at: Instant(nanoseconds: nanoseconds),
            wall: WallTime(milliseconds: nanoseconds / 1_000_000)
        )
    }
}

extension ReservationResult {
    var reservation: Reservation? {
        guard case .admitted(let reservation, _) = self else {
            return nil
        }
        return reservation
    }

    var refusal: LimitRefusal? {
        guard case .refused(let refusal) = self else {
            return nil
        }
        return refusal
    }

    var isAdmitted: Bool { reservation != nil }

    var shadowRefusals: [Int] {
        guard case .admitted(_, let refusals) = self else {
            return []
        }
        return refusals
    }
}
