import Base
import Cryptography
import Secrets
import Stores
import Testing

@testable import People

@Suite struct SignInTests {
    @Test("F4: no account, a wrong password and a member who is not active are one answer, after the same work")
    func oneAnswer() throws {
        let scene = PeopleScene()
        let ana = try scene.found()
        #expect(scene.signIn(from: "192.0.2.1").refusal == nil)
        #expect(scene.signIn("ANA@example.com").refusal == nil)
        #expect(scene.signIn("nobody@example.com").refusal == .wrongCredentials)
        #expect(scene.signIn("ana@example.com", "other plain words").refusal == .wrongCredentials)
        #expect(scene.signIn("ana@example.com", "").refusal == .wrongCredentials)
        #expect(scene.signIn("", String(repeating: "x", count: 100_000)).refusal == .wrongCredentials)
        let (token, _) = try scene.invite("bo", by: ana)
        try scene.store.change(by: .gateway) { writer throws(StoreError) in
            var bo = token.member
            bo.isActive = false
            try writer.save(bo)
        }
        #expect(scene.signIn("bo@example.com").refusal == .wrongCredentials)
        #expect(try scene.identity(token.token) == nil)
    }

    @Test("F4: for an account there is none of, the machine asks for the work of a comparison all the same")
    func decoy() throws {
        var table = AttemptTable()
        var machine = SignInMachine(
            .init(email: "Nobody@x.com", password: secret("some plain words"), code: nil, address: "a")
        )
        guard case .lookUp("nobody@x.com") = machine.requested(&table, now: 0) else {
            Issue.record("it does not look up")
            return
        }
        guard case .verify(nil) = machine.accountFound(nil) else {
            Issue.record("it does no decoy work")
            return
        }
        // Even if the decoy should match, nothing opens.
        guard case .fail(.wrongCredentials) = machine.passwordVerified(true, &table, now: 0) else {
            Issue.record("it opens")
            return
        }
    }

    @Test("F4: the sixth failure within a minute is not looked at, not even with the right password; later it is")
    func limits() throws {
        let scene = PeopleScene()
        _ = try scene.found()
        for _ in 0..<5 {
            #expect(scene.signIn("ana@example.com", "wrong plain words").refusal == .wrongCredentials)
        }
        #expect(scene.signIn().refusal == .tooManyAttempts(retryAfter: 12))
        #expect(scene.signIn(from: "192.0.2.99").refusal == nil)
        scene.clock.advance(seconds: 12)
        #expect(scene.signIn().refusal == nil)
    }

    @Test("each sign-in has a session and a token of its own; signing out ends that one alone")
    func sessions() throws {
        let scene = PeopleScene()
        let first = try scene.found()
        let second = try scene.signIn().get()
        #expect(first.token.reveal() != second.token.reveal())
        #expect(try scene.require(first.token).role == .admin)
        try scene.desk.signOut(first.session.id)
        #expect(try scene.identity(first.token) == nil)
        #expect(try scene.identity(second.token)?.member.label == "ana")
        // A token of another kind in the cookie's place opens nothing.
        #expect(try scene.desk.identity(session: AccessToken.generate(.admin).reveal()) == nil)
        #expect(try scene.desk.identity(token: second.token.reveal()) == nil)
    }

    @Test("a session is noted as used once a minute, and lives on by it")
    func touch() throws {
        let scene = PeopleScene()
        let token = try scene.found().token
        for _ in 0..<30 {
            scene.clock.advance(seconds: 11 * 3_600)
            guard try scene.identity(token) != nil else {
                break
            }
        }
        // 7 days are 15.27 times 11 hours.
        let lived = (scene.clock.wallTime.milliseconds - 1_800_000_000_000) / (11 * 3_600_000)
        #expect(lived == 16)
    }

    @Test("a hash that costs less than new ones do is made anew with the next sign-in")
    func rehash() throws {
        let scene = PeopleScene(cost: Argon2id.Cost(kibibytes: 16, passes: 1, lanes: 1))
        _ = try scene.found()
        let old = try #require(PasswordHash.make(secret(PeopleScene.password), cost: PeopleScene.cheap))
        try scene.store.change(by: .gateway) { writer throws(StoreError) in
            let account = try writer.reader.accounts()[0]
            try writer.set(password: old, of: account.member)
        }
        #expect(scene.signIn().refusal == nil)
        let kept = try scene.store.read { reader throws(StoreError) in try reader.accounts()[0].password }
        #expect(kept?.text.contains("m=16,") == true)
        let revision = try scene.store.revision()
        #expect(scene.signIn().refusal == nil)
        #expect(try scene.store.revision() == revision)
    }

    @Test("F10: the first account's link signs in at once, and there is no second first account")
    func setup() throws {
        let scene = PeopleScene()
        let wrong = AccessToken.generate(.setup)
        func found(_ link: [UInt8]?, _ password: String = PeopleScene.password) -> PeopleError? {
            refusal { () throws(PeopleError) in
                try scene.desk.found(
                    link: link,
                    organisation: nil,
                    label: "bo",
                    email: "bo@example.com",
                    password: secret(password),
                    address: "",
                    client: ""
                )
            }
        }
        let link = try #require(try scene.desk.makeSetupLink(by: .gateway)).reveal()
        #expect(found(wrong.reveal())?.description.contains("unknown, over") == true)
        #expect(found([1, 2, 3])?.description.contains("unknown, over") == true)
        #expect(found(link, "short")?.description.contains("at least 12") == true)
        #expect(found(link) == nil)
        #expect(found(link)?.description.contains("unknown, over") == true)
        #expect(found(nil)?.description.contains("ask an admin") == true)
        #expect(try scene.desk.makeSetupLink(by: .gateway) == nil)
        #expect(try scene.store.check() == [])
    }

    @Test("a token of a machine acts for its owner, within its role, and does nothing people do about themselves")
    func machines() throws {
        let scene = PeopleScene()
        let ana = try scene.found()
        let made = try scene.desk.makeToken(
            "ci",
            role: .viewer,
            owner: ana.member.id,
            expires: nil,
            by: .gateway
        )
        let identity = try scene.require(made.token)
        #expect((identity.member.label, identity.role) == ("ana", .viewer))
        let uses = try scene.store.read { reader throws(StoreError) in try reader.adminTokenUses() }
        #expect(uses == [made.record.id: scene.clock.wallTime])
        #expect(refusal { () throws(PeopleError) in try scene.desk.beginSecondFactor(of: identity) } == .needsSession)
    }
}

extension PeopleScene {
    /// Invites and accepts.
    func invite(_ label: ByteString, by inviter: SignedIn) throws -> (SignedIn, InvitationRecord) {
        let invited = try desk.invite(
            ByteString("\(label.text)@example.com"),
            role: .viewer,
            inviter: inviter.member.id,
            by: Author(.member, name: inviter.member.label)
        )
        let accepted = try desk.accept(
            invitation: invited.token.reveal(),
            label: label,
            password: secret(Self.password),
            address: "",
            client: ""
        )
        return (accepted, invited.invitation)
    }
}
