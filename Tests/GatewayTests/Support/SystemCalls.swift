import Glibc

// glibc declares these with unions of pointers under _GNU_SOURCE, which the compiler cannot convert to: bound here to
// what they are in the binary, plain pointers.

@_silgen_name("connect")
private func systemConnect(_ descriptor: Int32, _ address: UnsafeRawPointer, _ length: UInt32) -> Int32

@_silgen_name("bind")
private func systemBind(_ descriptor: Int32, _ address: UnsafeRawPointer, _ length: UInt32) -> Int32

@_silgen_name("accept")
private func systemAccept(
    _ descriptor: Int32,
    _ address: UnsafeMutableRawPointer?,
    _ length: UnsafeMutableRawPointer?
)
    -> Int32

@_silgen_name("getsockname")
private func systemName(
    _ descriptor: Int32,
    _ address: UnsafeMutableRawPointer,
    _ length: UnsafeMutablePointer<UInt32>
)
    -> Int32

/// TCP on 127.0.0.1, by the system's calls.
enum Loopback {
    /// An address in the system's form: family, port and 127.0.0.1, each in its place.
    private static func address(port: UInt16) -> [UInt8] {
        [2, 0, UInt8(port >> 8), UInt8(truncatingIfNeeded: port), 127, 0, 0, 1] + Array(repeating: 0, count: 8)
    }

    /// A connection to a port; nil when nobody listens there.
    static func connect(to port: UInt16) -> Int32? {
        let descriptor = socket(2, 1, 0)
        guard systemConnect(descriptor, address(port: port), 16) == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// A listening socket and its port, which stays its own when it stops listening for a while.
    ///
    /// A port the system chose is free again as soon as nobody listens, so one is asked for and then named.
    static func listener() -> (descriptor: Int32, port: UInt16) {
        while true {
            let port = freePort()
            let descriptor = socket(2, 1, 0)
            // SO_REUSEADDR: connections that are still open do not keep it from listening again.
            var isOn: Int32 = 1
            setsockopt(descriptor, 1, 2, &isOn, 4)
            if systemBind(descriptor, address(port: port), 16) == 0, listen(descriptor, 128) == 0 {
                return (descriptor, port)
            }
            close(descriptor)
        }
    }

    private static func freePort() -> UInt16 {
        let descriptor = socket(2, 1, 0)
        defer { close(descriptor) }
        _ = systemBind(descriptor, address(port: 0), 16)
        var name = [UInt8](repeating: 0, count: 16)
        var length: UInt32 = 16
        _ = systemName(descriptor, &name, &length)
        return UInt16(name[2]) << 8 | UInt16(name[3])
    }

    /// The next connection; negative when the listener is closed.
    static func accept(_ listener: Int32) -> Int32 {
        systemAccept(listener, nil, nil)
    }
}
