public import Base
import Cryptography
import JSONText
import UnicodeText

/// A policy ready to decide: immutable, shared by all workers, replaced whole.
///
/// A decision costs what the rules of the tool called cost, whatever else the policy says; a name that no exact key of
/// `tools` matches is held against the patterns in turn.
public struct CompiledPolicy: Sendable {
    let storage: CompiledStorage

    init(storage: CompiledStorage) {
        self.storage = storage
    }

    /// The document it was compiled from.
    public var document: PolicyDocument { storage.document }

    /// SHA-256 of the document's exact canonical form (policy-language.md, section 6).
    public var digest: [UInt8] { storage.digest }

    /// The first twelve hexadecimal digits of ``digest``: `policy_version` in records.
    public var version: ByteString { storage.version }

    /// Reads and compiles a policy.
    ///
    /// With an error among the findings there is no policy and the one in force stays in force. Findings are sorted by
    /// position; warnings come with a policy too.
    public static func load(_ source: [UInt8]) -> (policy: CompiledPolicy?, findings: [PolicyFinding]) {
        var findings = FindingList()
        guard let document = PolicyDocument.read(source, &findings) else {
            return (nil, findings.findings(in: source))
        }
        let policy = PolicyCompiler.compile(document, &findings)
        return (findings.hasErrors ? nil : policy, findings.findings(in: source))
    }
}

extension PolicyDocument {
    /// Reads a document and checks its form; `nil` when it is no JSON at all.
    ///
    /// What is wrong is added to `findings`, and a document that comes with errors is fit for further checks only,
    /// not for decisions.
    public static func read(_ source: [UInt8], _ findings: inout FindingList) -> PolicyDocument? {
        let limits = JSONLimits(maximumBytes: PolicyCounts.maximumBytes, maximumDepth: 64 + 16)
        let json: JSONDocument
        do throws(JSONError) {
            json = try JSONDocument(source, limits: limits)
        } catch {
            let pointer = JSONErrorPlace.pointer(to: error, in: source)
            findings.error(.notJSON, at: SourceLocation(pointer: pointer, offset: error.offset), "\(error.reason)")
            return nil
        }
        var reader = PolicyReader()
        reader.findings = findings
        let document = reader.read(json)
        findings = reader.findings
        return document
    }
}

/// What a compiled policy holds.
final class CompiledStorage: Sendable {
    let document: PolicyDocument
    let digest: [UInt8]
    let version: ByteString
    let isShadow: Bool
    let defaultAllows: Bool
    let showsDenied: Bool
    let zone: TimeZoneRules
    let hidden: NameSet
    /// The exact keys of `tools`, and what each says.
    private let exactNames: KeyTable
    let exactEntries: [CompiledEntry]
    /// Most specific first; no two of one specificity match the same name.
    let patternEntries: [(pattern: NamePattern, entry: CompiledEntry)]
    /// `nil` when the policy has no `classes`.
    let classEntries: [ToolClass: CompiledEntry]?
    /// For tools nothing covers, under `default: allow`.
    let defaultEntry: CompiledEntry
    let allTools: CompiledRules
    let resources: CompiledAccess
    let prompts: CompiledAccess

    init(_ parts: Parts) {
        document = parts.document
        digest = SHA256.digest(JSONCanonical.exact(parts.document.source.root))
        version = ByteString(TextCoding.hexadecimal(digest.prefix(6)))
        isShadow = parts.document.mode == .shadow
        defaultAllows = parts.document.defaultAction == .allow
        showsDenied = parts.document.showsDenied
        zone = parts.zone
        hidden = NameSet(parts.document.hide.map(\.value))
        exactNames = KeyTable(parts.exactEntries.map(\.name.bytes))
        exactEntries = parts.exactEntries.map(\.entry)
        patternEntries = parts.patternEntries
        classEntries = parts.classEntries
        defaultEntry = parts.defaultEntry
        allTools = parts.allTools
        resources = CompiledAccess(parts.document.resources)
        prompts = CompiledAccess(parts.document.prompts)
    }

    struct Parts {
        let document: PolicyDocument
        let zone: TimeZoneRules
        var exactEntries: [(name: ByteString, entry: CompiledEntry)] = []
        var patternEntries: [(pattern: NamePattern, entry: CompiledEntry)] = []
        var classEntries: [ToolClass: CompiledEntry]?
        let defaultEntry: CompiledEntry
        let allTools: CompiledRules
    }

    /// The one key of `tools` that governs a name: the exact one, else the most specific pattern.
    func key(governing name: ByteString) -> CompiledEntry? {
        if case .found(let number) = exactNames.find(name.bytes.span, 0..<name.bytes.count) {
            return exactEntries[number]
        }
        return patternEntries.first { $0.pattern.matches(name.bytes) }?.entry
    }
}

/// `resources` or `prompts`, ready to judge.
struct CompiledAccess: Sendable {
    private let allow: NameSet
    private let deny: NameSet
    private let allowsAll: Bool

    init(_ list: AccessList) {
        allowsAll = list.allow.contains { $0.value.bytes.allSatisfy { $0 == UInt8(ascii: "*") } }
        allow = NameSet(list.allow.map(\.value))
        deny = NameSet(list.deny.map(\.value))
    }

    /// Whether any name is treated otherwise than by default.
    var hasRules: Bool { !allow.isEmpty || !deny.isEmpty }

    /// Whether there may be names that are not allowed.
    func hidesAny(byDefault: Bool) -> Bool {
        !deny.isEmpty || !(byDefault || allowsAll)
    }

    /// `deny` wins over `allow`; what neither matches falls to the default.
    func allows(_ name: ByteString, byDefault: Bool) -> Bool {
        if deny.contains(name) {
            return false
        }
        return allow.contains(name) || byDefault
    }
}
