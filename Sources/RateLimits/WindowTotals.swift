import Base

/// The time a charge is judged at, in its counter's own unit.
///
/// Sliding counters run on the monotonic clock in nanoseconds, calendar counters on the wall clock in milliseconds;
/// after this point the two are one algorithm.
struct WindowMoment {
    /// Numbers the bucket an addition made now belongs to; never falls as time goes on.
    let bucket: Int64
    /// Entries whose bucket expires at or before this are forgotten.
    let threshold: Int64
    /// When an addition made now stops counting.
    let expires: Int64
    /// The time now; waits are measured from it.
    let now: Int64
    /// Whether additions to an old bucket prolong it (sliding) or belong to the window it stands for (calendar).
    let prolongs: Bool
    /// Entries whose bucket expires at or before this are dropped; earlier than ``threshold`` in calendar windows.
    let dropThreshold: Int64

    /// How much later than others, in milliseconds, a call may ask that read the wall clock before them.
    ///
    /// Two workers do not come to a lock in the order in which they read the clock. So long an ended calendar window is
    /// remembered: a call that still belongs to it meets what it holds, not an empty counter.
    static let calendarGrace: Int64 = 1_000

    /// How many parts a sliding window is divided into; an entry may count one such part too long, never too short.
    static let divisions: Int64 = 64

    /// `calendarWindow` is the one `wall` falls into; sliding windows ignore it.
    init(_ window: CounterWindow, _ calendarWindow: Range<WallTime>, at now: Instant, wall: WallTime) {
        switch window {
        case .sliding(let length):
            let width = Swift.max((length - 1) / Self.divisions + 1, 1)
            let (end, overflow) = now.nanoseconds.addingReportingOverflow(length)
            bucket = now.nanoseconds.flooredDivision(by: width).quotient
            threshold = now.nanoseconds
            expires = overflow ? .max : end
            self.now = now.nanoseconds
            prolongs = true
            dropThreshold = threshold
        case .calendar:
            bucket = calendarWindow.lowerBound.milliseconds
            threshold = calendarWindow.lowerBound.milliseconds
            expires = calendarWindow.upperBound.milliseconds
            self.now = wall.milliseconds
            prolongs = false
            dropThreshold = threshold.subtractingReportingOverflow(Self.calendarGrace).partialValue
        }
    }
}

/// The total of one counter over its window, as a short list of buckets.
///
/// INVARIANT: bucket numbers and expiries rise along `buckets`; no sum is zero; `total` is the sum of all sums. A
/// sliding window keeps at most 65 buckets: those that began within the window and the one that began before it.
///
/// In a sliding window every entry counts until the window's length after the *last* entry of its bucket, which is at
/// most 1/64 of the window later than its own end and never earlier: no interval of the window's length admits more
/// than the maximum, and a single entry leaves exactly on time. A calendar window is one bucket that expires as a whole; it
/// is dropped a moment after that, and until then counts only for calls that still belong to it.
struct WindowTotals {
    private struct Bucket {
        let number: Int64
        var expires: Int64
        var sum: ExactDecimal

        /// Whether an addition of that moment is counted here and not in a new bucket.
        ///
        /// A calendar bucket that has not ended takes also what another policy's zone, or a call that comes late, would
        /// put into another window: what was added counts too long, never too short.
        func takes(_ moment: WindowMoment) -> Bool {
            moment.prolongs ? moment.bucket <= number : expires > moment.threshold
        }
    }

    private var buckets: [Bucket] = []
    private(set) var total: ExactDecimal = .zero

    var isEmpty: Bool { buckets.isEmpty }

    /// When the last entry stops counting, in the counter's unit.
    var expires: Int64 { buckets.last?.expires ?? .min }

    /// Drops what counts for nobody any more.
    ///
    /// A clock that went backwards drops nothing.
    mutating func forget(at moment: WindowMoment) {
        let threshold = moment.dropThreshold
        guard let first = buckets.first, first.expires <= threshold else {
            return
        }
        guard expires > threshold else {
            buckets.removeAll(keepingCapacity: true)
            total = .zero
            return
        }
        let kept = buckets.firstIndex { $0.expires > threshold } ?? buckets.count
        for index in 0..<kept {
            total = total - buckets[index].sum
        }
        buckets.removeFirst(kept)
    }

    /// What counts for a call of that moment.
    ///
    /// Call ``forget(at:)`` first.
    private func total(at moment: WindowMoment) -> ExactDecimal {
        guard let first = buckets.first, first.expires <= moment.threshold else {
            return total
        }
        return buckets.reduce(.zero) { $1.expires > moment.threshold ? $0 + $1.sum : $0 }
    }

    /// Whether `amount` fits below `maximum` now.
    ///
    /// Call ``forget(at:)`` first.
    func admits(_ amount: ExactDecimal, below maximum: ExactDecimal, at moment: WindowMoment) -> Bool {
        amount.isZero || total(at: moment) + amount <= maximum
    }

    /// How long until `amount` would fit if nothing else is added; `nil` when it never will.
    ///
    /// In the counter's unit.
    func wait(for amount: ExactDecimal, below maximum: ExactDecimal, at moment: WindowMoment) -> Int64? {
        guard amount <= maximum else {
            return nil
        }
        var rest = total(at: moment)
        for bucket in buckets where bucket.expires > moment.threshold {
            rest = rest - bucket.sum
            guard rest + amount > maximum else {
                // A calendar counter opened by a policy of another zone is left at the later of the two turns.
                let end = moment.prolongs ? bucket.expires : Swift.max(bucket.expires, moment.expires)
                let (difference, overflow) = end.subtractingReportingOverflow(moment.now)
                return overflow ? .max : Swift.max(difference, 0)
            }
        }
        return 0
    }

    /// Adds a positive amount and says in which bucket, for ``giveBack(_:from:)``.
    mutating func add(_ amount: ExactDecimal, at moment: WindowMoment) -> Int64 {
        total = total + amount
        guard let last = buckets.indices.last, buckets[last].takes(moment) else {
            buckets.append(Bucket(number: moment.bucket, expires: moment.expires, sum: amount))
            return moment.bucket
        }
        buckets[last].sum = buckets[last].sum + amount
        if moment.prolongs {
            buckets[last].expires = Swift.max(buckets[last].expires, moment.expires)
        }
        return buckets[last].number
    }

    /// The youngest bucket's number; `nil` when nothing counts.
    var youngest: Int64? { buckets.last?.number }

    /// What counts, oldest first, in the counter's unit.
    var entries: [StoredEntry] {
        buckets.map { StoredEntry(start: $0.number, expires: $0.expires, sum: $0.sum) }
    }

    /// Adds what another process counted, whose buckets may lie anywhere among these.
    mutating func restore(_ amount: ExactDecimal, bucket number: Int64, expires: Int64) {
        total = total + amount
        guard let index = buckets.firstIndex(where: { $0.number >= number }) else {
            let latest = Swift.max(expires, self.expires)
            buckets.append(Bucket(number: number, expires: latest, sum: amount))
            return
        }
        // Into the bucket it belongs to, or the next younger one: it counts a little longer, never shorter.
        buckets[index].sum = buckets[index].sum + amount
        for later in index..<buckets.count {
            buckets[later].expires = Swift.max(buckets[later].expires, expires)
        }
    }

    /// Takes back an addition if the bucket it was made in still counts, and never more than is there.
    mutating func giveBack(_ amount: ExactDecimal, from number: Int64) {
        guard let index = buckets.firstIndex(where: { $0.number == number }) else {
            return
        }
        guard amount < buckets[index].sum else {
            total = total - buckets[index].sum
            buckets.remove(at: index)
            return
        }
        buckets[index].sum = buckets[index].sum - amount
        total = total - amount
    }
}
