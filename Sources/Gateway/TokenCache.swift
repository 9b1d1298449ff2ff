internal import Base

/// The tokens that authenticated lately, so that their digests are not computed again.
///
/// Loop-confined.
///
/// A digest costs 2 µs, a look-up here 0.1 µs. Finding a token here takes having it whole: the table's hash is keyed per
/// process (SipHash), so time says nothing about how far a guess is right. Dropped with every snapshot.
struct TokenCache {
    // LIMIT: tokens remembered per worker.
    static let capacity = 4_096

    private var grants: [ByteString: GrantEntry] = [:]

    subscript(_ token: ByteString) -> GrantEntry? { grants[token] }

    mutating func insert(_ token: ByteString, _ grant: GrantEntry) {
        if grants.count >= Self.capacity {
            grants.removeAll(keepingCapacity: true)
        }
        grants[token] = grant
    }

    mutating func removeAll() {
        grants.removeAll(keepingCapacity: true)
    }
}
