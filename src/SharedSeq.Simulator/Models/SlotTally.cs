namespace SharedSeq.Simulator;

/// <summary>Votes of the honest members of a <see cref="SlotModel"/>'s state, counted by value; 0 is skip.</summary>
internal sealed class SlotTally
{
    private readonly int[] _firsts = new int[SlotModel.MaxBlocks + 1];
    private readonly int[] _supporters = new int[SlotModel.MaxBlocks + 1];
    private readonly int[] _finals = new int[SlotModel.MaxBlocks + 1];

    public int FirstCount { get; private set; }

    public int Firsts(int value) => _firsts[value];

    public int Supporters(int value) => _supporters[value];

    public int Finals(int block) => _finals[block];

    /// <summary>The most Firsts any block has, or any value.</summary>
    public int MostFirsts(bool withSkip)
    {
        int most = withSkip ? _firsts[MemberVotes.Skip] : 0;
        for (int block = 1; block < _firsts.Length; block++) most = int.Max(most, _firsts[block]);
        return most;
    }

    /// <param name="members">The votes to count.</param>
    /// <param name="finalSupports">Whether a Final counts as support for its block too.</param>
    public void Count(ReadOnlySpan<MemberVotes> members, bool finalSupports = false)
    {
        Array.Clear(_firsts);
        Array.Clear(_supporters);
        Array.Clear(_finals);
        FirstCount = 0;
        foreach (MemberVotes member in members)
        {
            if (member.HasFirst)
            {
                FirstCount++;
                _firsts[member.First]++;
            }

            if (member.HasFinal) _finals[member.Final]++;
            for (int value = 0; value < _supporters.Length; value++)
            {
                if (member.Supports(value) || (finalSupports && value > 0 && member.Final == value)) _supporters[value]++;
            }
        }
    }
}
