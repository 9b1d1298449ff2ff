public import Base
import UnicodeText

/// Why a connector cannot be used with the settings given.
public struct ConnectorSettingProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The setting; empty for the secret.
    public let name: ByteString
    /// What is wrong and what to do; never holds a secret.
    public let description: String
}

/// A connector with its settings and its secret: one account of one API.
public struct ConnectorInstance: Sendable {
    /// The name of the setting every connector has: another base URL, for stand-ins and proxies.
    public static let baseSetting: ByteString = "base"

    /// The connector.
    public let connector: Connector
    /// `scheme://host[:port]`.
    public let origin: ByteString
    /// The path of the base URL, without a slash at its end.
    public let basePath: ByteString
    let settings: [ByteString: ConnectorValue]
    private let secret: Secret<[UInt8]>
    /// Finds the secret in what answers say.
    let mask: CredentialMask
    /// The least length of a secret that is masked: an answer of an API goes to agents whole.
    private static let shortestSecret = 4

    /// Checks the settings and puts the base URL together.
    ///
    /// - Parameters:
    ///   - connector: what is set up.
    ///   - given: names and values of settings, as written.
    ///   - secret: the one secret.
    /// - Throws: the first ``ConnectorSettingProblem``.
    public init(
        _ connector: Connector,
        set given: [(name: ByteString, value: ByteString)],
        secret: Secret<[UInt8]>
    ) throws(ConnectorSettingProblem) {
        var settings: [ByteString: ConnectorValue] = [:]
        var base: ByteString?
        for (name, value) in given {
            if name == Self.baseSetting {
                base = value
                continue
            }
            guard let setting = connector.settings.first(where: { $0.name == name }) else {
                let known = connector.settings.map { "`\($0.name)`" } + ["`base`"]
                throw ConnectorSettingProblem(
                    name: name,
                    description: "`\(name)` is no setting of `\(connector.id)`: known: "
                        + known.joined(separator: ", ")
                )
            }
            settings[name] = try Self.value(value, of: setting)
        }
        for setting in connector.settings where settings[setting.name] == nil {
            settings[setting.name] = setting.fallback
            if setting.fallback == nil, base == nil || !connector.source.settingsOfBase.contains(setting.name) {
                throw ConnectorSettingProblem(
                    name: setting.name,
                    description: "`\(setting.name)` is not set: \(setting.description)"
                )
            }
        }
        let url = base ?? connector.source.base(with: settings)
        guard let slash = Self.pathStart(of: url) else {
            throw ConnectorSettingProblem(name: Self.baseSetting, description: "`\(url)` is no http or https URL")
        }
        try Self.check(secret.reveal(), connector.source.authentication)
        self.connector = connector
        self.settings = settings
        self.secret = secret
        mask = CredentialMask(Self.parts(of: secret).map { $0.reveal() }, shortest: Self.shortestSecret)
        origin = ByteString(Array(url.bytes[..<slash]))
        var path = Array(url.bytes[slash...])
        while path.last == UInt8(ascii: "/") {
            path.removeLast()
        }
        basePath = ByteString(path)
    }

    /// The target of a request, path and query; secret where the credential stands in it.
    public func target(of request: ConnectorRequest) -> Secret<[UInt8]> {
        var target = basePath.bytes
        if connector.source.authentication == .path {
            target.append("/")
            target.append(contentsOf: secret.reveal())
        }
        target.append(contentsOf: request.path.bytes)
        if !request.query.isEmpty {
            target.append("?")
            target.append(contentsOf: request.query.bytes)
        }
        return Secret(target)
    }

    /// The header the credential goes into, `nil` when it stands in the path.
    public var authorization: (name: ByteString, value: Secret<[UInt8]>)? {
        switch connector.source.authentication {
        case .bearer: ("Authorization", Secret(Array("Bearer ".utf8) + secret.reveal()))
        case .header(let name): (name, secret)
        case .path: nil
        }
    }

    /// Constant headers of the connector.
    public var headers: [(name: ByteString, value: ByteString)] {
        connector.source.headers.map { ($0.key, $0.value.text ?? "") }
    }

    /// What must show in no output: the secret, and each long part of one that has slashes.
    public var secrets: [Secret<[UInt8]>] { Self.parts(of: secret) }

    private static func parts(of secret: Secret<[UInt8]>) -> [Secret<[UInt8]>] {
        let bytes = secret.reveal()
        let parts = bytes.split(separator: UInt8(ascii: "/")).filter { $0.count >= CredentialMask.minimumLength }
        return [secret] + parts.map { Secret(Array($0)) }
    }

    /// Appends what tells this account from any other: connector, address, settings and secret.
    public func append(to payload: inout FieldWriter) {
        payload.append(run: connector.id.bytes)
        payload.append(run: connector.version.bytes)
        payload.append(run: origin.bytes)
        payload.append(run: basePath.bytes)
        for name in settings.keys.sorted() {
            payload.append(run: name.bytes)
            payload.append(run: settings[name]?.json ?? [])
        }
        payload.append(run: secret.reveal())
    }

    // MARK: - Checks

    private static func value(
        _ text: ByteString,
        of setting: ConnectorSetting
    ) throws(ConnectorSettingProblem) -> ConnectorValue {
        let value: ConnectorValue? =
            switch setting.kind {
            case .label: isLabel(text.bytes[...]) ? .text(text) : nil
            case .host:
                text.bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
                    .allSatisfy(isLabel) && text.count <= 253 ? .text(text) : nil
            case .zone: TimeZoneRules(iana: text) == nil ? nil : .text(text)
            case .boolean: text == "true" ? .boolean(true) : text == "false" ? .boolean(false) : nil
            case .integer: ArgumentConversion.integer.convert(.text(text))
            case .text: text.isEmpty ? nil : .text(text)
            }
        guard let value else {
            throw ConnectorSettingProblem(
                name: setting.name,
                description: "`\(setting.name)` cannot be `\(text)`: \(setting.description)"
            )
        }
        return value
    }

    private static func isLabel(_ bytes: ArraySlice<UInt8>) -> Bool {
        (1...63).contains(bytes.count) && bytes.first != UInt8(ascii: "-") && bytes.last != UInt8(ascii: "-")
            && bytes.allSatisfy {
                $0.decimalDigit != nil || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
                    || $0 == UInt8(ascii: "-")
            }
    }

    /// Where the path of an absolute URL begins; its end when there is none.
    ///
    /// No user, query or fragment is taken.
    private static func pathStart(of url: ByteString) -> Int? {
        let bytes = url.bytes
        let scheme = bytes.hasPrefix("https://") ? 8 : bytes.hasPrefix("http://") ? 7 : 0
        guard scheme > 0, bytes.count > scheme,
            !bytes.contains(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") || $0 == UInt8(ascii: "@") }),
            bytes.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            return nil
        }
        let slash = bytes[scheme...].firstIndex(of: UInt8(ascii: "/")) ?? bytes.count
        return slash > scheme ? slash : nil
    }

    private static func check(
        _ secret: [UInt8],
        _ authentication: ConnectorAuthentication
    ) throws(ConnectorSettingProblem) {
        let isUsable: Bool =
            switch authentication {
            case .path:
                secret.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { segment in
                    !segment.isEmpty && !segment.isEqual(to: ".") && !segment.isEqual(to: "..")
                        && segment.allSatisfy(PercentEncoding.isUnreserved)
                }
            case .bearer, .header: !secret.isEmpty && secret.allSatisfy { (0x21...0x7E).contains($0) }
            }
        guard isUsable else {
            throw ConnectorSettingProblem(
                name: "",
                description: authentication == .path
                    ? "the secret must be segments of a path, such as `1/abc`, without `/` at its ends"
                    : "the secret must be visible ASCII without spaces or line breaks"
            )
        }
    }
}

extension ConnectorSource {
    /// The settings that stand in the base URL.
    var settingsOfBase: [ByteString] {
        base.compactMap { piece in
            if case .setting(let name) = piece { name } else { nil }
        }
    }

    func base(with settings: [ByteString: ConnectorValue]) -> ByteString {
        var output: [UInt8] = []
        for piece in base {
            switch piece {
            case .literal(let text): output.append(contentsOf: text.bytes)
            case .setting(let name): output.append(contentsOf: settings[name]?.scalarText?.bytes ?? [])
            }
        }
        return ByteString(output)
    }
}
