import Base

/// `toolgate version`.
enum VersionCommand {
    static let command = Command(
        ["version"],
        "print the version",
        options: [.output],
        examples: [("the version of this binary", "toolgate version")]
    ) { invocation throws(CommandFailure) in
        let json = "{\"version\":\"\(ProductVersion.text)\"}"
        invocation.console.output(invocation.printsJSON ? json : "toolgate \(ProductVersion.text)")
        return .done
    }
}
