import Base
import OAuthModel

/// What holds for whatever an authorisation server, or somebody in its place, answers.
enum OAuthProperties {
    /// A line for the challenge, then one for each answer and for what the browser comes back with.
    static func check(_ bytes: [UInt8]) {
        guard bytes.count <= 1 << 16, let server = WebAddress(Array("https://mcp.example/mcp".utf8)),
            let redirect = WebAddress(Array("http://127.0.0.1:1/callback".utf8)),
            let entropy = OAuthEntropy([UInt8](repeating: 7, count: 64))
        else {
            return
        }
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)[...]
        let header = lines.popFirst() ?? []
        if let address = WebAddress(header) {
            precondition(WebAddress(address.text.bytes) == address, "an address is another one when read again")
        }
        for grant in [TokenGrant.authorizationCode, .clientCredentials] {
            var connection = OAuthConnection(to: server, by: grant)
            connection.challenge = BearerChallenge(header)
            connection.redirect = redirect
            if grant == .clientCredentials {
                connection.clientID = "client"
                connection.clientSecret = Secret(Array("secret".utf8))
            }
            run(OAuthFlow(connection, entropy: entropy), lines)
        }
    }

    private static func run(_ flow: OAuthFlow, _ lines: ArraySlice<[UInt8]>) {
        var flow = flow
        var lines = lines
        let now = WallTime(milliseconds: 1_795_000_000_000)
        do throws(OAuthProblem) {
            var step = try flow.begin()
            for _ in 0..<64 {
                let line = lines.popFirst() ?? []
                switch step {
                case .ask(let request):
                    precondition(
                        request.address.isSecure || request.address.isLoopback,
                        "a token may be sent in the clear"
                    )
                    let status = line.first.map { $0 == UInt8(ascii: "!") ? 404 : 200 } ?? 200
                    step = try flow.take(OAuthAnswer(status: status, body: line), now: now)
                case .consent(let address):
                    precondition(address.isSecure || address.isLoopback, "a person is sent to an open address")
                    step = try flow.take(returned: line)
                case .done(let tokens):
                    precondition(TokenSet(plaintext: tokens.plaintext) != nil, "tokens cannot be read again")
                    return
                }
            }
            preconditionFailure("a flow does not end")
        } catch {
            return
        }
    }
}
