import Base
import ConnectorModel
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

    @Test(arguments: ["{}", "openapi: 2.0", "{\"openapi\":\"3.1.0\",\"paths\":{}}", "not: [closed"])
    func `what is no OpenAPI 3 is refused`(text: String) {
        #expect(throws: OpenAPIDraft.Problem.self) { try OpenAPIDraft.draft(Array(text.utf8)) }
    }
}
