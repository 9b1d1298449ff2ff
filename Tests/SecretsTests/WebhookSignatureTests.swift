import Base
import Testing

@testable import Secrets

@Suite struct WebhookSignatureTests {
    private let secret = Secret(Array("whsec".utf8))
    private let body = Array(#"{"id":"1"}"#.utf8)
    private let time = WallTime(milliseconds: 1_700_000_000_999)

    // Computed with Python: hmac.new(b"whsec", b"1700000000." + body, "sha256").hexdigest().
    @Test("a signature is the one another program computes")
    func known() {
        let field = WebhookSignature.field(body: body, secret: secret, time: time)
        let mac = "60734808e731b08d45bee887cade715d87211348f1bcb975b46c8d2e7fa5dbcd"
        #expect(String(decoding: field, as: UTF8.self) == "t=1700000000,v1=\(mac)")
        #expect(WebhookSignature.isGood(field, body: body, secret: secret, now: time))
    }

    @Test("L3: another body, secret or time, and what is old, is no signature; nothing traps")
    func refusals() {
        let field = WebhookSignature.field(body: body, secret: secret, time: time)
        #expect(!WebhookSignature.isGood(field, body: body + [32], secret: secret, now: time))
        #expect(!WebhookSignature.isGood(field, body: body, secret: Secret([1]), now: time))
        let late = WallTime(milliseconds: time.milliseconds + 301_000)
        #expect(!WebhookSignature.isGood(field, body: body, secret: secret, now: late))
        for text in ["", "t=,v1=", "t=-1,v1=", "t=999999999999,v1=00", "v1=00,t=1", "t=1"] {
            #expect(!WebhookSignature.isGood(Array(text.utf8), body: body, secret: secret, now: time))
        }
    }
}
