public import Base
public import EventLoops

/// A variable of a process's environment.
public struct ProcessVariable: Sendable {
    /// As the process sees it.
    public let name: ByteString
    /// Never logged, never shown, never on a command line.
    public let value: Secret<[UInt8]>
    /// Whether its value is masked in what the process answers and says.
    public let isSecret: Bool

    /// A variable from its parts; a name has no `=` and neither has a NUL, which callers check.
    public init(name: ByteString, value: Secret<[UInt8]>, isSecret: Bool) {
        self.name = name
        self.value = value
        self.isSecret = isSecret
    }
}

/// Who shares a process of a server.
public enum ProcessSharing: String, Hashable, Sendable, CaseIterable {
    /// All callers have one: it is told no capability of any client, and what it says outside of answers is nobody's.
    case shared
    /// Each grant has its own.
    case grant
    /// Each legacy session has its own, opened with the capabilities of its client; modern callers, who have no sessions,
    /// have one per grant.
    case session
}

/// How a server's process is started: by whoever configures the gateway, never by what comes in (M1).
public struct ProcessCommand: Sendable {
    /// An absolute path, or a bare name that is looked up along `PATH`.
    public var program: ByteString
    /// What follows the name; seen by everybody on the machine, so no place for secrets.
    public var arguments: [ByteString]
    /// What it has besides the few variables every process has.
    public var environment: [ProcessVariable]
    /// Where it runs; `nil`: where the gateway does.
    public var directory: ByteString?
    /// Who shares it.
    public var sharing: ProcessSharing
    /// What is taken from it.
    public var confinement: ChildConfinement

    /// A command from its parts.
    public init(
        program: ByteString,
        arguments: [ByteString] = [],
        environment: [ProcessVariable] = [],
        directory: ByteString? = nil,
        sharing: ProcessSharing = .shared,
        confinement: ChildConfinement = ChildConfinement()
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.sharing = sharing
        self.confinement = confinement
    }

    /// Everything that makes it this command and no other.
    func append(to payload: inout FieldWriter) {
        payload.append(run: program.bytes)
        payload.append(run: directory?.bytes ?? [])
        payload.append(run: Array(sharing.rawValue.utf8))
        payload.append(number: Int64(arguments.count))
        for argument in arguments {
            payload.append(run: argument.bytes)
        }
        for variable in environment {
            payload.append(run: variable.name.bytes)
            payload.append(run: variable.value.reveal())
        }
        payload.append(run: Array("\(confinement)".utf8))
    }
}
