/// Cuts a text into the pieces tokenizers cut at and adds up what each costs, in thousandths of a token.
///
/// The weights are least squares over half the servers of the public definitions against `o200k_base`, none below zero;
/// those of scripts the data hardly has (Cyrillic, the smaller alphabets) are set by hand from ordinary prose.
struct TokenPieces {
    /// A word in small letters, or one that begins with a capital, by its length from 1 to 12; blanks go with the word.
    private static let afterBlank = [910, 959, 997, 1_030, 1_064, 1_068, 1_056, 1_071, 1_102, 1_083, 1_050, 1_048]
    /// The same after anything but a blank: parts of names and keys.
    private static let elsewhere = [769, 789, 952, 957, 1_006, 1_045, 1_169, 1_259, 1_594, 1_320, 1_461, 1_619]
    /// A word all in capitals.
    private static let capitals = [1_387, 975, 1_314, 1_499, 2_632, 1_032, 1_460, 2_364, 2_035, 1_032, 3_533, 1_800]
    /// Each letter beyond the twelfth, of the three kinds.
    private static let beyond = [142, 352, 931]
    private static let threeDigits = 1_180
    private static let markBeforeWord = 280
    private static let marks = [1_020, 1_426, 956, 1_140]
    private static let markBeyond = 65
    private static let blanks = 821
    private static let accent = 1_512
    private static let definition = 977

    private enum Kind {
        case small, capital, accented, digit, mark, blank, other
        var isLetter: Bool { self == .small || self == .capital || self == .accented }
    }

    private enum Run {
        case none, word, digits, marks, blanks
    }

    private(set) var total = definition
    private var run: Run = .none
    private var count = 0
    private var followsBlank = false
    private var isCapitals = false
    private var wasCapital = false
    private var scalar: UInt32 = 0
    private var missing = 0

    /// Takes the next byte of a text in UTF-8.
    mutating func take(_ byte: UInt8) {
        if byte < 0x80 {
            missing = 0
            let kind: Kind =
                switch byte {
                case 0x61...0x7a: .small
                case 0x41...0x5a: .capital
                case 0x30...0x39: .digit
                case 0...0x20: .blank
                default: .mark
                }
            step(kind)
            return
        }
        if byte & 0xc0 == 0x80 {
            guard missing > 0 else {
                return
            }
            scalar = scalar << 6 | UInt32(byte & 0x3f)
            missing -= 1
            if missing == 0 {
                sign(scalar)
            }
            return
        }
        missing = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1
        scalar = UInt32(byte) & (0x3f >> UInt32(missing))
    }

    /// Ends the last piece.
    mutating func end() { end(before: .blank) }

    private mutating func sign(_ scalar: UInt32) {
        guard !(0xc0..<0x250).contains(scalar) else {
            step(.accented)
            return
        }
        // A blank goes with the word of an alphabet, not with a sign.
        end(before: scalar < 0x2000 ? .mark : .other)
        let cost =
            switch scalar {
            case 0x370..<0x530: 280
            case 0x530..<0x2000: 600
            case 0x3040..<0x3100: 701
            case 0x3400..<0xa000: 675
            case 0xac00..<0xd7b0: 461
            default: 728
            }
        total += cost
    }

    private mutating func step(_ kind: Kind) {
        if kind.isLetter {
            letter(kind)
            return
        }
        let next: Run = kind == .digit ? .digits : kind == .mark ? .marks : .blanks
        if run != next {
            end(before: kind)
            run = next
        }
        count += 1
    }

    private mutating func letter(_ kind: Kind) {
        let isCapital = kind == .capital
        if run == .word, !isCapital || wasCapital {
            count += 1
            isCapitals = isCapitals && isCapital
        } else {
            followsBlank = run == .blanks
            end(before: kind)
            run = .word
            count = 1
            isCapitals = isCapital
        }
        wasCapital = isCapital
        total += kind == .accented ? Self.accent : 0
    }

    private mutating func end(before next: Kind) {
        switch run {
        case .none: break
        case .word:
            let table = isCapitals ? Self.capitals : followsBlank ? Self.afterBlank : Self.elsewhere
            total += table[min(count, 12) - 1]
            total += max(0, count - 12) * Self.beyond[isCapitals ? 2 : followsBlank ? 0 : 1]
        case .digits: total += (count + 2) / 3 * Self.threeDigits
        case .marks where count == 1 && next.isLetter: total += Self.markBeforeWord
        case .marks: total += Self.marks[min(count, 4) - 1] + max(0, count - 4) * Self.markBeyond
        case .blanks where count == 1 && (next.isLetter || next == .mark): break
        case .blanks: total += Self.blanks
        }
        run = .none
        count = 0
    }
}
