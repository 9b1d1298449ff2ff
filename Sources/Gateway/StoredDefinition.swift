public import Base
internal import ConnectorModel
internal import EventLoops
public import OAuthModel
internal import PolicyEngine
public import Secrets
public import Settings
internal import ShippedConnectors
public import Stores
internal import Synchronization
public import Upstreams

/// What a store's state means to a gateway: the definition to compile, and what keeps parts of it from being served.
public struct StoredDefinition: Sendable {
    /// The revision of the store it was made of.
    public let revision: Int
    /// What to serve.
    public let definition: SnapshotDefinition
    /// One line for each part that is left out, and why: everything else is served.
    public let notes: [String]
    /// The credentials that end and have to be renewed.
    public let connections: [StoredConnection]
}

/// A server's authorisation as it lies in the store, opened.
public struct StoredConnection: Sendable {
    /// The credential it is.
    public let credential: CredentialRecord
    /// What seals it belongs to.
    public let organisation: EntityID
    /// What it holds.
    public let tokens: TokenSet
    /// Tells when its server refuses it; the same object for as long as the tokens are the same.
    public let renewal: CredentialRenewal
}

/// The renewals of the credentials a reader has seen, each with the tokens it is of.
private final class RenewalTable: Sendable {
    private let known = Guarded<[EntityID: (sealed: SealedCredential, renewal: CredentialRenewal)]>([:])

    func renewal(of record: CredentialRecord) -> CredentialRenewal {
        known.withLock { known in
            if let one = known[record.id], one.sealed == record.sealed {
                return one.renewal
            }
            let made = CredentialRenewal()
            known[record.id] = (record.sealed, made)
            return made
        }
    }
}

/// Reads definitions out of a store: opens credentials, resolves references, compiles policies.
///
/// Blocking, as the store is: never called on a loop's thread. A server whose credential cannot be had is left out, with
/// its grants, and said so: one damaged credential must not keep a gateway from serving what is whole, nor from taking
/// in that a grant was revoked.
public struct StoredDefinitionReader: Sendable {
    /// What opens credentials: set anew when the key file was rotated.
    public var sealer: CredentialSealer?
    private let sources: SettingsSources
    private let renewals = RenewalTable()
    private let paces = ConnectorPaces()
    /// Policies compiled before, by their version.
    private var compiled: [VersionKey: CompiledPolicy] = [:]

    private struct VersionKey: Hashable {
        let policy: EntityID
        let number: Int
    }

    /// A reader that opens credentials with `sealer` and takes variables and files from `sources`.
    public init(sealer: CredentialSealer?, sources: SettingsSources) {
        self.sealer = sealer
        self.sources = sources
    }

    /// The definition of the store as it is at `now`.
    public mutating func read(_ store: some Store, at now: WallTime) throws(StoreError) -> StoredDefinition {
        let state = try store.read { reader throws(StoreError) in try StoredState(reader) }
        var notes: [String] = []
        var definition = SnapshotDefinition()
        var connections: [StoredConnection] = []
        var names: [EntityID: ByteString] = [:]
        for record in state.servers {
            do throws(Unusable) {
                definition.servers.append(try server(record, state, &connections))
                names[record.id] = record.name
            } catch {
                notes.append("server `\(record.name)` is not served: \(error.reason)")
            }
        }
        var policies: [EntityID: ByteString] = [:]
        var used: [VersionKey: CompiledPolicy] = [:]
        for (record, version) in state.policies {
            let key = VersionKey(policy: record.id, number: version.number)
            guard let server = names[record.server] else {
                continue
            }
            guard let policy = compiled[key] ?? CompiledPolicy.load(version.source).policy else {
                notes.append("policy `\(record.name)` does not load, so its grants are not served: edit it")
                continue
            }
            used[key] = policy
            policies[record.id] = record.name
            definition.policies.append(PolicyDefinition(name: record.name, server: server, compiled: policy))
        }
        compiled = used
        var bundles: [EntityID: ByteString] = [:]
        for record in state.bundles {
            guard let bundle = bundle(record, names: names, policies: policies) else {
                notes.append(
                    "bundle `\(record.name)` has a member whose server or policy is not served, so it is not either"
                )
                continue
            }
            bundles[record.id] = record.name
            definition.bundles.append(bundle)
        }
        let known = Names(servers: names, policies: policies, bundles: bundles, members: state.members)
        for grant in state.grants where grant.isOpen(at: now) {
            definition.grants += grants(of: grant, known, now: now)
        }
        return StoredDefinition(
            revision: state.revision,
            definition: definition,
            notes: notes,
            connections: connections
        )
    }

    /// A bundle whose members are all served: one that lacks a part would look as if its tools were gone.
    private func bundle(
        _ record: BundleRecord,
        names: [EntityID: ByteString],
        policies: [EntityID: ByteString]
    ) -> BundleDefinition? {
        var parts: [BundleDefinition.Part] = []
        for member in record.members {
            guard let server = names[member.server] else {
                return nil
            }
            var policy: ByteString?
            if let id = member.policy {
                guard let name = policies[id] else {
                    return nil
                }
                policy = name
            }
            parts.append(BundleDefinition.Part(server: server, prefix: member.prefix, policy: policy))
        }
        return BundleDefinition(name: record.name, uuid: ByteString(record.id.text), parts: parts)
    }

    /// What grants refer to, by the names of the definition.
    private struct Names {
        let servers: [EntityID: ByteString]
        let policies: [EntityID: ByteString]
        let bundles: [EntityID: ByteString]
        let members: [EntityID: ByteString]
    }

    /// A grant's definitions: one for its token, and one for the token before while that overlaps.
    private func grants(
        of grant: GrantRecord,
        _ names: Names,
        now: WallTime
    ) -> [GrantDefinition] {
        var server: ByteString = ""
        var bundle: ByteString?
        var policy: ByteString?
        switch grant.target {
        case .server(let id, let attached):
            guard let name = names.servers[id] else {
                return []
            }
            server = name
            policy = attached.flatMap { names.policies[$0] }
            // A policy that does not load is not the same as none: the grant is left out, and its calls are refused as
            // those of an unknown token are.
            guard attached == nil || policy != nil else {
                return []
            }
        case .bundle(let id):
            guard let name = names.bundles[id] else {
                return []
            }
            bundle = name
        }
        var definition = GrantDefinition(
            label: grant.label,
            id: ByteString(grant.id.text),
            server: server,
            policy: policy,
            digest: grant.digest.bytes,
            expires: grant.expires,
            member: grant.owner.flatMap { names.members[$0] }
        )
        definition.bundle = bundle
        var definitions = [definition]
        if let previous = grant.previous, now < previous.ends {
            definition.digest = previous.digest.bytes
            definition.expires = min(previous.ends, grant.expires ?? previous.ends)
            definitions.append(definition)
        }
        return definitions
    }

    // MARK: - Servers

    private struct Unusable: Error {
        let reason: String
    }

    private func server(
        _ record: ServerRecord,
        _ state: StoredState,
        _ connections: inout [StoredConnection]
    ) throws(Unusable) -> ServerDefinition {
        let address: UpstreamAddress
        switch record.upstream {
        case .http(let url, let allowsInsecure):
            do throws(UpstreamAddress.Problem) {
                address = try UpstreamAddress(url.bytes, allowsInsecure: allowsInsecure)
            } catch {
                throw Unusable(reason: "its URL cannot be used: \(error.rawValue)")
            }
        case .process(let settings):
            return try process(settings, record, state, &connections)
        case .connector(let settings):
            return try connector(settings, record, state, &connections)
        }
        var headers: [UpstreamHeader] = []
        let known = connections.count
        for header in record.headers {
            headers.append(UpstreamHeader(name: header.name, value: try value(of: header, record, state, &connections)))
        }
        do throws(UpstreamConfiguration.Problem) {
            var upstream = try UpstreamConfiguration(name: record.name, address: address, headers: headers)
            upstream.renewal = connections.dropFirst(known).first?.renewal
            return ServerDefinition(
                name: record.name,
                uuid: ByteString(record.id.text),
                upstream: upstream,
                changedTools: record.changedTools
            )
        } catch {
            throw Unusable(reason: error.sentence)
        }
    }

    private func value(
        of header: HeaderReference,
        _ server: ServerRecord,
        _ state: StoredState,
        _ connections: inout [StoredConnection]
    ) throws(Unusable) -> Secret<[UInt8]> {
        let secret: Secret<[UInt8]>
        switch header.source {
        case .open(let value):
            secret = Secret(value.bytes)
        case .environment(let name):
            guard let value = sources.variable(name.text), !value.isEmpty else {
                throw Unusable(
                    reason: "the environment variable `\(name)` is not set: set it for the gateway's process"
                )
            }
            secret = Secret(value)
        case .file(let path):
            switch sources.file(path.text) {
            case .success(let bytes): secret = Secret(SecretText.trimmed(bytes))
            case .failure(let failure):
                throw Unusable(reason: "the secret's file `\(path)` cannot be read: \(failure.reason)")
            }
        case .stored(let name):
            secret = try credential(name, of: server, state, &connections)
        }
        let refusal =
            if case .process = server.upstream {
                VariableNames.refusal(ofValue: secret.reveal())
            } else {
                HeaderValue.refusal(of: secret.reveal())
            }
        if let refusal {
            throw Unusable(reason: "the value of `\(header.name)` \(refusal)")
        }
        return secret
    }

    /// A server that is a connector, its settings checked and its secret resolved.
    private func connector(
        _ settings: ConnectorSettings,
        _ record: ServerRecord,
        _ state: StoredState,
        _ connections: inout [StoredConnection]
    ) throws(Unusable) -> ServerDefinition {
        guard let connector = ShippedConnectors.connector(named: settings.connector) else {
            throw Unusable(
                reason: "there is no connector `\(settings.connector)`: `toolgate connector list` shows what there is"
            )
        }
        guard let reference = record.headers.first(where: { $0.name == ConnectorSettings.secretName }) else {
            throw Unusable(reason: "it has no secret: run `toolgate server edit \(record.name) --secret env:VARIABLE`")
        }
        let secret = try value(of: reference, record, state, &connections)
        let instance: ConnectorInstance
        do throws(ConnectorSettingProblem) {
            instance = try ConnectorInstance(connector, set: settings.set.map { ($0.name, $0.value) }, secret: secret)
        } catch {
            throw Unusable(reason: error.description)
        }
        let account: ConnectorAccount
        do throws(UpstreamAddress.Problem) {
            account = try ConnectorAccount(instance, paces: paces)
        } catch {
            throw Unusable(reason: "its address cannot be used: \(error.rawValue)")
        }
        return ServerDefinition(
            name: record.name,
            uuid: ByteString(record.id.text),
            upstream: UpstreamConfiguration(name: record.name, connector: account),
            changedTools: record.changedTools
        )
    }

    /// A server that is a process, its variables resolved.
    private func process(
        _ settings: ProcessSettings,
        _ record: ServerRecord,
        _ state: StoredState,
        _ connections: inout [StoredConnection]
    ) throws(Unusable) -> ServerDefinition {
        var variables: [ProcessVariable] = []
        for variable in record.headers {
            let value = try value(of: variable, record, state, &connections)
            let isSecret = if case .open = variable.source { false } else { true }
            variables.append(ProcessVariable(name: variable.name, value: value, isSecret: isSecret))
        }
        return ServerDefinition(
            name: record.name,
            uuid: ByteString(record.id.text),
            upstream: UpstreamConfiguration(name: record.name, process: ProcessCommand(settings, variables)),
            changedTools: record.changedTools
        )
    }

    private func credential(
        _ name: ByteString,
        of server: ServerRecord,
        _ state: StoredState,
        _ connections: inout [StoredConnection]
    ) throws(Unusable) -> Secret<[UInt8]> {
        guard let record = state.credentials.first(where: { $0.name == name && $0.server == server.id }) else {
            throw Unusable(
                reason: "the store has no credential `\(name)` for it: run `toolgate credential add \(name)`"
            )
        }
        guard let sealer else {
            throw Unusable(reason: "the key file has no `wrapping` key: run `toolgate key rotate wrapping`")
        }
        // The address of the server as it is now: a credential sealed for another one does not open (security.md, G5).
        var bound = record
        bound.origin = server.upstream.origin ?? ""
        let secret: Secret<[UInt8]>
        do throws(CredentialError) {
            secret = try sealer.open(bound.sealed, for: bound.binding(organisation: state.organisation))
        } catch {
            throw Unusable(reason: "the credential `\(name)`: \(error)")
        }
        guard TokenSet.isOne(secret) else {
            return secret
        }
        guard let tokens = TokenSet(plaintext: secret) else {
            throw Unusable(reason: "the credential `\(name)` is of a newer version: run `toolgate server connect`")
        }
        connections.append(
            StoredConnection(
                credential: record,
                organisation: state.organisation,
                tokens: tokens,
                renewal: renewals.renewal(of: record)
            )
        )
        // A token that has ended is sent all the same: the server's 401 says so to whoever calls, until it is renewed.
        return tokens.authorization
    }
}

extension ProcessCommand {
    /// The command that settings describe.
    fileprivate init(_ settings: ProcessSettings, _ variables: [ProcessVariable]) {
        var confinement = ChildConfinement()
        confinement.memoryBytes = settings.confinement.memory.map { UInt64(clamping: $0) }
        confinement.openFiles = settings.confinement.openFiles.map { UInt64(clamping: $0) }
        confinement.processorSeconds = settings.confinement.processorSeconds.map { UInt64(clamping: $0) }
        confinement.readable = settings.confinement.read
        confinement.writable = settings.confinement.write
        let sharing: ProcessSharing =
            switch settings.sharing {
            case .shared: .shared
            case .grant: .grant
            case .session: .session
            }
        self.init(
            program: settings.command,
            arguments: settings.arguments,
            environment: variables,
            directory: settings.directory,
            sharing: sharing,
            confinement: confinement
        )
    }
}

/// What one look at a store takes out of it.
private struct StoredState: Sendable {
    let revision: Int
    let organisation: EntityID
    let servers: [ServerRecord]
    let policies: [(record: PolicyRecord, version: PolicyVersion)]
    let bundles: [BundleRecord]
    let grants: [GrantRecord]
    let members: [EntityID: ByteString]
    let credentials: [CredentialRecord]

    init(_ reader: StoreReader) throws(StoreError) {
        revision = try reader.revision()
        organisation = try reader.organisation().id
        servers = try reader.servers()
        var policies: [(record: PolicyRecord, version: PolicyVersion)] = []
        for record in try reader.policies() {
            if let version = try reader.currentVersion(of: record.id) {
                policies.append((record, version))
            }
        }
        self.policies = policies
        bundles = try reader.bundles()
        grants = try reader.grants()
        members = Dictionary(try reader.members().map { ($0.id, $0.label) }) { first, _ in first }
        credentials = try reader.credentials()
    }
}

extension UpstreamConfiguration.Problem {
    /// What is wrong and what to do.
    fileprivate var sentence: String {
        switch self {
        case .badName(let name): "the header name `\(name)` is not one HTTP knows: use letters, digits and `-`"
        case .badValue(let name): "the value of the header `\(name)` holds a byte that cannot stand in a header"
        case .reserved(let name): "the header `\(name)` is the gateway's own to write: remove it"
        case .duplicate(let name): "the header `\(name)` stands twice: keep one"
        }
    }
}
