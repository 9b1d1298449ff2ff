#if canImport(Glibc)
import Glibc
#endif

/// What the process knows of its surroundings when it starts.
enum ProcessFacts {
    /// The variables, later ones winning over earlier ones of the same name, as `getenv` has it not.
    static func environment() -> [String: String] {
        var result: [String: String] = [:]
        // SAFETY: before any thread is started nobody changes `environ`; it ends with a null pointer.
        var cursor = unsafe environ
        while let entry = unsafe cursor.pointee {
            let text = unsafe String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                result[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            unsafe cursor += 1
        }
        return result
    }

    /// The console of this process.
    static func console() -> Console {
        Console(
            writeOutput: { _ = FileAccess.writeAll($0[...], to: STDOUT_FILENO) },
            writeError: { _ = FileAccess.writeAll($0[...], to: STDERR_FILENO) },
            environment: environment(),
            outputIsTerminal: isatty(STDOUT_FILENO) == 1,
            inputIsTerminal: isatty(STDIN_FILENO) == 1,
            readAnswer: { readLine() },
            readHidden: { Terminal.readHidden() },
            outputWidth: Terminal.width,
            edit: { Terminal.edit($1, with: $0) }
        )
    }

    /// A peer that goes away while we write must be an error of that write, not the end of the process.
    static func ignoreBrokenPipes() {
        _ = signal(SIGPIPE, SIG_IGN)
    }
}
