namespace SharedSeq.Simulator;

/// <summary>What one honest member voted in the one slot of a <see cref="SlotModel"/>. Values: 0 is skip, 1 and above are blocks.</summary>
/// <param name="First">Value of its First; <see cref="None"/> before it.</param>
/// <param name="Extras">Values of its Extras, one bit each.</param>
/// <param name="Final">Block of its Final; 0 before it, because there is no Final for skip.</param>
internal readonly record struct MemberVotes(int First, int Extras, int Final)
{
    public const int None = -1;

    public const int Skip = 0;

    /// <summary>Bits of one member in a packed state.</summary>
    public const int Bits = 9;

    private const string Names = "⊥ABC";

    public bool HasFirst => First != None;

    public bool HasFinal => Final != 0;

    /// <summary>A First or an Extra: what notarizes.</summary>
    public bool Supports(int value) => First == value || HasExtra(value);

    public bool HasExtra(int value) => (Extras >> value & 1) != 0;

    public ulong Pack() => (ulong)((First + 1) | (Extras << 3) | (Final << 7));

    public static MemberVotes Unpack(ulong bits) => new((int)(bits & 7) - 1, (int)(bits >> 3 & 15), (int)(bits >> 7 & 3));

    /// <summary>The name of a value: ⊥, A, B or C.</summary>
    public static char NameOf(int value) => Names[value];

    public override string ToString()
    {
        var votes = new List<string>();
        if (HasFirst) votes.Add($"First({NameOf(First)})");
        for (int value = 0; value < Names.Length; value++)
        {
            if (HasExtra(value)) votes.Add($"Extra({NameOf(value)})");
        }

        if (HasFinal) votes.Add($"Final({NameOf(Final)})");
        return votes.Count == 0 ? "none" : string.Join(' ', votes);
    }
}
