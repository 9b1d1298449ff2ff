extension ExactDecimal: Comparable {
    /// The order of the numbers' values, exact for all sizes; linear in the digits.
    public static func < (left: ExactDecimal, right: ExactDecimal) -> Bool {
        if left.isNegative != right.isNegative {
            return left.isNegative
        }
        let order = left.compareMagnitude(to: right)
        return left.isNegative ? order > 0 : order < 0
    }

    /// Negative, zero or positive as the magnitude is below, equal to or above the other's.
    private func compareMagnitude(to other: ExactDecimal) -> Int {
        if isZero || other.isZero {
            return (isZero ? 0 : 1) - (other.isZero ? 0 : 1)
        }
        // The position of the first digit decides unless it is the same: exponents never have to be aligned.
        if adjustedExponent != other.adjustedExponent {
            return adjustedExponent < other.adjustedExponent ? -1 : 1
        }
        if large.isEmpty, other.large.isEmpty {
            // Same first position and at most 19 digits each: the exponents differ by at most 18.
            let base = Swift.min(exponent, other.exponent)
            let left = UInt128(small) * UInt128(DecimalPowers.ten(exponent - base))
            let right = UInt128(other.small) * UInt128(DecimalPowers.ten(other.exponent - base))
            return left == right ? 0 : (left < right ? -1 : 1)
        }
        let (left, right) = (digits, other.digits)
        if left == right {
            return 0
        }
        // Without trailing zeros, the one that is a prefix of the other is the smaller.
        return left.lexicographicallyPrecedes(right) ? -1 : 1
    }
}

extension ExactDecimal {
    /// How many digits a sum may span before it is rounded.
    ///
    /// LIMIT: two doubles' shortest decimals, which is all that limits ever add, span at most about 660 digits.
    static let maximumSumDigits = 4_000

    /// The sum; exact while it spans at most 4,000 digits.
    ///
    /// Beyond, the operand that is too small to matter counts as one unit of the last digit kept when it is positive
    /// and as nothing when it is negative: the result errs upwards, so that a total held against a budget is refused
    /// rather than admitted.
    public static func + (left: ExactDecimal, right: ExactDecimal) -> ExactDecimal {
        if left.isZero {
            return right
        }
        if right.isZero {
            return left
        }
        if let sum = smallSum(left, right) {
            return sum
        }
        let top = Swift.max(left.adjustedExponent, right.adjustedExponent)
        let floor = top - maximumSumDigits
        let (first, second) = (left.rounded(upToExponent: floor), right.rounded(upToExponent: floor))
        if first.isZero || second.isZero {
            return first.isZero ? second : first
        }
        return digitSum(first, second)
    }

    /// The difference, exact within the bounds of `+`, and erring upwards as it does.
    public static func - (left: ExactDecimal, right: ExactDecimal) -> ExactDecimal {
        left + -right
    }

    /// The number with the other sign; zero stays zero.
    public static prefix func - (value: ExactDecimal) -> ExactDecimal {
        guard value.large.isEmpty else {
            return ExactDecimal(isNegative: !value.isNegative, digits: value.large, exponent: value.exponent)
        }
        return ExactDecimal(isNegative: !value.isNegative, magnitude: value.small, exponent: value.exponent)
    }

    /// The sum when everything fits machine words.
    private static func smallSum(_ left: ExactDecimal, _ right: ExactDecimal) -> ExactDecimal? {
        guard left.large.isEmpty, right.large.isEmpty else {
            return nil
        }
        let base = Swift.min(left.exponent, right.exponent)
        guard left.exponent - base < 19, right.exponent - base < 19 else {
            return nil
        }
        let (first, tooLarge) = left.small.multipliedReportingOverflow(by: DecimalPowers.ten(left.exponent - base))
        let (second, alsoTooLarge) = right.small.multipliedReportingOverflow(
            by: DecimalPowers.ten(right.exponent - base)
        )
        guard !tooLarge, !alsoTooLarge else {
            return nil
        }
        if left.isNegative == right.isNegative {
            let (sum, overflow) = first.addingReportingOverflow(second)
            return overflow ? nil : ExactDecimal(isNegative: left.isNegative, magnitude: sum, exponent: base)
        }
        return first >= second
            ? ExactDecimal(isNegative: left.isNegative, magnitude: first - second, exponent: base)
            : ExactDecimal(isNegative: right.isNegative, magnitude: second - first, exponent: base)
    }

    /// The value without its digits below 10^`floor`, rounded towards plus infinity.
    private func rounded(upToExponent floor: Int) -> ExactDecimal {
        guard exponent < floor else {
            return self
        }
        let kept = Array(digits.prefix(Swift.max(0, adjustedExponent - floor + 1)))
        let truncated = ExactDecimal(isNegative: isNegative, digits: kept, exponent: floor)
        guard !isNegative else {
            return truncated
        }
        let unit = ExactDecimal(isNegative: false, magnitude: 1, exponent: floor)
        return truncated.isZero ? unit : Self.digitSum(truncated, unit)
    }

    /// The sum digit by digit; both operands lie within a few thousand digits of each other.
    private static func digitSum(_ left: ExactDecimal, _ right: ExactDecimal) -> ExactDecimal {
        let base = Swift.min(left.exponent, right.exponent)
        let length = Swift.max(left.adjustedExponent, right.adjustedExponent) - base + 2
        let first = left.aligned(toExponent: base, length: length)
        let second = right.aligned(toExponent: base, length: length)
        if left.isNegative == right.isNegative {
            return ExactDecimal(isNegative: left.isNegative, digits: added(first, second), exponent: base)
        }
        return first.lexicographicallyPrecedes(second)
            ? ExactDecimal(isNegative: right.isNegative, digits: subtracted(second, first), exponent: base)
            : ExactDecimal(isNegative: left.isNegative, digits: subtracted(first, second), exponent: base)
    }

    private func aligned(toExponent base: Int, length: Int) -> [UInt8] {
        let own = digits
        var output = [UInt8](repeating: 0, count: length)
        let start = length - (exponent - base) - own.count
        for (index, digit) in own.enumerated() {
            output[start + index] = digit
        }
        return output
    }

    private static func added(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
        var output = left
        var carry: UInt8 = 0
        for index in output.indices.reversed() {
            let sum = left[index] + right[index] + carry
            carry = sum >= 10 ? 1 : 0
            output[index] = sum - 10 * carry
        }
        return output
    }

    /// `left` must not be below `right`.
    private static func subtracted(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
        var output = left
        var borrow: UInt8 = 0
        for index in output.indices.reversed() {
            let taken = right[index] + borrow
            borrow = left[index] < taken ? 1 : 0
            output[index] = left[index] + 10 * borrow - taken
        }
        return output
    }
}
