public import Base
public import Secrets
public import Settings
public import Stores

/// The arguments of a call that waits, for whoever decides.
public enum ApprovalArguments {
    /// What they are sealed for.
    public static func context(_ id: EntityID, server: ByteString) -> SealingContext {
        SealingContext(purpose: .approval, grant: ByteString(id.text), server: server)
    }

    /// The arguments as they were; `nil` when they are erased or the key is another.
    public static func open(_ record: ApprovalRecord, _ key: SealingKey?, now: WallTime) -> [UInt8]? {
        guard let sealed = record.sealedArguments else {
            return nil
        }
        return key?.open(sealed, for: context(record.id, server: record.server), now: now)
    }
}
