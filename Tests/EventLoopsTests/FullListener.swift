import EventLoops
import Glibc

/// A listening socket nobody accepts from, its queue already full, so that further connections hang.
final class FullListener {
    let address: SocketAddress
    private var descriptors: [Int32] = []

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        descriptors.append(listener)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = bind(listener, address, length)
                listen(listener, 0)
                getsockname(listener, address, &length)
            }
        }
        address = SocketAddress(.loopbackV4, port: UInt16(bigEndian: name.sin_port))
        for _ in 0..<3 {
            let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            descriptors.append(client)
            withUnsafePointer(to: &name) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    _ = connect(client, address, length)
                }
            }
        }
    }

    deinit {
        for descriptor in descriptors {
            close(descriptor)
        }
    }
}
