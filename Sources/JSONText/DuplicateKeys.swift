import Base

/// Finds members of one object that have the same key, escapes resolved (security.md, A1).
///
/// Asked only when the reader's marks leave it open. Up to eight members are compared pairwise; more go through a hash table with a secret key, so that nobody can choose
/// keys that collide (H3).
enum DuplicateKeys {
    private static let maximumPairwise = 8

    /// Where the second of two equal keys starts; `nil` when all differ.
    ///
    /// The object's `count` members stand from `first` to the tape's end. Linear in its keys.
    static func firstOffset(of count: Int, from first: Int, _ tape: Span<TapeNode>, _ text: Span<UInt8>) -> Int? {
        count <= maximumPairwise ? pairwise(from: first, tape, text) : hashed(from: first, count: count, tape, text)
    }

    private static func pairwise(from first: Int, _ tape: Span<TapeNode>, _ text: Span<UInt8>) -> Int? {
        var later = first
        while later < tape.count {
            var earlier = first
            while earlier < later {
                if areEqual(tape[earlier], tape[later], text) {
                    return Int(tape[later].start)
                }
                earlier = Int(tape[earlier + 1].next)
            }
            later = Int(tape[later + 1].next)
        }
        return nil
    }

    private static func hashed(from first: Int, count: Int, _ tape: Span<TapeNode>, _ text: Span<UInt8>) -> Int? {
        let bits = Int.bitWidth - (count * 2).leadingZeroBitCount
        let mask = (1 << bits) - 1
        // High half: part of the hash, so that keys are compared only when it agrees; low half: the node. 0 is empty,
        // for node 0 is the root.
        var slots = [UInt64](repeating: 0, count: mask + 1)
        var index = first
        while index < tape.count {
            let hash = KeyHash.shared.hash(tape[index], text)
            var slot = Int(truncatingIfNeeded: hash >> UInt64(64 - bits))
            let tag = hash << 32
            while slots[slot] != 0 {
                let other = Int(truncatingIfNeeded: slots[slot] & 0xFFFF_FFFF)
                if slots[slot] & ~0xFFFF_FFFF == tag, areEqual(tape[other], tape[index], text) {
                    return Int(tape[index].start)
                }
                slot = (slot + 1) & mask
            }
            slots[slot] = tag | UInt64(index)
            index = Int(tape[index + 1].next)
        }
        return nil
    }

    /// Whether two keys stand for the same text.
    private static func areEqual(_ left: TapeNode, _ right: TapeNode, _ text: Span<UInt8>) -> Bool {
        if left.hasEscapes || right.hasEscapes {
            return StringEscapes.resolved(text, in: left.contents) == StringEscapes.resolved(text, in: right.contents)
        }
        return text.isEqual(left.contents, to: text, right.contents)
    }
}

/// A polynomial over the field of 2^61 − 1 elements at a secret point, then a multiplication by a secret odd number.
///
/// Two keys of n bytes collide for at most n of 2^61 points, whoever chose them. Rejected: the standard library's hasher,
/// which takes raw pointers only, and multiplication modulo 2^64, for which colliding texts are known for every factor.
private struct KeyHash {
    static let shared = KeyHash()

    private static let prime: UInt64 = (1 << 61) - 1
    private let point: UInt64
    private let factor: UInt64

    private init() {
        point = UInt64.random(in: 256..<Self.prime)
        factor = UInt64.random(in: 0...UInt64.max) | 1
    }

    func hash(_ key: TapeNode, _ text: Span<UInt8>) -> UInt64 {
        var state: UInt64 = 1
        if key.hasEscapes {
            for byte in StringEscapes.resolved(text, in: key.contents) {
                state = step(state, byte)
            }
        } else {
            for index in key.contents {
                state = step(state, text[index])
            }
        }
        return state.multipliedFullWidth(by: factor).low
    }

    private func step(_ state: UInt64, _ byte: UInt8) -> UInt64 {
        let product = state.multipliedFullWidth(by: point)
        // Reduced once, which leaves at most prime + 255: equal keys still take equal steps, and nothing overflows.
        let sum = (product.low & Self.prime) &+ (product.high << 3 | product.low >> 61) &+ UInt64(byte)
        return sum >= Self.prime ? sum &- Self.prime : sum
    }
}
