import Base
import EventLoops
import People
import Secrets
import Stores

/// The desk of a data directory, for commands.
struct PeopleDeskAccess {
    let desk: PeopleDesk
    private let path: String

    /// Over the store of `--data`, which must be there, and its keys.
    init(existing invocation: Invocation) throws(CommandFailure) {
        let directory = try ServiceKeys.openExisting(invocation)
        guard let store = try StoreAccess.openExisting(directory) else {
            throw .environment("there is no store in `\(directory.path)`: is `--data` the right folder?")
        }
        let keys = PeopleKeys(try ServiceKeys.load(invocation))
        path = directory.store
        desk = PeopleDesk(store: store, time: SystemTime()) { keys }
    }

    /// Over the store of `--data`, made when it is not there.
    init(making invocation: Invocation) throws(CommandFailure) {
        let directory = try ServiceKeys.open(invocation)
        let keys = PeopleKeys(try ServiceKeys.load(invocation))
        let store = try StoreAccess.open(directory)
        path = directory.store
        desk = PeopleDesk(store: store, time: SystemTime()) { keys }
    }

    /// Does something at the desk; what is refused becomes a sentence and an exit code.
    func attempt<Value>(_ body: (PeopleDesk) throws(PeopleError) -> Value) throws(CommandFailure) -> Value {
        do throws(PeopleError) {
            return try body(desk)
        } catch {
            if case .store(let problem) = error, !problem.isAboutRequest {
                throw .environment(problem.message(at: path))
            }
            throw .refused(error.description)
        }
    }
}

/// Where people reach the console, for links that commands print.
enum ConsoleLink {
    static let option = CommandOption(
        "admin-url",
        "ORIGIN",
        "the origin people reach the console at (default http://127.0.0.1:8788)",
        environment: "TOOLGATE_ADMIN_URL"
    )

    /// The link to a page of the console that takes a token.
    static func make(_ page: String, _ token: AccessToken, _ invocation: Invocation) throws(CommandFailure) -> String {
        let origin = invocation.value("admin-url") ?? "http://127.0.0.1:8788"
        guard AllowedNames.isOrigin(origin) else {
            throw .usage(
                "`--admin-url \(origin)` is no origin: write it as browsers send it, such as https://toolgate.example.com"
            )
        }
        return make(page, token, origin: origin)
    }

    /// The same, at an origin.
    static func make(_ page: String, _ token: AccessToken, origin: String) -> String {
        "\(origin)/#/\(page)/\(String(decoding: token.reveal(), as: UTF8.self))"
    }
}
