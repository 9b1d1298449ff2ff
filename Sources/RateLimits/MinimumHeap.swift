/// A binary heap whose first element is the smallest.
///
/// Not bounded by itself: its owners bound what they push.
package struct MinimumHeap<Element: Comparable> {
    private var elements: [Element] = []

    package init() {}

    package var isEmpty: Bool { elements.isEmpty }
    package var count: Int { elements.count }
    package var first: Element? { elements.first }

    /// Keeps only the elements that satisfy `predicate`; O(n log n).
    package mutating func keep(where predicate: (Element) -> Bool) {
        // A sorted array is a heap.
        elements = elements.filter(predicate).sorted()
    }

    /// O(log n).
    package mutating func push(_ element: Element) {
        elements.append(element)
        var child = elements.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard elements[child] < elements[parent] else {
                return
            }
            elements.swapAt(child, parent)
            child = parent
        }
    }

    /// O(log n).
    package mutating func popFirst() -> Element? {
        guard let last = elements.popLast() else {
            return nil
        }
        guard let smallest = elements.first else {
            return last
        }
        elements[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in (2 * parent + 1)...(2 * parent + 2) where child < elements.count {
                if elements[child] < elements[least] {
                    least = child
                }
            }
            guard least != parent else {
                return smallest
            }
            elements.swapAt(parent, least)
            parent = least
        }
    }
}
