namespace SharedSeq.Adapters.Tests.Contract;

public sealed class RollupReadMethodsTests
{
    [Fact]
    public void No_forbidden_method_or_family_is_on_a_list()
    {
        foreach (string listed in RollupReadMethods.PassedThrough.Concat(RollupReadMethods.AnsweredByGateway))
        {
            foreach (string forbidden in RollupReadMethods.Forbidden)
            {
                bool hit = forbidden.EndsWith('_')
                    ? listed.StartsWith(forbidden, StringComparison.Ordinal)
                    : listed == forbidden;
                Assert.False(hit, $"{listed} is forbidden by {forbidden}");
            }
        }
    }

    [Fact]
    public void Only_the_three_read_families_are_listed_and_no_method_is_on_both_lists()
    {
        foreach (string listed in RollupReadMethods.PassedThrough.Concat(RollupReadMethods.AnsweredByGateway))
        {
            Assert.True(
                listed.StartsWith("eth_", StringComparison.Ordinal) ||
                listed.StartsWith("net_", StringComparison.Ordinal) ||
                listed.StartsWith("web3_", StringComparison.Ordinal), listed);
            if (listed != "eth_sendRawTransaction") Assert.DoesNotContain("send", listed, StringComparison.Ordinal);
        }

        Assert.Empty(
            RollupReadMethods.PassedThrough.Intersect(RollupReadMethods.AnsweredByGateway, StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("eth_sendTransaction")]
    [InlineData("eth_sign")]
    [InlineData("eth_signTypedData_v4")]
    [InlineData("anvil_reset")]
    [InlineData("anvil_setBalance")]
    [InlineData("evm_mine")]
    [InlineData("evm_revert")]
    [InlineData("hardhat_reset")]
    [InlineData("debug_traceTransaction")]
    [InlineData("personal_unlockAccount")]
    [InlineData("txpool_content")]
    [InlineData("wallet_getCapabilities")]
    [InlineData("ETH_CALL")]
    [InlineData("eth_call ")]
    [InlineData("")]
    public void What_is_not_listed_is_refused(string method) =>
        Assert.Equal(RollupMethodHandling.Refused, RollupReadMethods.Of(method));

    [Theory]
    [InlineData("eth_getBalance", RollupMethodHandling.PassThrough)]
    [InlineData("eth_call", RollupMethodHandling.PassThrough)]
    [InlineData("eth_getTransactionReceipt", RollupMethodHandling.PassThrough)]
    [InlineData("web3_clientVersion", RollupMethodHandling.PassThrough)]
    [InlineData("eth_sendRawTransaction", RollupMethodHandling.Gateway)]
    [InlineData("eth_getTransactionCount", RollupMethodHandling.Gateway)]
    [InlineData("eth_getTransactionByHash", RollupMethodHandling.Gateway)]
    public void What_wallets_need_is_listed(string method, RollupMethodHandling handling) =>
        Assert.Equal(handling, RollupReadMethods.Of(method));
}
