import Secrets

/// Where a service keeps what must outlive it, and the keys in it (interfaces.md, "Keys").
enum ServiceKeys {
    /// The options every command shares that touches the keys.
    static let options = [
        CommandOption("data", "DIR", "folder for keys and state (default ./.toolgate)", environment: "TOOLGATE_DATA"),
        CommandOption(
            "key-file",
            "FILE",
            "the key file (default: keys.json in the data folder)",
            environment: "TOOLGATE_KEY_FILE"
        ),
    ]

    /// The data folder of this invocation.
    static func folder(_ invocation: Invocation) -> String {
        invocation.value("data") ?? ".toolgate"
    }

    /// The keys; made on first use, with mode 0600, so that tokens and sessions outlive the process.
    static func load(_ invocation: Invocation) throws(CommandFailure) -> KeyFile {
        let path: String
        if let named = invocation.value("key-file") {
            path = named
        } else {
            do throws(FileProblem) {
                try FileAccess.makeFolder(folder(invocation))
            } catch {
                throw .environment("\(error.message); choose another folder with `--data`")
            }
            path = "\(folder(invocation))/keys.json"
        }
        do throws(KeyFileError) {
            let (keys, wasCreated) = try KeyFile.loadOrCreate(path: path)
            if wasCreated {
                invocation.console.say("made new keys in `\(path)`: keep the file, grants and sessions depend on it")
            }
            return keys
        } catch {
            throw .environment("\(error)")
        }
    }
}
