/// The closed list of what templates can do: pure, typed, and nothing that loops but over a list at hand.
enum Operator: String, Sendable, CaseIterable {
    // Where values come from.
    case arg, rest, config, at, `var`, status, now, today, origin
    case elapsed, failed, failure, cached, truncated
    // Choosing and building.
    case `if`, choose, coalesce, compact, merge, pick, prefixed
    // Truth.
    case equal, less, atMost, `in`, and, or, not, present
    // Lists.
    case each, filter, count, sum, group, sort, take, lookup
    // Numbers.
    case add, subtract, multiply, divide, round, integer
    // Days.
    case midnight, rfc3339
    // Text.
    case text, concat, join, format, firstWord, mentions, mentioned

    /// How it is written, and what it takes and gives.
    var specification: OperatorSpecification {
        switch self {
        case .arg, .rest, .config, .at, .var, .status, .now, .today, .origin, .elapsed, .failed, .failure, .cached,
            .truncated:
            sourceSpecification
        case .if, .choose, .coalesce, .compact, .merge, .pick, .prefixed: buildingSpecification
        case .equal, .less, .atMost, .in, .and, .or, .not, .present: truthSpecification
        case .each, .filter, .count, .sum, .group, .sort, .take, .lookup: listSpecification
        default: scalarSpecification
        }
    }

    private var sourceSpecification: OperatorSpecification {
        switch self {
        case .arg: .init(shape: .word, gives: .any, modifiers: [.else: .value, .omit: .word, .as: .word])
        case .rest: .init(shape: .words, gives: .object, modifiers: [.deny: .words])
        case .at: .init(shape: .pointer, gives: .any, modifiers: [.from: .word, .of: .value, .else: .value])
        case .status: .init(shape: .statuses, gives: .boolean, modifiers: [.from: .word])
        case .now: .init(shape: .word, gives: .any)
        case .today:
            .init(
                shape: .nothing,
                gives: .text,
                modifiers: [.zone: .value, .days: .value, .months: .value, .month: .value, .day: .value]
            )
        case .origin: .init(shape: .nothing, gives: .text)
        case .elapsed: .init(shape: .word, gives: .number)
        case .failed, .cached, .truncated: .init(shape: .word, gives: .boolean)
        case .failure: .init(shape: .word, gives: .text)
        default: .init(shape: .word, gives: .any)
        }
    }

    private var buildingSpecification: OperatorSpecification {
        switch self {
        case .if: .init(shape: .value, gives: .any, modifiers: [.then: .value, .else: .value], required: [.then])
        case .choose: .init(shape: .cases, gives: .any, modifiers: [.else: .value])
        case .coalesce: .init(shape: .values, gives: .any, modifiers: [.else: .value])
        case .compact: .init(shape: .value, takes: .object, gives: .object)
        case .merge: .init(shape: .values, takes: .object, gives: .object)
        case .pick: .init(shape: .picks, gives: .object)
        default: .init(shape: .word, gives: .object)
        }
    }

    private var truthSpecification: OperatorSpecification {
        switch self {
        case .equal, .less, .atMost, .in: .init(shape: .pair, gives: .boolean)
        case .and, .or: .init(shape: .values, gives: .boolean)
        default: .init(shape: .value, gives: .boolean)
        }
    }

    private var listSpecification: OperatorSpecification {
        switch self {
        case .each:
            .init(
                shape: .value,
                takes: .list,
                gives: .list,
                modifiers: [.as: .value, .where: .value],
                required: [.as]
            )
        case .filter:
            .init(shape: .value, takes: .list, gives: .list, modifiers: [.where: .value], required: [.where])
        case .count: .init(shape: .value, takes: .list, gives: .number)
        case .sum: .init(shape: .value, takes: .list, gives: .number, modifiers: [.of: .value], required: [.of])
        case .group:
            .init(
                shape: .value,
                takes: .list,
                gives: .list,
                modifiers: [.by: .value, .as: .value],
                required: [.by, .as]
            )
        case .sort:
            .init(
                shape: .value,
                takes: .list,
                gives: .list,
                modifiers: [.by: .value, .order: .word],
                required: [.by]
            )
        case .take: .init(shape: .value, takes: .list, gives: .list, modifiers: [.count: .value], required: [.count])
        default:
            .init(
                shape: .value,
                takes: .list,
                gives: .any,
                modifiers: [.key: .pointer, .equals: .value, .value: .pointer, .else: .value],
                required: [.key, .equals, .value]
            )
        }
    }

    private var scalarSpecification: OperatorSpecification {
        switch self {
        case .add: .init(shape: .values, takes: .number, gives: .number)
        case .subtract, .multiply: .init(shape: .pair, takes: .number, gives: .number)
        case .divide: .init(shape: .pair, takes: .number, gives: .number, modifiers: [.else: .value])
        case .integer: .init(shape: .value, gives: .number)
        case .round: .init(shape: .value, takes: .number, gives: .number, modifiers: [.digits: .value])
        case .midnight:
            .init(
                shape: .value,
                takes: .text,
                gives: .number,
                modifiers: [.zone: .value, .days: .value, .months: .value]
            )
        case .rfc3339: .init(shape: .value, takes: .number, gives: .text, modifiers: [.zone: .value])
        case .concat: .init(shape: .values, gives: .text)
        case .join: .init(shape: .value, takes: .list, gives: .text, modifiers: [.with: .word], required: [.with])
        case .format:
            .init(
                shape: .value,
                takes: .number,
                gives: .text,
                modifiers: [.as: .word, .digits: .value, .prefix: .word],
                required: [.as]
            )
        case .mentions:
            .init(shape: .value, takes: .text, gives: .boolean, modifiers: [.words: .value], required: [.words])
        case .mentioned:
            .init(
                shape: .value,
                takes: .text,
                gives: .any,
                modifiers: [.among: .value, .key: .pointer],
                required: [.among, .key]
            )
        default: .init(shape: .value, gives: .text)
        }
    }

    /// The words a word-shaped operand or modifier may be; `nil` when it is a name.
    func allowedWords(for modifier: Modifier?) -> [String]? {
        switch (self, modifier) {
        case (.now, nil): ["seconds", "milliseconds", "rfc3339"]
        case (.arg, .as): ArgumentConversion.allCases.map(\.rawValue)
        case (.arg, .omit): ["blank"]
        case (.sort, .order): ["ascending", "descending"]
        case (.format, .as): ["pt-BR", "en"]
        default: nil
        }
    }
}

/// What an argument is turned into before it is used; the error names the argument.
enum ArgumentConversion: String, Sendable, CaseIterable {
    /// Text or number to a whole number.
    case integer
    /// Text or number to a number.
    case decimal
    /// Any scalar to text.
    case text
    /// JSON text to an object.
    case object = "json-object"
    /// JSON text to any value.
    case json
    /// A truth value to `Y` or `N`.
    case flag
    /// Text without white space around it.
    case trimmed
    /// `YYYY-MM-DD`, a day that exists.
    case date
}
