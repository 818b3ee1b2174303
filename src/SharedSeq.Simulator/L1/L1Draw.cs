using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// One run in three follows an L1. Drawn apart, so that all other runs stay what they were; in a quarter of them a member is deceived in place of a liar,
/// and in half of the others a liar's lies are about L1 instead.
/// </summary>
internal static class L1Draw
{
    private static readonly AttackerKind[] Lies =
    [
        AttackerKind.FalseViewLeader, AttackerKind.RegressingLeader, AttackerKind.StaleViewLeader, AttackerKind.FalseReporter,
    ];

    public static RunSettings Follow(RunSettings run)
    {
        int members = run.Quorum.N;
        var random = new Prng(run.Seed ^ 0x1A1A_0000_0000_0000UL ^ ((ulong)members << 40));
        if (random.Below(3) != 0) return run;
        int blockMs = (int)random.Between(30, random.Below(2) == 0 ? 80 : 400);
        bool isShort = random.Below(2) == 0;
        var terms = new L1Terms
        {
            Start = SimulatedL1.Start,
            CooldownMs = random.Below(200),
            DriftSeconds = isShort ? (int)random.Between(1, 2) : 1_800,
            MaxAdvance = random.Below(3) == 0 ? (int)random.Between(3, 8) : 64,
        };
        List<LyingMember> liars = DrawLiars(random, run, out NodeId? deceived);
        var readers = new L1Reader[run.NodeCount];
        for (int i = 0; i < readers.Length; i++) readers[i] = DrawReader(random, blockMs, run.StabilisationMs);
        bool isPointed = deceived is null && liars.Count > 0 && run.Dying.Count + run.Disks.Count == 0 && random.Below(6) == 0;
        if (isPointed) return Point(run, liars, readers, terms);
        if (deceived is { } member)
        {
            L1Reading reading = random.Below(2) == 0 ? L1Reading.FalseChain : L1Reading.FalseInputs;
            readers[member.Value] = readers[member.Value] with { Reading = reading };
        }

        return run with
        {
            Liars = liars,
            Replica = run.Replica with { L1 = terms },
            L1 = new L1Settings
            {
                BlockMs = blockMs,
                StallsAtMs = random.Below(4) == 0 ? 1 + random.Below(2 * run.StabilisationMs) : 0,
                DownAtMs = random.Below(8) == 0 ? 1 + random.Below(2 * run.StabilisationMs) : 0,
                LieFrom = SimulatedL1.Start.Number + 1 + (ulong)random.Below(20),
                InputsPerMille = random.Below(3) * 300,
                Readers = readers,
            },
        };
    }

    /// <summary>
    /// A liar holds the view back while just so many members are without providers that the others can not advance it by themselves, for longer than the drift
    /// limit, in a network that is good otherwise: what V4 is there for.
    /// </summary>
    private static RunSettings Point(RunSettings run, List<LyingMember> liars, L1Reader[] readers, L1Terms terms)
    {
        const int LastMs = 3_500;
        liars[^1] = liars[^1] with { Lies = [AttackerKind.StaleViewLeader] };
        int frozen = 0;
        for (int i = 0; i < readers.Length; i++)
        {
            bool isFrozen = frozen <= run.Quorum.P && i < run.Quorum.N && liars.TrueForAll(liar => liar.Member.Value != i);
            if (isFrozen) frozen++;
            readers[i] = new L1Reader(L1Reading.True, 0, isFrozen ? 1 : 0, isFrozen ? LastMs : 0);
        }

        return run with
        {
            Liars = liars,
            Shape = RunShape.Calm,
            StabilisationMs = LastMs,
            Before = run.After,
            DiskBefore = run.DiskAfter,
            RestartsPerMinute = 0,
            CutsPerMinute = 0,
            ClockErrorMs = 0,
            Replica = run.Replica with { L1 = terms with { DriftSeconds = 1, CooldownMs = int.Min(terms.CooldownMs, 60), MaxAdvance = 64 }, FreshnessMs = 150 },
            L1 = new L1Settings
            {
                BlockMs = 60,
                StallsAtMs = 0,
                DownAtMs = 0,
                LieFrom = ulong.MaxValue,
                InputsPerMille = 300,
                Readers = readers,
            },
        };
    }

    private static List<LyingMember> DrawLiars(Prng random, RunSettings run, out NodeId? deceived)
    {
        List<LyingMember> liars = [.. run.Liars];
        deceived = null;
        if (liars.Count == 0 || liars[^1].Lies.Contains(AttackerKind.RolledBackVoter)) return liars;
        if (random.Below(4) == 0)
        {
            deceived = liars[^1].Member;
            liars.RemoveAt(liars.Count - 1);
        }
        else if (random.Below(2) == 0)
        {
            var lies = new List<AttackerKind> { Lies[random.Below(Lies.Length)] };
            if (random.Below(2) == 0) lies.Add(Lies[random.Below(Lies.Length)]);
            liars[^1] = liars[^1] with { Lies = [.. lies.Distinct()] };
        }

        return liars;
    }

    /// <summary>Half of the readers are prompt; a third lose their providers for a while before stabilisation.</summary>
    private static L1Reader DrawReader(Prng random, int blockMs, int stabilisationMs)
    {
        int lagMs = random.Below(2) == 0 ? random.Below(10) : random.Below(3 * blockMs);
        if (random.Below(3) != 0) return new L1Reader(L1Reading.True, lagMs, 0, 0);
        int from = 1 + random.Below(stabilisationMs);
        return new L1Reader(L1Reading.True, lagMs, from, from + random.Below(int.Max(1, stabilisationMs - from)));
    }
}
