import Base
import EventLoops
import JSONText
import Secrets

/// `toolgate grant new`: makes a token and the lines that put its digest into the configuration.
enum GrantCommand {
    static let command = Command(
        ["grant", "new"],
        "make a token for a toolgate.yaml, and the lines that go there",
        details: "The token is shown once and kept nowhere; the configuration holds only its keyed digest.\n"
            + "Use the key file of the gateway that is to accept it.",
        options: [
            CommandOption("label", "NAME", "what the log calls the grant (default: agent)"),
            CommandOption("server", "NAME", "the server it is for, for the printed lines"),
            CommandOption("policy", "NAME", "the policy it is under, for the printed lines"),
            ExpiryOption.option,
            CommandOption("sandbox", nil, "mark the token as one for the sandbox, not for real work"),
            .output,
        ] + ServiceKeys.options,
        examples: [
            ("a grant for an agent", "toolgate grant new --label ci-runner --server crm --policy crm-sales"),
            ("for a script", "toolgate grant new --label ci-runner --output json"),
        ]
    ) { invocation throws(CommandFailure) in
        let label = invocation.value("label") ?? "agent"
        let expires = try ExpiryOption.read(invocation, now: SystemTime().wallTime) ?? nil
        let token = GrantToken.generate(for: invocation.isOn("sandbox") ? .sandbox : .live)
        let digest = try ServiceKeys.load(invocation).grantDigester.digest(of: token)
        if invocation.printsJSON {
            printJSON(label: label, token: token, digest: digest, expires: expires, to: invocation.console)
            return .done
        }
        invocation.console.output(String(decoding: token.reveal(), as: UTF8.self))
        invocation.console.say("\nthe token above is shown once; put this into toolgate.yaml, under `grants`:\n")
        invocation.console.say(lines(label: label, digest: digest, expires: expires, invocation))
        return .done
    }

    private static func lines(
        label: String,
        digest: GrantDigest,
        expires: WallTime?,
        _ invocation: Invocation
    ) -> String {
        var lines = [
            "  - label: \(YAMLScalar.text(label))",
            "    server: \(YAMLScalar.text(invocation.value("server") ?? "SERVER"))",
            "    policy: \(YAMLScalar.text(invocation.value("policy") ?? "POLICY"))",
            "    token_digest: \"\(String(decoding: digest.text, as: UTF8.self))\"",
        ]
        if let expires {
            lines.append("    expires: \(expires)")
        }
        return lines.joined(separator: "\n")
    }

    private static func printJSON(
        label: String,
        token: GrantToken,
        digest: GrantDigest,
        expires: WallTime?,
        to console: Console
    ) {
        var writer = JSONWriter(reserving: 256)
        writer.beginObject()
        writer.key("label")
        writer.string(label)
        writer.key("token")
        writer.string(token.reveal())
        writer.key("token_digest")
        writer.string(digest.text)
        if let expires {
            writer.key("expires")
            writer.string(expires.description)
        }
        writer.endObject()
        console.writeOutput(writer.output + [UInt8(ascii: "\n")])
    }
}

/// Text as a YAML scalar.
enum YAMLScalar {
    /// Plain where it cannot be mistaken for anything else, else as a JSON string, which is YAML too.
    static func text(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
        let words = ["", "true", "false", "null", "yes", "no", "on", "off", "y", "n", "-"]
        if isPlain, !text.hasPrefix("-"), !words.contains(text.lowercased()) {
            return text
        }
        var writer = JSONWriter()
        writer.string(text)
        return String(decoding: writer.output, as: UTF8.self)
    }
}
