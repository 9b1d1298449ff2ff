public import Base

/// A value of a server's entry that belongs to a name: a variable of its process, or a header.
public struct FoundField: Sendable, Hashable {
    /// The name.
    public let name: ByteString
    /// What is behind it; may be a secret, so it is never shown.
    public let value: Secret<ByteString>
    /// Whether `value` is the name of a variable of the client's environment, not the value itself.
    public let isReference: Bool
    /// The line it stands on, from 1.
    public let line: Int

    /// Compares and hashes all of it.
    public static func == (left: FoundField, right: FoundField) -> Bool {
        left.name == right.name && left.value.reveal() == right.value.reveal()
            && left.isReference == right.isReference
    }

    /// The line is not part of what it is.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(isReference)
    }
}

/// How a client reaches a server.
public enum FoundWay: Sendable, Hashable {
    /// By starting a program.
    case process(command: ByteString, arguments: [ByteString], environment: [FoundField], directory: ByteString?)
    /// At an address; which transport it speaks there is found by asking.
    case remote(url: ByteString, headers: [FoundField])
    /// Not at all, as far as can be told: a lower-case reason.
    case unusable(String)
}

/// A step towards a value of a settings file.
public enum PathStep: Sendable, Hashable {
    /// The member of an object.
    case key(ByteString)
    /// The value of an array.
    case index(Int)
}

/// A server as one client's settings have it.
public struct FoundServer: Sendable, Hashable {
    /// What the client calls it.
    public let name: ByteString
    /// How it is reached.
    public let way: FoundWay
    /// Whether the client uses it.
    public let isEnabled: Bool
    /// The line its entry starts on, from 1.
    public let line: Int
    /// The project folder it is for, when one file has servers of several.
    public let project: ByteString?
    /// Where its entry is.
    let path: [PathStep]
}

/// What one settings file says.
public struct ClientFile: Sendable {
    /// Whose.
    public let client: Client
    /// How it is written.
    public let format: SettingsFormat
    /// The servers, in the file's order.
    public let servers: [FoundServer]
    /// What a person should know of the file besides, each with its line.
    public let notes: [SettingsFault]
    /// Its bytes.
    let bytes: [UInt8]

    /// The whole file as it was read.
    public var source: [UInt8] { bytes }

    let root: MarkedValue

    /// The most bytes of a settings file.
    public static let mostBytes = ReaderLimits.bytes

    /// Reads a settings file; linear, no more than 16 MiB, 64 levels and 400,000 values.
    ///
    /// - Parameters:
    ///   - bytes: the whole file; a byte order mark is passed over.
    ///   - client: whose file it is.
    ///   - format: how it is written.
    /// - Throws: where and why it cannot be read.
    public init(_ bytes: [UInt8], of client: Client, format: SettingsFormat) throws(SettingsFault) {
        guard bytes.count <= ReaderLimits.bytes else {
            throw SettingsFault("larger than \(ReaderLimits.bytes) bytes", line: 1, column: 1)
        }
        guard UTF8Check.isValid(bytes.span) else {
            throw SettingsFault("not UTF-8: save the file as UTF-8", line: 1, column: 1)
        }
        let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        var notes: [SettingsFault] = []
        switch format {
        case .json:
            var reader = CommentedJSON(bytes, from: start)
            root = try reader.read()
            if let place = reader.firstComment, !client.leniency.contains(.comments) {
                notes.append(SettingsFault("a comment, which \(client.title) may refuse", at: place, in: bytes))
            }
            if let place = reader.firstTrailingComma, !client.leniency.contains(.trailingCommas) {
                notes.append(SettingsFault("a trailing comma, which \(client.title) may refuse", at: place, in: bytes))
            }
        case .toml:
            var reader = TOMLText(bytes, from: start)
            root = try reader.read()
        case .yaml:
            root = try MarkedYAML.read(bytes, from: start)
        }
        self.client = client
        self.format = format
        self.bytes = bytes
        var entries = EntryReader(client: client, bytes: bytes)
        entries.read(root)
        servers = entries.servers
        if entries.isCut {
            let most = EntryReader.mostServers
            notes.append(SettingsFault("more than \(most) servers: the rest is not looked at", line: 1, column: 1))
        }
        self.notes = notes
    }
}
