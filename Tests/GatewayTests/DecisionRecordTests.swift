import Base
import MCPModel
import Testing

@testable import Gateway

@Suite("Decision record")
struct DecisionRecordTests {
    private func line(_ record: DecisionRecord) -> String {
        var output: [UInt8] = []
        record.append(to: &output, requestPrefix: Array("p".utf8))
        return String(decoding: output, as: UTF8.self)
    }

    @Test("a full record has every field in the order of the interface")
    func full() {
        let record = DecisionRecord()
        record.time = WallTime(milliseconds: 0)
        record.requestID = 0x2a
        record.identity = Array(#","grant":"ci","grant_id":"ab","server":"crm""#.utf8)
        record.method = "tools/call"
        record.tool = "create_lead"
        record.revision = .november2025
        record.policy = Array(#","policy":"p","policy_version":"0123""#.utf8)
        record.outcome = .rateLimited
        record.rule = "/tools/x/limits/n"
        record.message = "slow \"down\""
        record.shadow = (.deny, "/r")
        record.argumentKeys = #"["a","b"]"#
        record.upstreamStatus = 200
        record.upstreamTime = .milliseconds(12)
        record.gatewayTime = .microseconds(34)
        record.clientName = "c"
        record.clientVersion = "1"
        #expect(
            line(record) == """
                {"time":"1970-01-01T00:00:00.000Z","request_id":"p000000000000002a","grant":"ci","grant_id":"ab","server":"crm",\
                "method":"tools/call","tool":"create_lead","revision":"2025-11-25","policy":"p","policy_version":"0123",\
                "outcome":"rate_limited","rule":"/tools/x/limits/n","message":"slow \\"down\\"",\
                "shadow":{"outcome":"deny","rule":"/r"},"argument_keys":["a","b"],"upstream_status":200,"upstream_ms":12,\
                "gateway_us":34,"client":{"name":"c","version":"1"}}

                """
        )
    }

    @Test("absent fields are left out")
    func minimal() {
        #expect(
            line(DecisionRecord()) == """
                {"time":"1970-01-01T00:00:00.000Z","request_id":"p0000000000000000","outcome":"allow","gateway_us":0}

                """
        )
    }

    @Test("E9: control characters of names never reach the log as themselves")
    func controls() {
        let record = DecisionRecord()
        record.tool = ByteString("a\n\u{1b}[31m\u{9b}\u{7f}é")
        let text = line(record)
        #expect(text.contains(#""tool":"a\u000a\u001b[31m\u009b\u007fé""#))
        #expect(text.utf8.filter { $0 == 10 }.count == 1)
    }

    @Test(
        "E9: nor do characters that turn the direction of writing, end lines or show nothing",
        arguments: [
            ("\u{202e}", #"\u202e"#), ("\u{2028}", #"\u2028"#), ("\u{2029}", #"\u2029"#), ("\u{2066}", #"\u2066"#),
            ("\u{200b}", #"\u200b"#), ("\u{feff}", #"\ufeff"#), ("\u{61c}", #"\u061c"#),
            ("\u{e0041}", #"\udb40\udc41"#), ("\u{ad}", #"\u00ad"#),
        ]
    )
    func marks(mark: String, escape: String) {
        let record = DecisionRecord()
        record.tool = ByteString("é\(mark)\"漢😀")
        #expect(line(record).contains(#""tool":"é\#(escape)\"漢😀""#))
    }
}
