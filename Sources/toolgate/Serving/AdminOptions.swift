import AdminAPI
import Base
import EventLoops
import People
import Secrets
import Stores
import Synchronization

/// Where the console and the admin API are, as `up` was asked for.
struct AdminOptions: Sendable {
    static let options = [
        CommandOption(
            "admin",
            "ADDR:PORT|off",
            "where the console and the admin API listen (default 127.0.0.1:8788)",
            environment: "TOOLGATE_ADMIN"
        ),
        CommandOption(
            "admin-url",
            "ORIGIN",
            "the origin people reach them at, when something stands in front",
            environment: "TOOLGATE_ADMIN_URL"
        ),
        CommandOption(
            "registration",
            "open|invitation",
            "who makes the first account: anybody, or by the printed link",
            choices: ["open", "invitation"]
        ),
    ]

    private static let standardAddress = "127.0.0.1:8788"

    let address: SocketAddress
    /// Whether somebody named the address: then it must be had.
    let isNamed: Bool
    /// As browsers send it; `nil`: the address itself.
    let origin: String?
    let isRegistrationOpen: Bool

    /// Reads the options; `nil` when there is to be no admin listener.
    ///
    /// What is served and ends with the process (`isPassing`) is administered only when that was asked for.
    init?(_ invocation: Invocation, isPassing: Bool) throws(CommandFailure) {
        let written = invocation.value("admin")
        guard written != "off", written != nil || !isPassing else {
            return nil
        }
        address = try ListenAddress.parse(written ?? Self.standardAddress, option: "--admin")
        isNamed = written != nil
        isRegistrationOpen = invocation.value("registration") == "open"
        origin = try invocation.value("admin-url").map { text throws(CommandFailure) in
            guard AllowedNames.isOrigin(text) else {
                throw .usage(
                    "`--admin-url \(text)` is no origin: write it as browsers send it, such as https://toolgate.example.com"
                )
            }
            return text
        }
    }

    /// What the listener serves.
    struct Scene: Sendable {
        let store: ServedStore
        /// Where the journal and its table are; `nil`: none is kept.
        let journal: DataDirectory?
        let keys: AdminKeys
        /// Where clients reach a server, by its name.
        let endpoint: @Sendable (String) -> String
    }

    /// Starts the listener; `nil`, and said why, when nobody named an address and the usual one is taken.
    func start(_ scene: Scene, console: Console) async throws(CommandFailure) -> AdminServer? {
        let keys = scene.keys
        var configuration = AdminConfiguration(
            address: address,
            store: scene.store.store,
            storePath: scene.store.path,
            people: scene.people,
            keys: { () throws(KeyFileError) in keys.current }
        )
        configuration.isRegistrationOpen = isRegistrationOpen
        configuration.journal = scene.journal.map { JournalDesk(directory: $0) }
        configuration.origin = origin
        configuration.endpoint = scene.endpoint
        configuration.connectorProblem = { ConnectorFit.problem($0) }
        do throws(StreamError) {
            return try await AdminServer(configuration)
        } catch {
            let sentence = "the console and the admin API cannot listen on \(address): \(error)"
            guard isNamed else {
                console.say("toolgate: warning: \(sentence); `--admin ADDR:PORT` names another address")
                return nil
            }
            throw .environment("\(sentence); choose another address with `--admin`")
        }
    }

    /// Where people reach it.
    func origin(of server: AdminServer) -> String {
        origin ?? "http://\(server.address.ip.isUnspecified ? "127.0.0.1:\(server.address.port)" : "\(server.address)")"
    }
}

extension AdminOptions.Scene {
    fileprivate var people: PeopleDesk {
        let keys = keys
        return PeopleDesk(store: store.store, time: SystemTime()) { PeopleKeys(keys.current) }
    }
}

/// The key file for the admin listener's threads, read again when another one has taken its place.
final class AdminKeys: Sendable {
    private struct State {
        var file: KeyFile
        var stamp: FileAccess.Stamp?
    }

    private let path: String
    private let state: Guarded<State>

    /// The keys that were read from `path` when the gateway started.
    init(_ file: KeyFile, path: String) {
        self.path = path
        state = Guarded(State(file: file))
    }

    /// The keys in force; those that were read before when the file cannot be read now.
    var current: KeyFile {
        let found = FileAccess.stamp(path)
        return state.withLock { state in
            guard found != state.stamp else {
                return state.file
            }
            do throws(KeyFileError) {
                state.file = try KeyFile.load(path: path)
                state.stamp = found
            } catch {
                // The keeper says what is wrong with the file; what was read stays.
            }
            return state.file
        }
    }
}
