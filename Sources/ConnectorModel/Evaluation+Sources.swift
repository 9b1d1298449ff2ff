import Base
import JSONText
import UnicodeText

/// Where values come from.
extension Evaluation {
    mutating func source(
        _ operation: Operation,
        in scope: ConnectorValue?
    ) throws(EvaluationFailure) -> ConnectorValue? {
        switch operation.kind {
        case .arg: return try argument(operation, in: scope)
        case .rest: return try rest(operation)
        case .config: return settings[operation.word]
        case .var: return try variable(operation.word)
        case .at:
            let found = try base(operation, scope)?.at(operation.words)
            if let found, !found.isNull {
                return found
            }
            guard let fallback = operation.values[.else] else {
                return found
            }
            return try value(fallback, in: scope)
        case .status:
            let status = steps[operation.labels[.from] ?? latest]?.status ?? 0
            return .boolean(operation.words.contains { StatusRange($0)?.range.contains(status) == true })
        case .now: return now(operation.word)
        case .today: return try today(operation, in: scope)
        case .origin: return .text(origin)
        case .elapsed: return ConnectorValue(steps[operation.word]?.elapsedMilliseconds ?? 0)
        case .failed: return .boolean(steps[operation.word]?.failure != nil)
        case .failure: return steps[operation.word]?.failure.map { ConnectorValue($0) }
        case .cached: return .boolean(steps[operation.word]?.isCached == true)
        default: return .boolean(steps[operation.word]?.isTruncated == true)
        }
    }

    private mutating func base(
        _ operation: Operation,
        _ scope: ConnectorValue?
    ) throws(EvaluationFailure) -> ConnectorValue? {
        if let other = operation.values[.of] {
            return try value(other, in: scope)
        }
        if let step = operation.labels[.from] {
            return steps[step]?.body
        }
        return scope ?? steps[latest]?.body
    }

    // MARK: - Arguments

    private mutating func argument(
        _ operation: Operation,
        in scope: ConnectorValue?
    ) throws(EvaluationFailure) -> ConnectorValue? {
        guard let given = arguments.first(where: { $0.key == operation.word })?.value,
            !(operation.labels[.omit] != nil && given.isBlank)
        else {
            guard let fallback = operation.values[.else] else {
                return nil
            }
            return try value(fallback, in: scope)
        }
        guard let label = operation.labels[.as], let conversion = ArgumentConversion(rawValue: label.text) else {
            return given
        }
        guard let converted = conversion.convert(given) else {
            throw .argument(name: operation.word, reason: conversion.reason)
        }
        return converted
    }

    private func rest(_ operation: Operation) throws(EvaluationFailure) -> ConnectorValue {
        let excluded = Set(operation.words)
        let denied = Set(operation.tokens[.deny] ?? [])
        if let member = arguments.first(where: { denied.contains($0.key) }) {
            throw .argument(name: member.key, reason: .denied)
        }
        return .object(arguments.filter { !excluded.contains($0.key) })
    }

    // MARK: - The clock

    private func now(_ unit: ByteString) -> ConnectorValue {
        switch unit {
        case "seconds": return ConnectorValue(Int(time.milliseconds.flooredDivision(by: 1_000).quotient))
        case "milliseconds": return ConnectorValue(Int(time.milliseconds))
        default:
            // Whole seconds, as the APIs write their own times.
            var output: [UInt8] = []
            time.appendRFC3339(to: &output)
            return .text(ByteString(output.prefix(19) + [UInt8(ascii: "Z")]))
        }
    }

    private mutating func today(
        _ operation: Operation,
        in scope: ConnectorValue?
    ) throws(EvaluationFailure) -> ConnectorValue {
        let zone = try zone(operation.values[.zone], in: scope)
        var date = try shifted(zone.localDate(at: time).date, operation, in: scope)
        if let month = operation.values[.month], let wanted = try integer(month, in: scope, of: operation) {
            let month = min(max(wanted, 1), 12)
            let last = CivilDate.days(inMonth: month, ofYear: date.year)
            date = CivilDate(year: date.year, month: month, day: min(date.day, last))
        }
        if let day = operation.values[.day], let wanted = try integer(day, in: scope, of: operation) {
            let last = CivilDate.days(inMonth: date.month, ofYear: date.year)
            date = CivilDate(year: date.year, month: date.month, day: min(max(wanted, 1), last))
        }
        return .text(CivilText.bytes(of: date))
    }

    /// A date moved by months and then by days; a day the month does not have becomes its last.
    mutating func shifted(
        _ date: CivilDate,
        _ operation: Operation,
        in scope: ConnectorValue?
    ) throws(EvaluationFailure) -> CivilDate {
        var date = date
        if let template = operation.values[.months], let months = try integer(template, in: scope, of: operation) {
            let (years, month) = (date.month - 1 + min(max(months, -1_200), 1_200)).flooredDivision(by: 12)
            let year = min(max(date.year + years, 1), 9_998)
            let last = CivilDate.days(inMonth: month + 1, ofYear: year)
            date = CivilDate(year: year, month: month + 1, day: min(date.day, last))
        }
        if let template = operation.values[.days], let days = try integer(template, in: scope, of: operation) {
            date = CivilDate(daysSinceEpoch: date.daysSinceEpoch + min(max(days, -366_000), 366_000))
        }
        return date
    }

    mutating func integer(
        _ template: Template,
        in scope: ConnectorValue?,
        of operation: Operation
    ) throws(EvaluationFailure) -> Int? {
        guard let found = try value(template, in: scope), !found.isNull else {
            return nil
        }
        guard let number = found.decimal?.int, number.magnitude <= 1 << 53 else {
            throw .type(operator: operation.kind.rawValue)
        }
        return number
    }
}

extension ConnectorValue {
    var isNull: Bool {
        if case .null = self { true } else { false }
    }
}

/// `YYYY-MM-DD`.
enum CivilText {
    static func bytes(of date: CivilDate) -> ByteString {
        var output: [UInt8] = []
        output.append(padded: max(date.year, 0), to: 4)
        output.append("-")
        output.append(padded: date.month, to: 2)
        output.append("-")
        output.append(padded: date.day, to: 2)
        return ByteString(output)
    }

    /// The date of exactly ten characters, a day that exists; years 1 to 9998.
    static func date(_ text: ByteString) -> CivilDate? {
        let bytes = text.bytes
        guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            let year = number(bytes[0..<4]), let month = number(bytes[5..<7]), let day = number(bytes[8..<10]),
            (1...9_998).contains(year), (1...12).contains(month), day >= 1,
            day <= CivilDate.days(inMonth: month, ofYear: year)
        else {
            return nil
        }
        return CivilDate(year: year, month: month, day: day)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        var value = 0
        for byte in digits {
            guard let digit = byte.decimalDigit else {
                return nil
            }
            value = value * 10 + digit
        }
        return value
    }
}

extension ArgumentConversion {
    var reason: EvaluationFailure.Reason {
        switch self {
        case .integer: .integer
        case .decimal: .decimal
        case .text, .trimmed: .text
        case .object: .object
        case .json: .json
        case .flag: .flag
        case .date: .date
        }
    }

    /// The converted value; `nil` when it cannot be one.
    func convert(_ value: ConnectorValue) -> ConnectorValue? {
        switch self {
        case .integer: Self.number(value).flatMap { $0.int == nil ? nil : ConnectorValue($0) }
        case .decimal: Self.number(value).map { ConnectorValue($0) }
        case .text: value.scalarText.map { .text($0) }
        case .trimmed: value.scalarText.map { .text(ByteString(Self.trimmed($0.bytes))) }
        case .flag:
            if case .boolean(let truth) = value { ConnectorValue(truth ? "Y" : "N") } else { nil }
        case .date: value.text.flatMap { CivilText.date($0) }.map { .text(CivilText.bytes(of: $0)) }
        case .json: Self.parsed(value)
        case .object: Self.parsed(value).flatMap { $0.members == nil ? nil : $0 }
        }
    }

    private static func number(_ value: ConnectorValue) -> ExactDecimal? {
        if let decimal = value.decimal {
            return decimal
        }
        guard let text = value.text else {
            return nil
        }
        return ExactDecimal(lexeme: trimmed(text.bytes).span)
    }

    private static func trimmed(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        let start = bytes.firstIndex { $0 > 0x20 } ?? bytes.count
        let end = bytes.lastIndex { $0 > 0x20 } ?? start - 1
        return bytes[start..<(end + 1)]
    }

    private static func parsed(_ value: ConnectorValue) -> ConnectorValue? {
        guard let text = value.text else {
            return value
        }
        // LIMIT: JSON inside JSON is for filters, not for documents.
        let limits = JSONLimits(maximumBytes: 256 << 10, maximumDepth: 16)
        do throws(JSONError) {
            return ConnectorValue(try JSONDocument(text.bytes, limits: limits).root)
        } catch {
            return nil
        }
    }
}
