using SharedSeq.Ethereum;

namespace SharedSeq.Adapters.EvmDev;

/// <summary>
/// How an anvil process is started. Everything that enters its genesis block must be equal on all operators.
/// </summary>
public sealed record AnvilOptions
{
    /// <summary>
    /// The mnemonic of the devnet's accounts: the one every development tool knows, so that wallets can import them.
    /// </summary>
    public const string DevnetMnemonic = "test test test test test test test test test test test junk";

    /// <summary>The real binary, see <see cref="AnvilToolchain.ProvisionAsync"/>.</summary>
    public required string BinaryPath { get; init; }

    /// <summary>The EVM chain id.</summary>
    public required ulong ChainId { get; init; }

    /// <summary>
    /// The genesis block's time, seconds since the Unix epoch; not above the first namespace block's. Null for the time
    /// of the start.
    /// </summary>
    public required ulong? GenesisTimestampSeconds { get; init; }

    /// <summary>
    /// Seconds from block to block. Default 0: blocks come when they are asked for, as a rollup's do, with transactions
    /// in the order in which they arrive.
    /// </summary>
    public int BlockSeconds { get; init; }

    /// <summary>Ethereum's version by its name, for example osaka. Default: anvil's newest.</summary>
    public string? Hardfork { get; init; }

    /// <summary>
    /// Blocks of an epoch: the tag safe is so many below the newest block, finalized twice as many. Default 0: anvil's
    /// 32.
    /// </summary>
    public int SlotsPerEpoch { get; init; }

    /// <summary>
    /// File that the chain goes on from, where it exists, and that it is written to when this process ends it or is
    /// killed, and every <see cref="StateSaveSeconds"/>. States of past blocks are not in it. Default: none.
    /// </summary>
    public string? StateFile { get; init; }

    /// <summary>File that the chain begins from, as anvil_dumpState gave it, with states of past blocks.</summary>
    public string? LoadFile { get; init; }

    /// <summary>
    /// Seconds from save to save of the state file. Default 60: what a machine loses that loses power.
    /// </summary>
    public int StateSaveSeconds { get; init; } = 60;

    /// <summary>Port on the loopback interface; 0 takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>Gas of a block. Default 30 M: equal to the namespace's gas cap.</summary>
    public ulong GasLimit { get; init; } = 30_000_000;

    public string Mnemonic { get; init; } = DevnetMnemonic;

    /// <summary>Accounts with funds, m/44'/60'/0'/0/i. Default 20.</summary>
    public int Accounts { get; init; } = 20;

    /// <summary>Ether of each account. Default 10,000.</summary>
    public ulong BalanceEther { get; init; } = 10_000;

    /// <summary>
    /// States of past blocks kept in memory, so that a block's outcome can be told again and wallets can read the near
    /// past. Default 128, 25 s of the devnet's 200 ms: each is a copy of the whole state. None go to disk, where they
    /// would grow without end.
    /// </summary>
    public int StatesKept { get; init; } = 128;

    /// <summary>Time from start to the first answer. Default 30 s: it starts in under one on a free machine.</summary>
    public TimeSpan ReadyTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The account with the given index.</summary>
    public EvmWallet Account(uint index) => EvmWallet.FromMnemonic(Mnemonic, index);
}
