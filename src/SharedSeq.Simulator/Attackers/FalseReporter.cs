using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>Reports L1 blocks that do not exist, some far ahead, many of them, and others to each member; withholds what it should report.</summary>
public sealed class FalseReporter : Attacker
{
    public override bool OnEffect(ReplicaEffect effect)
    {
        if (effect is not ReplicaEffect.SignViewReport sign) return false;
        for (int i = Random.Below(8); i >= 0; i--)
        {
            ulong number = sign.View.Number + (ulong)Random.Below(Random.Below(2) == 0 ? 3 : 2_000);
            L1View view = Random.Below(2) == 0
                ? sign.View with { Number = number, Hash = Sha.Of("no such block"u8) }
                : sign.View with { InputsDigest = Sha.Of("other inputs"u8) };
            ViewReport report = Sign.Report(view).Value;
            foreach (NodeId member in SomeMembers()) SendTo(member, report);
        }

        return Random.Below(2) == 0;
    }
}
