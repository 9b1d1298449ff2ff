/// The one place that decides what valid UTF-8 is (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
public enum UTF8Check {
    /// Whether all of `text` is valid.
    public static func isValid(_ text: Span<UInt8>) -> Bool {
        var index = 0
        while index < text.count {
            if text[index] < 0x80 {
                index &+= 1
                continue
            }
            let length = sequenceLength(text, at: index)
            guard length > 0 else {
                return false
            }
            index &+= length
        }
        return true
    }

    /// The length of the valid sequence that starts at `index`, 1 to 4; 0 when there is none.
    @inlinable
    public static func sequenceLength(_ text: Span<UInt8>, at index: Int) -> Int {
        let lead = text[index]
        let available = text.count - index
        switch lead {
        case 0x00..<0x80:
            return 1
        case 0xC2...0xDF:
            return available >= 2 && isContinuation(text[index + 1]) ? 2 : 0
        case 0xE0...0xEF:
            guard available >= 3, isContinuation(text[index + 1]), isContinuation(text[index + 2]) else {
                return 0
            }
            // E0 80..9F would be overlong, ED A0..BF a surrogate.
            let isBarred = lead == 0xE0 && text[index + 1] < 0xA0 || lead == 0xED && text[index + 1] >= 0xA0
            return isBarred ? 0 : 3
        case 0xF0...0xF4:
            guard available >= 4, isContinuation(text[index + 1]), isContinuation(text[index + 2]),
                isContinuation(text[index + 3])
            else {
                return 0
            }
            // F0 80..8F would be overlong, F4 90..BF is above U+10FFFF.
            let isBarred = lead == 0xF0 && text[index + 1] < 0x90 || lead == 0xF4 && text[index + 1] >= 0x90
            return isBarred ? 0 : 4
        default:
            return 0
        }
    }

    @inlinable
    static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
}
