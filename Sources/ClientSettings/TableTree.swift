import Base

/// Puts TOML's statements, which may name a table in many places, together to one tree.
struct TableTree {
    private enum Kind {
        /// Opened by a header, by dotted keys, or by being on the way to another.
        case table(isDefined: Bool, isDotted: Bool)
        /// An array of tables, in `elements`.
        case tables
        case value(MarkedValue)
    }

    private struct Node {
        var kind: Kind
        var start: Int
        var parts: [Range<Int>]
        var comma: Int?
        var elements: [Int] = []
        var order: [ByteString] = []
        var children: [ByteString: Int] = [:]
    }

    private var nodes = [Node(kind: .table(isDefined: true, isDotted: false), start: 0, parts: [])]

    /// The whole tree.
    var root: MarkedValue { frozen(0) }

    /// Sets a key, which may be dotted, in a table; `false` when it is set already.
    mutating func set(
        _ path: [ByteString],
        _ value: MarkedValue,
        in table: Int,
        part: Range<Int>,
        comma: Int? = nil
    ) -> Bool {
        var node = table
        for key in path.dropLast() {
            if let child = nodes[node].children[key] {
                guard case .table(false, true) = nodes[child].kind else {
                    return false
                }
                node = child
            } else {
                node = add(key, .table(isDefined: false, isDotted: true), to: node, part: part, comma: comma)
            }
        }
        guard let key = path.last, nodes[node].children[key] == nil else {
            return false
        }
        _ = add(key, .value(value), to: node, part: part, comma: comma)
        return true
    }

    /// Opens the table of a header; `nil` when there is one already, or something else.
    mutating func open(_ path: [ByteString], isArray: Bool, part: Range<Int>) -> Int? {
        var node = 0
        for key in path.dropLast() {
            guard let child = nodes[node].children[key] else {
                node = add(key, .table(isDefined: false, isDotted: false), to: node, part: nil, comma: nil)
                continue
            }
            switch nodes[child].kind {
            case .table: node = child
            case .tables: node = nodes[child].elements.last ?? child
            case .value: return nil
            }
        }
        guard let key = path.last else {
            return nil
        }
        return isArray ? append(key, to: node, part: part) : define(key, in: node, part: part)
    }

    private mutating func define(_ key: ByteString, in node: Int, part: Range<Int>) -> Int? {
        guard let child = nodes[node].children[key] else {
            return add(key, .table(isDefined: true, isDotted: false), to: node, part: part, comma: nil)
        }
        guard case .table(false, false) = nodes[child].kind else {
            return nil
        }
        nodes[child].kind = .table(isDefined: true, isDotted: false)
        nodes[child].parts.append(part)
        return child
    }

    private mutating func append(_ key: ByteString, to node: Int, part: Range<Int>) -> Int? {
        let fresh = nodes.count
        nodes.append(Node(kind: .table(isDefined: true, isDotted: false), start: part.lowerBound, parts: [part]))
        guard let child = nodes[node].children[key] else {
            let array = add(key, .tables, to: node, part: part, comma: nil)
            nodes[array].elements.append(fresh)
            return fresh
        }
        guard case .tables = nodes[child].kind else {
            return nil
        }
        nodes[child].elements.append(fresh)
        nodes[child].parts.append(part)
        return fresh
    }

    private mutating func add(
        _ key: ByteString,
        _ kind: Kind,
        to parent: Int,
        part: Range<Int>?,
        comma: Int?
    ) -> Int {
        let index = nodes.count
        let parts = part.map { [$0] } ?? []
        nodes.append(Node(kind: kind, start: part?.lowerBound ?? nodes[parent].start, parts: parts, comma: comma))
        nodes[parent].order.append(key)
        nodes[parent].children[key] = index
        return index
    }

    /// Recursion ends at the depth of keys and values, which the reader bounds.
    private func frozen(_ index: Int) -> MarkedValue {
        let node = nodes[index]
        switch node.kind {
        case .value(let value): return value
        case .tables:
            return MarkedValue(content: .array(node.elements.map { frozen($0) }), start: node.start)
        case .table:
            let members = node.order.compactMap { key -> MarkedMember? in
                guard let child = node.children[key] else {
                    return nil
                }
                return MarkedMember(
                    key: key,
                    value: frozen(child),
                    parts: nodes[child].parts,
                    comma: nodes[child].comma
                )
            }
            return MarkedValue(content: .object(members), start: node.start)
        }
    }
}
