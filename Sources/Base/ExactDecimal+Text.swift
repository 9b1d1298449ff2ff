extension ExactDecimal: CustomStringConvertible {
    /// Canonical decimal text: one spelling per value, valid JSON, all digits.
    ///
    /// The layout is ECMAScript's (and RFC 8785's): plain from 10^-7 up to below 10^21, else one digit before the point
    /// and an exponent with its sign. `100`, `0.5`, `1e+21`, `1.25e-7`.
    public var description: String {
        String(decoding: text, as: UTF8.self)
    }

    /// The bytes of ``description``.
    public var text: [UInt8] {
        var output: [UInt8] = []
        appendText(to: &output)
        return output
    }

    /// Appends the bytes of ``description``.
    public func appendText(to output: inout [UInt8]) {
        if isNegative {
            output.append(UInt8(ascii: "-"))
        }
        // Whole numbers that fit a word, which nearly all are, without an array of their digits.
        if large.isEmpty, exponent == 0, small <= UInt64(Int.max) {
            output.append(decimal: Int(small))
            return
        }
        let start = output.count
        for digit in digits {
            output.append(UInt8(ascii: "0") + digit)
        }
        let count = output.count - start
        let adjusted = adjustedExponent
        switch adjusted {
        case 0..<21 where exponent >= 0:
            for _ in 0..<exponent {
                output.append(UInt8(ascii: "0"))
            }
        case 0..<21:
            output.insert(UInt8(ascii: "."), at: start + adjusted + 1)
        case -6..<0:
            let zeros = [UInt8](repeating: UInt8(ascii: "0"), count: -adjusted - 1)
            output.insert(contentsOf: [UInt8(ascii: "0"), UInt8(ascii: ".")] + zeros, at: start)
        default:
            if count > 1 {
                output.insert(UInt8(ascii: "."), at: start + 1)
            }
            output.append(UInt8(ascii: "e"))
            output.append(adjusted < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
            output.append(decimal: Int(adjusted.magnitude))
        }
    }
}

extension ExactDecimal {
    /// The shortest decimal that reads back as the finite double `value`; `nil` for infinities and NaN.
    public init?(shortestOf value: Double) {
        guard value.isFinite else {
            return nil
        }
        // The standard library prints the shortest digits, the nearest of them, in a spelling that is JSON's.
        let text = Array(value.description.utf8)
        self.init(lexeme: text.span)
    }

    /// The nearest double; infinite beyond its range.
    public var nearestDouble: Double {
        guard !isZero, adjustedExponent > -400 else {
            return isNegative ? -0.0 : 0
        }
        guard adjustedExponent < 400 else {
            return isNegative ? -Double.infinity : .infinity
        }
        return Double(description) ?? .nan
    }

    /// Whether readers of JSON may take the number for different values (policy-language.md, section 2).
    ///
    /// True when the value differs from the shortest decimal that reads back as its nearest double, and for whole
    /// numbers beyond ±(2^53−1), in any spelling.
    public var isAmbiguous: Bool {
        if isZero {
            return false
        }
        if exponent >= 0 {
            guard let value = int else {
                return true
            }
            return value.magnitude > (1 << 53) - 1
        }
        let adjusted = adjustedExponent
        // Up to 15 digits survive any double of normal range, so no shorter decimal can stand for another such one.
        if digitCount <= 15, adjusted > -290, adjusted < 290 {
            return false
        }
        guard let shortest = ExactDecimal(shortestOf: nearestDouble) else {
            return true
        }
        return shortest != self
    }
}
