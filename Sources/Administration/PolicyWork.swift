public import Base
internal import JSONText
public import PolicyEngine
public import Stores
public import ToolCatalogue

extension ShownValue {
    /// What a change of a policy does to calls, one record for each.
    public static func changes(_ changes: [PolicyChange]) -> ShownValue {
        let records = changes.map { change in
            var fields: [(key: String, value: ShownValue)] = [
                ("effect", .text(change.effect.rawValue)), ("pointer", .text(change.pointer)),
            ]
            if !change.tools.isEmpty {
                fields.append(("tools", .list(change.tools.map { .text($0.text) })))
            }
            fields.append(("sentence", .text(change.sentence)))
            return ShownRecord(fields)
        }
        return .list(records.map { .record($0, line: "") })
    }
}

extension PolicyFinding {
    /// The finding for programs.
    public var shown: ShownRecord {
        ShownRecord([
            ("severity", .text(severity.rawValue)), ("pointer", .text(pointer)), ("line", .number(line)),
            ("column", .number(column)), ("code", .text(code.rawValue)), ("message", .text(message)),
        ])
    }
}

/// The tools of a server, as they were accepted.
public struct AcceptedDefinitions: Sendable {
    private let server: ByteString
    private let pins: [ToolPin]

    /// Of the pins of a server: what was accepted, never what waits to be.
    public init(_ pins: [ToolPin], of server: ByteString) {
        self.server = server
        self.pins = pins.filter { $0.gone == nil && $0.standing != .new }
    }

    /// Whether nothing was accepted yet.
    public var isEmpty: Bool { pins.isEmpty }

    /// As the catalogue judges them.
    ///
    /// - Throws: ``StoreError/corrupt(detail:)`` for a definition that cannot be read.
    public func described() throws(StoreError) -> [DescribedTool] {
        var tools: [DescribedTool] = []
        for pin in pins {
            do throws(JSONError) {
                let root = try JSONDocument(pin.definition.canonical).root
                if let tool = DescribedTool(root, server: server.text) {
                    tools.append(tool)
                }
            } catch {
                throw .corrupt(detail: "the definition of a tool cannot be read")
            }
        }
        return tools
    }

    /// As the policy engine reads them; `nil` when nothing was accepted yet.
    ///
    /// - Throws: ``StoreError/corrupt(detail:)`` for a definition that cannot be read.
    public func toolSet() throws(StoreError) -> ToolSet? {
        guard !pins.isEmpty else {
            return nil
        }
        var list: [UInt8] = [UInt8(ascii: "[")]
        for (index, pin) in pins.enumerated() {
            if index > 0 {
                list.append(UInt8(ascii: ","))
            }
            list += pin.definition.canonical
        }
        list.append(UInt8(ascii: "]"))
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(list, limits: JSONLimits(maximumBytes: 256 << 20, maximumNodes: 16_000_000))
        } catch {
            throw .corrupt(detail: "the definition of a tool cannot be read")
        }
        do throws(ToolSet.Failure) {
            return try ToolSet(document.root, readsMeta: true)
        } catch {
            throw .corrupt(detail: "\(error)")
        }
    }
}
