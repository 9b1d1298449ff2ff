import Base
import YAMLText

/// A tree that becomes a value: constants, and nodes that take their value from the call.
///
/// Structure never comes from text: whatever an argument holds, it fills one node (issue 4, "structural templates").
indirect enum Template: Sendable {
    /// The same for every call.
    case constant(ConnectorValue)
    /// Elements that are absent are left out.
    case list([Template])
    /// Members whose value is absent are left out.
    case object([TemplateMember])
    /// An operator, `$name` in the file.
    case operation(Operation)

    /// What it evaluates to as far as the file alone tells.
    var type: ValueType {
        switch self {
        case .constant(let value): ValueType(of: value)
        case .list: .list
        case .object: .object
        case .operation(let operation): operation.kind.specification.gives
        }
    }
}

/// A member of an object template.
struct TemplateMember: Sendable {
    let key: ByteString
    let value: Template
}

/// The kinds of values, for checking a file before anything runs.
enum ValueType: String, Sendable {
    case any
    case null
    case boolean
    case number
    case text
    case list
    case object

    init(of value: ConnectorValue) {
        self =
            switch value {
            case .null: .null
            case .boolean: .boolean
            case .number: .number
            case .text: .text
            case .list: .list
            case .object: .object
            }
    }

    /// Whether a value of this kind can stand where `wanted` is.
    func fits(_ wanted: ValueType) -> Bool {
        self == .any || wanted == .any || self == wanted
    }
}

/// One operator with everything written at it.
struct Operation: Sendable {
    let kind: Operator
    /// The values it works on: one, or as many as its list has.
    var operands: [Template] = []
    /// The name, step or word it is about.
    var word: ByteString = ""
    /// The words, names or pointer tokens it is about.
    var words: [ByteString] = []
    /// Modifiers that are values.
    var values: [Modifier: Template] = [:]
    /// Modifiers that are words.
    var labels: [Modifier: ByteString] = [:]
    /// Modifiers that are pointers or lists of words.
    var tokens: [Modifier: [ByteString]] = [:]
    let position: YAMLPosition
}

/// What may stand beside an operator.
enum Modifier: String, Sendable, CaseIterable {
    case among, `as`, by, count, day, days, deny, digits, `else`, equals, from, key, month, months, of, omit, order,
        prefix
    case then, value, `where`, with, words, zone
}

/// What an operator's own key holds.
enum OperandShape: Sendable {
    /// `true`, which says nothing.
    case nothing
    /// One value.
    case value
    /// A list of values.
    case values
    /// Exactly two values.
    case pair
    /// A name or word.
    case word
    /// A list of names.
    case words
    /// A JSON Pointer.
    case pointer
    /// HTTP statuses.
    case statuses
    /// A list of `{when, then}`.
    case cases
    /// A mapping whose texts are pointers.
    case picks
}

/// What a modifier holds.
enum ModifierShape: Sendable {
    case value
    case word
    case words
    case pointer
}

/// How an operator is written, and what it takes and gives.
struct OperatorSpecification: Sendable {
    let shape: OperandShape
    var takes: ValueType = .any
    let gives: ValueType
    var modifiers: [Modifier: ModifierShape] = [:]
    var required: [Modifier] = []
}
