import Base
import JSONText
import Secrets
import StoreSQLite
import Stores

/// `toolgate key`: the versions of the keys, and their rotation.
enum KeyCommands {
    static let all = [status, rotate, accept]

    static let status = Command(
        ["key", "status"],
        "list the versions of the keys and what depends on them",
        details:
            "Never shows a key. `wrapping` keys seal stored credentials, `pepper` keys digest grant tokens, `sealing`\n"
            + "keys seal session ids.",
        options: ServiceKeys.options + [.output],
        examples: [
            ("as a table", "toolgate key status"),
            ("for a script", "toolgate key status --output json"),
        ]
    ) { invocation throws(CommandFailure) in
        let path = try ServiceKeys.keyFile(invocation)
        let keys = try attempt { () throws(KeyFileError) in try KeyFile.load(path: path) }
        let counts = try credentialCounts(invocation)
        if invocation.printsJSON {
            printStatus(path, keys, counts, to: invocation.console)
            return .done
        }
        invocation.console.output("key file \(path)")
        for kind in KeyKind.allCases {
            for (index, key) in keys.keys(of: kind).enumerated() {
                var line = "  \(kind.rawValue) \(key.version)\(index == 0 ? " (current)" : "")"
                if kind == .wrapping, let counts {
                    line += ": \(counts[key.version] ?? 0) credentials"
                }
                invocation.console.output(line)
            }
        }
        for version in missing(counts, keys) {
            invocation.console.say("credentials are wrapped with version \(version), which this file does not have")
        }
        if keys.wrappingKeys.isEmpty {
            invocation.console.say("no `wrapping` key yet: `toolgate key rotate` makes one")
        }
        return missing(counts, keys).isEmpty ? .done : .refused
    }

    static let rotate = Command(
        ["key", "rotate"],
        "make a new version of a key and use it from now on",
        details:
            "For `wrapping`, every stored credential is wrapped with the new version, all or none, and each is opened\n"
            + "with the new version alone before this says that it is done. Older versions stay in the file, so that older\n"
            + "backups of the store still open, until `--retire`. A running gateway takes the new keys in within a second.\n"
            + "For `pepper` and `sealing` the older versions stay: tokens and sessions made under them go on working.",
        options: [
            CommandOption(
                "key",
                "KIND",
                "which key (default: wrapping)",
                choices: KeyKind.allCases.map(\.rawValue)
            ),
            CommandOption("retire", nil, "remove older wrapping keys: older backups lose their credentials"),
        ] + ServiceKeys.options + [.output],
        examples: [
            ("once a year", "toolgate key rotate"),
            ("after the key file was seen by somebody", "toolgate key rotate --retire"),
        ]
    ) { invocation throws(CommandFailure) in
        let kind = invocation.value("key").flatMap(KeyKind.init) ?? .wrapping
        let retires = invocation.isOn("retire")
        guard kind == .wrapping || !retires else {
            throw .usage(
                "only `wrapping` keys can be retired: grants and sessions may depend on an older \(kind.rawValue)"
            )
        }
        let path = try ServiceKeys.keyFile(invocation)
        guard kind == .wrapping else {
            let keys = try attempt { () throws(KeyFileError) in try KeyFile.rotate(kind, path: path) }
            report(Outcome(kind: kind, version: keys.keys(of: kind).first?.version ?? 0), to: invocation)
            return .done
        }
        report(try rotateWrapping(path, retires: retires, invocation), to: invocation)
        return .done
    }

    static let accept = Command(
        ["key", "accept"],
        "use the store with the key file there is, when its own is lost for good",
        details:
            "`toolgate up` refuses a store whose key file is missing, another one or an older copy. This takes the keys there\n"
            + "are, or makes new ones, for the store's own. What was made with the lost keys stays dead: each grant needs a new\n"
            + "token, each credential its secret. Putting the right file back and running this again undoes it.",
        options: ServiceKeys.options,
        examples: [("after the key file and its copies were lost", "toolgate key accept")]
    ) { invocation throws(CommandFailure) in
        let directory = try ServiceKeys.openExisting(invocation)
        guard let store = try StoreAccess.openExisting(directory) else {
            throw .environment("there is no store in `\(directory.path)`: is `--data` the right folder?")
        }
        let keys = try ServiceKeys.load(invocation)
        try KeyProof.keep(keys, in: store, directory.store)
        invocation.console.say(
            "the store is used with `\(try ServiceKeys.keyFile(invocation))` from now on; `toolgate credential list` shows "
                + "what does not open"
        )
        return .done
    }

    struct Outcome {
        let kind: KeyKind
        let version: UInt32
        var rewrapped = 0
        var retired: [UInt32] = []
    }

    // MARK: - Rotation of the wrapping key

    private static func rotateWrapping(
        _ path: String,
        retires: Bool,
        _ invocation: Invocation
    ) throws(CommandFailure) -> Outcome {
        let directory = try ServiceKeys.openExisting(invocation)
        let store = try StoreAccess.openExisting(directory)
        let before = try attempt { () throws(KeyFileError) in try KeyFile.load(path: path) }
        if let store {
            // Before anything changes: what does not open now would not after, and the way back would be harder.
            try prove(store, directory, sealer: before.credentialSealer, version: nil)
        }
        let keys = try attempt { () throws(KeyFileError) in try KeyFile.rotate(.wrapping, path: path) }
        guard let current = keys.wrappingKeys.first, let sealer = keys.credentialSealer else {
            throw .environment("the key file `\(path)` has no wrapping key")
        }
        var outcome = Outcome(kind: .wrapping, version: current.version)
        if let store {
            outcome.rewrapped = try StoreAccess.attempt(directory) { () throws(StoreError) in
                try store.change(by: OperatorName.author(invocation)) { writer throws(StoreError) in
                    try writer.rewrapSecrets(to: current.version) { old throws(StoreError) in
                        try rewrapped(old, sealer)
                    }
                }
            }
            try prove(store, directory, sealer: CredentialSealer([current]), version: current.version)
        }
        if retires {
            outcome.retired = keys.wrappingKeys.dropFirst().map(\.version)
            _ = try attempt { () throws(KeyFileError) in
                try KeyFile.retire(.wrapping, below: current.version, path: path)
            }
        }
        return outcome
    }

    private static func rewrapped(
        _ old: SealedSecret,
        _ sealer: CredentialSealer
    ) throws(StoreError) -> SealedCredential {
        do throws(CredentialError) {
            return try sealer.rewrap(old.sealed, for: old.binding)
        } catch {
            throw .refused("the \(old.subject): \(error)")
        }
    }

    /// Opens everything that is sealed; with `version`, each must be wrapped with exactly that one.
    private static func prove(
        _ store: any Store,
        _ directory: DataDirectory,
        sealer: CredentialSealer?,
        version: UInt32?
    ) throws(CommandFailure) {
        let secrets = try StoreAccess.attempt(directory) { () throws(StoreError) in
            try store.read { reader throws(StoreError) in try reader.sealedSecrets() }
        }
        for secret in secrets {
            guard let sealer, version == nil || secret.sealed.keyVersion == version else {
                throw .refused("the \(secret.subject) is wrapped with another version: rotate again")
            }
            do throws(CredentialError) {
                _ = try sealer.open(secret.sealed, for: secret.binding)
            } catch {
                throw .refused("the \(secret.subject): \(error)")
            }
        }
    }

    // MARK: - What is printed

    /// How many credentials are wrapped with each version; `nil` without a store.
    private static func credentialCounts(_ invocation: Invocation) throws(CommandFailure) -> [UInt32: Int]? {
        guard FileAccess.stamp("\(try ServiceKeys.folder(invocation))/store.sqlite") != nil else {
            return nil
        }
        let directory = try ServiceKeys.openExisting(invocation)
        let store = try StoreAccess.open(directory)
        let credentials = try StoreAccess.attempt(directory) { () throws(StoreError) in
            try store.read { reader throws(StoreError) in try reader.sealedSecrets() }
        }
        return credentials.reduce(into: [:]) { $0[$1.sealed.keyVersion, default: 0] += 1 }
    }

    private static func missing(_ counts: [UInt32: Int]?, _ keys: KeyFile) -> [UInt32] {
        let known = keys.wrappingKeys.map(\.version)
        return (counts ?? [:]).keys.filter { !known.contains($0) }.sorted()
    }

    private static func attempt<Value>(
        _ body: () throws(KeyFileError) -> Value
    ) throws(CommandFailure) -> Value {
        do throws(KeyFileError) {
            return try body()
        } catch {
            throw .environment("\(error)")
        }
    }

    private static func report(_ outcome: Outcome, to invocation: Invocation) {
        guard invocation.printsJSON else {
            invocation.console.output("\(outcome.kind.rawValue) key: version \(outcome.version) is in use")
            if outcome.kind == .wrapping {
                invocation.console.output("  \(outcome.rewrapped) credentials wrapped anew, each opened and proved")
            }
            if !outcome.retired.isEmpty {
                let versions = outcome.retired.map { "\($0)" }.joined(separator: ", ")
                invocation.console.output("  retired: \(versions)")
            }
            invocation.console.say("keep a copy of the key file, apart from the backups of the store")
            return
        }
        var writer = JSONWriter(reserving: 128)
        writer.beginObject()
        writer.key("key")
        writer.string(outcome.kind.rawValue)
        writer.key("version")
        writer.number(Int(outcome.version))
        writer.key("rewrapped")
        writer.number(outcome.rewrapped)
        writer.key("retired")
        writer.beginArray()
        for version in outcome.retired {
            writer.number(Int(version))
        }
        writer.endArray()
        writer.endObject()
        invocation.console.writeOutput(writer.output + [UInt8(ascii: "\n")])
    }

    private static func printStatus(
        _ path: String,
        _ keys: KeyFile,
        _ counts: [UInt32: Int]?,
        to console: Console
    ) {
        var writer = JSONWriter(reserving: 512)
        writer.beginObject()
        writer.key("key_file")
        writer.string(path)
        writer.key("keys")
        writer.beginArray()
        for kind in KeyKind.allCases {
            for (index, key) in keys.keys(of: kind).enumerated() {
                writer.beginObject()
                writer.key("kind")
                writer.string(kind.rawValue)
                writer.key("version")
                writer.number(Int(key.version))
                writer.key("current")
                writer.boolean(index == 0)
                if kind == .wrapping, let counts {
                    writer.key("credentials")
                    writer.number(counts[key.version] ?? 0)
                }
                writer.endObject()
            }
        }
        writer.endArray()
        writer.key("missing_versions")
        writer.beginArray()
        for version in missing(counts, keys) {
            writer.number(Int(version))
        }
        writer.endArray()
        writer.endObject()
        console.writeOutput(writer.output + [UInt8(ascii: "\n")])
    }
}
