import Base
import Cryptography
import People
import Secrets
import StoreContract
import Stores
import Synchronization
import Testing

/// Clocks that move together.
final class HandClock: TimeSource {
    private let milliseconds = Guarded<Int64>(1_800_000_000_000)

    var now: Instant { Instant(nanoseconds: milliseconds.withLock { $0 } * 1_000_000) }
    var wallTime: WallTime { WallTime(milliseconds: milliseconds.withLock { $0 }) }

    func advance(seconds: Int64) {
        milliseconds.withLock { $0 += seconds * 1_000 }
    }
}

/// A desk over a store in memory, with hashes that cost nothing.
struct PeopleScene {
    static let cheap = Argon2id.Cost(kibibytes: 8, passes: 1, lanes: 1)
    static let password = "a few plain words"

    let clock = HandClock()
    let store: MemoryStore
    let desk: PeopleDesk

    init(limits: AttemptLimits = AttemptLimits(), cost: Argon2id.Cost = cheap) {
        store = MemoryStore(time: clock)
        let keys = PeopleKeys(.generate())
        desk = PeopleDesk(store: store, time: clock, limits: limits, cost: cost) { keys }
    }

    /// The first admin, signed in.
    func found(_ label: ByteString = "ana") throws -> SignedIn {
        let link = try #require(try desk.makeSetupLink(by: .gateway))
        return try desk.found(
            link: link.reveal(),
            organisation: "Acme",
            label: label,
            email: ByteString("\(label.text)@example.com"),
            password: Secret(Array(Self.password.utf8)),
            address: "192.0.2.1",
            client: "Browser/1"
        )
    }

    func signIn(
        _ email: ByteString = "ana@example.com",
        _ password: String = password,
        code: ByteString? = nil,
        from address: ByteString = "192.0.2.1"
    ) -> Result<SignedIn, PeopleError> {
        Result { () throws(PeopleError) in
            try desk.signIn(
                email: email,
                password: Secret(Array(password.utf8)),
                code: code,
                address: address,
                client: ""
            )
        }
    }

    func identity(_ token: AccessToken) throws -> Identity? {
        switch token.kind {
        case .session: try desk.identity(session: token.reveal())
        default: try desk.identity(token: token.reveal())
        }
    }

    func require(_ token: AccessToken) throws -> Identity {
        try #require(try identity(token))
    }
}

extension Result where Failure == PeopleError {
    var refusal: PeopleError? {
        if case .failure(let error) = self {
            return error
        }
        return nil
    }
}

/// What a body was refused with.
func refusal<Value>(_ body: () throws(PeopleError) -> Value) -> PeopleError? {
    do throws(PeopleError) {
        _ = try body()
        return nil
    } catch {
        return error
    }
}

func secret(_ text: String) -> Secret<[UInt8]> { Secret(Array(text.utf8)) }
