import Base
import EventLoops
import Gateway
import HTTPTransport
import HTTPWire
import OAuthModel
import Secrets
import Settings
import StoreSQLite
import Stores
import Testing
import Upstreams

@testable import toolgate

@Suite("renewals of a running gateway")
struct TokenKeeperTests {
    /// How often the token endpoint was asked.
    private final class Seen {
        var renewals = 0
    }

    /// A clock that stands.
    private struct StandingTime: TimeSource {
        let now = SystemTime().now
        let wallTime = SystemTime().wallTime
    }

    @Test(
        "until the store's change is taken in, nobody presents the spent refresh token, and behind it none that was over at once",
        arguments: [600, 0]
    )
    func spent(lifetime: Int) async throws {
        let pool = try WorkerPool(count: 1)
        defer { pool.stop() }
        await pool.workers[0].start { worker in
            do {
                // Once when it was refused, not again before the change was taken in, and not after.
                #expect(try await Self.refuseOnce(on: worker, lifetime) == [1, 1, 1])
            } catch {
                Issue.record(error)
            }
        }
        .value
    }

    private static func refuseOnce(on worker: isolated Worker, _ lifetime: Int) async throws -> [Int] {
        let seen = Seen()
        let address = SocketAddress(.loopbackV4, port: 0)
        let server = try HTTPServer(on: worker, configuration: HTTPServerConfiguration(address: address)) { exchange in
            seen.renewals += 1
            let tokens =
                #"{"access_token":"a","token_type":"Bearer","expires_in":\#(lifetime),"refresh_token":"r"}"#
            do throws(HTTPServerError) {
                var fields = HTTPFields()
                fields.append(.contentType, "application/json")
                try await exchange.respond(200, fields, body: Array(tokens.utf8))
            } catch {
                return
            }
        }
        let scene = try StoreScene()
        let origin = "http://127.0.0.1:\(server.address.port)"
        scene.run("server", "add", "witness", "--upstream", "\(origin)/mcp")
        let path = "\(scene.folder)/keys.json"
        let keys = ServedKeys(try KeyFile.loadOrCreate(path: path).keys, path: path) { _ in }
        let store = try SQLiteStore(opening: "\(scene.folder)/store.sqlite", time: SystemTime())
        try seal(at: origin, in: store, with: try #require(keys.sealer))
        let sources = SettingsSources(file: { _ in .success([]) }, variable: { _ in nil })
        var reader = StoredDefinitionReader(sealer: keys.sealer, sources: sources)
        let connections = try reader.read(store, at: SystemTime().wallTime).connections
        let before = try #require(connections.first)

        let transport = OAuthTransport(on: worker.loop)
        let keeper = TokenKeeper(store, keys: keys, transport: transport, on: worker, time: StandingTime()) { _ in }
        keeper.take([before])
        before.renewal.refused { _ in }
        var counts: [Int] = []
        // The server, its credential and the renewal.
        while try store.revision() < 3 {
            await worker.loop.sleep(for: .milliseconds(1))
        }
        counts.append(seen.renewals)
        keeper.tick()
        counts.append(try await renewals(seen, transport, origin))
        keeper.take(try reader.read(store, at: SystemTime().wallTime).connections)
        keeper.tick()
        counts.append(try await renewals(seen, transport, origin))
        keeper.close()
        await server.drain(within: .seconds(1))
        return counts
    }

    /// How often the endpoint was asked by the keeper, once it has answered a request that was made after those.
    private static func renewals(_ seen: Seen, _ transport: OAuthTransport, _ origin: String) async throws -> Int {
        for _ in 0..<3 {
            let server = try #require(WebAddress(Array("\(origin)/mcp".utf8)))
            _ = await transport.challenge(of: server)
            seen.renewals -= 1
        }
        return seen.renewals
    }

    /// Makes the server one that somebody has connected to.
    private static func seal(at origin: String, in store: SQLiteStore, with sealer: CredentialSealer) throws {
        let now = SystemTime().wallTime.milliseconds
        let tokens = """
            \u{0}toolgate oauth 1
            {"issuer":"\(origin)","resource":"\(origin)/mcp","token_endpoint":"\(origin)/token","named":true,\
            "client_id":"c","client_authentication":"none","grant":"authorization_code","access_token":"first",\
            "refresh_token":"once","issued":\(now),"expires":\(now + 600_000)}
            """
        try store.change(by: .gateway) { writer throws(StoreError) in
            guard var server = try writer.reader.servers().first else {
                return
            }
            let organisation = try writer.reader.organisation().id
            let empty = SealedCredential(keyVersion: 0, wrapNonce: [], wrappedKey: [], nonce: [], ciphertext: [])
            var record = CredentialRecord(
                name: "witness-oauth",
                server: server.id,
                origin: ByteString(origin),
                sealed: empty
            )
            do throws(CredentialError) {
                let binding = record.binding(organisation: organisation)
                record.sealed = try sealer.seal(Secret(Array(tokens.utf8)), for: binding)
            } catch {
                throw .refused("\(error)")
            }
            try writer.save(record)
            server.headers.append(HeaderReference(name: "Authorization", source: .stored(record.name)))
            try writer.save(server)
        }
    }
}
