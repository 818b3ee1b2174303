using SharedSeq.Cli;

namespace SharedSeq.Node.Tests.Devnet;

/// <summary>How faults are written on the command line.</summary>
public sealed class L1ProviderFaultTests
{
    [Theory]
    [InlineData("none", "none")]
    [InlineData("lag", "lag:12")]
    [InlineData("lag:3", "lag:3")]
    [InlineData("slow:600000", "slow:600000")]
    [InlineData("fork:32", "fork:32")]
    public void A_fault_reads_as_it_is_written(string text, string written)
    {
        Assert.True(L1ProviderFault.TryParse(text, out L1ProviderFault fault, out _));
        Assert.Equal(written, fault.ToString());
    }

    [Theory]
    [InlineData("", "no fault is called ''")]
    [InlineData("lags", "no fault is called 'lags'")]
    [InlineData("none:1", "takes no amount")]
    [InlineData("lag:0", "N is 1 to 10000 blocks")]
    [InlineData("lag:-1", "N is 1 to 10000 blocks")]
    [InlineData("lag:1:2", "N is 1 to 10000 blocks")]
    [InlineData("fork:33", "N is 1 to 32 blocks")]
    public void What_is_none_is_refused_with_what_would_be(string text, string why)
    {
        Assert.False(L1ProviderFault.TryParse(text, out _, out string said));
        Assert.Contains(why, said, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_kind_has_one_form_that_help_explains()
    {
        Assert.Equal(Enum.GetValues<L1FaultKind>(), L1ProviderFault.Forms.Select(form => form.Kind));
        string help = DevnetL1Command.Create().Subcommands.Single(command => command.Name == "set-fault").Description!;
        Assert.All(L1ProviderFault.Forms, form => Assert.Contains($"{form.Usage} ", help, StringComparison.Ordinal));
        Assert.All(L1ProviderFault.Forms, form => Assert.True(L1ProviderFault.TryParse(form.Name, out _, out _), form.Name));
    }
}
