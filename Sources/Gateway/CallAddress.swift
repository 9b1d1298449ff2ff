internal import Base
internal import MCPModel

/// Where a call lives: in which process, on which worker, under which number.
struct CallAddress: Hashable, Sendable {
    /// What tells this process from those before it, whose numbers may come again.
    let process: Int
    let worker: Int
    let number: UInt64

    init(process: Int, worker: Int, number: UInt64) {
        self.process = process
        self.worker = worker
        self.number = number
    }

    /// Reads what ``append(to:)`` wrote.
    init?(_ reader: inout FieldReader) {
        guard let process = reader.number(), let worker = reader.number(), let number = reader.number() else {
            return nil
        }
        self.init(process: Int(process), worker: Int(worker), number: UInt64(bitPattern: number))
    }

    func append(to writer: inout FieldWriter) {
        writer.append(number: Int64(process))
        writer.append(number: Int64(worker))
        writer.append(number: Int64(bitPattern: number))
    }
}

/// Where the answer to a request that was put to a client belongs.
enum RequestOrigin: Hashable, Sendable {
    /// To the server, under its own id.
    case server(RequestID)
    /// To the server of a call that has a session of the gateway's own, under the server's id.
    case call(CallAddress, RequestID)
    /// To a call that asks for a modern server: which of its questions.
    case question(CallAddress, Int)
}

/// What a `requestState` of ours stands for.
struct RetryState: Hashable, Sendable {
    /// How the request goes on.
    enum Way: Hashable, Sendable {
        /// It is sent to the server again, with the server's own state if it gave one.
        case server(ByteString?)
        /// The server's call is still open: it waits for the answer.
        case parked(ParkingTicket)
    }

    let way: Way
    /// How often the same call was asked for input before.
    let rounds: UInt8
    /// A digest of the keys its client has to answer; `nil` where an answer that does not fit is asked for again, without
    /// anything being run.
    let asked: [UInt8]?
    /// The process that charged the call.
    let process: Int
}

/// A modern client's claim to a call that waits for it at a legacy server; good once.
struct ParkingTicket: Hashable, Sendable {
    let call: CallAddress
    /// Which of the call's questions it answers.
    let round: Int
}
