internal import Base

/// Which names a listener answers to: the defence against DNS rebinding and cross-site calls (security.md, C9).
///
/// `localhost` and IP literals are always served: a rebinding attack needs a name that its owner can point elsewhere.
/// Any other name has to be configured. Ports are not compared.
public struct HostRules: Sendable {
    private let names: Set<ByteString>
    private let origins: Set<ByteString>

    /// Rules for further host names, without port, and further origins, exactly as a browser sends them.
    public init(hosts: [String], origins: [String]) {
        names = Set(hosts.map { ByteString(Self.lowercased(Array($0.utf8))) })
        self.origins = Set(origins.map { ByteString($0) })
    }

    /// Whether a request with this `Host` field (RFC 9110, section 7.2) is for us.
    public func admits(host field: some RandomAccessCollection<UInt8>) -> Bool {
        guard let name = Self.hostName(of: Array(field)) else {
            return false
        }
        return isServed(name)
    }

    /// Whether a page of this origin may call us: a configured one, or one of this machine.
    public func admits(origin field: some RandomAccessCollection<UInt8>) -> Bool {
        let origin = Array(field)
        if origins.contains(ByteString(origin)) {
            return true
        }
        let scheme: StaticString = origin.hasPrefix("http://") ? "http://" : "https://"
        guard origin.hasPrefix(scheme),
            let name = Self.hostName(of: Array(origin[scheme.utf8CodeUnitCount...]))
        else {
            return false
        }
        return Self.isLoopback(name) || names.contains(ByteString(name))
    }

    private func isServed(_ name: [UInt8]) -> Bool {
        Self.isLoopback(name) || Self.isAddressLiteral(name) || names.contains(ByteString(name))
    }

    /// The host of `host[:port]` in lower case; `nil` when it is not of that form.
    private static func hostName(of field: [UInt8]) -> [UInt8]? {
        let end: Int
        if field.first == UInt8(ascii: "[") {
            guard let bracket = field.firstIndex(of: UInt8(ascii: "]")) else {
                return nil
            }
            end = bracket + 1
        } else {
            end = field.firstIndex(of: UInt8(ascii: ":")) ?? field.count
        }
        let port = field[end...]
        guard end > 0, end <= 255, port.isEmpty || (port.first == UInt8(ascii: ":") && port.count <= 6),
            port.dropFirst().allSatisfy({ $0.decimalDigit != nil }),
            field[..<end].allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "@") })
        else {
            return nil
        }
        return lowercased(Array(field[..<end]))
    }

    private static func isLoopback(_ name: [UInt8]) -> Bool {
        name.isEqual(to: "localhost") || name.isEqual(to: "127.0.0.1") || name.isEqual(to: "[::1]")
    }

    /// Digits and dots in four groups, or anything in brackets: never a name that resolves.
    private static func isAddressLiteral(_ name: [UInt8]) -> Bool {
        if name.first == UInt8(ascii: "[") {
            return true
        }
        let groups = name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return groups.count == 4
            && groups.allSatisfy { (1...3).contains($0.count) && $0.allSatisfy { $0.decimalDigit != nil } }
    }

    private static func lowercased(_ bytes: [UInt8]) -> [UInt8] {
        bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 + 32 : $0 }
    }
}
