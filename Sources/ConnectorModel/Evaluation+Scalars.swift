import Base
import UnicodeText

/// Numbers, days and text.
extension Evaluation {
    mutating func number(
        _ operation: Operation,
        in scope: ConnectorValue?
    ) throws(EvaluationFailure) -> ConnectorValue? {
        switch operation.kind {
        case .midnight: return try midnight(operation, in: scope)
        case .rfc3339: return try rfc3339(operation, in: scope)
        case .integer:
            guard let given = try optional(operation.operands.first, in: scope), !given.isBlank else {
                return nil
            }
            guard let number = ArgumentConversion.integer.convert(given) else {
                throw .type(operator: operation.kind.rawValue)
            }
            return number
        default: break
        }
        let operands = try values(operation.operands, in: scope)
        guard operands.count == operation.operands.count else {
            return try optional(operation.values[.else], in: scope)
        }
        var numbers: [ExactDecimal] = []
        for operand in operands {
            guard let number = operand.decimal else {
                throw .type(operator: operation.kind.rawValue)
            }
            numbers.append(number)
        }
        guard let first = numbers.first, let last = numbers.last else {
            return ConnectorValue(0)
        }
        switch operation.kind {
        case .add: return ConnectorValue(numbers.reduce(ExactDecimal.zero) { $0 + $1 })
        case .subtract: return ConnectorValue(first - last)
        case .multiply: return ConnectorValue(double: first.nearestDouble * last.nearestDouble)
        case .divide:
            guard !last.isZero else {
                return try optional(operation.values[.else], in: scope)
            }
            return ConnectorValue(double: first.nearestDouble / last.nearestDouble)
        default:
            let digits = try operation.values[.digits].flatMap { template throws(EvaluationFailure) in
                try integer(template, in: scope, of: operation)
            }
            return ConnectorValue(double: Self.rounded(first.nearestDouble, digits: digits ?? 0))
        }
    }

    static func rounded(_ value: Double, digits: Int) -> Double {
        var scale = 1.0
        for _ in 0..<min(max(digits, 0), 9) {
            scale *= 10
        }
        let scaled = (value * scale).rounded()
        return scaled.isFinite ? scaled / scale : value
    }

    /// When a local day begins, in seconds since 1970.
    private mutating func midnight(
        _ operation: Operation,
        in scope: ConnectorValue?
    ) throws(EvaluationFailure) -> ConnectorValue? {
        guard let given = try optional(operation.operands.first, in: scope), !given.isBlank else {
            return nil
        }
        guard let text = given.text, let named = CivilText.date(text) else {
            throw .type(operator: operation.kind.rawValue)
        }
        let zone = try zone(operation.values[.zone], in: scope)
        let date = try shifted(named, operation, in: scope)
        return ConnectorValue(Self.start(of: date, in: zone))
    }

    /// From the local noon, which every zone has on every day, back to where the day began.
    static func start(of date: CivilDate, in zone: TimeZoneRules) -> Int {
        let noon = date.daysSinceEpoch * 86_400 + 43_200
        let guess = noon - zone.offsetSeconds(at: WallTime(milliseconds: Int64(noon) * 1_000))
        let start = zone.startOf(.day, containing: WallTime(milliseconds: Int64(guess) * 1_000))
        return Int(start.milliseconds.flooredDivision(by: 1_000).quotient)
    }

    /// Seconds since 1970 as a local time with its offset.
    private mutating func rfc3339(
        _ operation: Operation,
        in scope: ConnectorValue?
    ) throws(EvaluationFailure) -> ConnectorValue? {
        guard let template = operation.operands.first,
            let seconds = try integer(template, in: scope, of: operation)
        else {
            return nil
        }
        guard (-62_000_000_000...253_000_000_000).contains(seconds) else {
            throw .type(operator: operation.kind.rawValue)
        }
        let zone = try zone(operation.values[.zone], in: scope)
        let offset = zone.offsetSeconds(at: WallTime(milliseconds: Int64(seconds) * 1_000))
        let (day, inDay) = (seconds + offset).flooredDivision(by: 86_400)
        var output = CivilText.bytes(of: CivilDate(daysSinceEpoch: day)).bytes
        output.append("T")
        Self.appendClock(inDay, withSeconds: true, to: &output)
        output.append(offset < 0 ? "-" : "+")
        Self.appendClock(abs(offset), withSeconds: false, to: &output)
        return .text(ByteString(output))
    }

    private static func appendClock(_ seconds: Int, withSeconds: Bool, to output: inout [UInt8]) {
        output.append(padded: seconds / 3_600, to: 2)
        output.append(":")
        output.append(padded: seconds / 60 % 60, to: 2)
        if withSeconds {
            output.append(":")
            output.append(padded: seconds % 60, to: 2)
        }
    }

    // MARK: - Text

    mutating func text(
        _ operation: Operation,
        in scope: ConnectorValue?
    ) throws(EvaluationFailure) -> ConnectorValue? {
        switch operation.kind {
        case .concat:
            return .text(try joined(try values(operation.operands, in: scope), by: [], operation))
        case .join:
            let elements = try optional(operation.operands.first, in: scope)?.elements ?? []
            return .text(try joined(elements, by: operation.labels[.with]?.bytes ?? [], operation))
        case .format: return try formatted(operation, in: scope)
        default: break
        }
        guard let given = try optional(operation.operands.first, in: scope) else {
            return operation.kind == .mentions ? .boolean(false) : nil
        }
        guard let text = given.scalarText else {
            throw .type(operator: operation.kind.rawValue)
        }
        switch operation.kind {
        case .text: return .text(text)
        case .firstWord:
            return .text(ByteString(text.bytes.split { $0 <= 0x20 }.first.map { Array($0) } ?? []))
        case .mentions:
            let phrases = try optional(operation.values[.words], in: scope)
            return .boolean(try mentions(words(of: text), phrases))
        default:
            let words = words(of: text)
            let key = operation.tokens[.key] ?? []
            for candidate in try optional(operation.values[.among], in: scope)?.elements ?? []
            where try mentions(words, candidate.at(key)) {
                return candidate
            }
            return nil
        }
    }

    private mutating func words(of text: ByteString) -> WordText {
        if let lastWords, lastWords.text == text {
            return lastWords.words
        }
        let words = WordText(text)
        lastWords = (text, words)
        return words
    }

    /// Whether one of several phrases, or the one, occurs with word borders around it.
    private mutating func mentions(
        _ text: WordText,
        _ phrases: ConnectorValue?
    ) throws(EvaluationFailure) -> Bool {
        let candidates = phrases?.elements ?? phrases.map { [$0] } ?? []
        for candidate in candidates {
            try spend(text.words.count + 1)
            if let phrase = candidate.text, text.contains(WordText(phrase)) {
                return true
            }
        }
        return false
    }

    private mutating func joined(
        _ elements: [ConnectorValue],
        by separator: [UInt8],
        _ operation: Operation
    ) throws(EvaluationFailure) -> ByteString {
        var output: [UInt8] = []
        for (index, element) in elements.enumerated() {
            guard let text = element.scalarText else {
                throw .type(operator: operation.kind.rawValue)
            }
            try spend(1 + text.count / 64)
            if index > 0 {
                output.append(contentsOf: separator)
            }
            output.append(contentsOf: text.bytes)
        }
        return ByteString(output)
    }

    private mutating func formatted(
        _ operation: Operation,
        in scope: ConnectorValue?
    ) throws(EvaluationFailure) -> ConnectorValue? {
        guard let number = try optional(operation.operands.first, in: scope)?.decimal else {
            return nil
        }
        let digits = try operation.values[.digits].flatMap { template throws(EvaluationFailure) in
            try integer(template, in: scope, of: operation)
        }
        let text = NumberText.bytes(
            number.nearestDouble,
            digits: digits ?? 0,
            isBrazilian: operation.labels[.as] == "pt-BR"
        )
        return .text(ByteString((operation.labels[.prefix]?.bytes ?? []) + text))
    }
}

/// Numbers for people: groups of three and a fixed number of decimals.
enum NumberText {
    static func bytes(_ value: Double, digits: Int, isBrazilian: Bool) -> [UInt8] {
        let digits = min(max(digits, 0), 6)
        var scale = 1.0
        for _ in 0..<digits {
            scale *= 10
        }
        let scaled = (value.magnitude * scale).rounded()
        // LIMIT: beyond, the text would promise digits a double does not have.
        guard scaled < 9e15 else {
            return Array("\(value)".utf8)
        }
        var text: [UInt8] = []
        text.append(padded: Int(scaled), to: digits + 1)
        let whole = text.dropLast(digits)
        var output: [UInt8] = value < 0 && scaled > 0 ? [UInt8(ascii: "-")] : []
        for (index, digit) in whole.enumerated() {
            if index > 0, (whole.count - index).isMultiple(of: 3) {
                output.append(UInt8(ascii: isBrazilian ? "." : ","))
            }
            output.append(digit)
        }
        if digits > 0 {
            output.append(UInt8(ascii: isBrazilian ? "," : "."))
            output.append(contentsOf: text.suffix(digits))
        }
        return output
    }
}
