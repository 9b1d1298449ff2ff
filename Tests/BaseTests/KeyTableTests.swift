import Base
import TestSupport
import Testing

@Suite("KeyTable")
struct KeyTableTests {
    private func find(_ key: String, in table: KeyTable, plain: Bool = false) -> KeyTable.Finding {
        let bytes = Array("<\(key)>".utf8)
        let range = 1..<bytes.count - 1
        return plain ? table.findPlain(bytes.span, range) : table.find(bytes.span, range)
    }

    @Test("every key is found by its bytes and nothing else is", arguments: [0, 1, 2, 3, 17, 64, 1_000])
    func everyKey(count: Int) {
        var random = SeededRandom(state: 7)
        var keys: Set<String> = []
        while keys.count < count {
            let length = Int.random(in: keys.isEmpty ? 0...0 : 1...30, using: &random)
            keys.insert(String((0..<length).map { _ in "abcXYZ_019é".randomElement(using: &random) ?? "a" }))
        }
        let ordered = keys.sorted()
        let table = KeyTable(ordered.map { Array($0.utf8) })
        #expect(table.count == count)
        for (number, key) in ordered.enumerated() {
            #expect(find(key, in: table) == .found(number), "\(key)")
            for other in [key + "q", String(key.dropLast()), key + " "] where !keys.contains(other) {
                let finding = find(other, in: table)
                #expect(finding == .absent || finding == .near, "\(other)")
            }
        }
    }

    @Test(
        "a key that differs only in the case of ASCII letters is near",
        arguments: ["userId", "a", "A_long_key_Of_24_letters"]
    )
    func caseTwins(key: String) {
        let table = KeyTable([Array(key.utf8), Array("other".utf8)])
        #expect(table.hasDistinctKeys)
        #expect(find(key, in: table) == .found(0))
        for twin in [key.uppercased(), key.lowercased()] where twin != key {
            #expect(find(twin, in: table) == .near)
            #expect(find(twin, in: table, plain: true) == .near)
        }
        #expect(find("neither", in: table) == .absent)
    }

    @Test("keys that are each other's twins are both found, and the table says that it has such")
    func twinsInside() {
        let table = KeyTable(["userId", "userid", "USERID"].map { Array($0.utf8) })
        #expect(!table.hasDistinctKeys)
        #expect(["userId", "userid", "USERID"].map { find($0, in: table) } == [.found(0), .found(1), .found(2)])
        #expect(find("UserId", in: table) == .near)
    }

    @Test("keys made to share every word the hash sees are told apart")
    func collisions() {
        // The hash reads bytes 0 to 7, 8 to 15 of the middle and the last eight: these differ elsewhere.
        let keys = (0..<200).map {
            Array("prefix__".utf8) + Array(String($0 + 100).utf8) + Array("_____middle_and_suffix__".utf8)
        }
        let table = KeyTable(keys)
        #expect(!table.hasDistinctKeys)
        for (number, key) in keys.enumerated() {
            #expect(table.find(key.span, 0..<key.count) == .found(number))
        }
    }

    @Test(
        "plain search calls every key beyond ASCII near, wherever its bytes stand",
        arguments: [1, 8, 9, 16, 17, 24, 40]
    )
    func beyondASCII(length: Int) {
        let table = KeyTable([Array("known".utf8)])
        for place in 0..<length {
            var key = [UInt8](repeating: UInt8(ascii: "x"), count: length)
            #expect(table.findPlain(key.span, 0..<length) == .absent)
            key[place] = 0xC3
            #expect(table.findPlain(key.span, 0..<length) == .near)
        }
    }
}
