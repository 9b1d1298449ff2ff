import Base

/// What may be added to one counter before the additions are on the disk: a loss of power may take them, and what was kept
/// ahead then stands for them (docs/decisions/0011).
///
/// INVARIANT: what was added under the allowance since a state was taken is at most what that state says is ahead, for every
/// state that may be found on the disk.
final class Allowance {
    // ISOLATION: like the counter it belongs to, touched only under the lock of its shard.

    /// What a state on its way to the disk says.
    struct Offer {
        /// What may be added until `ends` without a trace.
        let ahead: ExactDecimal
        /// On the monotonic clock, in nanoseconds.
        let ends: Int64
        /// What of it may be used only once the state is on the disk.
        fileprivate let topUp: ExactDecimal
        /// For which calendar window.
        fileprivate let bucket: Int64?

        /// Whether there is more to use once it is on the disk.
        var adds: Bool { !topUp.isZero }
    }

    /// How long it may be used: what is found on the disk later stands for nothing.
    private static let lifetime: Int64 = 60_000_000_000
    /// It is at most such a part of a limit: so much a crash may take from it.
    private static let share = 64
    /// How many times over what was added lately is kept ahead, as a number of doublings.
    private static let doublings = 3

    private let isCalendar: Bool
    /// What is left to use.
    private var left: ExactDecimal = .zero
    private var ends: Int64 = .min
    private var bucket: Int64?
    /// What there was to use when a state was last taken.
    private var before: ExactDecimal = .zero
    /// What found no room since.
    private var wanted: ExactDecimal = .zero
    /// The bound that was asked for last.
    private var maximum: ExactDecimal = .zero

    init(of window: CounterWindow) {
        isCalendar = if case .calendar = window { true } else { false }
    }

    /// Uses some of it for an addition; false when there is not enough.
    func covers(_ amount: ExactDecimal, _ bucket: Int64, below maximum: ExactDecimal, at now: Instant) -> Bool {
        self.maximum = maximum
        guard now.nanoseconds < ends, amount <= left, !isCalendar || bucket == self.bucket else {
            wanted = wanted + amount
            return false
        }
        left = left - amount
        return true
    }

    /// What the state that is taken now says is ahead; more than there is when much was added lately.
    func offer(for youngest: Int64?, at now: Instant) -> Offer? {
        guard let youngest else {
            // Nothing counts, so nothing is kept: nothing may be used either.
            left = .zero
            before = .zero
            return nil
        }
        var recent = wanted
        if now.nanoseconds < ends, !isCalendar || youngest == bucket {
            recent = recent + (before - left)
        } else {
            left = .zero
        }
        wanted = .zero
        before = left
        for _ in 0..<Self.doublings {
            recent = recent + recent
        }
        let aim = min(recent, maximum.int.map { ExactDecimal($0 / Self.share) } ?? .zero)
        guard left + left < aim else {
            return left.isZero ? nil : Offer(ahead: left, ends: ends, topUp: .zero, bucket: bucket)
        }
        let later = now.nanoseconds.addingReportingOverflow(Self.lifetime).partialValue
        return Offer(ahead: aim, ends: later, topUp: aim - left, bucket: youngest)
    }

    /// The state with this offer is on the disk.
    func take(_ offer: Offer) {
        if isCalendar, offer.bucket != bucket {
            // What was left was for another window.
            left = .zero
        }
        left = left + offer.topUp
        before = left
        ends = offer.ends
        bucket = offer.bucket
    }
}
