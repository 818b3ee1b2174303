using SharedSeq.Ordering;

namespace SharedSeq.Cli;

/// <summary>How a devnet is started; the defaults are those of the command line.</summary>
internal sealed record DevnetOptions
{
    /// <summary>Folder of everything: genesis, keys, logs, ledgers.</summary>
    public string DataFolder { get; init; } = ".sharedseq";

    /// <summary>Remove the folder's content first.</summary>
    public bool IsFresh { get; init; }

    /// <summary>Operators, 4 to 13: each is a process of its own.</summary>
    public int Operators { get; init; } = 4;

    /// <summary>EVM rollups, 0 to 16: each operator runs an execution client for each.</summary>
    public int Rollups { get; init; } = 2;

    /// <summary>Operators that run execution clients, from the first on; 0 means all. The namespaces' attester sets say so.</summary>
    public int Attesters { get; init; }

    /// <summary>Further namespaces without execution clients, for load tests: ids from 100,001 on.</summary>
    public int OpaqueNamespaces { get; init; }

    /// <summary>Start no L1.</summary>
    public bool IsWithoutL1 { get; init; }

    /// <summary>Least seconds of an epoch; 0 for one without end.</summary>
    public int EpochSeconds { get; init; }

    /// <summary>Seconds until every operator must be ready.</summary>
    public int ReadyTimeoutSeconds { get; init; } = 60;

    /// <summary>Start an operator again when its process ends.</summary>
    public bool IsRestarting { get; init; }

    /// <summary>Machine-readable lines instead of a table.</summary>
    public bool IsJson { get; init; }

    /// <summary>Epochs of a devnet end within seconds of their time: a lead of 200 heights, and checkpoints twice within it.</summary>
    public Policy Policy => EpochSeconds == 0 ? new Policy()
        : new Policy { EpochSeconds = (uint)EpochSeconds, BoundaryLead = 200, CheckpointInterval = 100 };

    public int AttesterCount => Attesters == 0 ? Operators : Attesters;
}
