using SharedSeq.Adapters.EvmDev;
using SharedSeq.Client;
using SharedSeq.Ethereum;
using SharedSeq.Node;
using SharedSeq.Ordering;
using SharedSeq.Storage;

namespace SharedSeq.Cli;

/// <summary>Exit codes of the program.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>The command ran and the answer is no: a proof does not verify, a check failed.</summary>
    public const int Failed = 1;

    /// <summary>The command could not run: configuration, files, network, or values that only they show to be wrong.</summary>
    public const int Unusable = 2;

    /// <summary>The command line is none: an unknown command or option, a value missing or of the wrong kind. sysexits' EX_USAGE.</summary>
    public const int Usage = 64;

    /// <summary>Interrupted before there was an answer: 128 and SIGINT's number, as shells say it.</summary>
    public const int Interrupted = 130;
}

/// <summary>Turns errors that people can mend into one line; anything else is a bug and keeps its trace.</summary>
internal static class UserErrors
{
    /// <summary>The operator's address that --rpc names. localhost:8700 without a scheme is one of a scheme called localhost.</summary>
    public static Uri AddressOf(string rpc) =>
        Uri.TryCreate(rpc, UriKind.Absolute, out Uri? given) && (given.Scheme == Uri.UriSchemeHttp || given.Scheme == Uri.UriSchemeHttps)
            ? given
            : throw new CommandException($"--rpc {rpc}: not an address like http://127.0.0.1:8700");

    /// <summary>Reads what an operator answered. One that lacks what this program needs, or has something else there, is told as the operator's.</summary>
    /// <param name="rpc">The operator.</param>
    /// <param name="method">What it was asked.</param>
    /// <param name="read">Takes the answer apart.</param>
    /// <exception cref="CommandException">The answer is another one than this program understands.</exception>
    public static T Understand<T>(Uri rpc, string method, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new CommandException($"{rpc} answers {method} in a way that this program does not understand, as a node of another version may: {e.Message}");
        }
    }

    public static async Task<int> GuardAsync(Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (Exception e) when (e is ConfigurationException or StorageException or GenesisException or HttpRequestException
            or IOException or UnauthorizedAccessException or CommandException or ToolchainException or AnvilException
            or EthereumRpcException or StreamException)
        {
            await Console.Error.WriteLineAsync($"sharedseq: {e.Message}");
            return ExitCode.Unusable;
        }
        catch (OperatorException e)
        {
            await Console.Error.WriteLineAsync($"sharedseq: refused ({e.Code}{(e.Reason is null ? "" : $", {e.Reason}")}): {e.Message}");
            return ExitCode.Failed;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Ok;
        }
    }
}

/// <summary>A command can not go on, for a reason its user can act on.</summary>
internal sealed class CommandException(string message) : Exception(message);
