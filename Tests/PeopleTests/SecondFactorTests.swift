import Base
import Secrets
import Stores
import Testing

@testable import People

@Suite struct SecondFactorTests {
    /// The app of somebody who has typed the secret.
    private func app(_ secret: String) throws -> OneTimePassword {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
        var bytes: [UInt8] = []
        var buffer: UInt32 = 0
        var bits = 0
        for character in secret.utf8 {
            buffer = (buffer & 0xFFFF) << 5 | UInt32(try #require(alphabet.firstIndex(of: character)))
            bits += 5
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
            }
        }
        return OneTimePassword(secret: Secret(bytes))
    }

    private struct Enrolled {
        let app: OneTimePassword
        let codes: [RecoveryCode]
        let token: AccessToken
    }

    private func enrol(_ scene: PeopleScene, _ signedIn: SignedIn) throws -> Enrolled {
        let begun = try scene.desk.beginSecondFactor(of: scene.require(signedIn.token))
        #expect(begun.uri.contains("secret=\(begun.secret)&issuer=Toolgate%20Acme"))
        let app = try app(begun.secret)
        let code = ByteString(app.code(at: scene.clock.wallTime))
        let confirmed = try scene.desk.confirmSecondFactor(of: scene.require(signedIn.token), code: code)
        return Enrolled(app: app, codes: confirmed.codes, token: confirmed.token)
    }

    private func code(_ scene: PeopleScene, _ app: OneTimePassword) -> ByteString {
        ByteString(app.code(at: scene.clock.wallTime))
    }

    @Test("a second factor is asked for once it is confirmed; a code opens one session, and a wrong one none")
    func signingIn() throws {
        let scene = PeopleScene()
        let enrolled = try enrol(scene, try scene.found())
        #expect(scene.signIn().refusal == .secondFactorRequired)
        #expect(scene.signIn("ana@example.com", "wrong plain words", code: "123456").refusal == .wrongCredentials)
        // The code that confirmed it is spent.
        #expect(scene.signIn(code: code(scene, enrolled.app)).refusal == .wrongCode)
        scene.clock.advance(seconds: 30)
        let now = code(scene, enrolled.app)
        #expect(scene.signIn(code: now).refusal == nil)
        #expect(scene.signIn(code: now).refusal == .wrongCode)
    }

    @Test("the session that confirmed a second factor has a new token, every other session of the member is over")
    func rotation() throws {
        let scene = PeopleScene()
        let first = try scene.found()
        let second = try scene.signIn().get()
        let enrolled = try enrol(scene, first)
        #expect(try scene.identity(first.token) == nil)
        #expect(try scene.identity(second.token) == nil)
        #expect(try scene.require(enrolled.token).member.label == "ana")
    }

    @Test("a recovery code stands in for the app once, and new codes end the old ones")
    func recovery() throws {
        let scene = PeopleScene()
        let enrolled = try enrol(scene, try scene.found())
        #expect(Set(enrolled.codes.map(\.shown)).count == RecoveryCode.countInSet)
        let used = ByteString(enrolled.codes[0].shown.uppercased())
        let session = try scene.signIn(code: used).get()
        #expect(scene.signIn(code: used).refusal == .wrongCode)
        scene.clock.advance(seconds: 30)
        let renewed = try scene.desk.renewRecoveryCodes(
            of: scene.require(session.token),
            code: code(scene, enrolled.app)
        )
        #expect(scene.signIn(code: ByteString(enrolled.codes[1].shown)).refusal == .wrongCode)
        #expect(scene.signIn(code: ByteString(renewed[0].shown)).refusal == nil)
    }

    @Test("F4: codes are not guessed: ten wrong ones in an hour, then no more are looked at")
    func guessing() throws {
        let scene = PeopleScene()
        let enrolled = try enrol(scene, try scene.found())
        for number in 0..<10 {
            scene.clock.advance(seconds: 1)
            #expect(scene.signIn(code: "000000", from: ByteString("192.0.2.\(number)")).refusal == .wrongCode)
        }
        scene.clock.advance(seconds: 30)
        guard case .tooManyAttempts(let seconds)? = scene.signIn(code: code(scene, enrolled.app)).refusal else {
            Issue.record("it was looked at")
            return
        }
        #expect((1...360).contains(seconds))
        scene.clock.advance(seconds: Int64(seconds))
        #expect(scene.signIn(code: code(scene, enrolled.app)).refusal == nil)
    }

    @Test("removing a second factor takes a code; then the password is enough")
    func removal() throws {
        let scene = PeopleScene()
        let enrolled = try enrol(scene, try scene.found())
        let wrong = refusal { () throws(PeopleError) in
            guard
                let identity = try scene.desk.read({ _ throws(StoreError) in
                    try scene.desk.identity(session: enrolled.token.reveal())
                })
            else {
                throw .needsSession
            }
            return try scene.desk.removeSecondFactor(of: identity, code: "000000")
        }
        #expect(wrong == .wrongCode)
        scene.clock.advance(seconds: 30)
        let token = try scene.desk.removeSecondFactor(
            of: scene.require(enrolled.token),
            code: code(scene, enrolled.app)
        )
        #expect(try scene.identity(enrolled.token) == nil && scene.identity(token) != nil)
        #expect(scene.signIn().refusal == nil)
    }

    @Test("a changed password rotates the session it was changed in and ends the others; the old one has to be right")
    func passwords() throws {
        let scene = PeopleScene()
        let first = try scene.found()
        let second = try scene.signIn().get()
        func change(_ old: String, _ new: String) throws -> Result<AccessToken, PeopleError> {
            let identity = try scene.require(first.token)
            return Result { () throws(PeopleError) in
                try scene.desk.changePassword(of: identity, from: secret(old), to: secret(new), address: "192.0.2.1")
            }
        }
        #expect(try change("wrong plain words", "other plain words").refusal == .wrongCredentials)
        #expect(
            try change(PeopleScene.password, PeopleScene.password).refusal?.description.contains("you have") == true
        )
        #expect(try change(PeopleScene.password, "short").refusal?.description.contains("at least") == true)
        let token = try change(PeopleScene.password, "other plain words").get()
        #expect(try scene.identity(first.token) == nil && scene.identity(second.token) == nil)
        #expect(try scene.identity(token) != nil)
        #expect(scene.signIn().refusal == .wrongCredentials)
        #expect(scene.signIn("ana@example.com", "other plain words").refusal == nil)
    }
}
