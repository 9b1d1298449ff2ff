/// Every operation of the admin API by name; what serves them switches over it, so that none is forgotten.
public enum OperationID: String, Hashable, Sendable, CaseIterable {
    // About the API itself.
    case getOpenAPI, getHealth
    // How people and machines get in.
    case setUp, register, signIn, acceptInvitation, getSession, signOut, listSessions, endSession, changePassword
    case beginSecondFactor, confirmSecondFactor, removeSecondFactor
    case listInvitations, invite, withdrawInvitation, listTokens, createToken, removeToken
    // What was decided.
    case listDecisions, getDecision, streamDecisions, getOverview, getHeads, verifyAudit
    // Servers and their tools.
    case listServers, getServer, createServer, editServer, removeServer
    case listServerTools, listServerChanges, acceptTool
    // Bundles.
    case listBundles, getBundle, createBundle, editBundle, removeBundle
    // Policies.
    case listPolicies, getPolicy, putPolicy, removePolicy, listPolicyVersions, getPolicyVersion, rollBackPolicy
    case checkPolicy, explainPolicy, comparePolicies, suggestPolicy
    // Grants.
    case listGrants, getGrant, createGrant, editGrant, setGrantPolicy, rotateGrant, revokeGrant, removeGrant
    // Calls that wait for a person, and what people changed.
    case listApprovals, getApproval, approve, deny, listEvents
    // Members.
    case listMembers, getMember, createMember, editMember, removeMember
}
