import JSONText
import Synchronization

/// A message the gateway sent to a scripted upstream, taken apart.
struct SentMessage {
    let message: PlainMessage
    let root: JSONValue?

    init(_ message: PlainMessage) {
        self.message = message
        root = (try? JSONDocument(message.body))?.root
    }

    var method: String { root?["method"]?.string?.text ?? "" }
    var id: String { root?["id"].map { String(decoding: $0.rawBytes, as: UTF8.self) } ?? "null" }
    var tool: String { root?["params"]?["name"]?.string?.text ?? "" }
    var arguments: String { root?["params"]?["arguments"].map { String(decoding: $0.rawBytes, as: UTF8.self) } ?? "" }

    /// A response with this result.
    func result(_ json: String) -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"result":\#(json)}"#
    }

    func error(_ code: Int, _ text: String = "no") -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"error":{"code":\#(code),"message":"\#(text)"}}"#
    }
}

/// Upstreams that behave, with room for misbehaviour in the calls.
enum Upstreams {
    static let tools = """
        {"name":"create_lead","description":"makes one","inputSchema":{"type":"object","properties":{"name":{"type":"string"},\
        "amount":{"type":"number"}}}},{"name":"delete_lead","description":"drops one","inputSchema":{"type":"object"}}
        """

    static func text(_ text: String) -> String {
        #"{"content":[{"type":"text","text":"\#(text)"}]}"#
    }

    /// A server of the handshake revisions; `call` answers what is not the usual.
    static func legacy(
        _ call: @escaping @Sendable (SentMessage) -> ScriptedUpstream.Reply? = { _ in nil },
        tools: @escaping @Sendable () -> String = { Upstreams.tools }
    ) -> ScriptedUpstream {
        ScriptedUpstream { message in
            let sent = SentMessage(message)
            if let reply = call(sent) {
                return reply
            }
            switch sent.method {
            case "initialize":
                let result = """
                    {"protocolVersion":"\(sent.root?["params"]?["protocolVersion"]?.string?.text ?? "")",\
                    "capabilities":{"tools":{"listChanged":true},"resources":{},"prompts":{},"tasks":{}},\
                    "serverInfo":{"name":"s","version":"1"}}
                    """
                return .json(sent.result(result), headers: ["mcp-session-id: upstream-session"])
            case "server/discover":
                return .json(sent.error(-32601), status: 400)
            case "tools/list":
                return .json(sent.result(#"{"tools":[\#(tools())]}"#))
            case "tools/call":
                return .json(sent.result(text("ran \(sent.tool)")))
            case "" where message.startLine.hasPrefix("GET"):
                return .json("", status: 405)
            case "" where message.startLine.hasPrefix("DELETE"):
                return .json("{}")
            default:
                return sent.id == "null" ? .json("", status: 202) : .json(sent.error(-32601))
            }
        }
    }

    /// A server of 2026-07-28.
    static func modern(
        _ call: @escaping @Sendable (SentMessage) -> ScriptedUpstream.Reply? = { _ in nil },
        tools: @escaping @Sendable () -> String = { Upstreams.tools }
    ) -> ScriptedUpstream {
        ScriptedUpstream { message in
            let sent = SentMessage(message)
            if let reply = call(sent) {
                return reply
            }
            switch sent.method {
            case "server/discover":
                let result = """
                    {"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{"listChanged":true}},\
                    "ttlMs":1,"cacheScope":"public"}
                    """
                return .json(sent.result(result))
            case "tools/list":
                return .json(
                    sent.result(#"{"resultType":"complete","ttlMs":1000,"cacheScope":"public","tools":[\#(tools())]}"#)
                )
            case "tools/call":
                let text = #"{"resultType":"complete","content":[{"type":"text","text":"ran \#(sent.tool)"}]}"#
                return .json(sent.result(text))
            default:
                return .json(sent.error(-32601), status: 404)
            }
        }
    }
}
