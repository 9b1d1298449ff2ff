internal import CArgon2

/// Argon2id (RFC 9106), version 1.3: hashes what people choose, slowly and in much memory, on purpose.
///
/// Runs in the caller's thread, one after the other lane; blocks for as long as it takes (some 100 ms for 64 MiB and
/// three passes) and holds ``Cost/kibibytes`` of memory meanwhile, wiped before it is given back. Whoever calls it
/// bounds how many run at once.
public enum Argon2id {
    /// What one hash costs whoever computes it, rightful or not.
    public struct Cost: Hashable, Sendable {
        /// Memory, in KiB; at least 8 for each lane.
        public let kibibytes: UInt32
        /// Times all of the memory is gone over; at least 1.
        public let passes: UInt32
        /// Lanes that could be computed side by side; at least 1.
        public let lanes: UInt32

        /// A cost from its parts.
        public init(kibibytes: UInt32, passes: UInt32, lanes: UInt32) {
            self.kibibytes = kibibytes
            self.passes = passes
            self.lanes = lanes
        }
    }

    /// `count` bytes that depend on password and salt; `nil` when the system has not the memory, or for a cost or
    /// lengths the algorithm does not take (a salt under 8 bytes, a hash under 4).
    public static func hash(_ password: [UInt8], salt: [UInt8], cost: Cost, count: Int) -> [UInt8]? {
        var output = [UInt8](repeating: 0, count: max(0, count))
        // SAFETY: the library reads the two inputs and writes `output` within the lengths it is told, during the call.
        let status = unsafe output.withUnsafeMutableBytes { target in
            unsafe password.withUnsafeBytes { secret in
                unsafe salt.withUnsafeBytes { salt in
                    unsafe argon2id_hash_raw(
                        cost.passes,
                        cost.kibibytes,
                        cost.lanes,
                        secret.baseAddress,
                        secret.count,
                        salt.baseAddress,
                        salt.count,
                        target.baseAddress,
                        target.count
                    )
                }
            }
        }
        return status == ARGON2_OK.rawValue ? output : nil
    }
}
