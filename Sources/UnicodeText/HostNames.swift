internal import CICU

/// International host names: UTS #46 as the WHATWG URL standard asks for it.
///
/// Safe on any thread: the one ICU instance behind it is immutable.
public enum HostNames {
    /// WHATWG's "domain to ASCII" with `beStrict` false.
    ///
    /// Non-transitional, bidi and joiner rules checked; hyphens, lengths and empty labels not. The result is lower
    /// case and may still hold characters that no host may have: the caller checks those. `nil` when the domain is
    /// not valid, is empty afterwards, or is not UTF-8. O(`utf8.count`); ASCII without `xn--` never reaches ICU.
    public static func ascii(_ utf8: [UInt8]) -> [UInt8]? {
        if utf8.allSatisfy({ $0 < 0x80 }), !hasEncodedLabel(utf8) {
            let lower = utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
            return lower.isEmpty ? nil : lower
        }
        // LIMIT: Punycode is quadratic in the length of a label; DNS ends at 253 bytes, 4096 of UTF-8 is generous.
        guard utf8.count <= 4_096, let idna = IDNA.shared, isUTF8(utf8) else {
            return nil
        }
        return idna.ascii(utf8)
    }

    private static func isUTF8(_ bytes: [UInt8]) -> Bool {
        String(validating: bytes, as: UTF8.self) != nil
    }

    /// Whether a label begins with `xn--` in any case.
    private static func hasEncodedLabel(_ domain: [UInt8]) -> Bool {
        domain.split(separator: UInt8(ascii: ".")).contains { label in
            label.count >= 4 && label.prefix(4).map { $0 | 0x20 }.elementsEqual("xn--".utf8)
        }
    }
}

/// The process's one UTS #46 instance.
///
/// ISOLATION: ICU's UTS46 object holds its options and a shared normaliser, nothing that changes; all its functions
/// are const.
@safe private final class IDNA: @unchecked Sendable {
    static let shared = IDNA()

    private let handle: OpaquePointer

    private init?() {
        var status = U_ZERO_ERROR
        // SAFETY: a new instance, owned by this object, which lives as long as the process.
        guard let opened = unsafe toolgate_icu_idna_open(&status), status.isSuccess else {
            return nil
        }
        unsafe handle = opened
    }

    func ascii(_ utf8: [UInt8]) -> [UInt8]? {
        var errors: UInt32 = 0
        // SAFETY: ICU reads and writes within the buffers and lengths given.
        let output = unsafe ICUBuffer.filled(capacity: utf8.count * 2 + 16, zero: UInt8(0)) { output, status in
            unsafe utf8.withUnsafeBufferPointer { input in
                unsafe toolgate_icu_domain_to_ascii(
                    handle,
                    input.baseAddress,
                    Int32(input.count),
                    output.baseAddress,
                    Int32(output.count),
                    &errors,
                    &status
                )
            }
        }
        guard let output, errors == 0, !output.isEmpty, output.allSatisfy({ $0 < 0x80 }) else {
            return nil
        }
        return output
    }
}
