public import Base

/// Why an entry cannot be rewritten in place; nothing is changed then.
public struct RewriteFault: Error, Hashable, Sendable {
    /// Whose entry.
    public let server: ByteString
    /// A lower-case reason.
    public let reason: String
}

extension ClientFile {
    /// What of an entry says how the server is reached; all the rest is the client's business and stays.
    static let ownedKeys: Set<ByteString> = [
        "command", "args", "env", "env_vars", "envFile", "cwd", "url", "httpUrl", "serverUrl", "headers",
        "http_headers",
        "env_http_headers", "bearer_token_env_var", "requestOptions", "type", "transport", "oauth", "auth",
    ]

    private static let leadingKeys: [ByteString] = ["command", "serverUrl", "httpUrl", "url"]

    /// The file with these servers reached by these commands instead; every other byte as it was.
    ///
    /// Comments, blank lines, order and indentation stay; the bytes of what is replaced go with their line where they
    /// had it to themselves. The result is read again and compared before it is given out.
    ///
    /// - Parameter changes: servers of this file, each with a program and its arguments.
    /// - Returns: the whole file.
    /// - Throws: the first server whose entry cannot be changed without touching more.
    public func rewritten(
        _ changes: [(server: FoundServer, command: [ByteString])]
    ) throws(RewriteFault) -> [UInt8] {
        var edits: [Edit] = []
        for (server, command) in changes {
            edits += try self.edits(server, command)
        }
        let output = Edit.apply(edits, to: bytes)
        let after = reread(output)
        let entries = Set(changes.map(\.server.path))
        let isRest = after.map { Leaf.all(of: root, sparing: entries) == Leaf.all(of: $0.root, sparing: entries) }
        for (server, command) in changes {
            guard let after, isRest == true, Self.reaches(after, server, by: command) else {
                throw RewriteFault(
                    server: server.name,
                    reason: "its entry is written in a way that cannot be changed in place: change it by hand"
                )
            }
        }
        return output
    }

    private func edits(_ server: FoundServer, _ command: [ByteString]) throws(RewriteFault) -> [Edit] {
        guard let entry = value(at: server.path) else {
            throw RewriteFault(server: server.name, reason: "its entry is not in this file")
        }
        let owned = entry.members.filter { Self.ownedKeys.contains($0.key) }
        let leading = Self.leadingKeys.lazy.compactMap { key in owned.first { $0.key == key } }.first
        guard let leading, let place = leading.parts.first, leading.parts.count == 1, let program = command.first else {
            throw RewriteFault(server: server.name, reason: "its entry has neither a command nor a URL")
        }
        let isInline = format == .json || bytes[entry.start] == UInt8(ascii: "{")
        let text = replacement(program, Array(command.dropFirst()), at: place.lowerBound, isInline: isInline)
        var edits = [Edit(range: place, text: text)]
        let removed = owned.filter { $0.key != leading.key }
        for member in removed {
            edits += member.allParts.map { removal(of: $0, comma: member.comma) }
        }
        if isInline, let comma = orphan(entry, without: Set(removed.map(\.key))) {
            edits.append(Edit(range: comma..<(comma + 1), text: []))
        }
        return edits
    }

    private func value(at path: [PathStep]) -> MarkedValue? {
        var value = root
        for step in path {
            switch step {
            case .key(let key):
                guard let member = value.members.first(where: { $0.key == key }) else {
                    return nil
                }
                value = member.value
            case .index(let index):
                guard let elements = value.elements, elements.indices.contains(index) else {
                    return nil
                }
                value = elements[index]
            }
        }
        return value
    }

    // MARK: - what is put there

    private func replacement(
        _ program: ByteString,
        _ arguments: [ByteString],
        at place: Int,
        isInline: Bool
    ) -> [UInt8] {
        let lineStart = bytes[..<place].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        let before = bytes[lineStart..<place]
        let feed: [UInt8] = bytes.contains(0x0D) && isCarriageReturned ? [0x0D, 0x0A] : [0x0A]
        let isAlone = before.allSatisfy { $0 == 0x20 || $0 == 0x09 }
        let list = arguments.map { Self.quoted($0) }.joined(separator: ", ")
        let (command, rest): (String, String)
        switch format {
        case .json: (command, rest) = ("\"command\": \(Self.quoted(program))", "\"args\": [\(list)]")
        case .toml: (command, rest) = ("command = \(Self.quoted(program))", "args = [\(list)]")
        case .yaml: (command, rest) = ("command: \(Self.quoted(program))", "args: [\(list)]")
        }
        if isInline {
            let separator = isAlone ? [UInt8(ascii: ",")] + feed + before : Array(", ".utf8)
            return Array(command.utf8) + separator + Array(rest.utf8)
        }
        // Behind the dash of a list's first key, the next key stands below the first.
        let indent = isAlone ? Array(before) : [UInt8](repeating: 0x20, count: before.count)
        return Array(command.utf8) + feed + indent + Array(rest.utf8)
    }

    private var isCarriageReturned: Bool {
        guard let feed = bytes.firstIndex(of: 0x0A), feed > 0 else {
            return false
        }
        return bytes[feed - 1] == 0x0D
    }

    /// A text in double quotes, as JSON, TOML and YAML alike read it.
    static func quoted(_ text: ByteString) -> String {
        var output = "\""
        for scalar in text.text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\u{0}"..<" ", "\u{7F}":
                let digits = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output + "\""
    }

    // MARK: - what is taken away

    /// A member with its comma, and its lines where nothing else stands on them.
    private func removal(of part: Range<Int>, comma: Int?) -> Edit {
        var end = comma.map { max($0 + 1, part.upperBound) } ?? part.upperBound
        if let comma, !bytes[part.upperBound..<comma].allSatisfy({ Self.isSpace($0) || $0 == 0x0A || $0 == 0x0D }) {
            // A comment stands before the comma: that comma is taken alone.
            end = part.upperBound
        }
        var start = part.lowerBound
        while start > 0, Self.isSpace(bytes[start - 1]) {
            start -= 1
        }
        var after = end
        while after < bytes.count, Self.isSpace(bytes[after]) {
            after += 1
        }
        let beginsLine = start == 0 || bytes[start - 1] == 0x0A
        var feed = after
        if feed < bytes.count, bytes[feed] == 0x0D {
            feed += 1
        }
        if beginsLine, feed == bytes.count || bytes[feed] == 0x0A {
            return Edit(range: start..<min(feed + 1, bytes.count), text: [])
        }
        return Edit(range: part.lowerBound..<after, text: [])
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// The comma that would be left behind the last member that stays, unless the file had one at the end before.
    private func orphan(_ entry: MarkedValue, without removed: Set<ByteString>) -> Int? {
        guard let last = entry.members.last, last.comma == nil, removed.contains(last.key) else {
            return nil
        }
        return entry.members.last { !removed.contains($0.key) }?.comma
    }

    // MARK: - looking again

    private func reread(_ output: [UInt8]) -> ClientFile? {
        do throws(SettingsFault) {
            return try ClientFile(output, of: client, format: format)
        } catch {
            return nil
        }
    }

    private static func reaches(_ after: ClientFile, _ server: FoundServer, by command: [ByteString]) -> Bool {
        guard let found = after.servers.first(where: { $0.path == server.path }), let program = command.first else {
            return false
        }
        let way = FoundWay.process(
            command: program,
            arguments: Array(command.dropFirst()),
            environment: [],
            directory: nil
        )
        return found.isEnabled == server.isEnabled && found.name == server.name && found.way == way
    }
}

/// Bytes put in place of others.
struct Edit {
    let range: Range<Int>
    let text: [UInt8]

    /// All of them at once; of two that overlap the later gives way, which the comparison afterwards notices.
    static func apply(_ edits: [Edit], to bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + 1_024)
        var done = 0
        for edit in edits.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
            if edit.range.lowerBound < done {
                done = max(done, edit.range.upperBound)
                continue
            }
            output += bytes[done..<edit.range.lowerBound]
            output += edit.text
            done = edit.range.upperBound
        }
        return output + bytes[done...]
    }
}

/// A value of the tree that holds no others, and where it is: what two files are compared by.
private struct Leaf: Hashable {
    let path: [PathStep]
    let bytes: [UInt8]

    static func all(of root: MarkedValue, sparing entries: Set<[PathStep]>) -> [Leaf] {
        var leaves: [Leaf] = []
        var path: [PathStep] = []
        collect(root, &path, entries, into: &leaves)
        return leaves
    }

    /// Recursion ends at the readers' depth limit.
    private static func collect(
        _ value: MarkedValue,
        _ path: inout [PathStep],
        _ entries: Set<[PathStep]>,
        into leaves: inout [Leaf]
    ) {
        switch value.content {
        case .text(let bytes): leaves.append(Leaf(path: path, bytes: [1] + bytes))
        case .other(let bytes): leaves.append(Leaf(path: path, bytes: [0] + bytes))
        case .array(let values):
            leaves.append(Leaf(path: path, bytes: [2]))
            for (index, value) in values.enumerated() {
                path.append(.index(index))
                collect(value, &path, entries, into: &leaves)
                path.removeLast()
            }
        case .object(let members):
            leaves.append(Leaf(path: path, bytes: [3]))
            let isEntry = entries.contains(path)
            for member in members where !(isEntry && ClientFile.ownedKeys.contains(member.key)) {
                path.append(.key(member.key))
                collect(member.value, &path, entries, into: &leaves)
                path.removeLast()
            }
        }
    }
}
