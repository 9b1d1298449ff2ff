import Base
import HTTPWire

/// What holds for any bytes in a stream of events.
///
/// The first byte chooses the cuts and the limits.
enum SSEProperties {
    static func check(_ bytes: [UInt8]) {
        guard let seed = bytes.first else {
            return
        }
        var choices = Choices(seed)
        let small = SSELimits(maximumLineBytes: 24, maximumDataBytes: 32, maximumNameBytes: 8)
        let limits = seed & 1 == 0 ? SSELimits.default : small
        let input = bytes.dropFirst()
        let whole = Stream([Array(input)], limits)
        precondition(whole == Stream(choices.pieces(of: input), limits), "a cut changed the meaning of a stream")

        // What was read can be written, and reads back as it was.
        var output: [UInt8] = []
        for event in whole.events {
            do {
                try SSEWriter.append(event, to: &output)
            } catch {
                preconditionFailure("an event that was read cannot be written: \(error)")
            }
        }
        precondition(Stream([output], .default).events == whole.events, "an event was written differently")
    }

    private struct Stream: Equatable {
        var events: [SSEEvent] = []
        var lastEventID: [UInt8] = []
        var retry: Int?
        var refusal: SSEError?

        init(_ pieces: [[UInt8]], _ limits: SSELimits) {
            var reader = SSEReader(limits: limits)
            do throws(SSEError) {
                for piece in pieces {
                    var position = 0
                    while let event = try reader.next(piece.span, &position) {
                        precondition(event.data.count <= limits.maximumDataBytes)
                        events.append(event)
                    }
                    precondition(position == piece.count, "a reader that needs more left bytes unread")
                }
            } catch {
                refusal = error
            }
            lastEventID = reader.lastEventID
            retry = reader.retryMilliseconds
        }
    }
}
