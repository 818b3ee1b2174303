using System.Globalization;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// The thresholds of a committee (consensus.md section 1): n members, at most f Byzantine, at most p silent or slow for the fast path;
/// n >= 3f + 2p + 1. They are part of the signed epoch configuration and never derived from who is online.
/// </summary>
public readonly record struct QuorumParameters
{
    /// <summary>Largest committee: the paper model ends at 100 operators, and a certificate's bitmap stays within 16 bytes.</summary>
    public const int MaxMembers = 128;

    public QuorumParameters(int n, int f, int p)
    {
        if (!IsValid(n, f, p))
        {
            throw new System.ArgumentException(string.Create(CultureInfo.InvariantCulture,
                $"a committee of n={n}, f={f}, p={p} is not valid: 1 <= n <= {MaxMembers}, f >= 0, p >= 0, n >= 3f+2p+1"));
        }

        N = n;
        F = f;
        P = p;
    }

    public int N { get; }

    public int F { get; }

    public int P { get; }

    /// <summary>q = n - f - p: notarization, final votes, PoA, result certificate.</summary>
    public int Quorum => N - F - P + QuorumShift;

    /// <summary>F = n - p: First votes that finalize at once.</summary>
    public int FastQuorum => N - P + FastShift;

    /// <summary>M = f + p + 1: "many" First votes (R8, R9).</summary>
    public int Many => F + P + 1 + ManyShift;

    /// <summary>f + 1: at least one of them is honest.</summary>
    public int OneHonest => F + 1;

    /// <summary>Mutants for the simulator's self-test (consensus.md part B): a threshold off by one. Zero everywhere else.</summary>
    internal int QuorumShift { get; init; }

    internal int FastShift { get; init; }

    internal int ManyShift { get; init; }

    /// <summary>n, f, p, each u16.</summary>
    public void Write(CanonicalWriter writer)
    {
        writer.U16((ushort)N);
        writer.U16((ushort)F);
        writer.U16((ushort)P);
    }

    public static QuorumParameters Read(ref CanonicalReader reader)
    {
        int n = reader.U16();
        int f = reader.U16();
        int p = reader.U16();
        if (!IsValid(n, f, p)) DecodeException.Throw(DecodeRejection.Malformed, "committee parameters");
        return new QuorumParameters(n, f, p);
    }

    public static bool IsValid(int n, int f, int p) =>
        n is >= 1 and <= MaxMembers && f >= 0 && p >= 0 && n >= (3 * f) + (2 * p) + 1;

    /// <summary>The default (f, p) for n members (l1.md section 4).</summary>
    public static QuorumParameters ForMembers(int n)
    {
        if (n < 7) return new QuorumParameters(n, (n - 1) / 3, 0);
        if (n > 15) return new QuorumParameters(n, (n - 4) / 3, 1);
        int p = (n - 1) / 6;
        return new QuorumParameters(n, (n - 1 - (3 * p)) / 3, p);
    }
}
