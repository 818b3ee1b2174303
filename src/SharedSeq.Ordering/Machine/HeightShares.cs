using System;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>
/// Divides the bytes of a height among namespaces by weight: nobody gets more than it asks for, and what one leaves goes to the others by weight
/// (weighted max-min). Integers only; the outcome does not depend on the order of the input.
/// </summary>
internal static class HeightShares
{
    /// <param name="total">Bytes to divide.</param>
    /// <param name="demands">What each asks for.</param>
    /// <param name="weights">Its weight, at least 1.</param>
    /// <param name="allowances">What each may use.</param>
    public static void Divide(ulong total, ReadOnlySpan<ulong> demands, ReadOnlySpan<uint> weights, Span<ulong> allowances)
    {
        Invariant.Check(demands.Length == weights.Length && demands.Length == allowances.Length, "one weight and one allowance for each demand");
        int[] order = new int[demands.Length];
        ulong[] keys = demands.ToArray();
        uint[] weightOf = weights.ToArray();
        UInt128 weightLeft = 0;
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = i;
            weightLeft += weights[i];
        }

        // Ascending by demand per weight: whoever asks for less than its share is served in full, which raises the share of the others.
        Array.Sort(order, (a, b) =>
        {
            int byRatio = ((UInt128)keys[a] * weightOf[b]).CompareTo((UInt128)keys[b] * weightOf[a]);
            return byRatio != 0 ? byRatio : a.CompareTo(b);
        });
        ulong left = total;
        foreach (int i in order)
        {
            ulong share = (ulong)((UInt128)left * weights[i] / weightLeft);
            allowances[i] = ulong.Min(demands[i], share);
            left -= allowances[i];
            weightLeft -= weights[i];
        }
    }
}
