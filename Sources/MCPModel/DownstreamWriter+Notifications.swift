public import Base
import JSONText

extension DownstreamWriter {
    /// `notifications/progress` with the client's token (MS-44); `nil` when the server's lacks its number.
    public func progress(_ notification: ServerNotification, token: RequestID) -> [UInt8]? {
        guard let params = notification.params, let progress = params["progress"], progress.kind == .number else {
            return nil
        }
        var writer = begin(.progress, reserving: params.range.count)
        writer.member("progressToken", token)
        writer.member("progress", progress)
        if let total = params["total"], total.kind == .number {
            writer.member("total", total)
        }
        // The sentence came with 2025-03-26.
        if let message = params["message"], message.kind == .string {
            writer.member("message", message)
        }
        return end(&writer, subscription: nil)
    }

    /// `notifications/message`; `nil` when the server's lacks level or data, or is milder than `floor` (MS-43).
    public func logMessage(_ notification: ServerNotification, floor: LogLevel) -> [UInt8]? {
        guard let params = notification.params, let level = notification.level, level >= floor,
            let data = params["data"]
        else {
            return nil
        }
        var writer = begin(.logMessage, reserving: params.range.count)
        writer.key("level")
        writer.string(level.name)
        if let logger = params["logger"], logger.kind == .string {
            writer.member("logger", logger)
        }
        writer.member("data", data)
        return end(&writer, subscription: nil)
    }

    /// A change notification without parameters; `subscription` is the client's own listen id (modern, MS-40).
    public func changed(_ method: MCPMethod, subscription: RequestID?) -> [UInt8] {
        var writer = JSONWriter(reserving: 192)
        writer.beginMessage()
        writer.method(method)
        if let subscription {
            writer.key("params")
            writer.beginObject()
            return end(&writer, subscription: subscription)
        }
        writer.endObject()
        return writer.output
    }

    /// `notifications/resources/updated` for a URI the caller may see.
    public func resourceUpdated(_ uri: ByteString, subscription: RequestID?) -> [UInt8] {
        var writer = begin(.resourcesUpdated, reserving: uri.count)
        writer.member("uri", uri)
        return end(&writer, subscription: subscription)
    }

    /// `notifications/cancelled` for a server's request the client still has before it, by the id the client knows.
    public func cancelled(_ id: RequestID, _ notification: ServerNotification) -> [UInt8] {
        var writer = begin(.cancelled, reserving: 64)
        writer.member("requestId", id)
        if let reason = notification.params?["reason"], reason.kind == .string {
            writer.member("reason", reason)
        }
        return end(&writer, subscription: nil)
    }

    /// `notifications/elicitation/complete` (2025-11-25).
    public func elicitationCompleted(_ elicitation: ByteString) -> [UInt8] {
        var writer = begin(.elicitationCompleted, reserving: elicitation.count)
        writer.member("elicitationId", elicitation)
        return end(&writer, subscription: nil)
    }

    /// The first message on a listen stream: what of the filter is honoured (MS-40).
    public func acknowledged(_ filter: SubscriptionFilter, subscription: RequestID) -> [UInt8] {
        var writer = begin(.subscriptionsAcknowledged, reserving: 256)
        writer.key("notifications")
        filter.append(to: &writer)
        return end(&writer, subscription: subscription)
    }

    /// The last message on a listen stream that the gateway ends (MS-41).
    public func listenEnded(_ subscription: RequestID) -> [UInt8] {
        var writer = begin(subscription, reserving: 128)
        writer.key("resultType")
        writer.string("complete" as StaticString)
        writer.key("_meta")
        writer.beginObject()
        writer.member("io.modelcontextprotocol/serverInfo", raw: identity.json)
        writer.member("io.modelcontextprotocol/subscriptionId", subscription)
        writer.endObject()
        writer.endObject()
        writer.endObject()
        return writer.output
    }

    /// A server's request with an id of ours (legacy); what it needs and policy allows was checked by the caller.
    public func request(_ ask: ClientAsk, id: RequestID) -> [UInt8] {
        var writer = JSONWriter(reserving: 128 + ask.size)
        writer.beginMessage()
        writer.id(id)
        ask.append(to: &writer, revision: revision, elicitation: id)
        writer.endObject()
        return writer.output
    }

    /// A ping of the gateway's own (legacy).
    public func ping(id: RequestID) -> [UInt8] {
        var writer = JSONWriter(reserving: 64)
        writer.beginMessage()
        writer.id(id)
        writer.method(.ping)
        writer.endObject()
        return writer.output
    }

    private func begin(_ method: MCPMethod, reserving size: Int) -> JSONWriter {
        var writer = JSONWriter(reserving: 192 + size)
        writer.beginMessage()
        writer.method(method)
        writer.key("params")
        writer.beginObject()
        return writer
    }

    private func end(_ writer: inout JSONWriter, subscription: RequestID?) -> [UInt8] {
        if let subscription {
            writer.key("_meta")
            writer.beginObject()
            writer.member("io.modelcontextprotocol/subscriptionId", subscription)
            writer.endObject()
        }
        writer.endObject()
        writer.endObject()
        return writer.output
    }
}
