import Base
import JSONText
import PolicyEngine

/// Reads what the `policy` commands work on.
enum PolicyFiles {
    /// The option for a server's tools.
    static let toolsOption = CommandOption(
        "tools",
        "FILE",
        "the server's tools: a tools/list result, or its `tools` array"
    )

    /// The bytes of a file; `-` is standard input.
    static func read(_ path: String) throws(CommandFailure) -> [UInt8] {
        do {
            return try FileAccess.read(path)
        } catch {
            throw .environment(error.message)
        }
    }

    /// The tools of `--tools`, `nil` when it is not given.
    static func tools(_ invocation: Invocation) throws(CommandFailure) -> ToolSet? {
        guard let path = invocation.value("tools") else {
            return nil
        }
        let bytes = try read(path)
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(bytes, limits: JSONLimits(maximumBytes: 64 << 20, maximumNodes: 8_000_000))
        } catch {
            let place = error.position(in: bytes)
            throw .refused("\(path):\(place.line):\(place.column): \(error.reason)")
        }
        do throws(ToolSet.Failure) {
            return try ToolSet(document.root, readsMeta: true)
        } catch {
            throw .refused("\(path): \(error)")
        }
    }

    /// A policy that loads; else its findings are said and the command is refused.
    static func load(_ path: String, console: Console) throws(CommandFailure) -> CompiledPolicy {
        let (policy, findings) = CompiledPolicy.load(try read(path))
        guard let policy else {
            for finding in findings {
                console.say(line(finding, in: path))
            }
            throw .refused("`\(path)` does not load: see above")
        }
        return policy
    }

    /// A finding as one line for a person, in the form editors jump to.
    static func line(_ finding: PolicyFinding, in path: String) -> String {
        let place = finding.pointer.isEmpty ? "" : " at `\(finding.pointer)`"
        return "\(path):\(finding.line):\(finding.column): \(finding.severity.rawValue): \(finding.message)\(place)"
            + " [\(finding.code.rawValue)]"
    }
}
