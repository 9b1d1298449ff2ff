import Base
import Secrets
import Testing

@Suite struct SealingKeyTests {
    private let context = SealingContext(purpose: .session, grant: "g1", server: "s1")
    private let now = WallTime(milliseconds: 1_800_000_000_000)
    private let later = WallTime(milliseconds: 1_800_000_060_000)

    private func key(_ versions: [UInt32]) throws -> SealingKey {
        let keys = versions.map { VersionedKey(version: $0, key: Secret([UInt8](repeating: UInt8($0), count: 32))) }
        return try #require(SealingKey(keys))
    }

    @Test("what was sealed opens again, as visible ASCII in between")
    func opens() throws {
        let key = try key([1])
        for plaintext in [[], [0], Array("upstream-session".utf8), [UInt8](repeating: 0xAB, count: 65_536)] {
            let text = try #require(key.seal(plaintext, for: context, expires: later))
            #expect(text.allSatisfy { (0x21...0x7E).contains($0) })
            #expect(key.open(text, for: context, now: now) == plaintext)
        }
        #expect(key.seal([UInt8](repeating: 0, count: 65_537), for: context, expires: later) == nil)
    }

    @Test("D1: a handle opens for its own purpose, grant and server only")
    func isBound() throws {
        let key = try key([1])
        let text = try #require(key.seal([1, 2, 3], for: context, expires: later))
        let grants: [ByteString] = ["g1", "g2", "", "g1s", "g"]
        let servers: [ByteString] = ["s1", "s2", "", "1", "s1\u{0}"]
        for purpose in SealingPurpose.allCases {
            for grant in grants {
                for server in servers {
                    let other = SealingContext(purpose: purpose, grant: grant, server: server)
                    #expect((key.open(text, for: other, now: now) != nil) == (other == context))
                }
            }
        }
        let shifted = SealingContext(purpose: .session, grant: "g1s", server: "1")
        let sealed = try #require(
            key.seal([1], for: SealingContext(purpose: .session, grant: "g1", server: "s1"), expires: later)
        )
        #expect(key.open(sealed, for: shifted, now: now) == nil)
    }

    @Test("D1: any changed, cut or lengthened handle is unknown")
    func refusesDamage() throws {
        let key = try key([1, 2])
        let text = try #require(key.seal([1, 2, 3], for: context, expires: later))
        for index in text.indices {
            for replacement in Array("AaZ0-_=. ".utf8) where replacement != text[index] {
                var changed = text
                changed[index] = replacement
                #expect(key.open(changed, for: context, now: now) == nil)
            }
            #expect(key.open(Array(text[..<index]), for: context, now: now) == nil)
        }
        #expect(key.open(text + Array("AAAA".utf8), for: context, now: now) == nil)
        #expect(key.open([], for: context, now: now) == nil)
        #expect(key.open([UInt8](repeating: 0x41, count: 1_000_000), for: context, now: now) == nil)
    }

    @Test("a handle expires at its moment")
    func expires() throws {
        let key = try key([1])
        let text = try #require(key.seal([1], for: context, expires: later))
        #expect(key.open(text, for: context, now: WallTime(milliseconds: later.milliseconds - 1)) == [1])
        #expect(key.open(text, for: context, now: later) == nil)
        let ancient = try #require(key.seal([1], for: context, expires: WallTime(milliseconds: .min)))
        #expect(key.open(ancient, for: context, now: now) == nil)
    }

    @Test("two seals of the same are different texts")
    func isRandomised() throws {
        let key = try key([1])
        #expect(key.seal([1], for: context, expires: later) != key.seal([1], for: context, expires: later))
    }

    @Test("after a rotation old handles still open, new ones use the new key, and a dropped key opens nothing")
    func rotates() throws {
        let text = try #require(try key([1]).seal([1], for: context, expires: later))
        #expect(try key([1, 2]).open(text, for: context, now: now) == [1])
        #expect(try key([2]).open(text, for: context, now: now) == nil)
        let newer = try #require(try key([1, 2]).seal([2], for: context, expires: later))
        #expect(try key([2]).open(newer, for: context, now: now) == [2])
        #expect(try key([1]).open(newer, for: context, now: now) == nil)
    }

    @Test("keys of another length make no sealing key")
    func refusesShortKeys() {
        #expect(SealingKey([]) == nil)
        #expect(SealingKey([VersionedKey(version: 1, key: Secret([1, 2, 3]))]) == nil)
    }
}
