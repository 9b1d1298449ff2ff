internal import Base

/// Where an absolute path lies, whatever escapes, dots and slashes it is written with, for `path_within`.
///
/// Nothing is looked up in a file system: it is the path's text alone that is placed.
struct PathPlacement: Hashable, Sendable {
    /// The components, each with a slash before it; empty for the root.
    ///
    /// INVARIANT: no component is empty, `.` or `..`, or holds a slash, so that a prefix that ends before a slash (or
    /// at the end) is a directory above.
    private let bytes: [UInt8]

    /// Places `path`; `nil` when that cannot be done.
    ///
    /// Percent escapes are decoded until nothing changes, then `\` counts as `/`. Relative paths (`~` too), NUL, a `%`
    /// that is left over and bytes that are not UTF-8 cannot be placed. O(n).
    init?(_ path: [UInt8]) {
        let decoded = Self.fullyDecoded(path).map { $0 == UInt8(ascii: "\\") ? UInt8(ascii: "/") : $0 }
        guard decoded.first == UInt8(ascii: "/"), !decoded.contains(0), !decoded.contains(UInt8(ascii: "%")),
            decoded.allSatisfy({ $0 < 0x80 }) || String(validating: decoded, as: UTF8.self) != nil
        else {
            return nil
        }
        bytes = Self.resolved(decoded)
    }

    /// The components of `path` from the root down; `nil` when it cannot be placed.
    static func normalise(_ path: [UInt8]) -> [[UInt8]]? {
        PathPlacement(path).map { $0.components }
    }

    /// The components from the root down.
    var components: [[UInt8]] {
        bytes.split(separator: UInt8(ascii: "/")).map { Array($0) }
    }

    /// Whether this path is `directory` or lies below it, by whole components.
    func isWithin(_ directory: PathPlacement) -> Bool {
        bytes.starts(with: directory.bytes)
            && (bytes.count == directory.bytes.count || bytes[directory.bytes.count] == UInt8(ascii: "/"))
    }

    /// Whether this path is one of `directories` or lies below one of them.
    func isWithin(_ directories: [PathPlacement]) -> Bool {
        directories.contains { isWithin($0) }
    }

    /// Decodes as if over and over, in one pass: a decoded byte may complete an escape with the bytes before it.
    ///
    /// Escapes cannot overlap (a `%` only begins one), so the order of decoding does not matter.
    private static func fullyDecoded(_ path: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(path.count)
        for byte in path {
            output.append(byte)
            while output.count >= 3, output[output.count - 3] == UInt8(ascii: "%"),
                let high = output[output.count - 2].hexadecimalDigit,
                let low = output[output.count - 1].hexadecimalDigit
            {
                output.removeLast(3)
                output.append(high << 4 | low)
            }
        }
        return output
    }

    private static func resolved(_ path: [UInt8]) -> [UInt8] {
        let slash = UInt8(ascii: "/")
        var output: [UInt8] = []
        output.reserveCapacity(path.count)
        for component in path.split(separator: slash) {
            if component.isEqual(to: ".") {
                continue
            }
            if component.isEqual(to: "..") {
                output.removeSubrange((output.lastIndex(of: slash) ?? 0)...)
                continue
            }
            output.append(slash)
            output.append(contentsOf: component)
        }
        return output
    }
}
