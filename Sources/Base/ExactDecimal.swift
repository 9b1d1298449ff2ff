/// A decimal number exactly as it was written: sign · coefficient · 10^exponent, without rounding.
///
/// Policy, limits and schemas compare numbers through this type and never through a double (security.md, A6). Values
/// are normalised (no trailing zeros in the coefficient, one zero), so equal values are equal and hash alike: `1.0`,
/// `1` and `10e-1` are one number.
///
/// Coefficients of up to 19 digits live in a machine word and cost no allocation; longer ones keep their digits. Every
/// operation is linear in the digits, except ``isMultiple(of:)`` by a divisor of more than 19 digits.
///
/// LIMIT: exponents are exact up to ±2^40. Beyond, they saturate (``isSaturated``): such numbers still compare rightly
/// with all others, but two of them are equal when only their saturated exponents differ. They are always ambiguous.
public struct ExactDecimal: Hashable, Sendable {
    // INVARIANT: `large` is empty exactly when the coefficient has at most 19 digits and is in `small`; else `small` is
    // 0 and `large` holds its digits (0 to 9), most significant first. No trailing zeros; zero is (false, 0, [], 0).
    /// Whether the value is below zero; `-0` is not.
    public let isNegative: Bool
    let small: UInt64
    let large: [UInt8]
    let exponent: Int

    static let maximumExponent = 1 << 40
    static let maximumSmallDigits = 19

    /// 0.
    public static let zero = ExactDecimal(0)

    /// A whole number.
    public init(_ value: Int) {
        self.init(isNegative: value < 0, magnitude: UInt64(value.magnitude), exponent: 0)
    }

    /// Reads one number in JSON's grammar (RFC 8259, section 6); `nil` for anything else, surrounding space included.
    ///
    /// Linear in the lexeme, whose exponent may be of any length.
    public init?(lexeme: Span<UInt8>) {
        if let plain = PlainNumber(lexeme) {
            self.init(isNegative: plain.isNegative, magnitude: plain.digits, exponent: -plain.fractionDigits)
            return
        }
        guard let shape = NumberShape(lexeme) else {
            return nil
        }
        guard let first = shape.firstSignificant, let last = shape.lastSignificant else {
            self = .zero
            return
        }
        var small: UInt64 = 0
        var large: [UInt8] = []
        if shape.significantCount <= Self.maximumSmallDigits {
            for index in first...last {
                if let digit = lexeme[index].decimalDigit {
                    // At most 19 digits: below 10^19, which fits.
                    small = small &* 10 &+ UInt64(digit)
                }
            }
        } else {
            large.reserveCapacity(shape.significantCount)
            for index in first...last {
                if let digit = lexeme[index].decimalDigit {
                    large.append(UInt8(digit))
                }
            }
        }
        self.init(
            isNegative: shape.isNegative,
            small: small,
            large: large,
            exponent: Self.clampedExponent(shape.exponent)
        )
    }

    /// From parts that already satisfy the invariant.
    private init(isNegative: Bool, small: UInt64, large: [UInt8], exponent: Int) {
        self.isNegative = isNegative
        self.small = small
        self.large = large
        self.exponent = exponent
    }

    /// A value whose coefficient fits a machine word, trailing zeros allowed.
    init(isNegative: Bool, magnitude: UInt64, exponent: Int) {
        guard magnitude != 0 else {
            self.init(isNegative: false, small: 0, large: [], exponent: 0)
            return
        }
        guard magnitude < DecimalPowers.ten(19) else {
            var digits: [UInt8] = []
            digits.append(decimal: Int(magnitude / 10))
            digits = digits.map { $0 - UInt8(ascii: "0") }
            digits.append(UInt8(truncatingIfNeeded: magnitude % 10))
            self.init(isNegative: isNegative, digits: digits, exponent: exponent)
            return
        }
        var coefficient = magnitude
        var zeros = 0
        while coefficient % 10 == 0 {
            coefficient /= 10
            zeros += 1
        }
        self.init(
            isNegative: isNegative,
            small: coefficient,
            large: [],
            exponent: Self.clampedExponent(exponent + zeros)
        )
    }

    /// A value from digits (0 to 9), leading and trailing zeros allowed.
    init(isNegative: Bool, digits: [UInt8], exponent: Int) {
        guard let first = digits.firstIndex(where: { $0 != 0 }), let last = digits.lastIndex(where: { $0 != 0 }) else {
            self = .zero
            return
        }
        let significant = digits[first...last]
        let isSmall = significant.count <= Self.maximumSmallDigits
        self.init(
            isNegative: isNegative,
            small: isSmall ? significant.reduce(0) { $0 &* 10 &+ UInt64($1) } : 0,
            large: isSmall ? [] : Array(significant),
            exponent: Self.clampedExponent(exponent + (digits.count - 1 - last))
        )
    }

    private static func clampedExponent(_ exponent: Int) -> Int {
        Swift.min(Swift.max(exponent, -maximumExponent), maximumExponent)
    }
}

extension ExactDecimal {
    /// Whether the value is 0, in any spelling.
    public var isZero: Bool { small == 0 && large.isEmpty }

    /// Whether the value is a whole number, in any spelling: `1`, `1.0`, `1e3`.
    public var isInteger: Bool { exponent >= 0 }

    /// Whether the exponent was too large to be kept (beyond ±2^40) and the value is therefore not exact.
    public var isSaturated: Bool { exponent.magnitude >= Self.maximumExponent }

    /// The value as a machine integer, when it is exactly one.
    public var int: Int? {
        guard large.isEmpty, exponent >= 0, exponent < Self.maximumSmallDigits else {
            return nil
        }
        let (magnitude, overflow) = small.multipliedReportingOverflow(by: DecimalPowers.ten(exponent))
        guard !overflow else {
            return nil
        }
        if isNegative {
            return magnitude <= Int.min.magnitude ? Int(truncatingIfNeeded: 0 &- magnitude) : nil
        }
        return Int(exactly: magnitude)
    }

    /// How many digits the coefficient has; 1 for zero.
    var digitCount: Int { large.isEmpty ? DecimalPowers.digitCount(small) : large.count }

    /// The exponent of the first digit: 2 for `123`, -1 for `0.5`.
    var adjustedExponent: Int { exponent + digitCount - 1 }

    /// The coefficient's digits (0 to 9), most significant first; allocates for small ones.
    var digits: [UInt8] {
        guard large.isEmpty else {
            return large
        }
        var output = [UInt8](repeating: 0, count: digitCount)
        var rest = small
        for index in output.indices.reversed() {
            output[index] = UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        return output
    }
}

/// Powers of ten that fit a machine word.
enum DecimalPowers {
    /// 10^`exponent`, for 0 to 19.
    static func ten(_ exponent: Int) -> UInt64 {
        var power: UInt64 = 1
        for _ in 0..<exponent {
            power &*= 10
        }
        return power
    }

    /// How many decimal digits `value` has; 1 for 0.
    static func digitCount(_ value: UInt64) -> Int {
        var count = 1
        var bound: UInt64 = 10
        while value >= bound {
            count += 1
            let (next, overflow) = bound.multipliedReportingOverflow(by: 10)
            if overflow {
                break
            }
            bound = next
        }
        return count
    }
}

/// A number of up to eighteen digits without exponent, which most are: read in one pass.
private struct PlainNumber {
    var isNegative = false
    var digits: UInt64 = 0
    var fractionDigits = 0

    /// `nil` for every other number, and for what is none.
    init?(_ lexeme: Span<UInt8>) {
        guard lexeme.count <= 20 else {
            return nil
        }
        var index = 0
        if index < lexeme.count, lexeme[index] == UInt8(ascii: "-") {
            isNegative = true
            index = 1
        }
        let start = index
        var point: Int?
        while index < lexeme.count {
            let digit = lexeme[index] &- UInt8(ascii: "0")
            if digit < 10 {
                digits = digits &* 10 &+ UInt64(digit)
            } else if lexeme[index] == UInt8(ascii: "."), point == nil, index > start {
                point = index
            } else {
                return nil
            }
            index &+= 1
        }
        fractionDigits = point.map { index &- $0 &- 1 } ?? 0
        let wholeDigits = (point ?? index) &- start
        let hasLeadingZero = wholeDigits > 1 && lexeme[start] == UInt8(ascii: "0")
        guard wholeDigits > 0, !hasLeadingZero, point == nil || fractionDigits > 0, wholeDigits &+ fractionDigits <= 18
        else {
            return nil
        }
    }
}

/// Where the parts of a JSON number lie in its lexeme.
private struct NumberShape {
    var isNegative = false
    /// Positions in the lexeme of the first and last digit of the mantissa that is not 0.
    var firstSignificant: Int?
    var lastSignificant: Int?
    var significantCount = 0
    /// Of the last significant digit; saturated far beyond ``ExactDecimal/maximumExponent``.
    var exponent = 0

    private var digitsSeen = 0
    private var fractionDigits = 0
    private var firstOrdinal = 0
    private var lastOrdinal = 0

    init?(_ lexeme: Span<UInt8>) {
        var index = 0
        if index < lexeme.count, lexeme[index] == UInt8(ascii: "-") {
            isNegative = true
            index += 1
        }
        let start = index
        readDigits(of: lexeme, from: &index)
        guard index > start, index == start + 1 || lexeme[start] != UInt8(ascii: "0") else {
            return nil
        }
        if index < lexeme.count, lexeme[index] == UInt8(ascii: ".") {
            index += 1
            let fractionStart = index
            readDigits(of: lexeme, from: &index)
            fractionDigits = index - fractionStart
            guard fractionDigits > 0 else {
                return nil
            }
        }
        guard let written = Self.exponent(of: lexeme, from: &index), index == lexeme.count else {
            return nil
        }
        if firstSignificant != nil {
            significantCount = lastOrdinal - firstOrdinal + 1
            exponent = written + (digitsSeen - 1 - lastOrdinal) - fractionDigits
        }
    }

    private mutating func readDigits(of lexeme: Span<UInt8>, from index: inout Int) {
        while index < lexeme.count, let digit = lexeme[index].decimalDigit {
            if digit != 0 {
                if firstSignificant == nil {
                    firstSignificant = index
                    firstOrdinal = digitsSeen
                }
                lastSignificant = index
                lastOrdinal = digitsSeen
            }
            digitsSeen += 1
            index += 1
        }
    }

    /// 0 when there is no exponent, `nil` when it is malformed.
    private static func exponent(of lexeme: Span<UInt8>, from index: inout Int) -> Int? {
        guard index < lexeme.count, lexeme[index] | 0x20 == UInt8(ascii: "e") else {
            return 0
        }
        index += 1
        var isNegative = false
        if index < lexeme.count, lexeme[index] == UInt8(ascii: "-") || lexeme[index] == UInt8(ascii: "+") {
            isNegative = lexeme[index] == UInt8(ascii: "-")
            index += 1
        }
        let start = index
        var value = 0
        while index < lexeme.count, let digit = lexeme[index].decimalDigit {
            // Stays far below overflow and far above what any mantissa in memory could make up for.
            value = Swift.min(value * 10 + Int(digit), 1 << 56)
            index += 1
        }
        guard index > start else {
            return nil
        }
        return isNegative ? -value : value
    }
}
