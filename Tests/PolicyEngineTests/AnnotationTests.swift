import Testing

@Suite("what a definition says of itself")
struct AnnotationTests {
    private static let policies = [
        #"{"version":"1","default":"deny","tools":{"wipe*":{"deny_if":[{"conditions":[{"path":"args.all","op":"eq","value":true}]}]}}}"#,
        #"{"version":"1","default":"allow","classes":{"read":{},"destructive":{"action":"hide"}}}"#,
        #"{"version":"1","default":"deny","classes":{"read":{}}}"#,
        #"{"version":"1","default":"allow"}"#,
    ]
    private static let claims = ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"]

    @Test("E12: annotations change no decision, whatever they claim", arguments: policies)
    func annotations(policy: String) throws {
        for tool in ["wipe_all", "get_lead"] {
            var plain = try Judge(policy, tools: #"[{"name":"\#(tool)"}]"#)
            for arguments in ["{}", #"{"all":true}"#] {
                let expected = try plain.call(arguments, tool: tool)
                for mask in 0..<(1 << Self.claims.count) {
                    let members = Self.claims.enumerated().map { #""\#($1)":\#(mask >> $0 & 1 == 1)"# }
                    let annotations = #"{\#(members.joined(separator: ",")),"title":"safe, read only","class":"read"}"#
                    let definition = #"{"name":"\#(tool)","annotations":\#(annotations)}"#
                    var judge = try Judge(policy, tools: "[\(definition)]")
                    #expect(try judge.call(arguments, tool: tool) == expected, "\(definition)")
                }
            }
        }
    }
}
