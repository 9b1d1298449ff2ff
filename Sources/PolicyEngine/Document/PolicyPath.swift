public import Base

/// What a condition looks at, limits included (policy-language.md, section 2, "Paths").
public struct PolicyPath: Sendable, Hashable {
    /// Where a path begins.
    public enum Root: String, Sendable, Hashable, CaseIterable {
        case arguments = "args"
        case toolName = "tool.name"
        case toolClass = "tool.class"
        case toolSeverity = "tool.severity"
        case grantLabel = "grant.label"
        case grantMember = "grant.member"
        case clientName = "client.name"
        case timeHour = "time.hour"
        case timeWeekday = "time.weekday"
        case timeDate = "time.date"
    }

    /// One step into a value.
    public enum Step: Sendable, Hashable {
        /// The member with exactly this key.
        case key(ByteString)
        /// The element at this place, from 0.
        case index(Int)
        /// Every element.
        case elements
        /// Every scalar at any depth; only as the last step.
        case descendants
    }

    /// Why a text is no path.
    public enum Failure: Error, Hashable, Sendable {
        /// It begins with no known root.
        case unknownRoot
        /// `args` alone.
        case noStep
        /// What stands at this byte cannot.
        case badStep(offset: Int)
        /// Something follows `.**`, at this byte.
        case afterDescendants(offset: Int)
        /// A root that takes no steps was given some.
        case stepsNotAllowed
        /// More than ``PolicyPath/maximumSteps``.
        case tooLong
    }

    /// As deep as arguments may be nested; a longer path could never meet anything.
    public static let maximumSteps = 64

    /// As written, for rule names.
    public let text: ByteString
    /// Where it begins.
    public let root: Root
    /// Only for `args`; at least one.
    public let steps: [Step]

    /// Whether it can stand for several values.
    public var isQuantified: Bool { steps.contains { $0 == .elements || $0 == .descendants } }

    /// Whether two texts mean the same path: `args.a` and `args["a"]` do.
    public func isEquivalent(to other: PolicyPath) -> Bool { root == other.root && steps == other.steps }

    /// One spelling per meaning, so that a counter's identity does not depend on how its key was written.
    public var canonical: ByteString {
        var output: [UInt8] = Array(root.rawValue.utf8)
        for step in steps {
            switch step {
            case .key(let key):
                // Length first: no key can be taken for several steps.
                output.append(".")
                output.append(decimal: key.count)
                output.append(":")
                output.append(contentsOf: key.bytes)
            case .index(let index):
                output.append("[")
                output.append(decimal: index)
                output.append("]")
            case .elements: output.append("[*]")
            case .descendants: output.append(".**")
            }
        }
        return ByteString(output)
    }

    /// Reads a path.
    public init(_ text: ByteString) throws(Failure) {
        self.text = text
        // By bytes: text that is only canonically equal to a root's name is none.
        if let root = Root.allCases.first(where: { text.bytes.elementsEqual($0.rawValue.utf8) }), root != .arguments {
            self.root = root
            steps = []
            return
        }
        guard text.bytes.starts(with: "args".utf8) else {
            throw Root.allCases.contains { text.bytes.starts(with: ($0.rawValue + ".").utf8) }
                ? .stepsNotAllowed : .unknownRoot
        }
        guard text.count > 4 else {
            throw .noStep
        }
        guard text.bytes[4] == UInt8(ascii: ".") || text.bytes[4] == UInt8(ascii: "[") else {
            throw .unknownRoot
        }
        root = .arguments
        var scanner = PathScanner(bytes: text.bytes, position: 4)
        var steps: [Step] = []
        while let step = try scanner.next() {
            steps.append(step)
            guard steps.count <= Self.maximumSteps else {
                throw .tooLong
            }
        }
        self.steps = steps
    }
}
