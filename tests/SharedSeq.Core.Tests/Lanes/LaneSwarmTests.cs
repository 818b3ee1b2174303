using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Lanes;

/// <summary>
/// Lanes alone under random loss, restarts, slow disks and an equivocating author, with an oracle that commits what a random member would propose.
/// The seed decides everything. The simulator does the same with consensus; this finds faults of lanes faster and shows them smaller.
/// </summary>
public sealed class LaneSwarmTests
{
    [Theory]
    [InlineData(4, 120)]
    [InlineData(7, 40)]
    public void Every_member_delivers_the_same_batches_and_every_certified_one_once(int n, int seeds)
    {
        for (int seed = 0; seed < seeds; seed++) new Swarm(n, (ulong)seed).Play();
    }

    private sealed class Swarm
    {
        private readonly Prng _random;
        private readonly LaneNet _net;
        private readonly ulong _seed;
        private readonly int _loss;
        private readonly bool _hasForker;
        private readonly int _dies;
        private readonly List<Block> _blocks = [];
        private readonly List<Batch> _twins = [];
        private readonly int[] _committed;

        public Swarm(int n, ulong seed)
        {
            _seed = seed;
            _random = new Prng(seed);
            _loss = _random.Below(400);
            _hasForker = _random.Chance(500);
            _dies = !_hasForker && _random.Chance(500) ? _random.Below(n) : -1;
            _net = new LaneNet(n, new ReplicaOptions { MaxBatchesPerLane = 1 + _random.Below(8), LaneWindowBatches = 16 + _random.Below(16) });
            _committed = new int[n];
            foreach (LaneNode node in _net.Nodes) node.IsPrompt = _random.Chance(500);
        }

        public void Play()
        {
            _net.Loses = (_, _, _) => _random.Chance(_loss);
            for (int step = 0; step < 120; step++) Step();

            // Stability: nothing is lost any more, everybody is up but one that died for good.
            _net.Loses = (_, _, _) => false;
            foreach (LaneNode node in _net.Nodes)
            {
                if (node.Id.Value == _dies)
                {
                    node.Crash();
                    continue;
                }

                if (!node.IsUp) Restart(node);
                node.IsPrompt = true;
                node.Settle();
            }

            foreach (LaneNode node in _net.Nodes)
            {
                foreach (LaneNode other in _net.Nodes.Where(o => o.Id.Value > node.Id.Value)) _net.Reconnect(node, other);
            }

            for (int round = 0; round < 60; round++)
            {
                CommitSome();
                HandOver(all: true);
                _net.Pass(_net.Options.ResendMs);
            }

            Check();
        }

        private void Step()
        {
            LaneNode node = _net.Nodes[_random.Below(_net.Nodes.Length)];
            switch (_random.Below(12))
            {
                case 0 or 1 or 2 or 3:
                    if (node.IsUp && node.Book.OwnLaneRoom.Batches > 0) node.Seal($"{_seed} {_random.NextU64()}");
                    break;
                case 4:
                    if (_hasForker && _net[0].IsUp) Fork();
                    break;
                case 5:
                    if (!node.IsUp) Restart(node);
                    else if (_net.Nodes.Count(x => !x.IsUp) < 2) node.Crash();
                    break;
                case 6:
                    if (node.IsUp) node.Sync();
                    node.SignOne();
                    break;
                case 7:
                    if (node.IsUp) node.Settle();
                    break;
                case 8 or 9:
                    CommitSome();
                    break;
                case 10:
                    HandOver(all: false);
                    break;
                default:
                    _net.Pass(_random.Below(1_500));
                    break;
            }

            _net.Run();
        }

        /// <summary>Member 0 shows another batch for a place of its lane to some, or one that hangs on such another batch.</summary>
        private void Fork()
        {
            ulong next = _net[0].Book.NextOwnSeq.Value;
            if (next == 0) return;
            Batch[] known = [.. _net[0].Disk.Values.Select(d => d.Batch).Where(b => b.Header.Lane == _net[0].Lane), .. _twins];
            Batch at = known[_random.Below(known.Length)];
            bool isBehind = _random.Chance(500);
            BatchSeq seq = isBehind ? at.Header.Seq.Next() : at.Header.Seq;
            Hash32 previous = isBehind ? at.Header.Digest : at.Header.PreviousDigest;
            Verified<Batch> twin = _net[0].Make(seq, previous, $"twin {_random.NextU64()}");
            _twins.Add(twin.Value);
            foreach (LaneNode node in _net.Nodes.Skip(1).Where(x => x.IsUp && _random.Chance(500))) _net.Arrive(_net[0].Id, node, twin.Value);
        }

        /// <summary>The oracle: what some member would propose on the newest cut becomes the next block.</summary>
        private void CommitSome()
        {
            LaneNode leader = _net.Nodes[_random.Below(_net.Nodes.Length)];
            if (!leader.IsUp || !leader.Book.HasNews(_net.Cut, Height.Zero)) return;
            CutCandidate candidate = leader.Book.BuildCut(_net.Cut, Height.Zero);
            Verified<ProofOfAvailability>[] proofs = [.. candidate.Proofs.Select(_net.Verify)];
            Block block = _net.NextBlock(candidate.Cut);
            foreach (LaneNode node in _net.Nodes.Where(x => x.IsUp))
            {
                CutVerdict verdict = node.Book.CheckCut(block.Header, _blocks.Count == 0 ? [] : _blocks[^1].Header.Tips, proofs);
                Assert.True(verdict == CutVerdict.Valid, $"seed {_seed}: {verdict} at {node.Id}");
            }

            _blocks.Add(block);
        }

        private void HandOver(bool all)
        {
            foreach (LaneNode node in _net.Nodes.Where(x => x.IsUp))
            {
                int upTo = all ? _blocks.Count : _committed[node.Id.Value] + _random.Below(_blocks.Count - _committed[node.Id.Value] + 1);
                while (_committed[node.Id.Value] < upTo) _net.CommitAt(node, _blocks[_committed[node.Id.Value]++]);
            }

            _net.Run();
        }

        private void Restart(LaneNode node)
        {
            node.Restart();
            _committed[node.Id.Value] = node.Delivered.Count;
        }

        private void Check()
        {
            LaneTip[] order = [.. _net.Nodes.First(x => x.IsUp).Delivered.SelectMany(d => d.Batches)];
            foreach (LaneNode node in _net.Nodes)
            {
                bool isComplete = node.Delivered.Count == _blocks.Count || !node.IsUp;
                Assert.True(isComplete, $"seed {_seed}: {node.Id} delivered {node.Delivered.Count} of {_blocks.Count}");
                LaneTip[] own = [.. node.Delivered.SelectMany(d => d.Batches)];
                Assert.Equal(order.Take(own.Length), own);
                Assert.Empty(node.Alarms);
                Assert.All(node.Evidence, e => Assert.Equal(_net[0].Id, e.Offender));
                Assert.True(!node.Book.IsOwnLaneRetired || IsForker(node), $"seed {_seed}: {node.Id} retired its lane");
                AssertOneAckPerPlace(node);
                foreach (ProofOfAvailability proof in node.Certified)
                    Assert.True(order.Contains(proof.Tip), $"seed {_seed}: accepted {proof.Tip} of {node.Id} is not ordered");
            }

            Assert.Equal(order.Length, order.Distinct().Count());
            foreach (IGrouping<LaneId, LaneTip> lane in order.GroupBy(t => t.Lane))
                Assert.Equal(Enumerable.Range(0, lane.Count()).Select(i => (ulong)i), lane.Select(t => t.Seq.Value));
            foreach (LaneNode node in _net.Nodes)
            {
                // The whole own lane of every honest author is ordered in the end.
                if (!IsForker(node) && node.IsUp) Assert.Equal(node.Book.NextOwnSeq.Value, (ulong)order.Count(t => t.Lane == node.Lane));
            }
        }

        private bool IsForker(LaneNode node) => _hasForker && node.Id.Value == 0;

        private void AssertOneAckPerPlace(LaneNode node)
        {
            foreach (IGrouping<(LaneId, BatchSeq), Ack> place in node.SignedAcks.GroupBy(a => (a.Tip.Lane, a.Tip.Seq)))
                Assert.True(place.Select(a => a.Tip.Digest).Distinct().Count() == 1, $"seed {_seed}: {node.Id} acked two batches at {place.Key}");
        }
    }
}
