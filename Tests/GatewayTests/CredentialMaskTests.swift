import Base
import Testing

@testable import Gateway

@Suite("Credential mask")
struct CredentialMaskTests {
    private let mask = CredentialMask([Array("Bearer s3cr3t/va+lue\"x".utf8)])

    private func masked(_ text: String) -> String {
        String(decoding: mask.masking(Array(text.utf8)), as: UTF8.self)
    }

    @Test(
        "E11: a credential is masked in every form an upstream may echo it in",
        arguments: [
            "Bearer s3cr3t/va+lue\"x", "s3cr3t/va+lue\"x", "s3cr3t/va+lue\\\"x", "s3cr3t%2Fva%2Blue%22x",
            #"s3cr3t\/va+lue\"x"#, #"s3cr3t\u002fva\u002Blue\u0022x"#, #"\u0073\u0033cr3t/va+lue\"x"#,
            String(decoding: TextCoding.base64(Array("s3cr3t/va+lue\"x".utf8)), as: UTF8.self),
            String(decoding: TextCoding.base64URL(Array("Bearer s3cr3t/va+lue\"x".utf8)), as: UTF8.self),
        ]
    )
    func forms(_ form: String) {
        let text = "you sent \(form)!"
        let output = masked(text)
        #expect(output.contains("•••"))
        #expect(!output.contains("s3cr3t"))
        #expect(mask.finds(in: Array(text.utf8)))
    }

    @Test("text without a credential comes back as it was")
    func untouched() {
        #expect(masked("nothing to see: s3cr3 and Bearer") == "nothing to see: s3cr3 and Bearer")
    }

    @Test("a value too short to be a secret masks nothing")
    func short() {
        #expect(CredentialMask([Array("1".utf8)]).isEmpty)
        #expect(!CredentialMask([]).finds(in: Array("anything".utf8)))
    }
}
