import Base
import PolicyEngine

/// What holds for any bytes taken for a policy.
enum PolicyProperties {
    static func check(_ bytes: [UInt8]) {
        let (policy, findings) = CompiledPolicy.load(bytes)
        precondition(policy != nil || !findings.isEmpty, "a policy was refused without a reason")
        for finding in findings {
            precondition(finding.line >= 1 && finding.column >= 1, "a finding lies outside of its text")
        }
        guard let policy else {
            return
        }
        precondition(CompiledPolicy.load(bytes).policy?.digest == policy.digest, "a policy has two digests")
    }
}
