using System.Numerics;
using SharedSeq.Ethereum;
using SharedSeq.Primitives;

namespace SharedSeq.Adapters.Tests.Ethereum;

/// <summary>
/// Expected values are of ethers 6.17.0 with the same mnemonic and fields; signatures are deterministic (RFC 6979).
/// </summary>
public sealed class EvmWalletTests
{
    private const string Mnemonic = "test test test test test test test test test test test junk";

    [Theory]
    [InlineData(
        0, "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
        "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")]
    [InlineData(
        1, "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
        "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d")]
    [InlineData(
        19, "0x8626f6940E2eb28930eFb4CeF49B2d1F2C9C1199",
        "0xdf57089febbacf7ba0bc227dafbffa9fc08a93fdc68e1e42411a14efcf23656e")]
    public void Accounts_of_a_mnemonic_are_those_that_wallets_show(uint index, string address, string secret)
    {
        EvmWallet wallet = EvmWallet.FromMnemonic(Mnemonic, index);
        Assert.Equal(address, wallet.Address.ToChecksumString());
        Assert.Equal(secret, wallet.ExportSecret());
    }

    [Fact]
    public void Transactions_are_signed_to_the_same_bytes_as_by_ethers()
    {
        EvmWallet first = EvmWallet.FromMnemonic(Mnemonic, 0), second = EvmWallet.FromMnemonic(Mnemonic, 1);
        Assert.Equal(
            "0x02f875821b5903843b9aca0085174876e8008252089470997970c51812dc3a010c7d01b50e0d17dc79c8880de0b6b3" +
            "a764000080c001a0a29de103448a9006a15242b86903fb74d8902a8b505d99d9e5ce9af4ee337fa8a034ccbb17d090a7" +
            "2185ccfc38c8030c78c8cc90f4481314c6a1f3ae7a2a59bc69",
            EthereumJson.Bytes(first.Sign(new EvmTransactionRequest
            {
                ChainId = 7001,
                Nonce = 3,
                To = second.Address,
                Value = BigInteger.Pow(10, 18),
            })));
        Assert.Equal(
            "0xf86882012c85174876e8008252089470997970c51812dc3a010c7d01b50e0d17dc79c880808236d6a0f1dcf664e518" +
            "26568c7f99a7319f54a84061a3fe7f72797bb0a2bff1ca247eb4a0525f8cd0e11540f992aed9f8f94d81de881d024cb9" +
            "2d9df17240b8490d926710",
            EthereumJson.Bytes(
                first.SignLegacy(new EvmTransactionRequest { ChainId = 7001, Nonce = 300, To = second.Address })));
        Assert.Equal(
            "0x02f86785010000000080843b9aca0085174876e800830186a080808a602a60005260206000f3c001a0cae94f517ca9" +
            "d2d92695432c76f0507bacba6782ebfb8dfd3152b4f1ba3aff16a0252904ec7daea49ed3e727c7ad7d8ed4dee9ded4e0" +
            "f9b46aab09d43c621da96c",
            EthereumJson.Bytes(second.Sign(new EvmTransactionRequest
            {
                ChainId = 1UL << 32,
                Nonce = 0,
                To = null,
                GasLimit = 100_000,
                Data = Convert.FromHexString("602a60005260206000f3"),
            })));
    }

    [Fact]
    public void What_is_signed_decodes_to_its_sender()
    {
        EvmWallet wallet = EvmWallet.FromMnemonic(Mnemonic, 5);
        var request = new EvmTransactionRequest
        {
            ChainId = 7002,
            Nonce = 9,
            To = wallet.Address,
            Data = new byte[] { 0, 1 },
            GasLimit = 30_000,
        };
        foreach (byte[] raw in (byte[][])[wallet.Sign(request), wallet.SignLegacy(request)])
        {
            Assert.True(EvmTransaction.TryDecode(raw, out EvmTransaction? tx, out _));
            Assert.Equal(wallet.Address, tx.Sender);
            Assert.Equal((7002UL, 9UL, 30_000UL), (tx.ChainId!.Value, tx.Nonce, tx.GasLimit));
        }
    }
}
