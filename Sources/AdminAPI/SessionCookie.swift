internal import AdminModel
internal import Stores

/// The cookie of sessions.
enum SessionCookie {
    /// LIMIT: bytes of a session's id in a cookie.
    private static let maximumBytes = 256

    /// The session's id; `__Host-toolgate` is believed before `toolgate`, which a page of another port could set.
    static func value(in cookies: [UInt8]) -> [UInt8]? {
        var plain: [UInt8]?
        for part in cookies.split(separator: UInt8(ascii: ";")) {
            let trimmed = part.drop { $0 == 0x20 }
            guard let cut = trimmed.firstIndex(of: UInt8(ascii: "=")) else {
                continue
            }
            let value = Array(trimmed[(cut + 1)...])
            guard !value.isEmpty, value.count <= maximumBytes else {
                continue
            }
            if trimmed[..<cut].elementsEqual("__Host-toolgate".utf8) {
                return value
            }
            if trimmed[..<cut].elementsEqual("toolgate".utf8), plain == nil {
                plain = value
            }
        }
        return plain
    }
}

extension MemberRole {
    /// What a role may do at most.
    var access: Access {
        switch self {
        case .viewer: .approver
        case .policyManager: .policyManager
        case .admin: .admin
        }
    }
}
