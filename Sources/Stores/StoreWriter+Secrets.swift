public import Base
internal import Secrets
public import Settings

extension StoreWriter {
    /// Adds a sealed credential, or puts another in the place of the one with its identity.
    ///
    /// Refused: a name that is none or taken, a server that is not there, an origin that is not the server's, lengths no
    /// sealed secret has, a version of the wrapping key older than the last rotation proved gone.
    public func save(_ credential: CredentialRecord) throws(StoreError) {
        var credential = credential
        try checkName(credential.name)
        if let other = try reader.credential(named: credential.name), other.id != credential.id {
            throw .refused("there is a credential `\(credential.name.shown)` already: choose another name")
        }
        guard let server = try reader.server(credential.server) else {
            throw .notFound(Subject(.server, id: credential.server))
        }
        guard credential.origin == server.upstream.origin else {
            throw .refused(
                "\(credential.subject) is sealed for another address than \(server.subject) has: set it anew"
            )
        }
        try checkSealed(credential.sealed, of: credential.subject, atLeast: try reader.wrappingVersion())
        let old = try tables.first(CredentialRecord.self, [("id", .id(credential.id))])
        credential.created = old?.created ?? now
        credential.updated = old?.sealed == credential.sealed ? old?.updated ?? now : now
        try commit(credential.subject, before: old.map { [$0.row] } ?? [], after: [credential.row])
    }

    /// Removes a credential; refused while a header of a server refers to it.
    public func remove(credential id: EntityID) throws(StoreError) {
        guard let credential = try tables.first(CredentialRecord.self, [("id", .id(id))]) else {
            throw .notFound(Subject(.credential, id: id))
        }
        let users = try reader.servers().filter { server in
            server.headers.contains { $0.source == .stored(credential.name) }
        }
        guard users.isEmpty else {
            throw inUse(credential.subject, by: users.map(\.subject))
        }
        try commit(credential.subject, before: [credential.row], after: [])
    }

    /// Refuses what has not the form of a sealed secret, or is wrapped with a key older than the last rotation proved gone.
    func checkSealed(_ sealed: SealedCredential, of subject: Subject, atLeast version: Int) throws(StoreError) {
        guard sealed.isWellFormed else {
            throw .refused("\(subject) has not the form of a sealed secret")
        }
        guard Int(sealed.keyVersion) >= version else {
            throw .refused(
                "\(subject) is wrapped with version \(sealed.keyVersion) of the key, which has been rotated: read the key "
                    + "file again, then retry"
            )
        }
    }
}

// MARK: - Pins

extension StoreWriter {
    /// Adds a tool's pin, or puts another in the place of the one it has.
    ///
    /// Refused: a server that is not there, a digest of another length, a pending definition without being changed or
    /// the other way round.
    public func save(_ pin: ToolPin) throws(StoreError) {
        try commitPin(pin, as: nil)
    }

    /// Makes the definition that waits the one in force, in the author's name.
    ///
    /// - Parameters:
    ///   - tool: a tool that is new or changed.
    ///   - server: its server.
    ///   - digest: of the definition that was looked at; another one that came meanwhile is not accepted.
    /// - Throws: ``StoreError/refused(_:)`` when nothing waits, or something else than what was looked at.
    public func accept(tool: ByteString, at server: EntityID, digest: [UInt8]) throws(StoreError) {
        guard var pin = try reader.pin(of: tool, at: server) else {
            throw .notFound(Subject(.tool, tool))
        }
        let waiting = pin.pending ?? pin.definition
        guard pin.standing != .pinned else {
            throw .refused("the definition of `\(tool.shown)` in force is the accepted one: there is nothing to accept")
        }
        guard waiting.digest == digest else {
            throw .refused("the definition of `\(tool.shown)` has changed again: look at it before accepting it")
        }
        pin.definition = waiting
        pin.pending = nil
        pin.standing = .pinned
        pin.acceptedBy = ByteString("\(author)")
        pin.accepted = now
        try commitPin(pin, as: .accept)
    }

    /// Forgets a tool: should it come again, it is new.
    public func remove(pinOf tool: ByteString, at server: EntityID) throws(StoreError) {
        guard let pin = try reader.pin(of: tool, at: server), let record = try reader.server(server) else {
            throw .notFound(Subject(.tool, tool))
        }
        try commit(pin.subject(at: record), before: [pin.row], after: [])
    }

    private func commitPin(_ pin: ToolPin, as action: AdminEvent.Action?) throws(StoreError) {
        guard let server = try reader.server(pin.server) else {
            throw .notFound(Subject(.server, id: pin.server))
        }
        guard (pin.standing == .changed) == (pin.pending != nil) else {
            throw .refused("a tool has a pending definition when it is changed, and only then")
        }
        for definition in [pin.definition] + [pin.pending].compactMap({ $0 }) {
            try checkDigest(definition.digest)
            guard definition.canonical.count <= Self.maximumDefinitionBytes else {
                throw .refused("a tool's definition has at most \(Self.maximumDefinitionBytes) bytes")
            }
        }
        guard !pin.tool.isEmpty, pin.tool.count <= 1_024, ByteString(pin.tool.text) == pin.tool else {
            throw .refused("`\(pin.tool.shown)` is no name of a tool: it is empty, too long or no UTF-8")
        }
        let old = try reader.pin(of: pin.tool, at: pin.server)
        try commit(pin.subject(at: server), before: old.map { [$0.row] } ?? [], after: [pin.row], as: action)
        // What waits for somebody is told once, and again when it has changed again.
        if let waiting = pin.waiting?.digest, waiting != old?.waiting?.digest {
            try Outbox(reader).post(.toolChanged, pin.facts(at: server), now: now)
        }
    }
}

extension ToolPin {
    func subject(at server: ServerRecord) -> Subject {
        Subject(.tool, ByteString(server.name.bytes + [UInt8(ascii: "/")] + tool.bytes))
    }
}
