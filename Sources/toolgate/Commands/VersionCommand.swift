/// `toolgate version`.
enum VersionCommand {
    /// The version of this source tree; the changelog's heading and this must agree.
    static let version = "0.2.0-dev"

    static let command = Command(
        ["version"],
        "print the version",
        options: [.output],
        examples: [("the version of this binary", "toolgate version")]
    ) { invocation throws(CommandFailure) in
        invocation.console.output(invocation.printsJSON ? "{\"version\":\"\(version)\"}" : "toolgate \(version)")
        return .done
    }
}
