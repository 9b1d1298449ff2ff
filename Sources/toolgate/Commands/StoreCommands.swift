import EventLoops
import JSONText
import StoreSQLite
import Stores

/// `toolgate store`: what concerns the store as a whole.
enum StoreCommands {
    static let all = [backup, check]

    static let backup = Command(
        ["store", "backup"],
        "copy the store into a file, while everything runs",
        details:
            "The copy is of one moment, complete and checked before it has its name, and readable by its owner only.\n"
            + "It holds no key: keep a copy of the key file too, in another place. docs/storage.md says how to restore.",
        operands: CommandOperands(placeholder: "FILE", count: 1...1),
        options: [ServiceKeys.dataOption, CommandOption("overwrite", nil, "replace FILE if it is there"), .output],
        examples: [
            ("into a new file", "toolgate store backup /backup/toolgate-2027-01-31.sqlite"),
            ("every night, over the last one", "toolgate store backup --overwrite /backup/toolgate.sqlite"),
        ]
    ) { invocation throws(CommandFailure) in
        let directory = try ServiceKeys.openExisting(invocation)
        let store = try existing(directory)
        let target = invocation.operands[0]
        guard !isOwn(target, directory) else {
            throw .refused(
                "`\(target)` is the store itself, or its keys: name another file"
            )
        }
        let revision: Int
        do throws(StoreError) {
            try store.backup(to: target, overwrites: invocation.isOn("overwrite"))
            revision = try store.revision()
        } catch {
            if error.isAboutRequest {
                throw .refused("\(error)")
            }
            throw .environment("cannot copy the store `\(directory.store)` to `\(target)`: \(error)")
        }
        if invocation.printsJSON {
            var writer = JSONWriter(reserving: 256)
            writer.beginObject()
            writer.key("store")
            writer.string(directory.store)
            writer.key("backup")
            writer.string(target)
            writer.key("revision")
            writer.number(revision)
            writer.endObject()
            invocation.console.writeOutput(writer.output + [UInt8(ascii: "\n")])
        } else {
            invocation.console.output("\(target): the store as it was at revision \(revision) or earlier")
        }
        return .done
    }

    /// Whether a file is the store itself or its keys, under whatever name.
    private static func isOwn(_ target: String, _ directory: DataDirectory) -> Bool {
        guard FileAccess.stamp(target) != nil else {
            return false
        }
        func areOne(_ left: String, _ right: String) -> Bool {
            guard let left = FileAccess.stamp(left), let right = FileAccess.stamp(right) else {
                return false
            }
            return left.device == right.device && left.inode == right.inode
        }
        return [directory.store, directory.keyFile].contains { areOne($0, target) }
    }

    static let check = Command(
        ["store", "check"],
        "look for damage in the store",
        details: "Reads everything: the file's structure, references between records, the records' own rules.\n"
            + "Exit code 1 when something is found; nothing is changed.",
        options: [ServiceKeys.dataOption, .output],
        examples: [
            ("the store in the usual place", "toolgate store check"),
            ("a backup, in a folder of its own as store.sqlite", "toolgate store check --data /restore --output json"),
        ]
    ) { invocation throws(CommandFailure) in
        let directory = try ServiceKeys.openExisting(invocation)
        let (findings, revision) = try findings(directory)
        if invocation.printsJSON {
            printJSON(directory, findings: findings, revision: revision, to: invocation.console)
        } else {
            for finding in findings {
                invocation.console.output("\(directory.store): \(finding)")
            }
        }
        guard findings.isEmpty else {
            throw .refused("the store is damaged: put back the last backup, docs/storage.md says how")
        }
        if !invocation.printsJSON {
            invocation.console.output("\(directory.store): sound, at revision \(revision ?? 0)")
        }
        return .done
    }

    /// What is wrong, and the revision if that much can be read.
    private static func findings(_ directory: DataDirectory) throws(CommandFailure) -> ([String], Int?) {
        guard FileAccess.stamp(directory.store) != nil else {
            throw missing(directory)
        }
        do throws(StoreError) {
            let store = try SQLiteStore(opening: directory.store, time: SystemTime())
            return (try store.check(), try store.revision())
        } catch .corrupt(let detail) {
            return ([detail], nil)
        } catch {
            throw .environment(error.message(at: directory.store))
        }
    }

    private static func existing(_ directory: DataDirectory) throws(CommandFailure) -> SQLiteStore {
        guard let store = try StoreAccess.openExisting(directory) else {
            throw missing(directory)
        }
        return store
    }

    private static func missing(_ directory: DataDirectory) -> CommandFailure {
        .environment("there is no store in `\(directory.path)`: is `--data` the right folder?")
    }

    private static func printJSON(
        _ directory: DataDirectory,
        findings: [String],
        revision: Int?,
        to console: Console
    ) {
        var writer = JSONWriter(reserving: 256)
        writer.beginObject()
        writer.key("store")
        writer.string(directory.store)
        if let revision {
            writer.key("revision")
            writer.number(revision)
        }
        writer.key("findings")
        writer.beginArray()
        for finding in findings {
            writer.string(finding)
        }
        writer.endArray()
        writer.endObject()
        console.writeOutput(writer.output + [UInt8(ascii: "\n")])
    }
}
