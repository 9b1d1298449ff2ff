internal import Glibc

/// The system's errors in words.
enum SystemError {
    /// A lower-case clause for the errors that starting a program has, the number for the others.
    static func text(_ number: Int32) -> String {
        switch number {
        case ENOENT: "no such file"
        case EACCES: "permission denied"
        case ENOEXEC: "no program this system can run"
        case ENOTDIR: "a part of its path is no folder"
        case ENOMEM: "not enough memory"
        case EAGAIN: "too many processes"
        case E2BIG: "its arguments and environment are too long"
        case ELOOP: "too many symbolic links"
        case ENOSYS, EOPNOTSUPP: "the kernel cannot confine it to paths (landlock)"
        default: "system error \(number)"
        }
    }
}
