import Testing

/// The example policies of five public product pages, byte for byte as their text has them.
enum ProductPages {
    struct Page: Sendable, CustomTestStringConvertible {
        let tool: String
        /// Calls a minute and grant; `nil` where the page says the tool stays allowed without a cap.
        let maximum: Int?
        let counter: String?
        let policy: String

        var testDescription: String { tool }
    }

    static let all = [
        Page(tool: "create_lead", maximum: 30, counter: "create_lead_rate", policy: createLead),
        Page(tool: "createLead", maximum: 30, counter: "createlead_rate", policy: createLeadOfBitrix),
        Page(tool: "move_lead", maximum: 30, counter: "move_lead_rate", policy: moveLead),
        Page(tool: "run_salesbot", maximum: 10, counter: "run_salesbot_rate", policy: runSalesbot),
        Page(tool: "get_loss_reasons", maximum: nil, counter: nil, policy: getLossReasons),
    ]

    private static let createLead = #"""
        {
        "version": "1",
        "default": "deny",
        "tools": {
        "create_lead": {
        "limits": [
        {
        "counter": "create_lead_rate",
        "window": "minute",
        "max": 30,
        "scope": "grant"
        }
        ]
        }
        }
        }
        """#

    private static let createLeadOfBitrix = #"""
        {
          "version": "1",
          "default": "deny",
          "tools": {
            "createLead": {
              "limits": [
                {
                  "counter": "createlead_rate",
                  "window": "minute",
                  "max": 30,
                  "scope": "grant"
                }
              ]
            }
          }
        }
        """#

    private static let moveLead = #"""
        {
          "version": "1",
          "default": "deny",
          "tools": {
            "move_lead": {
              "limits": [
                {
                  "counter": "move_lead_rate",
                  "window": "minute",
                  "max": 30,
                  "scope": "grant"
                }
              ]
            }
          }
        }
        """#

    private static let runSalesbot = #"""
        {
          "version": "1",
          "default": "deny",
          "tools": {
            "run_salesbot": {
              "limits": [
                {
                  "counter": "run_salesbot_rate",
                  "window": "minute",
                  "max": 10,
                  "scope": "grant"
                }
              ]
            }
          }
        }
        """#

    private static let getLossReasons = #"""
        {
          "version": "1",
          "default": "deny",
          "tools": {
            "get_loss_reasons": {}
          }
        }
        """#
}
