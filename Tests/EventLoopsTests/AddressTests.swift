import EventLoops
import Testing

@Suite("addresses")
struct AddressTests {
    @Test(
        "addresses are read and written in one form",
        arguments: [
            ("0.0.0.0", "0.0.0.0"), ("127.0.0.1", "127.0.0.1"), ("255.255.255.255", "255.255.255.255"),
            ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("::ffff:10.0.0.1", "::ffff:a00:1"),
            ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
            ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"), ("0:0:1::", "0:0:1::"),
        ]
    )
    func forms(text: String, canonical: String) throws {
        let address = try #require(IPAddress(text.utf8))
        #expect(address.description == canonical)
        #expect(IPAddress(canonical.utf8) == address)
    }

    @Test(
        "what resolvers would guess at is not an address",
        arguments: [
            "", "1", "127.1", "0x7f.0.0.1", "2130706433", "127.0.0.01", "127.0.0.1.", "1.2.3", "1.2.3.4.5", "256.1.1.1",
            "1.2.3.4 ", " 1.2.3.4", "+1.2.3.4", ":", ":::", "1:", ":1", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
            "::12345", "::g", "fe80::1%eth0", "[::1]", "1.2.3.4::", "::1.2.3", "1:2:3:4:5:6:7::8:9", "::1.2.3.4:5",
        ]
    )
    func refused(text: String) {
        #expect(IPAddress(text.utf8) == nil)
    }

    @Test("sockets' addresses are read and written", arguments: ["127.0.0.1:80", "[::1]:65535", "0.0.0.0:0"])
    func sockets(text: String) {
        #expect(SocketAddress(text.utf8)?.description == text)
    }

    @Test(
        "what is not an address and a port is refused",
        arguments: [
            "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:080", "::1:80", "[::1]", "[127.0.0.1]:80",
            "localhost:80",
            "[::1:80", "127.0.0.1:+80", "[]:80", ":80", "127.0.0.1:999999",
        ]
    )
    func refusedSockets(text: String) {
        #expect(SocketAddress(text.utf8) == nil)
    }

    @Test(
        "G1: addresses that are not of the public internet are told apart in every spelling",
        arguments: [
            "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.19.255.255",
            "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
            "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::10.0.0.1", "64:ff9b:1::1",
            "2002:7f00:1::", "2002:a00:1::1", "2001::1", "2001:db8::1", "2001:10::1", "2001:20::1", "fc00::1",
            "fd12:3456::1",
            "fe80::1", "fec0::1", "ff02::1", "3fff::1", "100::1", "4000::1",
        ]
    )
    func special(text: String) throws {
        let address = try #require(IPAddress(text.utf8))
        #expect(address.isPrivate)
    }

    @Test(
        "G1: public addresses pass",
        arguments: [
            "1.1.1.1", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "126.1.1.1", "128.0.0.1",
            "169.253.1.1",
            "172.15.0.1", "172.32.0.1", "192.1.0.1", "192.167.1.1", "198.17.1.1", "198.20.0.1", "223.255.255.255",
            "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1",
        ]
    )
    func notSpecial(text: String) throws {
        let address = try #require(IPAddress(text.utf8))
        #expect(!address.isPrivate)
        #expect(!address.isLoopback)
    }

    @Test("loopback is seen through a mapped address")
    func loopback() throws {
        #expect(try #require(IPAddress("::ffff:127.0.0.5".utf8)).isLoopback)
        #expect(IPAddress.loopbackV4.isLoopback && IPAddress.loopbackV6.isLoopback)
        #expect(try #require(IPAddress("::ffff:0.0.0.0".utf8)).isUnspecified)
    }
}
