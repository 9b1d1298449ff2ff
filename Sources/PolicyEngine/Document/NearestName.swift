import Base

/// Finds the known name a person probably meant.
enum NearestName {
    /// The known name closest to `name`, if it is close enough to be worth saying; ties go to the first.
    static func suggestion(for name: [UInt8], among known: [String]) -> String? {
        guard name.count <= 64 else {
            return nil
        }
        let wanted = simplified(name)
        var best: (name: String, distance: Int)?
        for candidate in known {
            let distance = distance(wanted, simplified(Array(candidate.utf8)))
            if distance < best?.distance ?? Int.max {
                best = (candidate, distance)
            }
        }
        guard let best, best.distance <= max(1, min(wanted.count, best.name.utf8.count) / 3) else {
            return nil
        }
        return best.name
    }

    /// ASCII letters in lower case, without `_`, `-` and spaces: `denyIf` and `deny-if` are `deny_if` but for those.
    private static func simplified(_ name: [UInt8]) -> [UInt8] {
        name.compactMap { byte in
            switch byte {
            case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: " "): nil
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte + 32
            default: byte
            }
        }
    }

    /// Insertions, deletions, replacements and swaps of neighbours between two short texts.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            current.reserveCapacity(right.count + 1)
            for column in right.indices {
                let replaced = last[column] + (left[row] == right[column] ? 0 : 1)
                var best = min(replaced, last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
