using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>Draws the settings of a run from its seed.</summary>
public static class Swarm
{
    /// <summary>Lies that may be combined with another one on the same member; those about L1 are drawn apart.</summary>
    private static readonly AttackerKind[] Lies = [.. Enum.GetValues<AttackerKind>().Where(kind => kind < AttackerKind.RolledBackVoter)];

    public static RunSettings Draw(ulong seed, int members)
    {
        var random = new Prng(seed ^ 0x5EED_0000_0000_0000UL ^ ((ulong)members << 40));
        QuorumParameters quorum = QuorumParameters.ForMembers(members);
        EpochTerms epochs = DrawEpochs(seed, members);
        (bool closesLanes, bool hasLongTails) = DrawPointedEpochs(seed, members, epochs);
        ReplicaOptions replica = DrawReplica(random);
        if (closesLanes || hasLongTails) replica = WithShortTimes(replica);
        int stabilisationMs = (int)random.Between(300, 2_500);
        if (hasLongTails) stabilisationMs = int.Max(stabilisationMs, LeastMsForTails);
        var shape = (RunShape)random.Below(4);
        (List<LyingMember> liars, List<DyingMember> dying) = DrawFaulty(random, quorum, stabilisationMs);
        bool isPointed = shape == RunShape.PowerCutAfterJump && random.Below(3) != 0;
        if (isPointed) Point(liars);
        int settledDelayUs = replica.SlotTimeoutMs * 1_000 / 8;
        NetworkConditions after = new()
        {
            DelayMinUs = random.Below(2) == 0 ? settledDelayUs / 2 : settledDelayUs / 10,
            DelayMaxUs = settledDelayUs,
            DuplicatePerMille = Sometimes(random, 20),
            Reorders = random.Below(2) == 0,
        };
        CommitteeChanges changes = DrawChanges(seed, members, epochs, liars);
        if (closesLanes) changes = changes with { EpochsAfter = EpochsToCloseLanes };
        if (closesLanes && liars.Count > 0 && seed % 2 == 0) liars[0] = liars[0] with { Lies = [AttackerKind.LaneForker] };
        List<FailingDisk> disks = DrawDisks(seed, members, stabilisationMs, changes, liars, dying);
        if (epochs.Seconds > 0)
        {
            int seats = changes.IsOrdered ? members + changes.Joiners : changes.Joiners == 0 ? members : int.Max(members, CommitteeChanges.MembersMax);
            replica = replica with { ReceiptDeadlineHeights = DeadlineWithEpochs(replica, seats) };
            uint lead = hasLongTails ? LeadOfTails : epochs.BoundaryLead;
            epochs = epochs with { BoundaryLead = uint.Max(lead, LeastLead(replica.ReceiptDeadlineHeights, seats)) };
        }

        NetworkConditions before = isPointed ? DrawFairNetwork(random, after) : DrawNetwork(random, after, members);
        return L1Draw.Follow(new RunSettings
        {
            Seed = seed,
            Quorum = quorum,
            Shape = shape,
            StabilisationMs = stabilisationMs,
            Before = hasLongTails ? after with { CommitLossPerMille = 950 } : before,
            After = after,
            DiskBefore = DrawDisk(random),
            DiskAfter = new SyncLatency(100, replica.SlotTimeoutMs * 1_000 / 16, 0, 0),
            CodecPerMille = random.Below(10) == 0 ? 1_000 : 60,
            CompactsVoteLog = random.Below(2) == 0,
            ClockDriftPpm = Sometimes(random, 5_000),
            ClockErrorMs = Sometimes(random, 5_000),
            RestartsPerMinute = random.Below(3) == 0 ? 0 : random.Below(240),
            CutsPerMinute = random.Below(2) == 0 ? 0 : random.Below(240),
            Liars = liars,
            Dying = dying,
            Disks = disks,
            Replica = replica,
            Workload = Burden(seed, members, DrawWorkload(random)),
            Epochs = epochs,
            Changes = changes,
            ReceiptHeights = epochs.Seconds > 0 ? replica.ReceiptDeadlineHeights : ReceiptHeightsOf(replica, after, members),
        });
    }

    /// <summary>One run in four has epochs, of a second and a few heights each. Drawn apart, so that all other runs stay what they were.</summary>
    private static EpochTerms DrawEpochs(ulong seed, int members)
    {
        var random = new Prng(seed ^ 0xE90C_0000_0000_0000UL ^ ((ulong)members << 40));
        return random.Below(4) != 0 ? default : new EpochTerms(1, (uint)random.Between(4, random.Below(3) == 0 ? 40 : 12));
    }

    /// <summary>Epochs after stabilisation within which D heights pass, where D is short.</summary>
    private const int EpochsToCloseLanes = 5;

    /// <summary>Time before stabilisation in which an epoch comes to its end although hardly a commit gets through.</summary>
    private const int LeastMsForTails = 2_000;

    /// <summary>Least lead of the first epoch, whose first height sets its boundary.</summary>
    private const uint LeadOfTails = 4;

    /// <summary>
    /// Of the runs with epochs one in twelve goes on until lanes of an ended epoch close, and in one of eight hardly a commit gets through before stabilisation
    /// in a network that is good otherwise, so that epochs end in tails. Drawn apart, as epochs are.
    /// </summary>
    private static (bool ClosesLanes, bool HasLongTails) DrawPointedEpochs(ulong seed, int members, EpochTerms epochs)
    {
        var random = new Prng(seed ^ 0x7A11_5000_0000_0000UL ^ ((ulong)members << 40));
        return epochs.Seconds == 0 ? default : (random.Below(12) == 0, random.Below(8) == 0);
    }

    /// <summary>Whatever a receipt or a slot has to wait for is short, and heights are slow: D is some hundred heights.</summary>
    private static ReplicaOptions WithShortTimes(ReplicaOptions replica) => replica with
    {
        SlotTimeoutMs = 60,
        SlotTimeoutMaxMs = 480,
        HeartbeatMs = 15,
        MinHeightMs = 25,
        ResendMs = 150,
        FreshnessMs = 150,
    };

    /// <summary>
    /// In three of four runs with epochs the committee changes, in two of three of those as ordering decides; in some the one that lies comes later.
    /// Drawn apart, as epochs are.
    /// </summary>
    private static CommitteeChanges DrawChanges(ulong seed, int members, EpochTerms epochs, List<LyingMember> liars)
    {
        var random = new Prng(seed ^ 0x5EA7_5000_0000_0000UL ^ ((ulong)members << 40));
        if (epochs.Seconds == 0 || random.Below(4) == 0) return CommitteeChanges.None;
        var changes = new CommitteeChanges(1 + random.Below(3), random.Below(2) == 0 ? 1_000 : 500, 1 + random.Below(4));
        if (liars.Count > 0 && random.Below(4) == 0) liars[0] = liars[0] with { Member = new NodeId(members + random.Below(changes.Joiners)) };
        if (random.Below(3) == 0) return changes;

        // Who asks in one epoch to come is decided on at the beginning of the next, and comes with the one after it.
        return changes with { IsOrdered = true, EpochsAfter = int.Max(2, changes.EpochsAfter) };
    }

    /// <summary>
    /// In one run of six, and in half of those whose committee changes, a member's disk fails in place of another fault: a quarter of those that are lost or
    /// rolled back have no guard, which makes them liars. Drawn apart, as epochs are.
    /// </summary>
    private static List<FailingDisk> DrawDisks(
        ulong seed, int members, int stabilisationMs, CommitteeChanges changes, List<LyingMember> liars, List<DyingMember> dying)
    {
        var random = new Prng(seed ^ 0xD15C_FA17_0000_0000UL ^ ((ulong)members << 40));
        if (random.Below(changes.Joiners > 0 ? 2 : 6) != 0 || liars.Count + dying.Count == 0) return [];
        NodeId member = liars.Count > 0 ? liars[^1].Member : dying[^1].Member;
        if (member.Value >= members) return [];
        if (liars.Count > 0) liars.RemoveAt(liars.Count - 1);
        else dying.RemoveAt(dying.Count - 1);
        var fault = (DiskFault)random.Below(3);
        if (fault != DiskFault.LatentError && random.Below(4) == 0) liars.Add(new LyingMember(member, [AttackerKind.RolledBackVoter]));
        int atMs = (int)random.Between(stabilisationMs / 3, stabilisationMs - 1);
        int savedMs = int.Max(0, atMs - (int)random.Between(1, random.Below(2) == 0 ? 100 : 1_000));
        return [new FailingDisk(member, fault, savedMs, atMs, (int)random.Between(1, random.Below(2) == 0 ? 40 : 600))];
    }

    /// <summary>D where epochs end: half of it must do for a receipt, at the pace that honest leaders keep.</summary>
    private static int DeadlineWithEpochs(ReplicaOptions replica, int members)
    {
        int neededMs = (3 * replica.FreshnessMs) + (2 * replica.ResendMs) + (members * replica.SlotTimeoutMs);
        return 2 * ((neededMs / replica.MinHeightMs) + (4 * members));
    }

    /// <summary>The cut must have room for the lanes of all epochs that can be open at once.</summary>
    private static uint LeastLead(int receiptDeadlineHeights, int members) => (uint)(receiptDeadlineHeights / ((Header.MaxLanes / members) - 2)) + 1;

    /// <summary>Zero in half of the runs, otherwise up to the limit.</summary>
    private static int Sometimes(Prng random, int limit) => random.Below(2) == 0 ? 0 : random.Below(limit) + 1;

    private static ReplicaOptions DrawReplica(Prng random)
    {
        int slotTimeoutMs = (int)random.Between(60, 200);
        return new ReplicaOptions
        {
            SlotTimeoutMs = slotTimeoutMs,
            SlotTimeoutMaxMs = slotTimeoutMs * (int)random.Between(4, 12),
            HeartbeatMs = slotTimeoutMs / 4,
            MinHeightMs = (int)random.Between(5, 25),
            ResendMs = (int)random.Between(150, 800),
            FreshnessMs = (int)random.Between(150, 700),
            SlotWindow = random.Below(3) == 0 ? 12 : 64,
            MaxBatchesPerLane = random.Below(3) == 0 ? (int)random.Between(1, 3) : 64,
            LaneWindowBatches = random.Below(3) == 0 ? (int)random.Between(2, 8) : 256,
            LaneWindowBytes = random.Below(4) == 0 ? 4_096 : 64L * 1024 * 1024,
            Seed = random.NextU64(),
        };
    }

    private static NetworkConditions DrawNetwork(Prng random, NetworkConditions after, int members)
    {
        int delayMaxUs = random.Below(3) switch
        {
            0 => after.DelayMaxUs,
            1 => (int)random.Between(10_000, 60_000),
            _ => (int)random.Between(60_000, 400_000),
        };
        return new NetworkConditions
        {
            DelayMinUs = int.Min(delayMaxUs, (int)random.Between(200, 5_000)),
            DelayMaxUs = delayMaxUs,
            StragglerPerMille = Sometimes(random, 50),
            LossPerMille = Sometimes(random, random.Below(2) == 0 ? 30 : 300),
            DuplicatePerMille = Sometimes(random, 100),
            Reorders = random.Below(3) != 0,
            Laggard = random.Below(3) == 0 ? new NodeId(random.Below(members)) : null,
            LaggardFactor = random.Below(10) + 2,
        };
    }

    /// <summary>A network in which slots end quickly, for shapes that are about something else.</summary>
    private static NetworkConditions DrawFairNetwork(Prng random, NetworkConditions after) => after with
    {
        DelayMaxUs = 2 * after.DelayMaxUs,
        LossPerMille = random.Below(80),
        Reorders = true,
    };

    /// <summary>What a jump leaves open stays open only when votes were shown to few and are never shown again.</summary>
    private static void Point(List<LyingMember> liars)
    {
        for (int i = 0; i < liars.Count; i++)
            liars[i] = liars[i] with { Lies = [AttackerKind.SilentAfterStabilisation, AttackerKind.CertificateWithholder] };
    }

    private static SyncLatency DrawDisk(Prng random)
    {
        int maxUs = random.Below(2) == 0 ? 2_000 : (int)random.Between(2_000, 40_000);
        return new SyncLatency(50, maxUs, Sometimes(random, 60), 300_000);
    }

    private static WorkloadSettings DrawWorkload(Prng random) => new()
    {
        Namespaces = (int)random.Between(1, 4),
        Transactions = random.Below(8) == 0 ? 0 : (int)random.Between(10, 120),
        PayloadBytesMax = random.Below(4) == 0 ? 2_000 : 100,
        SealMs = (int)random.Between(10, 120),
        TwicePerMille = Sometimes(random, 500),
        RelayPerMille = random.Below(3) switch { 0 => 0, 1 => 1_000, _ => 400 },
    };

    /// <summary>One run in twelve is heavy. Drawn apart, so that all other runs stay what they were.</summary>
    private static WorkloadSettings Burden(ulong seed, int members, WorkloadSettings workload)
    {
        var random = new Prng(seed ^ 0xCA95_0000_0000_0000UL ^ ((ulong)members << 40));
        return random.Below(12) != 0 ? workload : workload with
        {
            IsHeavy = true,
            Namespaces = 1 + random.Below(2),
            Transactions = (int)random.Between(60, 120),
            PayloadBytesMax = (int)random.Between(30_000, 90_000),
        };
    }

    /// <summary>
    /// At most f members lie or die; where n >= 3f+3p+1 another p may die (consensus.md C9). Most runs have somebody faulty, some have nobody.
    /// </summary>
    private static (List<LyingMember> Liars, List<DyingMember> Dying) DrawFaulty(Prng random, QuorumParameters quorum, int stabilisationMs)
    {
        Span<int> order = stackalloc int[quorum.N];
        for (int i = 0; i < order.Length; i++) order[i] = i;
        random.Shuffle(order);
        int next = 0;
        var liars = new List<LyingMember>();
        var dying = new List<DyingMember>();
        int faulty = random.Below(8) == 0 ? 0 : quorum.F;
        for (int i = 0; i < faulty; i++)
        {
            var member = new NodeId(order[next++]);
            if (random.Below(8) == 0) dying.Add(new DyingMember(member, random.Below(stabilisationMs + 400)));
            else liars.Add(new LyingMember(member, DrawLies(random)));
        }

        bool canCrashMore = quorum.N >= (3 * quorum.F) + (3 * quorum.P) + 1;
        int crashed = canCrashMore ? random.Below(quorum.P + 1) : 0;
        for (int i = 0; i < crashed; i++)
        {
            dying.Add(new DyingMember(new NodeId(order[next++]), random.Below(stabilisationMs + 400)));
        }

        return (liars, dying);
    }

    /// <summary>
    /// One lie, or two together; in a third of the cases the liar goes silent at stabilisation, because liars that keep talking hide deadlocks.
    /// </summary>
    private static List<AttackerKind> DrawLies(Prng random)
    {
        var lies = new List<AttackerKind>();
        if (random.Below(3) == 0) lies.Add(AttackerKind.SilentAfterStabilisation);
        lies.Add(Lies[random.Below(Lies.Length)]);
        if (random.Below(3) == 0) lies.Add(Lies[random.Below(Lies.Length)]);
        return [.. lies.Distinct()];
    }

    /// <summary>
    /// D: the heights that fit into the time the protocol needs, that is ack exchange, freshness, re-sending and n slots, at the fastest pace the
    /// network allows.
    /// </summary>
    private static int ReceiptHeightsOf(ReplicaOptions replica, NetworkConditions after, int members)
    {
        int fastestMs = int.Max(1, 2 * after.DelayMinUs / 1_000);
        int neededMs = (3 * replica.FreshnessMs) + (2 * replica.ResendMs) + (members * replica.SlotTimeoutMs);
        return (neededMs / fastestMs) + (4 * members);
    }
}
