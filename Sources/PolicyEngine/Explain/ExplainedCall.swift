import Base
import JSONText

/// One line of `policy explain --calls`, read (policy-language.md, section 7).
struct ExplainedCall {
    let tool: ByteString
    let at: WallTime?
    let arguments: JSONValue?
    let grantLabel: ByteString?
    let grantMember: ByteString?
    let clientName: ByteString?
    let isUnreachable: Bool
    let lastsMilliseconds: Int64
    let isApproved: Bool

    /// Arguments may be nested this deep, the arguments object being 1.
    private static let maximumDepth = 64

    /// What a line may hold beside its arguments is bounded more loosely than they are.
    private static let limits = JSONLimits(maximumBytes: 64 << 20, maximumDepth: 1_000)

    /// `nil` when the line is malformed.
    init?(_ line: [UInt8]) {
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(line, limits: Self.limits)
        } catch {
            return nil
        }
        let root = document.root
        guard root.kind == .object, let tool = root["tool"]?.string else {
            return nil
        }
        self.tool = ByteString(tool.bytes)
        if let at = root["at"] {
            guard let text = at.string, let time = WallTime(rfc3339: text.bytes) else {
                return nil
            }
            self.at = time
        } else {
            at = nil
        }
        arguments = root["arguments"]
        if let arguments {
            guard arguments.kind == .object, arguments.depth <= Self.maximumDepth else {
                return nil
            }
        }
        grantLabel = root["grant"]?["label"]?.string.map { ByteString($0.bytes) }
        grantMember = root["grant"]?["member"]?.string.map { ByteString($0.bytes) }
        clientName = root["client"]?["name"]?.string.map { ByteString($0.bytes) }
        isUnreachable = root["upstream"]?.string?.isEqual(to: "unreachable") ?? false
        lastsMilliseconds = Self.milliseconds(root["lasts_ms"]?.number?.decimal)
        isApproved = root["approved"]?.boolean ?? false
    }

    /// Rounded up to whole milliseconds, which is what times have; at most some centuries.
    private static func milliseconds(_ number: ExactDecimal?) -> Int64 {
        guard let number, !number.isNegative, !number.isZero else {
            return 0
        }
        let longest = ExactDecimal(1 << 53)
        guard number < longest else {
            return 1 << 53
        }
        if let whole = number.int {
            return Int64(whole)
        }
        // The least whole number not below it, by halving: 53 comparisons.
        var low = 0
        var high = 1 << 53
        while low < high {
            let middle = (low + high) / 2
            if ExactDecimal(middle) < number {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return Int64(low)
    }
}
