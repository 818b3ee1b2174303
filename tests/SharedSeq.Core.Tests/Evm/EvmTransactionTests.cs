using System.Globalization;
using System.Numerics;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Evm;

public sealed class EvmTransactionTests
{
    public static TheoryData<string> ValidNames => [.. EvmVectors.Transactions.Valid.Select(v => v.Name)];

    public static TheoryData<string> RefusedNames => [.. EvmVectors.Transactions.Refused.Select(v => v.Name)];

    [Theory]
    [MemberData(nameof(ValidNames))]
    public void A_transaction_of_ethers_decodes_to_what_ethers_says(string name)
    {
        ValidTransaction expected = EvmVectors.Transactions.Valid.Single(v => v.Name == name);
        byte[] raw = EvmVectors.Bytes(expected.Raw);

        Assert.True(
            EvmTransaction.TryDecode(raw, out EvmTransaction? tx, out EvmRejection rejection), rejection.ToString());

        Assert.Equal(EvmRejection.None, rejection);
        Assert.Equal(expected.Hash, tx.Hash.ToString());
        Assert.Equal(expected.Type, (byte)tx.Type);
        Assert.Equal(expected.Sender, tx.Sender.ToChecksumString());
        Assert.Equal(expected.Sender.ToLowerInvariant(), tx.Sender.ToString());
        Assert.Equal(expected.ChainId, tx.ChainId?.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(expected.Nonce, tx.Nonce.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(expected.GasLimit, tx.GasLimit.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(BigInteger.Parse(expected.MaxFeePerGas, CultureInfo.InvariantCulture), tx.MaxFeePerGas);
        Assert.Equal(
            BigInteger.Parse(expected.MaxPriorityFeePerGas, CultureInfo.InvariantCulture), tx.MaxPriorityFeePerGas);
        Assert.Equal(expected.To, tx.To?.ToChecksumString());
        Assert.Equal(BigInteger.Parse(expected.Value, CultureInfo.InvariantCulture), tx.Value);
        Assert.Equal(EvmVectors.Bytes(expected.Data), tx.Data.ToArray());
        Assert.True(EvmTransaction.TryReadGasLimit(raw, out ulong gasLimit));
        Assert.Equal(tx.GasLimit, gasLimit);
    }

    [Theory]
    [MemberData(nameof(RefusedNames))]
    public void A_refused_transaction_gets_its_reason(string name)
    {
        RefusedTransaction expected = EvmVectors.Transactions.Refused.Single(v => v.Name == name);
        byte[] raw = EvmVectors.Bytes(expected.Raw);

        Assert.False(EvmTransaction.TryDecode(raw, out EvmTransaction? tx, out EvmRejection rejection));

        Assert.Null(tx);
        Assert.Equal(expected.Rejection, rejection.ToString());
        bool signatureOnly =
            rejection is EvmRejection.BadParity or EvmRejection.SignatureOutOfRange or EvmRejection.HighS
            or EvmRejection.NotRecoverable;
        Assert.Equal(signatureOnly, EvmTransaction.TryReadGasLimit(raw, out ulong gasLimit));
        Assert.Equal(signatureOnly, gasLimit > 0);
    }

    [Fact]
    public void Every_prefix_of_a_transaction_is_refused()
    {
        foreach (ValidTransaction vector in EvmVectors.Transactions.Valid.Where(v => v.Raw.Length < 600))
        {
            byte[] raw = EvmVectors.Bytes(vector.Raw);
            for (int length = 0; length < raw.Length; length++)
                Assert.False(
                    EvmTransaction.TryDecode(raw.AsMemory(0, length), out _, out _), $"{vector.Name}, {length} bytes");
        }
    }

    [Fact]
    public void A_flipped_byte_never_throws_and_never_keeps_both_hash_and_sender()
    {
        foreach (ValidTransaction vector in EvmVectors.Transactions.Valid.Where(v => v.Raw.Length < 400))
        {
            byte[] raw = EvmVectors.Bytes(vector.Raw);
            for (int i = 0; i < raw.Length; i++)
            {
                byte[] changed = (byte[])raw.Clone();
                changed[i] ^= (byte)(1 + (i % 255));
                if (!EvmTransaction.TryDecode(changed, out EvmTransaction? tx, out _)) continue;
                Assert.NotEqual(Hash32.Parse(vector.Hash), tx.Hash);
                Assert.NotEqual(EvmAddress.Parse(vector.Sender), tx.Sender);
            }
        }
    }

    [Fact]
    public void Init_code_above_its_limit_is_refused_and_at_the_limit_is_not()
    {
        Assert.Equal(EvmRejection.InitCodeTooLarge, RejectionOfCreation(49_153));
        // Zeros for a signature: with the size in order, the next thing wrong is the signature.
        Assert.Equal(EvmRejection.SignatureOutOfRange, RejectionOfCreation(49_152));
    }

    [Fact]
    public void A_transaction_is_checked_against_the_chain_it_is_for()
    {
        EvmTransaction tx = Decode("legacy, chain 31337");
        Assert.Equal(EvmRejection.None, tx.CheckChain(31337));
        Assert.Equal(EvmRejection.WrongChainId, tx.CheckChain(1));
        Assert.Equal(EvmRejection.NoChainId, Decode("legacy without a chain").CheckChain(31337));
    }

    [Fact]
    public void The_cost_is_the_gas_limit_at_the_highest_fee_and_the_value()
    {
        EvmTransaction tx = Decode("dynamic fee");
        Assert.Equal((new BigInteger(2_000_000_000) * 21_000) + 1, tx.MaxCost);
        Assert.True(Decode("dynamic fee, fees of 256 bits").MaxCost > BigInteger.Pow(2, 256));
    }

    [Fact]
    public void Numbers_of_rejections_and_types_are_pinned()
    {
        Assert.Equal(
            "None=0 Empty=1 Truncated=2 TrailingBytes=3 NotCanonical=4 Malformed=5 FieldOutOfRange=6 " +
            "UnknownType=7 BlobTransaction=8 TipAboveMaxFee=9 NonceTooHigh=10 InitCodeTooLarge=11 " +
            "NoAuthorizations=12 GasBelowIntrinsic=13 BadParity=14 SignatureOutOfRange=15 HighS=16 NotRecoverable=17 " +
            "WrongChainId=18 NoChainId=19",
            string.Join(' ', Enum.GetValues<EvmRejection>().Select(r => $"{r}={(byte)r}")));
        Assert.Equal(
            "Legacy=0 AccessList=1 DynamicFee=2 SetCode=4",
            string.Join(' ', Enum.GetValues<EvmTransactionType>().Select(t => $"{t}={(byte)t}")));
    }

    private static EvmTransaction Decode(string name)
    {
        byte[] raw = EvmVectors.Bytes(EvmVectors.Transactions.Valid.Single(v => v.Name == name).Raw);
        Assert.True(EvmTransaction.TryDecode(raw, out EvmTransaction? tx, out _));
        return tx;
    }

    private static EvmRejection RejectionOfCreation(int initCodeBytes)
    {
        RlpWriter items = new RlpWriter().Number(0).Number(1).Number(10_000_000).Bytes([]).Number(0)
            .Bytes(new byte[initCodeBytes]).Number(27).Number(0).Number(0);
        EvmTransaction.TryDecode(new RlpWriter().List(items).ToArray(), out _, out EvmRejection rejection);
        return rejection;
    }
}
