public import Base
internal import JSONText

/// A token set as the bytes that are sealed into the store, and back.
extension TokenSet {
    /// What every sealed set begins with: a byte that no header value can hold, so that no secret a person gave is ever
    /// read as a set, nor a set sent as a header.
    private static let marker: [UInt8] = [0x00] + Array("toolgate oauth 1\n".utf8)

    /// Whether a plaintext is that of a set.
    public static func isOne(_ plaintext: Secret<[UInt8]>) -> Bool {
        plaintext.reveal().starts(with: marker)
    }

    /// The set as bytes, a marker and JSON: for the sealer, never for a log.
    public var plaintext: Secret<[UInt8]> {
        var writer = JSONWriter()
        writer.beginObject()
        writer.pair("issuer", issuer.bytes)
        writer.pair("resource", resource.bytes)
        writer.pair("token_endpoint", tokenEndpoint.text.bytes)
        writer.key("named")
        writer.boolean(isNamed)
        writer.pair("client_id", client.id.bytes)
        writer.pair("client_secret", client.secret?.reveal())
        writer.pair("client_authentication", Array(client.authentication.rawValue.utf8))
        writer.pair("grant", Array(grant.rawValue.utf8))
        writer.pair("access_token", accessToken.reveal())
        writer.pair("refresh_token", refreshToken?.reveal())
        writer.pair("scope", scope?.bytes)
        writer.key("issued")
        writer.number(Int(issued.milliseconds))
        if let expires {
            writer.key("expires")
            writer.number(Int(expires.milliseconds))
        }
        writer.pair("problem", problem.map { Array($0.kind.rawValue.utf8) })
        writer.pair("about", problem.map(\.about.bytes))
        writer.endObject()
        return Secret(Self.marker + writer.output)
    }

    /// Reads what ``plaintext`` wrote; `nil` for anything else.
    public init?(plaintext: Secret<[UInt8]>) {
        guard Self.isOne(plaintext) else {
            return nil
        }
        let root: JSONValue
        do throws(JSONError) {
            root = try JSONDocument(Array(plaintext.reveal().dropFirst(Self.marker.count))).root
        } catch {
            return nil
        }
        func text(_ key: StaticString) -> [UInt8]? { root[key]?.string?.bytes }
        guard let issuer = text("issuer"), let resource = text("resource"),
            let endpoint = text("token_endpoint").flatMap({ WebAddress($0) }), let id = text("client_id"),
            let isNamed = root["named"]?.boolean,
            let authentication = root["client_authentication"]?.string
                .flatMap({ OAuthClient.Authentication(rawValue: $0.text) }),
            let grant = root["grant"]?.string.flatMap({ TokenGrant(rawValue: $0.text) }),
            let access = text("access_token"), let issued = root["issued"]?.number?.int
        else {
            return nil
        }
        let problem = root["problem"]?.string.flatMap { OAuthProblem.Kind(rawValue: $0.text) }
        self.init(
            issuer: ByteString(issuer),
            resource: ByteString(resource),
            tokenEndpoint: endpoint,
            isNamed: isNamed,
            client: OAuthClient(
                id: ByteString(id),
                secret: text("client_secret").map { Secret($0) },
                authentication: authentication
            ),
            grant: grant,
            accessToken: Secret(access),
            refreshToken: text("refresh_token").map { Secret($0) },
            scope: text("scope").map { ByteString($0) },
            issued: WallTime(milliseconds: Int64(issued)),
            expires: root["expires"]?.number?.int.map { WallTime(milliseconds: Int64($0)) },
            problem: problem.map { OAuthProblem($0, ByteString(text("about") ?? [])) }
        )
    }
}

extension JSONWriter {
    fileprivate mutating func pair(_ name: StaticString, _ value: [UInt8]?) {
        guard let value else {
            return
        }
        key(name)
        string(value)
    }
}
