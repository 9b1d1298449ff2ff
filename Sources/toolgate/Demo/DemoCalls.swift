import Base
import JSONText

/// The policy and the calls of the demonstration, and what each call must get.
enum DemoCalls {
    /// Loadable as it stands; `make run` prints where it lies.
    static let policy: StaticString = """
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

    /// One call and what must come of it.
    struct Call {
        /// What the demonstration calls the outcome.
        let title: String
        let tool: String
        let arguments: String
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

    static let all = [
        Call(
            title: "allowed",
            tool: "run_salesbot",
            arguments: #"{"bot_id":1,"entity_id":1001}"#,
            outcome: "allow",
            expects: .result
        ),
        Call(
            title: "denied",
            tool: "create_lead",
            arguments: #"{"name":"Whale","price":250000}"#,
            outcome: "deny",
            expects: .refusal("ask the sales desk")
        ),
        Call(
            title: "hidden",
            tool: "delete_lead",
            arguments: #"{"lead_id":1001}"#,
            outcome: "hidden",
            expects: .error(-32_602)
        ),
        Call(
            title: "limited",
            tool: "run_salesbot",
            arguments: #"{"bot_id":1,"entity_id":1002}"#,
            outcome: "rate_limited",
            expects: .refusal("one salesbot a minute")
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
        let text = result?["content"]?.element(at: 0)?["text"]?.string?.text ?? ""
        let isError = result?["isError"]?.boolean == true
        switch call.expects {
        case .result: return (!isError && result != nil, text)
        case .refusal(let part): return (isError && text.contains(part), text)
        case .error: return (false, text)
        }
    }
}
