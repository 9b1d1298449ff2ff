import HTTPWire
import Testing

@Suite("media types")
struct MediaTypeTests {
    @Test(
        "C8: JSON is application/json with no parameter but charset=utf-8",
        arguments: [
            ("application/json", true), ("Application/JSON", true), ("application/json; charset=utf-8", true),
            ("application/json;charset=UTF-8", true), ("application/json ; charset=\"utf-8\"", true),
            ("text/plain", false), ("", false), ("application/json; charset=utf-16", false),
            ("application/json;", false),
            ("application/json; x=y", false), ("application/json; charset=utf-8; charset=utf-16", false),
            ("application/jsonp", false), ("application/json, text/plain", false),
            ("text/plain; application/json", false),
            ("application/x-www-form-urlencoded", false), ("multipart/form-data; boundary=application/json", false),
            ("application /json", false), ("application/json charset=utf-8", false),
            ("application/json; charset = utf-8", false),
        ]
    )
    func json(value: String, expected: Bool) {
        #expect(HTTPMediaType.isJSON(Array(value.utf8)[...]) == expected)
        #expect(!HTTPMediaType.isEventStream(Array(value.utf8)[...]))
    }

    @Test("a stream of events is text/event-stream with no parameter but charset=utf-8")
    func eventStream() {
        for value in ["text/event-stream", "text/event-stream; charset=utf-8", "Text/Event-Stream"] {
            #expect(HTTPMediaType.isEventStream(Array(value.utf8)[...]))
        }
        #expect(!HTTPMediaType.isEventStream(Array("text/event-streams".utf8)[...]))
    }

    @Test(
        "an Accept list admits a type by name or wildcard, the most exact range deciding",
        arguments: [
            ("application/json, text/event-stream", true), ("text/event-stream", false), ("*/*", true),
            ("application/*", true),
            ("text/*", false), ("", false), ("APPLICATION/JSON;q=0.5", true), ("application/json;q=0", false),
            ("application/json; q=0.000, */*", false), ("application/json, */*;q=0", true),
            ("application/*;q=0, */*", false),
            ("application/json;q=0.001", true), (",,application/json,", true), ("*", false),
            ("application/json;v=1;q=0", false),
            ("application/jsonx", false),
        ]
    )
    func accept(list: String, expected: Bool) {
        #expect(HTTPMediaType.accepts("application/json", in: Array(list.utf8)) == expected)
    }
}
