using System.Globalization;
using System.Text.Json;
using SharedSeq.Node;

namespace SharedSeq.Cli;

/// <summary>Where a devnet's L1 is: its folder, and the ports that operators and wallets find it at after a restart, too.</summary>
/// <param name="Folder">Of its state.</param>
/// <param name="Port">The L1's own, on loopback.</param>
/// <param name="ProviderPorts">Of the providers in front of it.</param>
internal sealed record L1Place(string Folder, int Port, IReadOnlyList<int> ProviderPorts)
{
    /// <summary>Three: a quorum of two stays when one is lost.</summary>
    public const int Providers = 3;

    public string StateFile => Path.Combine(Folder, "state.json");

    /// <summary>Where clients find provider 1, 2 or 3.</summary>
    public Uri ProviderOf(int number) => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{ProviderPorts[number - 1]}"));

    /// <summary>Finds the ports of an earlier start, or chooses free ones and writes them down.</summary>
    /// <exception cref="ConfigurationException">The file of the earlier start is damaged.</exception>
    public static L1Place OpenOrCreate(string folder)
    {
        string path = Path.Combine(folder, "l1.json");
        if (File.Exists(path))
        {
            try
            {
                Ports? ports = JsonSerializer.Deserialize<Ports>(File.ReadAllText(path), JsonSerializerOptions.Web);
                if (ports is { Providers.Count: Providers }) return new L1Place(folder, ports.Rpc, ports.Providers);
            }
            catch (JsonException)
            {
                // told below
            }

            throw new ConfigurationException(ConfigurationRejection.BadValue, $"'{path}' does not name the L1's ports; use --fresh to begin anew");
        }

        Directory.CreateDirectory(folder);
        int[] free = DevnetFolder.FreePorts(1 + Providers);
        File.WriteAllText(path, JsonSerializer.Serialize(new Ports(free[0], free[1..]), JsonSerializerOptions.Web));
        return new L1Place(folder, free[0], free[1..]);
    }

    private sealed record Ports(int Rpc, IReadOnlyList<int> Providers);
}
