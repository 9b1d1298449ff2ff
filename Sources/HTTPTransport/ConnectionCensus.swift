internal import Base
internal import EventLoops
internal import Synchronization

/// How many connections are open, in all and by client address, over all workers.
public final class ConnectionCensus: Sendable {
    private struct Counts {
        var total = 0
        var byAddress: [IPAddress: Int] = [:]
    }

    private let counts = Guarded(Counts())
    private let maximum: Int
    private let maximumPerAddress: Int

    init(maximum: Int, maximumPerAddress: Int) {
        self.maximum = maximum
        self.maximumPerAddress = maximumPerAddress
    }

    /// Open connections at this moment.
    public var count: Int { counts.withLock { counts in counts.total } }

    /// Counts one in; false when there are too many.
    func enter(_ address: IPAddress) -> Bool {
        let key = address.neighbourhood
        return counts.withLock { counts in
            guard counts.total < maximum, counts.byAddress[key, default: 0] < maximumPerAddress else {
                return false
            }
            counts.total += 1
            counts.byAddress[key, default: 0] += 1
            return true
        }
    }

    func leave(_ address: IPAddress) {
        let key = address.neighbourhood
        counts.withLock { counts in
            counts.total -= 1
            let left = (counts.byAddress[key] ?? 1) - 1
            counts.byAddress[key] = left == 0 ? nil : left
        }
    }
}
