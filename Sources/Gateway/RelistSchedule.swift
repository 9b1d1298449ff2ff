internal import Base

/// When a server in use is listed again though nothing asked for it: definitions can change in silence (E2).
struct RelistSchedule {
    /// About how long between two listings.
    let interval: Duration

    /// The least time between two listings of one server, whichever worker's turn it is.
    var least: Duration { interval * 4 / 5 }

    /// When a worker's next turn comes: from four to six fifths of the interval, as `roll` has it, a random byte; so that
    /// many gateways do not ask one server in step.
    func delay(roll: UInt8) -> Duration {
        least + interval * 2 / 5 * Int(roll) / 255
    }
}
