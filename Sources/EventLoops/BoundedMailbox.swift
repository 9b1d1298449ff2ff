/// A queue from many senders on a loop to one waiting task of the same loop.
///
/// Loop-confined.
///
/// Full: ``push(_:)`` answers false and the element is dropped, so the sender decides what that means.
public final class BoundedMailbox<Element> {
    private let loop: EventLoop
    private let capacity: Int
    private var elements: [Element] = []
    private var first = 0
    private let arrival = WaitPoint()

    /// Whether it was closed; elements already in it are still delivered.
    public private(set) var isClosed = false

    /// Makes a mailbox that holds at most `capacity` elements.
    public init(on loop: EventLoop, capacity: Int) {
        self.loop = loop
        self.capacity = capacity
    }

    /// How many elements wait.
    public var count: Int { elements.count - first }

    /// Puts `element` in; false when the mailbox is full or closed.
    public func push(_ element: Element) -> Bool {
        guard !isClosed, count < capacity else {
            return false
        }
        elements.append(element)
        arrival.wake()
        return true
    }

    /// Lets ``next()`` answer nil once the mailbox is empty.
    public func close() {
        isClosed = true
        arrival.wake()
    }

    /// The next element, waiting for one; nil when the mailbox is closed and empty or the task is cancelled.
    public func next(isolation: isolated (any Actor)? = #isolation) async -> Element? {
        if count == 0 && !isClosed {
            await waitForArrival(isolation)
        }
        guard count > 0 else {
            return nil
        }
        let element = elements[first]
        first += 1
        if first == elements.count {
            elements.removeAll(keepingCapacity: true)
            first = 0
        } else if first >= 64 && first * 2 >= elements.count {
            // Amortised: each element moves at most once per halving.
            elements.removeFirst(first)
            first = 0
        }
        return element
    }

    private func waitForArrival(_ isolation: isolated (any Actor)?) async {
        let loop = loop
        let arrival = Confined(arrival)
        // Capturing `isolation` keeps the closure where it is. Without it the closure runs one hop away, and between looking
        // and waiting an arrival could be missed; therefore it also looks again itself.
        await withTaskCancellationHandler {
            _ = isolation
            while count == 0 && !isClosed && !Task.isCancelled {
                await arrival.value.wait()
            }
        } onCancel: {
            // May run on any thread: the wake-up is handed to the loop.
            loop.execute { arrival.value.wake() }
        }
    }
}
