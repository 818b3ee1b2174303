using SharedSeq.Cli;
using SharedSeq.Client;

namespace SharedSeq.Node.Tests.Commands;

/// <summary>What the program says to those who type.</summary>
public sealed class CommandLineTests
{
    [Theory]
    [InlineData("no-such-command")]
    [InlineData("tx", "send")]
    [InlineData("tx", "send", "no number", "data")]
    [InlineData("verify", "receipt", "file")]
    [InlineData("devnet", "--no-such-option")]
    [InlineData("watch-tower", "--genesis", "g.json", "--interval-ms", "0")]
    public async Task A_command_line_that_is_none_has_an_exit_code_of_its_own(params string[] arguments) =>
        Assert.Equal(ExitCode.Usage, await Program.Main(arguments));

    [Theory]
    [InlineData(ExitCode.Ok, "tx", "send", "--help")]
    [InlineData(ExitCode.Unusable, "verify", "receipt", "/no/such/file", "--genesis", "/no/such/genesis.json")]
    public async Task Others_keep_theirs(int code, params string[] arguments) => Assert.Equal(code, await Program.Main(arguments));

    [Fact]
    public void A_refusal_that_an_option_mends_names_the_option()
    {
        Assert.Contains("--valid-for 0", TxCommand.HintOf("ValidUntilNotAllowed"), StringComparison.Ordinal);
        Assert.Contains("--valid-for SECONDS", TxCommand.HintOf("ValidUntilRequired"), StringComparison.Ordinal);
        Assert.Null(TxCommand.HintOf("Congested"));
        Assert.Null(TxCommand.HintOf(null));
    }

    [Fact]
    public void Why_an_operator_was_left_is_said_once_until_it_is_another_reason()
    {
        using var output = new StringWriter();
        Action<Uri, StreamException> tell = TxCommand.Once(output);
        var a = new Uri("http://a:1");
        var beyond = new StreamException(StreamFault.Behind, "from 9 is beyond the head");
        for (int i = 0; i < 10; i++) tell(a, beyond);
        tell(new Uri("http://b:2"), beyond);
        tell(a, new StreamException(StreamFault.Unreachable, "refused"));
        tell(a, beyond);
        Assert.Equal(
            [
                "http://a:1/: Behind: from 9 is beyond the head", "http://b:2/: Behind: from 9 is beyond the head", "http://a:1/: Unreachable: refused",
                "http://a:1/: Behind: from 9 is beyond the head",
            ],
            output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
    }
}
