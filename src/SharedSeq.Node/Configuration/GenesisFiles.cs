using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>Reads genesis documents from disk with refusals an operator can act on.</summary>
public static class GenesisFiles
{
    /// <param name="path">The document.</param>
    /// <param name="expectedHash">Hash it must have, 0x and hex; empty for any.</param>
    /// <exception cref="ConfigurationException">Unreadable, malformed, of another protocol version, or not the one expected.</exception>
    public static Genesis Read(string path, string expectedHash = "")
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException(ConfigurationRejection.Unreadable, $"genesis '{path}' can not be read: {e.Message}", e);
        }

        Genesis genesis;
        try
        {
            genesis = GenesisJson.Read(text);
        }
        catch (GenesisException e)
        {
            ConfigurationRejection reason = e.Reason switch
            {
                GenesisRejection.UnsupportedVersion => ConfigurationRejection.WrongVersion,
                _ => ConfigurationRejection.Malformed,
            };
            throw new ConfigurationException(reason, $"'{path}': {e.Message}", e);
        }

        if (expectedHash.Length > 0 && Hash32.Parse(expectedHash) != genesis.Hash)
        {
            throw new ConfigurationException(
                ConfigurationRejection.WrongGenesis, $"genesis '{path}' has hash {genesis.Hash}, expected {expectedHash}");
        }

        return genesis;
    }
}
