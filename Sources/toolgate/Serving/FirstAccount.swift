import Base
import EventLoops
import People
import Secrets
import Stores

/// Tells whoever started the gateway how the first account is made, as long as there is none.
enum FirstAccount {
    /// Says the link; nothing once there is an account, or without a console.
    ///
    /// Only the digest of a link is kept, so each start makes another one, and the one before does nothing any more.
    static func offer(_ store: any Store, _ keys: KeyFile, at origin: String?, console: Console) {
        guard let origin else {
            return
        }
        let desk = PeopleDesk(store: store, time: SystemTime()) { PeopleKeys(keys) }
        do throws(PeopleError) {
            guard let token = try desk.makeSetupLink(by: .gateway) else {
                return
            }
            let link = ConsoleLink.make("setup", token, origin: origin)
            console.say("admin: create the first account at \(link) (valid 24 hours, once)")
        } catch {
            console.say("toolgate: warning: no link for the first account: \(error); `toolgate member link` makes one")
        }
    }
}
