import HTTPWire
import Testing

@Suite("wire description")
struct WireDescriptionTests {
    private func text(_ description: WireDescription) -> String {
        String(decoding: description.lines, as: UTF8.self)
    }

    @Test("requests are described one a line, with a reason where they end badly")
    func requests() {
        let good = "POST /a?b HTTP/1.1\r\nHost: a\r\nX-Y: \"\\\u{9}é\r\nContent-Length: 2\r\n\r\nhi"
        let description = WireDescription(request: Array((good + "GET / HTTP/1.1\n").utf8))
        #expect(description.isRefused)
        #expect(
            text(description) == """
                {"method":"POST","target":"/a?b","version":"1.1","fields":[["host","a"],\
                ["x-y","\\"\\\\\\u0009\\u00c3\\u00a9"],["content-length","2"]],"keep_alive":true,"body_base64":"aGk="}
                {"error":"bare_line_feed","status":400,\
                "message":"a line feed without a carriage return; end every line with CR LF"}

                """
        )
        #expect(!WireDescription(request: Array(good.utf8)).isRefused)
        #expect(text(WireDescription(request: Array(good.utf8.dropLast()))).contains("\"truncated\""))
        #expect(!WireDescription(request: []).isRefused)
    }

    @Test("a response is described, with what follows it")
    func responses() {
        let good = "HTTP/1.1 200 OK\r\nA: b\r\n\r\nhi"
        #expect(
            text(WireDescription(response: Array(good.utf8)))
                == "{\"status\":200,\"version\":\"1.1\",\"fields\":[[\"a\",\"b\"]],\"keep_alive\":false,\"body_base64\":\"aGk=\"}\n"
        )
        #expect(WireDescription(response: []).isRefused)
        let surplus = WireDescription(response: Array("HTTP/1.1 204 No Content\r\n\r\nx".utf8))
        #expect(surplus.isRefused)
        #expect(text(surplus).contains("surplus_bytes"))
    }

    @Test("events are described one a line, then the state of the stream")
    func events() {
        #expect(
            text(
                WireDescription(
                    events: Array("id: 1\nevent: x\ndata: a\ndata: é\u{1}\n\nretry: 5\ndata: b\n\ndata".utf8)
                )
            )
                == """
                {"event":"x","data":"a\\u000aé\\u0001","id":"1","last_event_id":"1"}
                {"event":"message","data":"b","id":null,"last_event_id":"1"}
                {"last_event_id":"1","retry":5,"is_mid_event":true}

                """
        )
        let refused = WireDescription(events: Array("data: abc".utf8), limits: SSELimits(maximumLineBytes: 3))
        #expect(refused.isRefused)
    }

    @Test("every reason has its own text and a status of a refusal")
    func reasons() {
        #expect(Set(HTTPWireError.allCases.map(\.description)).count == HTTPWireError.allCases.count)
        #expect(HTTPWireError.allCases.allSatisfy { [400, 413, 414, 415, 417, 431, 501, 505].contains($0.status) })
    }
}
