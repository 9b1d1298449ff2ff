import Base
import JSONText

/// The policy and the calls of the demonstration, and what each call must get.
enum DemoCalls {
    /// For the sandbox; loadable as it stands, the demonstration prints where it lies.
    static let sandboxPolicy: StaticString = """
        {
          "version": "1",
          "default": "deny",
          "hide": ["delete_lead"],
          "tools": {
            "list_*": {},
            "get_*": {},
            "add_note": {},
            "create_lead": {
              "require": [{
                "conditions": [{"path": "args.price", "op": "lte", "value": 5000}],
                "on_deny": "leads above 5000 are created by a person; ask the sales desk"
              }]
            },
            "run_salesbot": {
              "limits": [{
                "counter": "run_salesbot_rate", "window": "minute", "max": 1, "scope": "grant",
                "on_deny": "one salesbot a minute is enough"
              }]
            }
          }
        }

        """

    /// The policies that Kommo's four product pages recommend, in one, and a tool that is hidden.
    static let kommoPolicy: StaticString = """
        {
          "version": "1",
          "default": "deny",
          "hide": ["stop_salesbot"],
          "tools": {
            "get_loss_reasons": {},
            "create_lead": {
              "limits": [{"counter": "create_lead_rate", "window": "minute", "max": 30, "scope": "grant"}]
            },
            "move_lead": {
              "limits": [{"counter": "move_lead_rate", "window": "minute", "max": 30, "scope": "grant"}]
            },
            "run_salesbot": {
              "limits": [{"counter": "run_salesbot_rate", "window": "minute", "max": 10, "scope": "grant"}]
            }
          }
        }

        """

    /// The policy that Bitrix24's product page recommends.
    static let bitrixPolicy: StaticString = """
        {
          "version": "1",
          "default": "deny",
          "tools": {
            "createLead": {
              "limits": [{"counter": "createlead_rate", "window": "minute", "max": 30, "scope": "grant"}]
            }
          }
        }

        """

    /// One call and what must come of it.
    struct Call {
        /// What the demonstration calls the outcome.
        let title: String
        /// The server's name.
        let server: String
        let tool: String
        let arguments: String
        /// How often the same call is made, and must be allowed, before this one.
        var before = 0
        /// The outcome the decision log must name.
        let outcome: String
        let expects: Expectation
    }

    /// What the answer must look like to the agent.
    enum Expectation {
        /// A result that is no error.
        case result
        /// A result with `isError`, whose text holds this.
        case refusal(String)
        /// A JSON-RPC error with this code.
        case error(Int)
    }

    static let sandbox = [
        Call(
            title: "allowed",
            server: "crm",
            tool: "run_salesbot",
            arguments: #"{"bot_id":1,"entity_id":1001}"#,
            outcome: "allow",
            expects: .result
        ),
        Call(
            title: "denied",
            server: "crm",
            tool: "create_lead",
            arguments: #"{"name":"Whale","price":250000}"#,
            outcome: "deny",
            expects: .refusal("ask the sales desk")
        ),
        Call(
            title: "hidden",
            server: "crm",
            tool: "delete_lead",
            arguments: #"{"lead_id":1001}"#,
            outcome: "hidden",
            expects: .error(-32_602)
        ),
        Call(
            title: "limited",
            server: "crm",
            tool: "run_salesbot",
            arguments: #"{"bot_id":1,"entity_id":1002}"#,
            outcome: "rate_limited",
            expects: .refusal("one salesbot a minute")
        ),
    ]

    static let connectors = [
        Call(
            title: "allowed",
            server: "kommo",
            tool: "get_loss_reasons",
            arguments: "{}",
            outcome: "allow",
            expects: .result
        ),
        Call(
            title: "allowed",
            server: "kommo",
            tool: "create_lead",
            arguments: #"{"name":"Padaria Sol","price":1200}"#,
            outcome: "allow",
            expects: .result
        ),
        Call(
            title: "allowed",
            server: "kommo",
            tool: "move_lead",
            arguments: #"{"lead_id":1001,"status_id":71002}"#,
            outcome: "allow",
            expects: .result
        ),
        Call(
            title: "allowed",
            server: "bitrix24",
            tool: "createLead",
            arguments: #"{"title":"Пекарня Солнце"}"#,
            outcome: "allow",
            expects: .result
        ),
        Call(
            title: "denied",
            server: "kommo",
            tool: "update_lead",
            arguments: #"{"lead_id":1001,"price":0}"#,
            outcome: "deny",
            expects: .refusal("[POLICY DENIED]")
        ),
        Call(
            title: "hidden",
            server: "kommo",
            tool: "stop_salesbot",
            arguments: #"{"bot_id":301,"entity_id":1001,"entity_type":"leads"}"#,
            outcome: "hidden",
            expects: .error(-32_602)
        ),
        Call(
            title: "limited",
            server: "kommo",
            tool: "run_salesbot",
            arguments: #"{"bot_id":301,"entity_id":1001,"entity_type":"leads"}"#,
            before: 10,
            outcome: "rate_limited",
            expects: .refusal("[POLICY DENIED]")
        ),
    ]

    /// The request of a call, in the revision of 2026-07-28.
    static func body(_ call: Call, id: Int) -> [UInt8] {
        Array(
            """
            {"jsonrpc":"2.0","id":\(id),"method":"tools/call","params":{"name":"\(call.tool)","arguments":\(call.arguments),\
            "_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",\
            "io.modelcontextprotocol/clientInfo":{"name":"toolgate-demo","version":"\(ProductVersion.text)"},\
            "io.modelcontextprotocol/clientCapabilities":{}}}}
            """.utf8
        )
    }

    /// What the agent sees of an answer, and whether that is what it must see.
    static func judge(_ answer: JSONValue, _ call: Call) -> (isExpected: Bool, seen: String) {
        if let error = answer["error"] {
            let code = error["code"]?.number?.int ?? 0
            let seen = "error \(code): \(error["message"]?.string?.text ?? "")"
            if case .error(let expected) = call.expects {
                return (code == expected, seen)
            }
            return (false, seen)
        }
        let result = answer["result"]
        let text = oneLine(result?["content"]?.element(at: 0)?["text"]?.string?.text ?? "")
        let isError = result?["isError"]?.boolean == true
        switch call.expects {
        case .result: return (!isError && result != nil, text)
        case .refusal(let part): return (isError && text.contains(part), text)
        case .error: return (false, text)
        }
    }

    /// An answer may be a whole document: as much of it as a person wants to see here.
    private static func oneLine(_ text: String) -> String {
        let words = text.split { $0 == " " || $0.isNewline }
        let line = words.joined(separator: " ")
        return line.count > 240 ? "\(line.prefix(240))…" : line
    }
}
