import Base
import Testing

@testable import People

@Suite struct AttemptTableTests {
    private let limits = AttemptLimits(
        pair: AttemptLimit(5, in: .seconds(60)),
        address: AttemptLimit(8, in: .seconds(60)),
        account: AttemptLimit(10, in: .seconds(60)),
        code: AttemptLimit(2, in: .seconds(60)),
        maximumEntries: 100
    )

    @Test("F4: the sixth attempt of a minute waits, and one comes back each twelfth of a minute")
    func pair() {
        var table = AttemptTable(limits)
        for _ in 0..<5 {
            #expect(table.begin(account: "a", address: "x", now: 0) == nil)
        }
        #expect(table.begin(account: "a", address: "x", now: 0) == 12_000)
        #expect(table.begin(account: "a", address: "x", now: 11_999) == 1)
        #expect(table.begin(account: "a", address: "x", now: 12_000) == nil)
        #expect(table.begin(account: "a", address: "x", now: 12_000) == 12_000)
        // Others are not touched by it.
        #expect(table.begin(account: "b", address: "y", now: 12_000) == nil)
    }

    @Test("F4: one address with many accounts, and one account from many addresses, are bounded too")
    func spread() {
        var table = AttemptTable(limits)
        let accounts = (0..<20).filter { number in
            table.begin(account: ByteString("a\(number)"), address: "x", now: 0) == nil
        }
        #expect(accounts.count == 8)
        let addresses = (0..<20).filter { number in
            table.begin(account: "v", address: ByteString("y\(number)"), now: 0) == nil
        }
        #expect(addresses.count == 10)
    }

    @Test("an attempt that succeeds is taken back, and nothing below zero")
    func success() {
        var table = AttemptTable(limits)
        for _ in 0..<50 {
            #expect(table.begin(account: "a", address: "x", now: 0) == nil)
            table.succeeded(account: "a", address: "x", now: 0)
            table.succeeded(account: "a", address: "x", now: 0)
        }
        #expect(table.count == 0)
        let taken = (0..<9).filter { _ in table.begin(account: "a", address: "x", now: 0) == nil }
        #expect(taken.count == 5)
    }

    @Test("H2: a million addresses take no more memory than the table has, and do not free whoever owes most")
    func bound() {
        var table = AttemptTable(limits)
        for _ in 0..<5 {
            _ = table.begin(account: "victim", address: "x", now: 0)
        }
        for number in 0..<20_000 {
            _ = table.begin(account: ByteString("a\(number)"), address: ByteString("x\(number)"), now: 0)
            #expect(table.count <= 100)
        }
        #expect(table.begin(account: "victim", address: "x", now: 0) != nil)
        // What is over makes room.
        _ = table.begin(account: "z", address: "z", now: 10_000_000)
        #expect(table.count == 3)
    }

    @Test("limits that cannot be are made ones that can")
    func oddLimits() {
        var table = AttemptTable(
            AttemptLimits(pair: AttemptLimit(0, in: .zero), maximumEntries: -1)
        )
        #expect(table.begin(account: "a", address: "x", now: 0) == nil)
        #expect(table.begin(account: "a", address: "x", now: 0) == 1)
    }
}
