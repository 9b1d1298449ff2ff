import Base
import JSONText

/// Which list a block stands in.
enum BlockKind {
    case require, denyIf, requireApproval
}

extension PolicyReader {
    mutating func readBlocks(_ object: Located<JSONValue>, _ name: StaticString, kind: BlockKind) -> [PolicyBlock] {
        guard let list = member(object, name), let elements = readList(list, what: "`\(name)`") else {
            return []
        }
        return elements.compactMap { readBlock($0, kind: kind) }
    }

    private mutating func readBlock(_ value: Located<JSONValue>, kind: BlockKind) -> PolicyBlock? {
        var known = ["conditions", "on_deny", "name", "shadow"]
        if kind == .requireApproval {
            known += ["on_pending", "timeout", "approvers", "grants"]
        }
        guard let object = readObject(value, known: known, what: "a block") else {
            return nil
        }
        var block = PolicyBlock(location: value.location)
        readConditions(object, kind: kind, into: &block)
        block.message = readText(object, "on_deny")?.value.text
        if let name = readText(object, "name") {
            if name.value.isEmpty {
                findings.error(.badValue, at: name.location, "a name is not empty: leave `name` out or fill it in")
            }
            block.name = name.value.text
        }
        block.isShadow = readBoolean(object, "shadow") ?? false
        if kind == .requireApproval {
            readApproval(object, into: &block)
        }
        return block
    }

    private mutating func readConditions(_ object: Located<JSONValue>, kind: BlockKind, into block: inout PolicyBlock) {
        guard let list = member(object, "conditions") else {
            let advice = "add `\"conditions\": []` if it is to hold always"
            findings.error(.missingKey, at: object.location, "a block without `conditions` says nothing; \(advice)")
            return
        }
        guard let elements = readList(list, what: "`conditions`") else {
            return
        }
        if elements.isEmpty, kind == .require {
            findings.warning(
                .neverFires,
                at: list.location,
                "a `require` without conditions always holds and never fires"
            )
        }
        for element in elements {
            if let condition = readCondition(element, kind: kind) {
                block.conditions.append(condition)
            } else {
                block.isBroken = true
            }
        }
    }

    private mutating func readApproval(_ object: Located<JSONValue>, into block: inout PolicyBlock) {
        if let pending = readText(object, "on_pending") {
            if member(object, "on_deny") != nil {
                findings.error(
                    .ambiguousValue,
                    at: pending.location,
                    "`on_pending` and `on_deny` are one text: keep one"
                )
            }
            block.message = pending.value.text
        }
        if let timeout = member(object, "timeout") {
            block.approval.timeoutSeconds = readDuration(timeout)
        }
        if let grants = member(object, "grants"), grants.value.string?.isEqual(to: "once") != true {
            block.approval.grantsSeconds = readDuration(grants, orElse: "`once`")
        }
        guard let list = member(object, "approvers"), let elements = readArray(list, what: "`approvers`") else {
            return
        }
        if elements.isEmpty {
            findings.error(.badValue, at: list.location, "nobody could approve: name someone or leave `approvers` out")
        }
        block.approval.approvers = elements.compactMap { element in
            guard let text = readText(element) else {
                return nil
            }
            guard !text.isEmpty, !text.bytes.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
                let wanted = "`requester`, or a kind and a name as in `role:admin`"
                findings.error(.badValue, at: element.location, "an approver is \(wanted)")
                return nil
            }
            return text.text
        }
    }

    private mutating func readCondition(_ value: Located<JSONValue>, kind: BlockKind) -> PolicyCondition? {
        let known = ["path", "op", "value", "ignore_case", "if_missing"]
        guard let object = readObject(value, known: known, what: "a condition") else {
            return nil
        }
        for name in ["path", "op", "value"] where member(object, name) == nil {
            findings.error(
                .missingKey,
                at: object.location,
                "a condition needs `path`, `op` and `value`: `\(name)` is missing"
            )
        }
        let path = member(object, "path").flatMap { readPath($0) }
        let op = member(object, "op").flatMap { readChoice($0, PolicyOperator.self) }
        let ignoresCase = readIgnoreCase(object, op: op)
        let matchesMissing = readIfMissing(object, op: op, kind: kind)
        guard let path, let op, let operand = member(object, "value") else {
            return nil
        }
        return PolicyCondition(
            location: value.location,
            path: path,
            op: op,
            value: operand,
            ignoresCase: ignoresCase,
            matchesMissing: matchesMissing
        )
    }

    private mutating func readIgnoreCase(_ object: Located<JSONValue>, op: PolicyOperator?) -> Located<Bool>? {
        guard let value = member(object, "ignore_case"), let flag = readBoolean(object, "ignore_case") else {
            return nil
        }
        if let op, !op.canIgnoreCase {
            findings.error(
                .badValue,
                at: value.location,
                "`ignore_case` does not stand with `\(op.rawValue)`: take it out"
            )
        }
        return Located(flag, at: value.location)
    }

    private mutating func readIfMissing(_ object: Located<JSONValue>, op: PolicyOperator?, kind: BlockKind) -> Bool {
        guard let value = member(object, "if_missing") else {
            return false
        }
        guard value.value.string?.isEqual(to: "match") == true else {
            findings.error(.badValue, at: value.location, "`if_missing` can only be `match`")
            return false
        }
        if kind == .require {
            let reason = "a missing value fails every `require` already"
            findings.error(.badValue, at: value.location, "`if_missing` does not stand in `require`: \(reason)")
        } else if op == .exists {
            findings.error(
                .badValue,
                at: value.location,
                "`if_missing` does not stand with `exists`, which says it itself"
            )
        }
        return true
    }

    /// A path, `nil` with a finding when it is none.
    mutating func readPath(_ value: Located<JSONValue>) -> PolicyPath? {
        guard let text = readText(value) else {
            return nil
        }
        do throws(PolicyPath.Failure) {
            return try PolicyPath(text)
        } catch {
            findings.error(.badValue, at: value.location, pathMessage(error, text: text))
            return nil
        }
    }

    private func pathMessage(_ failure: PolicyPath.Failure, text: ByteString) -> String {
        let path = shown(text.bytes)
        switch failure {
        case .unknownRoot:
            let known = PolicyPath.Root.allCases.map(\.rawValue)
            let hint =
                NearestName.suggestion(for: text.bytes, among: known).map { "did you mean `\($0)`?" }
                ?? "a path begins with `args` or is \(known.dropFirst().map { "`\($0)`" }.joined(separator: ", "))"
            return "`\(path)` begins with no known name; \(hint)"
        case .noStep: return "`args` alone is not enough: name an argument, as in `args.amount`"
        case .stepsNotAllowed: return "`\(path)` goes into a name that has no parts"
        case .afterDescendants: return "`.**` is the last step of a path: nothing can follow it in `\(path)`"
        case .tooLong: return "a path has at most \(PolicyPath.maximumSteps) steps"
        case .badStep(let offset):
            let steps = "`.name`, `[\"any name\"]`, `[0]`, `[*]` or a last `.**`"
            return "`\(path)` cannot be read at byte \(offset); a step is \(steps)"
        }
    }
}
