internal import CYAML

/// What libyaml reports, in our words.
struct Event {
    enum Kind {
        case documentStart
        case streamEnd
        case scalar([UInt8], isPlain: Bool)
        case sequenceStart
        case mappingStart
        case collectionEnd
    }

    let kind: Kind
    let position: YAMLPosition
}

/// libyaml's event parser over one text.
@safe struct EventSource: ~Copyable {
    /// Its address must not change: the parser keeps pointers to itself.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    /// libyaml reads from here until the end.
    private let text: UnsafeMutableBufferPointer<UInt8>

    init(_ text: [UInt8]) {
        // SAFETY: both allocations belong to this value alone and are freed in `deinit`; the parser reads `text` only.
        unsafe self.text = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(text.count, 1))
        _ = unsafe self.text.update(fromContentsOf: text)
        unsafe parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        let status = unsafe yaml_parser_initialize(parser)
        precondition(status == 1, "out of memory")
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, self.text.baseAddress, text.count)
    }

    deinit {
        // SAFETY: initialised in `init`, used by nobody else.
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe text.deallocate()
    }

    /// The next event that matters; anchors, aliases, tags and directives are refused here.
    func next() throws(YAMLError) -> Event {
        while true {
            // SAFETY: libyaml fills the event and we delete it once we have copied what we want.
            var event = unsafe yaml_event_t()
            guard unsafe yaml_parser_parse(parser, &event) == 1 else {
                throw problem()
            }
            defer { unsafe yaml_event_delete(&event) }
            let position = unsafe Self.position(event.start_mark)
            if let kind = unsafe try Self.kind(of: event, at: position) {
                return Event(kind: kind, position: position)
            }
        }
    }

    private static func kind(of event: yaml_event_t, at position: YAMLPosition) throws(YAMLError) -> Event.Kind? {
        // SAFETY: the union member read is the one the event's type says is filled in.
        switch unsafe event.type {
        case YAML_DOCUMENT_START_EVENT:
            let start = unsafe event.data.document_start
            guard unsafe start.version_directive == nil, unsafe start.tag_directives.start == start.tag_directives.end
            else {
                throw YAMLError(.directive, at: position)
            }
            return .documentStart
        case YAML_STREAM_END_EVENT: return .streamEnd
        case YAML_ALIAS_EVENT: throw YAMLError(.alias, at: position)
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            try unsafe refuse(anchor: scalar.anchor, tag: scalar.tag, at: position)
            let bytes = unsafe [UInt8](UnsafeBufferPointer(start: scalar.value, count: scalar.length))
            return .scalar(bytes, isPlain: unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE)
        case YAML_SEQUENCE_START_EVENT:
            let start = unsafe event.data.sequence_start
            try unsafe refuse(anchor: start.anchor, tag: start.tag, at: position)
            return .sequenceStart
        case YAML_MAPPING_START_EVENT:
            let start = unsafe event.data.mapping_start
            try unsafe refuse(anchor: start.anchor, tag: start.tag, at: position)
            return .mappingStart
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return .collectionEnd
        default: return nil
        }
    }

    private static func refuse(
        anchor: UnsafeMutablePointer<yaml_char_t>?,
        tag: UnsafeMutablePointer<yaml_char_t>?,
        at position: YAMLPosition
    ) throws(YAMLError) {
        guard unsafe anchor == nil else {
            throw YAMLError(.anchor, at: position)
        }
        guard unsafe tag == nil else {
            throw YAMLError(.tag, at: position)
        }
    }

    private static func position(_ mark: yaml_mark_t) -> YAMLPosition {
        YAMLPosition(
            line: Int(truncatingIfNeeded: mark.line) + 1,
            column: Int(truncatingIfNeeded: mark.column) + 1
        )
    }

    private func problem() -> YAMLError {
        // SAFETY: `problem` points to a constant of the library or is nil.
        guard let text = unsafe parser.pointee.problem else {
            return YAMLError(.syntax("unreadable"), at: YAMLPosition(line: 1, column: 1))
        }
        let reason = unsafe YAMLError.Reason.syntax(String(cString: text))
        return unsafe YAMLError(reason, at: Self.position(parser.pointee.problem_mark))
    }
}
