using SharedSeq.Ethereum;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests;

public sealed class PendingBookTests
{
    private static readonly EvmWallet Wallet = EvmWallet.FromMnemonic("test test test test test test test test test test test junk", 0);

    [Fact]
    public void Waiting_transactions_are_found_by_hash_and_their_nonces_by_sender()
    {
        var book = new PendingBook();
        EvmTransaction first = Sign(nonce: 3, gwei: 10);
        EvmTransaction second = Sign(nonce: 4, gwei: 10);
        Assert.Equal(PendingVerdict.Added, book.TryAdd(second));
        Assert.Equal(PendingVerdict.Added, book.TryAdd(first));
        Assert.Same(first, book.Find(first.Hash));
        Assert.Equal([3UL, 4UL], book.NoncesOf(Wallet.Address));

        book.Remove(first.Hash);
        Assert.Null(book.Find(first.Hash));
        Assert.Equal([4UL], book.NoncesOf(Wallet.Address));
        book.Remove(second.Hash);
        Assert.Equal(0, book.Count);
        Assert.Empty(book.NoncesOf(Wallet.Address));
    }

    [Fact]
    public void The_same_transaction_twice_is_already_known()
    {
        var book = new PendingBook();
        book.TryAdd(Sign(nonce: 0, gwei: 10));
        Assert.Equal(PendingVerdict.AlreadyKnown, book.TryAdd(Sign(nonce: 0, gwei: 10)));
        Assert.Equal(1, book.Count);
    }

    [Theory]
    [InlineData(10, PendingVerdict.Underpriced)]
    [InlineData(109, PendingVerdict.Underpriced)]
    [InlineData(110, PendingVerdict.Added)]
    public void A_replacement_pays_a_tenth_more(int gwei, PendingVerdict verdict)
    {
        var book = new PendingBook();
        EvmTransaction first = Sign(nonce: 0, gwei: 100);
        book.TryAdd(first);
        EvmTransaction replacement = Sign(nonce: 0, gwei, value: 2);
        Assert.Equal(verdict, book.TryAdd(replacement));
    }

    [Fact]
    public void A_replaced_transaction_that_goes_leaves_the_nonce_of_its_replacement()
    {
        var book = new PendingBook();
        EvmTransaction first = Sign(nonce: 0, gwei: 100);
        book.TryAdd(first);
        book.TryAdd(Sign(nonce: 0, gwei: 200));
        book.Remove(first.Hash);
        Assert.Equal([0UL], book.NoncesOf(Wallet.Address));
    }

    private static EvmTransaction Sign(ulong nonce, int gwei, int value = 1)
    {
        byte[] raw = Wallet.Sign(new EvmTransactionRequest
        {
            ChainId = 1,
            Nonce = nonce,
            To = Wallet.Address,
            Value = value,
            MaxFeePerGas = gwei * 1_000_000_000L,
            MaxPriorityFeePerGas = gwei * 1_000_000L,
        });
        Assert.True(EvmTransaction.TryDecode(raw, out EvmTransaction? tx, out _));
        return tx;
    }
}
