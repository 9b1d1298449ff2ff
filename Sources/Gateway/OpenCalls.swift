internal import Base
internal import EventLoops

/// The calls of one worker that are not answered yet.
///
/// Loop-confined.
///
/// Adding and removing move one reference; everything rarer (a cancellation, a revocation, keep-alives) walks the list.
struct OpenCalls {
    private(set) var calls: [Call] = []

    mutating func add(_ call: Call) {
        call.place = calls.count
        calls.append(call)
    }

    mutating func remove(_ call: Call) {
        let place = call.place
        guard place >= 0, place < calls.count, calls[place] === call else {
            return
        }
        call.place = -1
        let last = calls.removeLast()
        if last !== call {
            calls[place] = last
            last.place = place
        }
    }
}
