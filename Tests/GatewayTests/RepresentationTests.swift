import Base
import HTTPWire
import Testing

@testable import Gateway

@Suite("Representation")
struct RepresentationTests {
    private func fields(_ pairs: [(KnownField, String)]) throws -> HTTPFields {
        var fields = HTTPFields()
        for (field, value) in pairs {
            try fields.append(field, Array(value.utf8))
        }
        return fields
    }

    @Test(
        "C8: JSON in UTF-8 is taken",
        arguments: [
            "application/json", "Application/JSON", "application/json; charset=utf-8", "application/json;charset=UTF-8",
            "application/json ; charset=\"utf-8\"",
        ]
    )
    func takenBodies(_ type: String) throws {
        try Representation.checkBody(fields([(.contentType, type)]))
    }

    @Test(
        "C8: any other content type is refused",
        arguments: [
            "text/plain", "application/json; charset=utf-16", "application/json; profile=x", "application/jsonp",
            "application/json, text/plain", "application/json; charset=utf-8; charset=utf-8", "multipart/form-data", "",
        ]
    )
    func refusedBodies(_ type: String) throws {
        let fields = try fields([(.contentType, type)])
        #expect(throws: Failure.self) { try Representation.checkBody(fields) }
    }

    @Test("C8: a body without a content type is refused")
    func missingType() {
        #expect(throws: Failure.self) { try Representation.checkBody(HTTPFields()) }
    }

    @Test("C7: an encoded body is refused", arguments: ["gzip", "br", "deflate", "gzip, identity", "zstd", ""])
    func encodedBodies(_ encoding: String) throws {
        let fields = try fields([(.contentType, "application/json"), (.contentEncoding, encoding)])
        do throws(Failure) {
            try Representation.checkBody(fields)
            Issue.record("`\(encoding)` was taken")
        } catch {
            #expect(error.kind == .encodingNotSupported)
        }
    }

    @Test(
        "Accept is read leniently",
        arguments: [
            ("application/json, text/event-stream", true, true), ("text/event-stream", false, true),
            ("application/json", true, false), ("*/*", true, true), ("application/*;q=0.5, text/html", true, false),
            ("text/event-stream, application/json;q=0", false, true),
            ("TEXT/EVENT-STREAM ,APPLICATION/JSON", true, true),
        ]
    )
    func accepts(_ value: String, _ json: Bool, _ events: Bool) throws {
        let accepted = try Representation.accepted(fields([(.accept, value)]))
        #expect(accepted.json == json)
        #expect(accepted.events == events)
    }

    @Test("an Accept that admits neither form is refused", arguments: ["text/html", "application/json;q=0", "image/*"])
    func notAcceptable(_ value: String) throws {
        let fields = try fields([(.accept, value)])
        #expect(throws: Failure.self) { try Representation.accepted(fields) }
    }

    @Test("no Accept at all admits both")
    func noAccept() throws {
        let accepted = try Representation.accepted(HTTPFields())
        #expect(accepted.json && accepted.events)
    }
}

@Suite("Tombstones")
struct TombstoneTests {
    @Test("an ended session stays ended until newer ones push it out")
    func bounded() {
        let tombstones = Tombstones<ByteString>(capacity: 3)
        for name in ["a", "b", "c", "c"] {
            tombstones.add(ByteString(name))
        }
        #expect(tombstones.contains("a"))
        tombstones.add("d")
        #expect(!tombstones.contains("a"))
        #expect(tombstones.contains("b") && tombstones.contains("c") && tombstones.contains("d"))
    }

    @Test("a long life of short sessions costs bounded memory")
    func long() {
        let tombstones = Tombstones<ByteString>(capacity: 10)
        for number in 0..<10_000 {
            tombstones.add(ByteString("\(number)"))
        }
        #expect(tombstones.contains("9999") && tombstones.contains("9990") && !tombstones.contains("9989"))
    }
}
