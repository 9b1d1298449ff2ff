import Base
import JSONText
import MCPModel
import Testing

@Suite("revisions and ids")
struct IdentityTests {
    @Test("a revision is known by its exact date", arguments: Revision.allCases)
    func revision(_ revision: Revision) {
        #expect(Revision(Array(revision.text.utf8)) == revision)
        #expect(revision.era == (revision.text < "2026" ? .legacy : .modern))
        #expect(revision.isServed == Revision.served.contains(revision))
    }

    @Test(
        "A9: what is not exactly a known date is no revision",
        arguments: [
            "", "2025-06-18 ", " 2025-06-18", "2025-06-18,2025-06-18", "2025-6-18", "draft", "2025\u{2010}06\u{2010}18",
            "2026-07-29", "DRAFT-2026-v1",
        ]
    )
    func strangers(text: String) {
        #expect(Revision(Array(text.utf8)) == nil)
    }

    @Test("A9: 2024-11-05 is recognised and not served")
    func oldest() {
        #expect(!Revision.november2024.isServed)
        #expect(Revision.served == [.july2026, .november2025, .june2025, .march2025])
    }

    @Test(
        "A11: an id is text or a whole number, kept as it was written",
        arguments: [
            "0", "1", "-1", "9007199254740993", "9223372036854775807", "-9223372036854775808", #""""#, #""a""#,
            #""\u0061""#, #""1""#, #""é""#, #""a\"b""#,
        ]
    )
    func accepted(lexeme: String) throws {
        let id = try #require(RequestID(try Fixture.json(lexeme)))
        #expect(id.json.text == lexeme)
    }

    @Test(
        "A11, MS-05: null, fractions, exponents, minus zero and what exceeds 64 bits are no ids",
        arguments: [
            "null", "1.0", "1e2", "1E2", "0.5", "-0", "9223372036854775808", "-9223372036854775809", "true", "[]", "{}",
            "123456789012345678901234567890",
        ]
    )
    func refused(lexeme: String) throws {
        #expect(RequestID(try Fixture.json(lexeme)) == nil)
    }

    @Test("A11: an id of more than 1024 bytes is none")
    func tooLong() throws {
        let fits = String(repeating: "x", count: RequestID.maximumBytes - 2)
        #expect(RequestID(try Fixture.json("\"\(fits)\"")) != nil)
        #expect(RequestID(try Fixture.json("\"\(fits)x\"")) == nil)
    }

    @Test("A11: twins are told apart by type, not by spelling")
    func twins() throws {
        let ids = try [#""a""#, #""\u0061""#, "1", #""1""#].map { try #require(RequestID(try Fixture.json($0))) }
        #expect(ids[0] == ids[1])
        #expect(ids[0].hashValue == ids[1].hashValue)
        #expect(ids[2] != ids[3])
        #expect(Set(ids).count == 3)
    }

    @Test("the gateway's own ids are found again")
    func own() throws {
        let number = RequestID(42)
        #expect(number.json.text == "42")
        #expect(number.number == 42)
        #expect(number.plainText == nil)
        let text = RequestID(text: "tgs_abc-1")
        #expect(text.json.text == #""tgs_abc-1""#)
        #expect(text.plainText == "tgs_abc-1")
        #expect(text.number == nil)
        #expect(RequestID(try Fixture.json(#""tgs_abc\u002d1""#)) == text)
        #expect(RequestID(try Fixture.json(#""tgs_abc\u002d1""#))?.plainText == "tgs_abc-1")
    }
}
