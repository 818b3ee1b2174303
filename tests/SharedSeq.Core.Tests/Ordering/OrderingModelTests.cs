using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Core.Tests.Ordering;

/// <summary>Random heights against the plain model, and against itself across snapshots. Every seed also decides which rules can bite at all.</summary>
public sealed class OrderingModelTests
{
    private const int Heights = 30;

    public static TheoryData<ulong> Seeds => [.. Enumerable.Range(1, 12).Select(i => (ulong)i)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void The_machine_equals_the_plain_model(ulong block)
    {
        for (ulong seed = block * 100; seed < (block * 100) + 10; seed++)
        {
            var workload = new Workload(seed);
            var bench = new OrderingBench(workload.Policy, workload.Namespaces);
            var model = new ReferenceOrdering(bench.Genesis);
            for (int i = 0; i < Heights; i++)
            {
                (ulong at, TestTransaction[][] batches) = workload.Next();
                CommittedBlock height = bench.Height(Start + at, batches);
                OrderingResult actual = bench.Machine.Apply(height, bench);
                ReferenceOrdering.Expected expected = model.Apply(height, bench.Carried(height));
                AssertEqual(bench, expected, actual, $"seed {seed}, height {height.Height}");
                if (workload.Random.Chance(50)) bench.SnapshotAndRestore();
            }
        }
    }

    [Fact]
    public void A_thousand_heights_end_in_equal_bytes_with_and_without_a_snapshot_on_the_way()
    {
        var workload = new Workload(7, isLight: true);
        var straight = new OrderingBench(workload.Policy, workload.Namespaces);
        var stopped = new OrderingBench(workload.Policy, workload.Namespaces);
        for (int i = 0; i < 1000; i++)
        {
            (ulong at, TestTransaction[][] batches) = workload.Next();
            OrderingResult a = straight.ApplyBatches(at, batches);
            OrderingResult b = stopped.ApplyBatches(at, batches);
            Assert.Equal(a.Result, b.Result);
            Assert.Equal(straight.Machine.StateRoot(), stopped.Machine.StateRoot());
            if (i % 137 == 100) stopped.SnapshotAndRestore();
        }

        Assert.Equal(straight.SnapshotBytes(), stopped.SnapshotBytes());
    }

    [Fact]
    public void Replicas_that_apply_the_same_heights_have_the_same_bytes()
    {
        var workload = new Workload(11);
        var a = new OrderingBench(workload.Policy, workload.Namespaces);
        var b = new OrderingBench(workload.Policy, workload.Namespaces);
        for (int i = 0; i < Heights; i++)
        {
            (ulong at, TestTransaction[][] batches) = workload.Next();
            Assert.Equal(a.ApplyBatches(at, batches).Result, b.ApplyBatches(at, batches).Result);
        }

        Assert.Equal(a.SnapshotBytes(), b.SnapshotBytes());
    }

    private static void AssertEqual(OrderingBench bench, ReferenceOrdering.Expected expected, OrderingResult actual, string where)
    {
        AssertSame(expected.Closed, actual.Closed.Select(c => c.Block), $"{where}: closed blocks");
        Assert.True(actual.Closed.All(c => c.Hash == c.Block.Hash), $"{where}: hashes");
        for (int i = 0; i < expected.Closed.Count; i++)
            Assert.True(expected.ClosedIds[i].SequenceEqual(bench.Ids(actual.Closed[i].Content)), $"{where}: content");
        AssertSame(expected.Rejections, actual.Rejections, $"{where}: rejections");
        AssertSame(expected.Backlogs, actual.Backlogs, $"{where}: backlogs");
        foreach (NamespacePolicy ns in bench.Genesis.Namespaces)
        {
            ulong byAuthors = 0;
            for (ushort author = 0; author < bench.Genesis.Quorum.N; author++)
                byAuthors += bench.Machine.QueuedBytes(ns.Id, new ReplicaId(author));
            Assert.True(byAuthors == bench.Machine.QueuedBytes(ns.Id), $"{where}: the authors' parts of the queue of {ns.Id}");
        }

        Assert.True(expected.Duplicates == actual.Effects.Duplicates, $"{where}: duplicates");
        Assert.True(expected.IsSigned == actual.IsSigned, $"{where}: signed");
        Assert.True(expected.Growth.Count == actual.Growth.Count, $"{where}: growth");
        for (int i = 0; i < expected.Growth.Count; i++)
        {
            NamespaceGrowth growth = actual.Growth[i];
            Assert.Equal((expected.Growth[i].Ns, expected.Growth[i].Number, expected.Growth[i].First), (growth.Namespace.Value, growth.Number, growth.First));
            Assert.Equal(expected.Growth[i].New, bench.Ids(growth.Content, growth.First));
        }

        Assert.True(expected.NamespacesRoot == actual.Result.NamespacesRoot, $"{where}: namespaces root");
        Assert.True(expected.EffectsRoot == actual.Result.EffectsRoot, $"{where}: effects root");
    }

    private static void AssertSame<T>(IReadOnlyList<T> expected, IEnumerable<T> actual, string where)
    {
        T[] items = [.. actual];
        for (int i = 0; i < int.Max(expected.Count, items.Length); i++)
        {
            string wanted = i < expected.Count ? $"{expected[i]}" : "nothing";
            string found = i < items.Length ? $"{items[i]}" : "nothing";
            Assert.True(string.Equals(wanted, found, StringComparison.Ordinal), $"{where}[{i}]: expected {wanted}, found {found}");
        }
    }

    /// <summary>A network's terms and its traffic, both out of one seed.</summary>
    private sealed class Workload
    {
        private readonly List<TestTransaction> _past = [];
        private readonly bool _isLight;
        private readonly bool _hasLarge;
        private readonly int _perHeight;
        private ulong _at;

        public Workload(ulong seed, bool isLight = false)
        {
            Random = new Prng(seed);
            _isLight = isLight;
            _hasLarge = !isLight && Random.Chance(600);
            _perHeight = Random.Below(_hasLarge ? 8 : 20) + 1;
            Policy = new Policy
            {
                DedupSeconds = (uint)Random.Between(1, 5),
                EvmDedupMs = (uint)Random.Between(1, 3000),
                DedupIdsMax = Random.Chance(300) ? (uint)Random.Between(1, 40) : 10_000,
                HeightBytes = Random.Chance(500) ? NamespacePolicy.MinByteCap * (ulong)Random.Between(1, 4) : 64 * 1024 * 1024,
                QueueBytes = Random.Chance(500) ? NamespacePolicy.MinByteCap * (ulong)Random.Between(1, 4) : 64 * 1024 * 1024,
                BlocksPerHeightMax = (uint)Random.Between(1, 8),
                CheckpointInterval = (uint)Random.Between(1, 20),
                TransactionBytesMax = Random.Chance(200) ? 50_000U : BatchBody.MaxPayloadBytes,
            };
            var namespaces = new List<NamespacePolicy>();
            for (ulong id = 1; id <= (ulong)Random.Between(1, 5); id++) namespaces.Add(MakeNamespace(id * 3));
            Namespaces = [.. namespaces];
        }

        public Prng Random { get; }

        public Policy Policy { get; }

        public NamespacePolicy[] Namespaces { get; }

        public (ulong At, TestTransaction[][] Batches) Next()
        {
            _at += Random.Below(10) switch
            {
                0 => 0UL,
                1 => (ulong)Random.Between(1000, 6000),
                _ => (ulong)Random.Between(1, 150),
            };
            var batches = new TestTransaction[Random.Below(4)][];
            for (int i = 0; i < batches.Length; i++)
            {
                batches[i] = new TestTransaction[Random.Below(_perHeight) + 1];
                for (int j = 0; j < batches[i].Length; j++) batches[i][j] = NextTransaction();
                if (_past.Count > 400) _past.RemoveRange(0, 200);
            }

            return (_at, batches);
        }

        private NamespacePolicy MakeNamespace(ulong id)
        {
            NamespacePolicy policy = Random.Chance(400) ? EvmNs(id) : Opaque(id);
            uint[] blockTimes = [0, 0, 100, 200, 1000];
            return policy with
            {
                BlockTimeMs = blockTimes[Random.Below(blockTimes.Length)],
                TimeGaps = Random.Chance(500) ? TimeGaps.Fill : TimeGaps.Jump,
                ByteCap = Random.Chance(500) ? NamespacePolicy.MinByteCap + (ulong)Random.Between(0, 1000) : 8 * 1024 * 1024,
                Share = (uint)Random.Between(1, 5),
                GasCap = policy.Admission == AdmissionKind.Evm && Random.Chance(700) ? (ulong)Random.Between(21_000, 200_000) : 0,
            };
        }

        private TestTransaction NextTransaction()
        {
            if (_past.Count > 0 && Random.Chance(150)) return _past[Random.Below(_past.Count)];
            TestTransaction tx = Fresh();
            _past.Add(tx);
            return tx;
        }

        private TestTransaction Fresh()
        {
            if (Random.Chance(20)) return Tx((ulong)Random.Below(3) * 50, StartSecond + 1, Payload());
            NamespacePolicy ns = Namespaces[Random.Below(Namespaces.Length)];
            bool hasOddTime = Random.Chance(60);
            if (ns.Admission == AdmissionKind.Evm)
            {
                ulong until = hasOddTime ? 1UL : 0;
                return Random.Chance(500)
                    ? EvmTx(ns.Id.Value, Random.NextU64() >> 8, (ulong)Random.Between(21_000, 120_000))
                    : Tx(ns.Id.Value, until, Payload());
            }

            ulong second = StartSecond + (_at / 1000);
            ulong validUntil = hasOddTime ? second + (ulong)Random.Between(0, 8) - 2 : second + (ulong)Random.Between(0, Policy.DedupSeconds);
            return Tx(ns.Id.Value, Random.Chance(10) ? 0 : validUntil, Payload());
        }

        private byte[] Payload()
        {
            if (Random.Chance(10)) return [];
            int size = _isLight || !_hasLarge ? Random.Below(200) + 1 : Random.Chance(200) ? BatchBody.MaxPayloadBytes : Random.Below(60_000) + 1;
            byte[] payload = new byte[size];
            BitConverter.TryWriteBytes(payload, Random.Chance(500) ? (uint)Random.Below(30) : (uint)Random.NextU64());
            return payload;
        }
    }
}
