extension ExactDecimal {
    /// Whether the value is `divisor` times a whole number, exactly; zero is a multiple of everything but zero.
    ///
    /// Nothing is a multiple of zero, and nothing saturated (``isSaturated``) has or is a multiple. Linear in the digits
    /// of the value when the divisor has at most 19 digits, else their product over 18.
    public func isMultiple(of divisor: ExactDecimal) -> Bool {
        guard !divisor.isZero, !divisor.isSaturated, !isSaturated else {
            return false
        }
        if isZero {
            return true
        }
        // The coefficient has no trailing zero: with a divisor of higher exponent it would need one.
        let shift = exponent - divisor.exponent
        guard shift >= 0 else {
            return false
        }
        if divisor.large.isEmpty {
            return remainder(shiftedBy: shift, modulo: divisor.small) == 0
        }
        // 10^shift can only supply factors 2 and 5; the divisor has at most log2(10) of them a digit. More change nothing.
        let supplied = Swift.min(shift, divisor.large.count * 4)
        var remainder = WideRemainder(modulus: divisor.large)
        for digit in digits {
            remainder.append(digit)
        }
        for _ in 0..<supplied {
            remainder.append(0)
        }
        return remainder.isZero
    }

    /// The coefficient times 10^`shift`, modulo a word.
    private func remainder(shiftedBy shift: Int, modulo modulus: UInt64) -> UInt64 {
        var result: UInt64 = large.isEmpty ? small % modulus : 0
        for digit in large {
            result = Self.product(result, 10, modulo: modulus)
            result = UInt64((UInt128(result) + UInt128(digit)) % UInt128(modulus))
        }
        var base = 10 % modulus
        var rest = shift
        while rest > 0 {
            if rest & 1 == 1 {
                result = Self.product(result, base, modulo: modulus)
            }
            base = Self.product(base, base, modulo: modulus)
            rest >>= 1
        }
        return result
    }

    private static func product(_ left: UInt64, _ right: UInt64, modulo modulus: UInt64) -> UInt64 {
        // The high half is below the modulus, because both factors are: the division cannot overflow.
        modulus.dividingFullWidth((left % modulus).multipliedFullWidth(by: right % modulus)).remainder
    }
}

/// A running remainder by a modulus of many digits: digits go in at the end, as in long division by hand.
private struct WideRemainder {
    /// 10^18 a limb, least significant first; one more limb than the modulus has, against overflow.
    private var limbs: [UInt64]
    private let modulus: [UInt64]

    private static let base: UInt64 = 1_000_000_000_000_000_000

    init(modulus digits: [UInt8]) {
        var modulus: [UInt64] = []
        var end = digits.count
        while end > 0 {
            let start = Swift.max(0, end - 18)
            modulus.append(digits[start..<end].reduce(0) { $0 * 10 + UInt64($1) })
            end = start
        }
        modulus.append(0)
        self.modulus = modulus
        limbs = [UInt64](repeating: 0, count: modulus.count)
    }

    var isZero: Bool { limbs.allSatisfy { $0 == 0 } }

    mutating func append(_ digit: UInt8) {
        var carry = UInt64(digit)
        for index in limbs.indices {
            // At most 10 · (10^18 - 1) + 9, which fits.
            let value = limbs[index] * 10 + carry
            carry = value / Self.base
            limbs[index] = value % Self.base
        }
        // The remainder was below the modulus: it now goes in at most nine times.
        while !isBelowModulus {
            subtractModulus()
        }
    }

    private var isBelowModulus: Bool {
        for index in limbs.indices.reversed() where limbs[index] != modulus[index] {
            return limbs[index] < modulus[index]
        }
        return false
    }

    private mutating func subtractModulus() {
        var borrow: UInt64 = 0
        for index in limbs.indices {
            let taken = modulus[index] + borrow
            borrow = limbs[index] < taken ? 1 : 0
            limbs[index] = limbs[index] + borrow * Self.base - taken
        }
    }
}
