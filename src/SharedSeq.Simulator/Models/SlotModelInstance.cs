using System.Text.Json;
using SharedSeq.Consensus;

namespace SharedSeq.Simulator;

/// <summary>One committee of the model's table, with what is known about it.</summary>
/// <param name="Rules">What is explored.</param>
/// <param name="States">Reachable states as first counted, by an independent model.</param>
/// <param name="DeadStatesWithoutCertificates">Dead states if certificates under Finals are lost: why they are durable first (C2).</param>
public sealed record SlotModelInstance(SlotRules Rules, int States, int DeadStatesWithoutCertificates)
{
    /// <summary>
    /// Both rows of consensus.md section 10, R6 and R7 as written and Kudzu's Final without a First; three blocks; and committees of n >= 3f+3p+1,
    /// which stay live with p more members crashed (C9).
    /// </summary>
    public static readonly IReadOnlyList<SlotModelInstance> All =
    [
        Written(4, 1, 0, 317, 31),
        Written(6, 1, 1, 2_576, 87),
        Written(7, 2, 0, 7_093, 1_272),
        Written(4, 1, 0, 1_506, 192, blocks: 3),
        Written(6, 1, 1, 13_410, 612, blocks: 3),
        Written(5, 1, 0, 1_516, 85),
        Written(7, 1, 1, 1_997, 246, crashed: 1),
        Written(10, 2, 1, 35_667, 7_349, crashed: 1),
        Kudzu(4, 1, 0, 349, 31),
        Kudzu(6, 1, 1, 3_000, 87),
        Kudzu(7, 2, 0, 9_015, 2_164),
        Kudzu(4, 1, 0, 1_584, 192, blocks: 3),
        Kudzu(6, 1, 1, 14_781, 612, blocks: 3),
        Kudzu(5, 1, 0, 1_672, 85),
    ];

    /// <summary>What it came to: every count is as known, agreement holds, and no slot stays open.</summary>
    public bool IsAsKnown(SlotModelResult result) =>
        result.States == States && result.AgreementViolations == 0 && result.DeadStates == 0
        && result.DeadStatesWithoutCertificates == DeadStatesWithoutCertificates;

    /// <summary>One row of the table as a JSON object.</summary>
    public void Write(Utf8JsonWriter json, SlotModelResult result)
    {
        json.WriteStartObject();
        json.WriteNumber("members", Rules.Quorum.N);
        json.WriteNumber("f", Rules.Quorum.F);
        json.WriteNumber("p", Rules.Quorum.P);
        json.WriteNumber("crashed", Rules.Crashed);
        json.WriteNumber("blocks", Rules.Blocks);
        json.WriteBoolean("finalWithoutFirst", Rules.AllowsFinalWithoutFirst);
        json.WriteNumber("states", result.States);
        json.WriteNumber("agreementViolations", result.AgreementViolations);
        json.WriteNumber("deadStates", result.DeadStates);
        json.WriteNumber("deadStatesWithoutCertificates", result.DeadStatesWithoutCertificates);
        json.WriteBoolean("asKnown", IsAsKnown(result));
        json.WriteEndObject();
    }

    private static SlotModelInstance Written(int n, int f, int p, int states, int dead, int blocks = 2, int crashed = 0) =>
        new(new SlotRules(new QuorumParameters(n, f, p)) { Blocks = blocks, Crashed = crashed }, states, dead);

    private static SlotModelInstance Kudzu(int n, int f, int p, int states, int dead, int blocks = 2) =>
        new(new SlotRules(new QuorumParameters(n, f, p)) { Blocks = blocks, AllowsFinalWithoutFirst = true }, states, dead);
}
