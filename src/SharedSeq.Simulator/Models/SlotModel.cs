using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// All reachable states of one slot (consensus.md section 10). Honest members are interchangeable, so a state is a multiset of what each of them
/// voted. Any First may be cast at any moment: there is no time. The liars count in every tally at once, and all guards are monotone in what is
/// known, so letting everybody act on all votes ever cast covers every asynchronous schedule and more.
/// </summary>
public sealed class SlotModel
{
    /// <summary>Values are two bits in a packed state, skip being one of them.</summary>
    public const int MaxBlocks = 3;

    /// <summary>A state is packed into 64 bits.</summary>
    public const int MaxHonest = 64 / MemberVotes.Bits;

    private readonly SlotRules _rules;
    private readonly int _honest;
    private readonly HashSet<ulong> _seen = [0];
    private readonly Stack<ulong> _open = new([0UL]);
    private readonly SlotTally _tally = new();
    private int _violations;
    private int _dead;
    private int _deadWithoutCertificates;
    private string? _firstViolation;
    private string? _firstDead;

    private SlotModel(SlotRules rules)
    {
        _rules = rules;
        _honest = rules.Quorum.N - rules.Liars - rules.Crashed;
        Invariant.Check(_honest is >= 1 and <= MaxHonest, "the honest members of a model fit into a packed state");
        Invariant.Check(rules.Blocks is >= 1 and <= MaxBlocks, "the blocks of a model fit into a packed state");
    }

    private QuorumParameters Quorum => _rules.Quorum;

    /// <summary>Visits every reachable state once and checks it.</summary>
    public static SlotModelResult Explore(SlotRules rules) => new SlotModel(rules).Explore();

    private SlotModelResult Explore()
    {
        Span<MemberVotes> members = stackalloc MemberVotes[_honest];
        while (_open.TryPop(out ulong state))
        {
            Unpack(state, members);
            _tally.Count(members);
            if (IsViolated(out int committable, out int notarizable))
            {
                _violations++;
                _firstViolation ??= $"{Describe(members)}: {MemberVotes.NameOf(committable)} can be committed and "
                    + $"{MemberVotes.NameOf(notarizable)} can be notarized";
            }

            for (int i = 0; i < members.Length; i++)
            {
                if (i == 0 || members[i] != members[i - 1]) Visit(members, i);
            }

            CheckLiveness(members);
        }

        return new SlotModelResult(_seen.Count, _violations, _dead, _deadWithoutCertificates, _firstViolation, _firstDead);
    }

    /// <summary>Everything this member may do next.</summary>
    private void Visit(ReadOnlySpan<MemberVotes> members, int index)
    {
        MemberVotes member = members[index];
        bool mayFirst = !member.HasFirst && (!member.HasFinal || _rules.AllowsFirstAfterFinal);
        for (int value = 0; value <= _rules.Blocks; value++)
        {
            if (mayFirst) Enter(members, index, member with { First = value });
            if (MayExtra(member, value, _rules.Liars)) Enter(members, index, member with { Extras = member.Extras | 1 << value });
            if (MayFinal(member, value)) Enter(members, index, member with { Final = value });
        }
    }

    /// <summary>R8 for skip, R9 for a block, with so many liars' votes for whatever helps.</summary>
    private bool MayExtra(MemberVotes member, int value, int liars)
    {
        if (!member.HasFirst || member.Supports(value)) return false;
        if (member.HasFinal && !_rules.Is(ProtocolMutations.ExtraAfterFinal)) return false;
        if (value != MemberVotes.Skip) return _tally.Firsts(value) + liars >= Quorum.Many;
        int most = _tally.MostFirsts(withSkip: _rules.Is(ProtocolMutations.SkipInMaximum));
        return _tally.FirstCount + liars - most >= Quorum.Many;
    }

    /// <summary>R7.</summary>
    private bool MayFinal(MemberVotes member, int value)
    {
        if (value == MemberVotes.Skip || member.HasFinal || _tally.Supporters(value) + _rules.Liars < Quorum.Quorum) return false;
        if (member.Extras != 0 && !_rules.Is(ProtocolMutations.FinalAfterExtra)) return false;
        return member.First == value || (!member.HasFirst && _rules.AllowsFinalWithoutFirst);
    }

    private void Enter(ReadOnlySpan<MemberVotes> members, int index, MemberVotes changed)
    {
        Span<ulong> packed = stackalloc ulong[members.Length];
        for (int i = 0; i < members.Length; i++) packed[i] = (i == index ? changed : members[i]).Pack();
        packed.Sort();
        ulong state = 0;
        foreach (ulong bits in packed) state = state << MemberVotes.Bits | bits;
        if (_seen.Add(state)) _open.Push(state);
    }

    private static void Unpack(ulong state, Span<MemberVotes> members)
    {
        for (int i = members.Length - 1; i >= 0; i--)
        {
            members[i] = MemberVotes.Unpack(state);
            state >>= MemberVotes.Bits;
        }
    }

    /// <summary>S1 and S2: beside a block that can be committed, no other value can be notarized.</summary>
    private bool IsViolated(out int committable, out int notarizable)
    {
        notarizable = 0;
        for (committable = 1; committable <= _rules.Blocks; committable++)
        {
            bool isCommittable = _tally.Finals(committable) + _rules.Liars >= Quorum.Quorum
                || _tally.Firsts(committable) + _rules.Liars >= Quorum.FastQuorum;
            for (notarizable = 0; isCommittable && notarizable <= _rules.Blocks; notarizable++)
            {
                if (notarizable != committable && _tally.Supporters(notarizable) + _rules.Liars >= Quorum.Quorum) return true;
            }
        }

        return false;
    }

    /// <summary>L1: from here on the liars are silent, and everybody casts every Extra that the honest votes call for. Changes the members.</summary>
    private void CheckLiveness(Span<MemberVotes> members)
    {
        bool hasFinal = false;
        foreach (MemberVotes member in members)
        {
            if (!member.HasFirst && !member.HasFinal) return;
            hasFinal |= member.HasFinal;
        }

        string? text = _firstDead is null ? Describe(members) : null;
        bool again = true;
        while (again)
        {
            again = false;
            _tally.Count(members);
            for (int i = 0; i < members.Length; i++)
            {
                for (int value = 0; value <= _rules.Blocks; value++)
                {
                    if (!MayExtra(members[i], value, liars: 0)) continue;
                    members[i] = members[i] with { Extras = members[i].Extras | 1 << value };
                    again = true;
                }
            }
        }

        // A Final names its block too: whoever lost the certificate can still be counted for it.
        _tally.Count(members, finalSupports: true);
        for (int value = 0; value <= _rules.Blocks; value++)
        {
            if (_tally.Supporters(value) >= Quorum.Quorum) return;
        }

        _deadWithoutCertificates++;
        if (hasFinal) return;
        _dead++;
        _firstDead ??= $"{text}: with the liars silent no value ever gets {Quorum.Quorum} votes";
    }

    private static string Describe(ReadOnlySpan<MemberVotes> members)
    {
        var texts = new List<string>();
        foreach (MemberVotes member in members) texts.Add(member.ToString());
        return string.Join(", ", texts);
    }
}
