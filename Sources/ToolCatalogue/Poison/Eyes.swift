/// What people see of a text, and what they do not.
enum Eyes {
    // LIMIT: a quote of a finding.
    private static let longest = 160

    /// A quote in which everything that is not seen is written out.
    static func shown(_ bytes: ArraySlice<UInt8>) -> String {
        var text = ""
        let scalars = Array(String(decoding: bytes.prefix(longest), as: UTF8.self).unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            if scalar == "\n" || scalar == "\t" || scalar == "\r" {
                text += " "
            } else if scalar == "\u{fffd}", index >= scalars.count - 3 {
                break
            } else if unseen(scalar, at: index, in: scalars) != nil {
                text += "\\u{" + String(scalar.value, radix: 16) + "}"
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// Why a character is suspect where it stands; `nil` when it is not.
    static func unseen(_ scalar: Unicode.Scalar, at index: Int, in all: [Unicode.Scalar]) -> PoisonFinding.Code? {
        switch scalar.value {
        case 0x09, 0x0a, 0x0d: return nil
        case 0..<0x20, 0x7f..<0xa0: return .control
        case 0x202a...0x202e, 0x2066...0x2069, 0x200e, 0x200f, 0x61c: return .bidirectional
        case 0x200c, 0x200d:
            return isJoining(all[max(0, index - 2)..<index]) ? nil : .invisible
        case 0xad, 0x200b, 0x2060...0x2065, 0x206a...0x206f, 0xfeff, 0x180e, 0x34f, 0x115f, 0x1160, 0x3164, 0xffa0,
            0x2800,
            0xe0000...0xe0fff, 0x17b4, 0x17b5, 0xfff9...0xfffb, 0x2028, 0x2029:
            return .invisible
        case 0xfe00...0xfe0f:
            return isChoosing(after: index > 0 ? all[index - 1].value : 0) ? nil : .invisible
        default: return nil
        }
    }

    /// Emoji and the scripts of India and Persia are written with joiners.
    private static func isJoining(_ before: ArraySlice<Unicode.Scalar>) -> Bool {
        for scalar in before.reversed() {
            let value: UInt32 = scalar.value
            if value >= 0xfe00, value <= 0xfe0f {
                continue
            }
            if value >= 0x600, value < 0xe00 {
                return true
            }
            return value > 0x2000 && value != 0x200b
        }
        return false
    }

    /// A selector chooses how the sign before it looks; several in a row, or one after a letter, carry something.
    private static func isChoosing(after before: UInt32) -> Bool {
        if before >= 0xfe00, before <= 0xfe0f {
            return false
        }
        if before == 0x23 || before == 0x2a {
            return true
        }
        return before >= 0x80 || before >= 0x30 && before <= 0x39
    }

    /// Whether a name mixes letters of scripts that look alike.
    static func isMixed(_ scalars: [Unicode.Scalar]) -> Bool {
        var isLatin = false
        var isOther = false
        for scalar in scalars {
            switch scalar.value {
            case 0x41...0x5a, 0x61...0x7a: isLatin = true
            case 0x370...0x3ff, 0x400...0x52f, 0x530...0x58f, 0xff21...0xff5a, 0x1d400...0x1d7ff, 0x13a0...0x13ff,
                0x2c60...0x2c7f:
                isOther = true
            default: break
            }
        }
        return isLatin && isOther
    }

    /// A name as it looks at a glance: `l`, `I` and `1` alike, separators gone.
    static func shape(_ name: String) -> String {
        var shape = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "1", "I", "l", "|", "і", "ӏ": shape += "l"
            case "0", "O", "o", "о", "О", "ο": shape += "o"
            case "5", "S", "s", "ѕ": shape += "s"
            case "а", "ɑ": shape += "a"
            case "е", "ё": shape += "e"
            case "с": shape += "c"
            case "р": shape += "p"
            case "х": shape += "x"
            case "у": shape += "y"
            case "i": shape += "i"
            default: shape += String(scalar).lowercased()
            }
        }
        return shape
    }
}

/// Searching in bytes.
enum Bytes {
    /// Where a part begins, from a place on.
    static func find(_ part: [UInt8], in text: [UInt8], from start: Int = 0) -> Int? {
        guard let first = part.first, text.count >= part.count else {
            return nil
        }
        var place = start
        while place + part.count <= text.count {
            if text[place] == first, text[place..<place + part.count].elementsEqual(part) {
                return place
            }
            place += 1
        }
        return nil
    }

    /// Whether a pattern repeats what repeats, as `(a+)+` does.
    static func isNested(_ pattern: [UInt8]) -> Bool {
        var marks: [Bool] = []
        for (index, byte) in pattern.enumerated() {
            let isEscaped = index > 0 && pattern[index - 1] == UInt8(ascii: "\\")
            guard !isEscaped else {
                continue
            }
            switch byte {
            case UInt8(ascii: "("): marks.append(false)
            case UInt8(ascii: ")"):
                let hadRepeat = marks.popLast() ?? false
                let next = index + 1 < pattern.count ? pattern[index + 1] : 0
                if hadRepeat, next == UInt8(ascii: "+") || next == UInt8(ascii: "*") {
                    return true
                }
            case UInt8(ascii: "+"), UInt8(ascii: "*"):
                if !marks.isEmpty {
                    marks[marks.count - 1] = true
                }
            default: break
            }
        }
        return false
    }
}
