using System.Text;

namespace SharedSeq.Primitives;

/// <summary>A function of a contract: encodes its calls and decodes what they return.</summary>
public sealed class AbiFunction
{
    public const int SelectorBytes = 4;

    private readonly byte[] _selector;

    /// <param name="name">The name.</param>
    /// <param name="inputs">The arguments.</param>
    /// <param name="outputs">What it returns.</param>
    public AbiFunction(string name, AbiParameter[] inputs, AbiParameter[] outputs)
    {
        Name = name;
        Inputs = AbiType.Tuple(inputs);
        Outputs = AbiType.Tuple(outputs);
        _selector = Keccak256.Of(Encoding.ASCII.GetBytes(Signature)).ToArray()[..SelectorBytes];
    }

    public string Name { get; }

    public AbiType Inputs { get; }

    public AbiType Outputs { get; }

    /// <summary>The text that the selector is of.</summary>
    public string Signature => $"{Name}{Inputs}";

    /// <summary>The first four bytes of a call.</summary>
    public ReadOnlySpan<byte> Selector => _selector;

    /// <summary>Reads <c>name(type name, ...)</c>, with <c>returns (...)</c> where there is something.</summary>
    /// <exception cref="FormatException">It is no such text.</exception>
    public static AbiFunction Parse(string text)
    {
        var source = new AbiText(text);
        string name = source.Word();
        if (name.Length == 0) throw new FormatException($"'{text}' has no name");
        AbiParameter[] inputs = source.Parameters();
        AbiParameter[] outputs = [];
        // What stands between (view, external, payable) changes no byte.
        while (!source.IsAtEnd())
        {
            string word = source.Word();
            if (word.Length == 0) throw new FormatException($"'{text}' is no signature");
            if (word != "returns") continue;
            outputs = source.Parameters();
            source.End();
        }

        return new AbiFunction(name, inputs, outputs);
    }

    /// <summary>The calldata of a call.</summary>
    /// <exception cref="ArgumentException">An argument is not one of its type, or their number is another.</exception>
    public byte[] EncodeCall(params AbiValue[] arguments) => [.. _selector, .. AbiCodec.EncodeAll(Inputs, arguments)];

    /// <summary>The arguments of a call.</summary>
    /// <exception cref="DecodeException">It is no call of this function, or not as the encoder writes it.</exception>
    public AbiValue DecodeCall(ReadOnlySpan<byte> calldata)
    {
        if (calldata.Length < SelectorBytes) DecodeException.Throw(DecodeRejection.Truncated, $"a call of {Signature}");
        if (!calldata[..SelectorBytes].SequenceEqual(_selector)) DecodeException.Throw(DecodeRejection.UnknownValue, $"no call of {Signature}");
        return AbiCodec.Decode(Inputs, calldata[SelectorBytes..]);
    }

    /// <summary>What a call returned, by place.</summary>
    /// <exception cref="DecodeException">
    /// It is not what this function returns. No bytes at all come from an address without code.
    /// </exception>
    public AbiValue DecodeResult(ReadOnlySpan<byte> returned) => AbiCodec.Decode(Outputs, returned);

    public override string ToString() => Signature;
}
