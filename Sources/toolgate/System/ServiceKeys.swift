import Secrets
import Stores

/// Where a service keeps what must outlive it, and the keys in it (interfaces.md, "Keys").
enum ServiceKeys {
    /// The option of every command that touches the data directory.
    static let dataOption = CommandOption(
        "data",
        "DIR",
        "folder for keys and state (default: toolgate in the XDG state folder)",
        environment: "TOOLGATE_DATA"
    )
    /// The options of every command that touches the keys.
    static let options = [
        dataOption,
        CommandOption(
            "key-file",
            "FILE",
            "the key file (default: keys.json in the data folder)",
            environment: "TOOLGATE_KEY_FILE"
        ),
    ]

    /// The data folder of this invocation, by name only.
    static func folder(_ invocation: Invocation) throws(CommandFailure) -> String {
        if let named = invocation.value("data") {
            guard !named.isEmpty else {
                throw .usage("`--data` is empty: name a folder")
            }
            return named
        }
        guard let path = DataDirectory.standardPath(environment: invocation.console.environment) else {
            throw .usage("neither HOME nor XDG_STATE_HOME says where state lies: name a folder with `--data`")
        }
        return path
    }

    /// The data folder; made when it is not there, with mode 0700.
    static func open(_ invocation: Invocation) throws(CommandFailure) -> DataDirectory {
        let path = try folder(invocation)
        do throws(DataDirectoryError) {
            return try DataDirectory(opening: path)
        } catch {
            throw .environment("\(error)")
        }
    }

    /// The data folder, which must be there.
    static func openExisting(_ invocation: Invocation) throws(CommandFailure) -> DataDirectory {
        let path = try folder(invocation)
        do throws(DataDirectoryError) {
            return try DataDirectory(existing: path)
        } catch {
            throw .environment("\(error)")
        }
    }

    /// Where the key file of this invocation is, or would be.
    static func keyFile(_ invocation: Invocation) throws(CommandFailure) -> String {
        if let named = invocation.value("key-file") {
            return named
        }
        return "\(try folder(invocation))/keys.json"
    }

    /// The keys, when there are any yet.
    static func existing(_ invocation: Invocation) throws(CommandFailure) -> KeyFile? {
        let path = try keyFile(invocation)
        guard FileAccess.stamp(path) != nil else {
            return nil
        }
        do throws(KeyFileError) {
            return try KeyFile.load(path: path)
        } catch {
            throw .environment("\(error)")
        }
    }

    /// The keys; made on first use, with mode 0600, so that tokens and sessions outlive the process.
    static func load(_ invocation: Invocation) throws(CommandFailure) -> KeyFile {
        let path: String
        if let named = invocation.value("key-file") {
            path = named
        } else {
            path = try open(invocation).keyFile
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
