public import Base

/// Finds the operation of a request.
public struct Router: Sendable {
    /// An operation and what its path says.
    public struct Match: Sendable {
        /// The operation.
        public let operation: Operation
        /// The parameters of the path, decoded.
        public let parameters: [String: ByteString]
    }

    private let operations: [Operation]

    /// A router over these operations; the table of the API when none are given.
    public init(_ operations: [Operation] = Operations.all) {
        self.operations = operations
    }

    /// The operation of a method and a target.
    ///
    /// Literal segments are compared byte for byte and are never decoded: `%73ervers` is no `servers`. Where both a
    /// literal and a parameter would do, the literal wins.
    ///
    /// - Throws: ``Problem``: no such path, another method, a parameter that cannot be.
    public func match(_ method: AdminMethod?, _ target: Target) throws(Problem) -> Match {
        var candidates = operations.filter { Self.fits($0.path, target.segments) }
        guard !candidates.isEmpty else {
            throw Problem(
                .notFound,
                "there is nothing at this path",
                remedy: "GET \(Target.root)/openapi.json lists all"
            )
        }
        let literals = candidates.map { Self.literalCount($0.path) }.max() ?? 0
        candidates = candidates.filter { Self.literalCount($0.path) == literals }
        guard let operation = candidates.first(where: { $0.method == method }) else {
            var allowed = candidates.map(\.method.rawValue)
            if allowed.contains("GET") {
                allowed.append("HEAD")
            }
            let list = allowed.joined(separator: ", ")
            throw Problem(.methodNotAllowed, "this path takes \(list)", allow: allowed)
        }
        var parameters: [String: ByteString] = [:]
        var errors: [FieldError] = []
        for (segment, text) in zip(operation.path, target.segments) {
            guard case .parameter(let name) = segment else {
                continue
            }
            guard let value = Target.decoded(text) else {
                errors.append(FieldError(pointer: name, message: "this part of the path cannot be decoded"))
                continue
            }
            parameters[name] = value
            let shape = operation.pathParameters.first { $0.name == name }?.shape ?? .text()
            errors += ParameterCheck.errors(in: value, shape, name)
        }
        guard errors.isEmpty else {
            // A name that cannot be is the name of nothing.
            throw Problem(.notFound, "there is nothing by this name", errors: errors)
        }
        return Match(operation: operation, parameters: parameters)
    }

    /// The parameters of a query, by name.
    ///
    /// - Throws: ``Problem`` with every one that is unknown, doubled or wrong.
    public static func query(_ target: Target, of operation: Operation) throws(Problem) -> [String: ByteString] {
        var values: [String: ByteString] = [:]
        var errors: [FieldError] = []
        for (name, value) in target.query {
            guard let parameter = operation.query.first(where: { name == ByteString($0.name) }) else {
                let known = operation.query.map { "`\($0.name)`" }.joined(separator: ", ")
                errors.append(
                    FieldError(
                        pointer: String(name.text.prefix(64)),
                        message: "there is no such parameter",
                        remedy: known.isEmpty ? "it takes none" : "the parameters are \(known)"
                    )
                )
                continue
            }
            guard values.updateValue(value, forKey: parameter.name) == nil else {
                errors.append(FieldError(pointer: parameter.name, message: "it is there twice"))
                continue
            }
            errors += ParameterCheck.errors(in: value, parameter.shape, parameter.name)
        }
        guard errors.isEmpty else {
            throw Problem(.malformed, "the query cannot be used", errors: errors)
        }
        return values
    }

    private static func fits(_ path: [Operation.Segment], _ segments: [ArraySlice<UInt8>]) -> Bool {
        path.count == segments.count
            && zip(path, segments).allSatisfy { part, segment in
                switch part {
                case .literal(let text): segment.elementsEqual(text.utf8)
                case .parameter: !segment.isEmpty
                }
            }
    }

    private static func literalCount(_ path: [Operation.Segment]) -> Int {
        path.count { segment in
            if case .literal = segment {
                return true
            }
            return false
        }
    }
}

/// Holds parameters, which are text, to their shapes.
enum ParameterCheck {
    static func errors(in value: ByteString, _ shape: Shape, _ name: String) -> [FieldError] {
        let message: String? =
            switch shape {
            case .text(let rule): rule.refusal(of: value.bytes)
            case .word(let words):
                words.contains(value.text)
                    ? nil : "it has to be one of \(words.map { "`\($0)`" }.joined(separator: ", "))"
            case .whole(let range):
                number(value).map(range.contains) == true
                    ? nil : "it has to be a whole number from \(range.lowerBound) to \(range.upperBound)"
            case .time:
                WallTime(rfc3339: value.bytes) != nil
                    ? nil : "it has to be a time as RFC 3339 writes it, for example 2027-01-31T00:00:00Z"
            case .flag: value == "true" || value == "false" ? nil : "it has to be true or false"
            default: nil
            }
        return message.map { [FieldError(pointer: name, message: $0)] } ?? []
    }

    /// Digits, without a sign or a leading zero.
    static func number(_ value: ByteString) -> Int? {
        guard (1...18).contains(value.count), value.bytes.allSatisfy({ $0.decimalDigit != nil }),
            value.count == 1 || value.bytes.first != UInt8(ascii: "0")
        else {
            return nil
        }
        return Int(value.text)
    }
}
