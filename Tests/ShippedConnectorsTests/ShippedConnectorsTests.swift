import Base
import ConnectorModel
import ShippedConnectors
import TestSupport
import Testing

/// What is in the binary is what is in the repository.
@Suite struct ShippedConnectorsTests {
    @Test(arguments: [("kommo", 23), ("bitrix24", 25)])
    func `each connector is there with all its tools`(name: String, count: Int) throws {
        let connector = try #require(ShippedConnectors.connector(named: ByteString(name)))
        #expect(connector.tools.count == count)
        #expect(connector.id == ByteString(name))
        let file = try #require(Corpora.bytes(ofFile: "\(Corpora.repository)/Connectors/\(name).yaml"))
        let read = try #require(ConnectorReader.read(file).connector)
        #expect(read.tools.map(\.name) == connector.tools.map(\.name))
        #expect(read.version == connector.version)
    }

    @Test func `others are not there`() {
        #expect(ShippedConnectors.names == ["kommo", "bitrix24"])
        #expect(ShippedConnectors.connector(named: "KOMMO") == nil)
    }
}
