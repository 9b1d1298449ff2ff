/// Why a YAML text was refused, and where.
public struct YAMLError: Error, Hashable, Sendable {
    /// What was wrong.
    public enum Reason: Hashable, Sendable {
        /// More bytes than allowed.
        case tooLarge(maximum: Int)
        /// Not UTF-8.
        case notUTF8
        /// No document in it.
        case empty
        /// A second document after the first.
        case severalDocuments
        /// Nodes inside nodes deeper than allowed.
        case tooDeep(maximum: Int)
        /// More nodes than allowed.
        case tooManyNodes(maximum: Int)
        /// `&name`.
        case anchor
        /// `*name`.
        case alias
        /// `!tag`.
        case tag
        /// `%TAG` or `%YAML`.
        case directive
        /// A mapping or sequence as a key.
        case keyNotScalar
        /// The same key twice in one mapping; holds its text.
        case duplicateKey(String)
        /// Not YAML; libyaml's own words.
        case syntax(String)
    }

    /// What was wrong.
    public let reason: Reason
    /// Where.
    public let position: YAMLPosition

    /// An error from its parts.
    public init(_ reason: Reason, at position: YAMLPosition) {
        self.reason = reason
        self.position = position
    }
}

extension YAMLError: CustomStringConvertible {
    /// What, where and, if it is not plain, what to do.
    public var description: String {
        "\(reason) at line \(position.line), column \(position.column)"
    }
}

extension YAMLError.Reason: CustomStringConvertible {
    /// What was wrong, without the place.
    public var description: String {
        switch self {
        case .tooLarge(let maximum): "the file is larger than \(maximum) bytes"
        case .notUTF8: "the file is not UTF-8: save it as UTF-8"
        case .empty: "the file is empty"
        case .severalDocuments: "a second document begins here: put each into a file of its own"
        case .tooDeep(let maximum): "more than \(maximum) levels inside each other"
        case .tooManyNodes(let maximum): "more than \(maximum) values in one file"
        case .anchor: "an anchor (`&name`) is not accepted here: quote the text if it begins with `&`"
        case .alias: "an alias (`*name`) is not accepted here: quote the text if it begins with `*`"
        case .tag: "a tag (`!name`) is not accepted here: quote the text if it begins with `!`"
        case .directive: "directives (`%…`) are not accepted here"
        case .keyNotScalar: "a key must be plain or quoted text"
        case .duplicateKey(let key): "the key `\(key)` appears twice in one mapping"
        case .syntax(let problem): "not valid YAML: \(problem)"
        }
    }
}
