internal import CUV
internal import Glibc

/// An IP address and a port.
public struct SocketAddress: Hashable, Sendable {
    /// The address.
    public let ip: IPAddress
    /// The port; 0 lets the system choose when listening.
    public let port: UInt16

    /// Puts the two together.
    public init(_ ip: IPAddress, port: UInt16) {
        self.ip = ip
        self.port = port
    }

    /// Reads `127.0.0.1:8080` or `[::1]:8080`; names are not addresses.
    public init?(_ text: some Collection<UInt8>) {
        let bytes = Array(text)
        guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")),
            let port = SocketAddress.port(bytes[(colon + 1)...])
        else {
            return nil
        }
        var host = bytes[..<colon]
        if host.first == UInt8(ascii: "[") {
            guard host.count >= 2, host.last == UInt8(ascii: "]") else {
                return nil
            }
            host = host.dropFirst().dropLast()
            guard let ip = IPAddress(host), ip.family == .v6 else {
                return nil
            }
            self.init(ip, port: port)
        } else {
            guard let ip = IPAddress(host), ip.family == .v4 else {
                return nil
            }
            self.init(ip, port: port)
        }
    }

    /// Reads a port: one to five digits, no leading zero unless it is all.
    static func port(_ text: ArraySlice<UInt8>) -> UInt16? {
        guard (1...5).contains(text.count), text.count == 1 || text.first != UInt8(ascii: "0") else {
            return nil
        }
        var value = 0
        for byte in text {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else {
                return nil
            }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return UInt16(exactly: value)
    }

    /// Whether packets to it never leave this machine.
    public var isLoopback: Bool { ip.isLoopback }

    /// Whether it is anything but a plain address of the public internet; see ``IPAddress/isPrivate``.
    public var isPrivate: Bool { ip.isPrivate }
}

extension SocketAddress: CustomStringConvertible {
    /// `127.0.0.1:8080`, `[::1]:8080`.
    public var description: String {
        ip.family == .v4 ? "\(ip):\(port)" : "[\(ip)]:\(port)"
    }
}

// MARK: - The system's form

extension SocketAddress {
    /// Lends the address in the system's form.
    func withSystemAddress<Result>(_ body: (UnsafePointer<sockaddr>) -> Result) -> Result {
        if ip.family == .v4 {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(ip.low).bigEndian
            // SAFETY: every sockaddr_in begins as a sockaddr; the pointer lives for the call.
            return unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0) }
            }
        }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        // SAFETY: in6_addr is sixteen plain bytes, written whole; the pointer lives for the call.
        unsafe withUnsafeMutableBytes(of: &address.sin6_addr) { bytes in
            unsafe bytes.storeBytes(of: ip.high.bigEndian, as: UInt64.self)
            unsafe bytes.storeBytes(of: ip.low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0) }
        }
    }

    /// From the system's form; nil for other families.
    init?(system: UnsafePointer<sockaddr>) {
        switch unsafe Int32(system.pointee.sa_family) {
        case AF_INET:
            // SAFETY: the family says which struct this is; system calls fill it whole.
            let address = unsafe UnsafeRawPointer(system).loadUnaligned(as: sockaddr_in.self)
            let ip = IPAddress(family: .v4, high: 0, low: UInt64(UInt32(bigEndian: address.sin_addr.s_addr)))
            self.init(ip, port: UInt16(bigEndian: address.sin_port))
        case AF_INET6:
            // SAFETY: as above; in6_addr is sixteen plain bytes.
            var address = unsafe UnsafeRawPointer(system).loadUnaligned(as: sockaddr_in6.self)
            let (high, low) = unsafe withUnsafeBytes(of: &address.sin6_addr) { bytes in
                unsafe (
                    UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                    UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                )
            }
            self.init(IPAddress(family: .v6, high: high, low: low), port: UInt16(bigEndian: address.sin6_port))
        default:
            return nil
        }
    }

    /// Asks libuv for a socket's own or its peer's address.
    static func ask(
        _ question: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<Int32>) -> Int32
    ) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = Int32(MemoryLayout<sockaddr_storage>.size)
        // SAFETY: sockaddr_storage has room for every family; the callee writes at most `length` bytes.
        return unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe question(address, &length) == 0 ? unsafe SocketAddress(system: address) : nil
            }
        }
    }
}
