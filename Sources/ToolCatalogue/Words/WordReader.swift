import Base

/// One word of a text.
struct Word: Sendable {
    /// Of its letters, folded to small ones without accents; of the sign itself in a script without spaces.
    var hash: UInt64
    /// Its first byte, counted from the text's first.
    var start: Int32
    /// The byte after its last.
    var end: Int32
    /// What stands between the word before and this one.
    var before: Separator
    /// The sign of a script that writes no spaces; 0 for other words.
    var sign: UInt32
    /// Whether the word is in capitals throughout, and longer than two.
    var isShouted: Bool

    /// From weak to strong.
    enum Separator: UInt8, Sendable {
        case space, comma, colon, sentence
    }
}

/// FNV-1a over folded letters.
enum WordHash {
    static let start: UInt64 = 0xcbf2_9ce4_8422_2325

    @inline(__always)
    static func add(_ byte: UInt8, to hash: UInt64) -> UInt64 {
        (hash ^ UInt64(byte)) &* 0x100_0000_01b3
    }

    @inline(__always)
    static func add(scalar: UInt32, to hash: UInt64) -> UInt64 {
        var hash = add(UInt8(truncatingIfNeeded: scalar), to: hash)
        hash = add(UInt8(truncatingIfNeeded: scalar >> 8), to: hash)
        return add(UInt8(truncatingIfNeeded: scalar >> 16), to: hash)
    }

    /// Of two words together.
    @inline(__always)
    static func pair(_ first: UInt64, _ second: UInt64) -> UInt64 {
        (first &* 31) ^ second &* 0x9e37_79b9_7f4a_7c15
    }

    /// Of a word in a table, which may be signs.
    static func of(_ word: String) -> UInt64 {
        var hash = start
        for scalar in word.unicodeScalars {
            let value = scalar.value
            if value < 0x80 {
                hash = add(UInt8(truncatingIfNeeded: value), to: hash)
            } else if LetterFolding.isSign(value) {
                hash = add(scalar: value, to: hash)
            } else {
                LetterFolding.fold(value) { hash = $0 < 0x80 ? add(UInt8($0), to: hash) : add(scalar: $0, to: hash) }
            }
        }
        return hash
    }
}

/// Small letters without accents, for the scripts the tables know.
enum LetterFolding {
    /// Chinese, Japanese and Korean signs.
    @inline(__always)
    static func isSign(_ scalar: UInt32) -> Bool {
        (0x3040...0x30ff).contains(scalar) || (0x3400...0x9fff).contains(scalar) || (0xac00...0xd7a3).contains(scalar)
            || (0xf900...0xfaff).contains(scalar)
    }

    /// Whether it belongs to a word; everything beyond ASCII that is not punctuation does.
    @inline(__always)
    static func isLetter(_ scalar: UInt32) -> Bool {
        (0xc0...0x24f).contains(scalar) && scalar != 0xd7 && scalar != 0xf7
            || (0x370...0x52f).contains(scalar) || (0x531...0x1fff).contains(scalar)
    }

    /// Gives the folded scalars of a letter beyond ASCII, one or two.
    @inline(__always)
    static func fold(_ scalar: UInt32, _ give: (UInt32) -> Void) {
        switch scalar {
        case 0x410...0x42f: give(scalar + 0x20)
        case 0x400...0x40f: give(scalar == 0x401 ? 0x435 : scalar + 0x50)
        case 0x451: give(0x435)
        case 0xc0...0x17f: latin(scalar, give)
        case 0x391...0x3a9: give(scalar + 0x20)
        default: give(scalar)
        }
    }

    // The letters of U+00C0 to U+017F without their accents; `_` where none is alike.
    private static let plain: [UInt8] = Array(
        ("aaaaaaaceeeeiiiidnooooo_ouuuuytsaaaaaaaceeeeiiiidnooooo_ouuuuyty"
            + "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllllllln"
            + "nnnnnnnnooooooooRrrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs").utf8
    )

    private static func latin(_ scalar: UInt32, _ give: (UInt32) -> Void) {
        let place = Int(scalar) - 0xc0
        guard plain.indices.contains(place), plain[place] != UInt8(ascii: "_") else {
            give(scalar)
            return
        }
        give(UInt32(plain[place] | 0x20))
    }
}

/// Cuts a text into words.
enum WordReader {
    /// The words of a sentence or more: at most `limit`, from at most `bytes` bytes.
    static func words(of text: ArraySlice<UInt8>, bytes: Int, limit: Int, splitsCase: Bool = false) -> [Word] {
        var words: [Word] = []
        words.reserveCapacity(min(limit, text.count / 5 + 4))
        var scan = WordScan(bytes: text.prefix(bytes))
        scan.splitsCase = splitsCase
        while words.count < limit, let word = scan.next() {
            words.append(word)
        }
        return words
    }
}

/// Walks over a text.
private struct WordScan {
    let bytes: ArraySlice<UInt8>
    var place: Int
    var splitsCase = false
    var before = Word.Separator.sentence

    init(bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        place = bytes.startIndex
    }

    mutating func next() -> Word? {
        let base = bytes.startIndex
        while place < bytes.endIndex {
            let byte = bytes[place]
            if byte < 0x80 {
                if isASCIILetter(byte) || isDigit(byte) {
                    return word(from: base)
                }
                separate(byte)
                place += 1
            } else {
                let (scalar, length) = scalar(at: place)
                if LetterFolding.isSign(scalar) {
                    let start = place
                    place += length
                    let hash = WordHash.add(scalar: scalar, to: WordHash.start)
                    return take(hash: hash, start: start - base, end: place - base, sign: scalar, shouted: false)
                }
                if LetterFolding.isLetter(scalar) {
                    return word(from: base)
                }
                separate(scalar: scalar)
                place += length
            }
        }
        return nil
    }

    private mutating func take(hash: UInt64, start: Int, end: Int, sign: UInt32, shouted: Bool) -> Word {
        let word = Word(
            hash: hash,
            start: Int32(truncatingIfNeeded: start),
            end: Int32(truncatingIfNeeded: end),
            before: before,
            sign: sign,
            isShouted: shouted
        )
        before = .space
        return word
    }

    private mutating func word(from base: Int) -> Word {
        let start = place
        var hash = WordHash.start
        var capitals = 0
        var letters = 0
        let startsWithDigit = isDigit(bytes[place])
        while place < bytes.endIndex {
            let byte = bytes[place]
            if byte < 0x80 {
                let isCapital = byte &- 0x41 < 26
                let isSmall = byte &- 0x61 < 26
                guard isCapital || isSmall || isDigit(byte) else {
                    // An apostrophe inside a word belongs to it: `can't`, `user's`.
                    break
                }
                if splitsCase, place > start {
                    let last = bytes[place - 1]
                    if isCapital, last &- 0x61 < 26 || isDigit(last) {
                        break
                    }
                    if isSmall, last &- 0x41 < 26, place - start > 1, !startsWithDigit {
                        // `HTTPServer`: the last capital begins the next word.
                        return splitBeforeLast(from: base, start: start)
                    }
                    if isDigit(byte) != startsWithDigit {
                        break
                    }
                }
                hash = WordHash.add(byte | (isCapital ? 0x20 : 0), to: hash)
                capitals += isCapital ? 1 : 0
                letters += 1
                place += 1
            } else {
                let (scalar, length) = scalar(at: place)
                guard LetterFolding.isLetter(scalar), !LetterFolding.isSign(scalar) else {
                    break
                }
                LetterFolding.fold(scalar) {
                    hash = $0 < 0x80 ? WordHash.add(UInt8($0), to: hash) : WordHash.add(scalar: $0, to: hash)
                }
                letters += 1
                place += length
            }
        }
        let shouted = letters > 2 && capitals == letters
        return take(hash: hash, start: start - base, end: place - base, sign: 0, shouted: shouted)
    }

    private mutating func splitBeforeLast(from base: Int, start: Int) -> Word {
        place -= 1
        var hash = WordHash.start
        for index in start..<place {
            hash = WordHash.add(bytes[index] | 0x20, to: hash)
        }
        return take(hash: hash, start: start - base, end: place - base, sign: 0, shouted: false)
    }

    private mutating func separate(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "?"):
            // Inside `file.txt` or `v1.2` a point ends nothing.
            let next = place + 1
            if next >= bytes.endIndex || bytes[next] <= 0x20 {
                before = .sentence
            }
        case UInt8(ascii: ";"), 0x0a, 0x0d:
            before = .sentence
        case UInt8(ascii: ","), UInt8(ascii: "/"), UInt8(ascii: "&"), UInt8(ascii: "|"):
            before = max(before, .comma)
        case UInt8(ascii: ":"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"):
            before = max(before, .colon)
        case UInt8(ascii: "-"):
            let isBetweenLetters =
                place > bytes.startIndex && bytes[place - 1] > 0x20 && place + 1 < bytes.endIndex
                && bytes[place + 1] > 0x20
            before = isBetweenLetters ? before : max(before, .colon)
        default:
            break
        }
    }

    private func max(_ left: Word.Separator, _ right: Word.Separator) -> Word.Separator {
        left.rawValue > right.rawValue ? left : right
    }

    private mutating func separate(scalar: UInt32) {
        switch scalar {
        case 0x3002, 0xff01, 0xff1f, 0xff1b: before = .sentence
        case 0xff0c, 0x3001, 0xff0f: before = max(before, .comma)
        case 0xff1a, 0x2013, 0x2014, 0x2192, 0xff08, 0xff09, 0x3010, 0x3011: before = max(before, .colon)
        default: break
        }
    }

    @inline(__always)
    private func isASCIILetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    @inline(__always)
    private func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    /// The scalar at a place of valid UTF-8, and its length; a broken one counts as one byte.
    private func scalar(at place: Int) -> (scalar: UInt32, length: Int) {
        let first = UInt32(bytes[place])
        let left = bytes.endIndex - place
        func tail(_ offset: Int) -> UInt32 { UInt32(bytes[place + offset] & 0x3f) }
        if first & 0xe0 == 0xc0, left > 1 {
            return ((first & 0x1f) << 6 | tail(1), 2)
        }
        if first & 0xf0 == 0xe0, left > 2 {
            return ((first & 0x0f) << 12 | tail(1) << 6 | tail(2), 3)
        }
        if first & 0xf8 == 0xf0, left > 3 {
            return ((first & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), 4)
        }
        return (0xfffd, 1)
    }
}
