import Base
import ConnectorModel
import JSONText
import Testing

/// A draft is a connector that checks out, and nothing of the document escapes into its structure.
@Suite struct OpenAPIDraftTests {
    static let document = """
        openapi: 3.0.3
        info: {title: "Pet Shop: v2", version: "1"}
        servers: [{url: "https://api.example.com/v2"}]
        components:
          schemas:
            Pet: {type: object, required: [name], properties: {name: {type: string}, kind: {type: string, enum: [cat, dog]}}}
          parameters:
            limit: {name: limit, in: query, schema: {type: integer}}
        paths:
          /pets:
            get:
              operationId: listPets
              summary: "All pets, \\"quoted\\": # not a comment"
              parameters: [{$ref: "#/components/parameters/limit"}]
            post:
              operationId: "create pet!"
              requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Pet"}}}}
          "/pets/{id}":
            delete: {parameters: [{name: id, in: path, required: true, schema: {type: string}}]}
          "/pets/{id}.json":
            get: {operationId: odd}
        """

    @Test func `operations become tools that check out`() throws {
        let text = try OpenAPIDraft.draft(Array(Self.document.utf8))
        let reading = ConnectorReader.read(text)
        #expect(reading.problems.isEmpty, "\(reading.problems)\n\(String(decoding: text, as: UTF8.self))")
        let connector = try #require(reading.connector)
        #expect(connector.id == "pet-shop-v2")
        #expect(connector.tools.map(\.name.text) == ["listPets", "create_pet", "delete_pets_id"])
        #expect(connector.tools.map(\.risk) == [.read, .write, .destructive])
        #expect(String(decoding: text, as: UTF8.self).contains("left out: GET /pets/{id}.json"))
    }

    @Test func `what cannot be drafted is said, and the rest checks out`() throws {
        let operations = (0..<210).map { "  /many/\($0): {get: {operationId: many\($0)}}" }.joined(separator: "\n")
        let document = """
            openapi: 3.1.0
            info: {title: odd, version: "1"}
            servers: [{url: "/v1"}]
            components:
              securitySchemes: {key: {type: apiKey, in: header, name: X-Api-Key}}
              schemas:
                Named: {type: object, required: [name], properties: {name: {type: string}}}
                Loop: {allOf: [{$ref: "#/components/schemas/Loop"}]}
            paths:
              /all:
                post: {requestBody: {content: {application/json: {schema: {allOf: [{$ref: "#/components/schemas/Named"},
                  {properties: {size: {type: integer}}}]}}}}}
              /one: {post: {requestBody: {required: true, content: {application/json: {schema: {oneOf: [{type: object}]}}}}}}
              /list: {put: {requestBody: {content: {application/json: {schema: {type: array}}}}}}
              /form: {post: {requestBody: {required: true, content: {application/x-www-form-urlencoded: {}}}}}
              /loop: {post: {requestBody: {required: true, content: {application/json: {schema:
                {$ref: "#/components/schemas/Loop"}}}}}}
              "/things/{id}":
                get:
                  requestBody: {content: {application/json: {schema: {type: object}}}}
                  parameters: [{name: X-Trace, in: header, required: true}, {name: id, in: path}, {name: id, in: query},
                    {name: $filter, in: query}, {$ref: "#/nowhere"}]
            \(operations)
            """
        let text = try OpenAPIDraft.draft(Array(document.utf8))
        let written = String(decoding: text, as: UTF8.self)
        let reading = ConnectorReader.read(text)
        #expect(reading.problems.isEmpty, "\(reading.problems)\n\(written)")
        let all = try #require(reading.connector?.tool(named: "post_all"))
        let input = String(decoding: JSONCanonical.exact(all.inputSchema.root), as: UTF8.self)
        #expect(input.contains("\"name\"") && input.contains("\"size\""), "\(input)")
        #expect(written.contains("auth: {header: \"X-Api-Key\"}"))
        for said in [
            "the address `/v1`", "POST /one: its body cannot be drafted: it is one of several shapes (`oneOf`)",
            "its body: it is no object but `array`", "POST /form: its body cannot be drafted: it is `application/x-www",
            "POST /loop: its body cannot be drafted", "its body: a GET has none",
            "the required header parameter `X-Trace`", "the query parameter `id`: another argument",
            "the query parameter `$filter`", "a parameter whose reference", "more operations",
        ] {
            #expect(written.contains(said), "\(said)")
        }
    }

    @Test(arguments: ["{}", "openapi: 2.0", "{\"openapi\":\"3.1.0\",\"paths\":{}}", "not: [closed"])
    func `what is no OpenAPI 3 is refused`(text: String) {
        #expect(throws: OpenAPIDraft.Problem.self) { try OpenAPIDraft.draft(Array(text.utf8)) }
    }
}
