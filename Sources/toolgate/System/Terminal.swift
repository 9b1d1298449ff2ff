#if canImport(Glibc)
import Glibc
#endif

/// The terminal this process runs in, if it does.
enum Terminal {
    /// Characters in a line of standard output; `nil` when it is no terminal or does not say.
    static var width: Int? {
        var size = winsize()
        // SAFETY: the request writes one `winsize`, which outlives the call.
        let answer = unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size)
        return answer == 0 && size.ws_col > 0 ? max(40, Int(size.ws_col)) : nil
    }

    /// A line from standard input that is not shown while it is typed.
    ///
    /// Ctrl-C while it waits would leave the terminal silent; so signals of the keyboard are off as well, and come as
    /// the end of the input.
    static func readHidden() -> String? {
        var before = termios()
        guard unsafe tcgetattr(STDIN_FILENO, &before) == 0 else {
            return readLine()
        }
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO | ISIG)
        guard unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0 else {
            return nil
        }
        defer { _ = unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &before) }
        guard let line = readLine(), !line.utf8.contains(0x03) else {
            return nil
        }
        return line
    }

    /// Runs an editor on a file and waits; whether it ended well.
    ///
    /// The editor's words may be more than one (`code --wait`), so a shell takes them apart; the path is its argument
    /// and never read by the shell.
    static func edit(_ path: String, with editor: String) -> Bool {
        let words = ["/bin/sh", "-c", "\(editor) \"$1\"", "sh", path]
        // SAFETY: each word is copied to a NUL-terminated buffer that is freed after the child has its own copy.
        var arguments = unsafe words.map { unsafe strdup($0) } + [nil]
        defer { unsafe arguments.forEach { unsafe free($0) } }
        var child: pid_t = 0
        // SAFETY: the array ends with a null pointer and outlives the call; nobody changes the environment meanwhile.
        guard unsafe posix_spawn(&child, "/bin/sh", nil, nil, &arguments, environ) == 0 else {
            return false
        }
        var status: Int32 = 0
        while unsafe waitpid(child, &status, 0) < 0 {
            guard errno == EINTR else {
                return false
            }
        }
        return status == 0
    }
}
