using SharedSeq.Primitives;

namespace SharedSeq.Fuzz.Tests;

/// <summary>Changes one item of an RLP tree and writes the lengths around it anew, so that the damage is reached; or spoils one header's form.</summary>
internal static class RlpMutations
{
    public static byte[] Mutate(Prng prng, byte[] input, IReadOnlyList<byte[]> samples)
    {
        if (prng.Chance(250) || input.Length == 0) return ByteMutations.Mutate(prng, input, samples);
        int prefix = input[0] < 0x80 ? 1 : 0;
        var outer = new RlpReader(input.AsSpan(prefix));
        if (!outer.TryList(out RlpReader items) || !outer.AtEnd) return ByteMutations.Mutate(prng, input, samples);
        List<byte[]> encoded = [];
        while (!items.AtEnd)
        {
            if (!TryItem(ref items, out byte[] item)) return ByteMutations.Mutate(prng, input, samples);
            encoded.Add(item);
        }

        if (encoded.Count == 0) return ByteMutations.Mutate(prng, input, samples);
        int at = prng.Below(encoded.Count);
        switch (prng.Below(6))
        {
            case 0: encoded.RemoveAt(at); break;
            case 1: encoded.Insert(at, encoded[prng.Below(encoded.Count)]); break;
            case 2: encoded[at] = encoded[prng.Below(encoded.Count)]; break;
            default: encoded[at] = Changed(prng, encoded[at], samples); break;
        }

        byte[] list = List(prng, [.. encoded.SelectMany(item => item)]);
        byte type = prng.Chance(50) ? (byte)prng.Below(6) : input[0];
        return prefix == 1 ? [type, .. list] : list;
    }

    private static byte[] Changed(Prng prng, byte[] item, IReadOnlyList<byte[]> samples)
    {
        if (item[0] >= 0xC0) return prng.Chance(700) ? Mutate(prng, item, samples) : List(prng, [.. item, .. item]);
        byte[] content = prng.Below(6) switch
        {
            0 => [],
            1 => [0],
            2 => [.. Enumerable.Repeat((byte)0xFF, 1 + prng.Below(34))],
            3 => [1, .. new byte[prng.Below(40)]],
            4 => new byte[prng.Below(300)],
            _ => ByteMutations.Mutate(prng, item.Length > 1 ? item[1..] : item, samples),
        };
        return Header(prng, content, 0x80);
    }

    private static byte[] List(Prng? prng, byte[] content) => Header(prng, content, 0xC0);

    /// <summary>The one header of a content; with a generator, now and then another.</summary>
    private static byte[] Header(Prng? prng, byte[] content, int kind)
    {
        if (prng?.Chance(30) == true) return [(byte)(kind + 56), (byte)content.Length, .. content];
        var writer = new RlpWriter(content.Length + 8);
        return (kind == 0x80 ? writer.Bytes(content) : writer.List(content)).ToArray();
    }

    private static bool TryItem(ref RlpReader items, out byte[] encoded)
    {
        RlpReader ahead = items;
        if (ahead.TryList(out RlpReader inner))
        {
            items = ahead;
            encoded = [];
            List<byte> content = [];
            while (!inner.AtEnd)
            {
                if (!TryItem(ref inner, out byte[] part)) return false;
                content.AddRange(part);
            }

            encoded = List(null, [.. content]);
            return true;
        }

        encoded = [];
        if (!items.TryBytes(out ReadOnlySpan<byte> bytes)) return false;
        encoded = Header(null, bytes.ToArray(), 0x80);
        return true;
    }
}
