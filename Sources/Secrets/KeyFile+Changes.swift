internal import Glibc

extension KeyFile {
    /// Gives a key file of the first form its `wrapping` key, so that credentials can be sealed.
    ///
    /// A file that has one is left as it is; returns the keys that are in the file now.
    /// Never done silently by reading: whoever calls it decided that older versions of Toolgate, which do not read the
    /// newer form, are not to be used with this file again.
    @discardableResult
    public static func upgrade(path: String) throws(KeyFileError) -> KeyFile {
        try change(path: path) { keys in keys.wrappingKeys.isEmpty ? keys.adding(.wrapping) : keys }
    }

    /// Adds a new current version of one kind of key, and the `wrapping` key to a file of the first form with it.
    ///
    /// The older versions stay; a gateway that is running reads the file again.
    @discardableResult
    public static func rotate(_ kind: KeyKind, path: String) throws(KeyFileError) -> KeyFile {
        try change(path: path) { keys in keys.adding(kind) }
    }

    /// Removes the versions of one kind below `version`; the current one always stays.
    ///
    /// What was sealed or digested under them is lost: the caller has proved that nothing is left.
    @discardableResult
    public static func retire(_ kind: KeyKind, below version: UInt32, path: String) throws(KeyFileError) -> KeyFile {
        try change(path: path) { keys in keys.dropping(kind, below: version) }
    }

    /// Replaces the file by what `edit` makes of it, in one step; of several processes, one at a time.
    ///
    /// Blocks on the disk, never on another process.
    private static func change(path: String, _ edit: (KeyFile) -> KeyFile?) throws(KeyFileError) -> KeyFile {
        // First read it as everybody does, so that a file that is not to be trusted is not opened here either.
        _ = try load(path: path)
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw KeyFileError(.failed("open"), path: path)
        }
        // Closing lets the lock go.
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw KeyFileError(errno == EWOULDBLOCK ? .busy : .failed("lock"), path: path)
        }
        // The lock is on a file, not on a name: somebody may have replaced it before we had it.
        var locked = stat()
        var named = stat()
        guard unsafe fstat(descriptor, &locked) == 0, unsafe stat(path, &named) == 0,
            locked.st_ino == named.st_ino, locked.st_dev == named.st_dev
        else {
            throw KeyFileError(.busy, path: path)
        }
        let old = try load(path: path)
        guard let new = edit(old) else {
            throw KeyFileError(.exhausted, path: path)
        }
        let text = new.text
        if text != old.text {
            try replace(path: path, text: text)
        }
        return new
    }
}
