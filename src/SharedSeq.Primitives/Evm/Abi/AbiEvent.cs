using System.Text;

namespace SharedSeq.Primitives;

/// <summary>
/// An event of a contract: finds and decodes its logs. An indexed parameter of a dynamic type, a list or a tuple is in
/// its topic by hash only and is given as these 32 bytes.
/// </summary>
public sealed class AbiEvent
{
    private static readonly AbiType Word = AbiType.Parse("bytes32");

    private readonly AbiParameter[] _parameters;
    private readonly AbiType _content;

    /// <param name="name">The name.</param>
    /// <param name="parameters">All of them in order, at most three indexed.</param>
    /// <exception cref="FormatException">More than three are indexed.</exception>
    public AbiEvent(string name, AbiParameter[] parameters)
    {
        Name = name;
        _parameters = parameters;
        _content = AbiType.Tuple([.. parameters.Where(parameter => !parameter.IsIndexed)]);
        TopicCount = 1 + parameters.Count(parameter => parameter.IsIndexed);
        if (TopicCount > EvmLog.TopicsMax) throw new FormatException($"{name} has {TopicCount - 1} indexed parameters, a log has room for 3");
        Topic = Keccak256.Of(Encoding.ASCII.GetBytes(Signature));
    }

    public string Name { get; }

    /// <summary>The parameters in the order of the source: that of the decoded values too.</summary>
    public IReadOnlyList<AbiParameter> Parameters => _parameters;

    /// <summary>The text that <see cref="Topic"/> is of.</summary>
    public string Signature => $"{Name}{AbiType.Tuple(_parameters)}";

    /// <summary>The first topic of its logs.</summary>
    public Hash32 Topic { get; }

    private int TopicCount { get; }

    /// <summary>Reads <c>Name(type indexed name, ...)</c>.</summary>
    /// <exception cref="FormatException">It is no such text.</exception>
    public static AbiEvent Parse(string text)
    {
        var source = new AbiText(text);
        string name = source.Word();
        if (name.Length == 0) throw new FormatException($"'{text}' has no name");
        AbiParameter[] parameters = source.Parameters();
        source.End();
        return new AbiEvent(name, parameters);
    }

    /// <summary>Whether a log says it is of this event; the contract that logged it is the caller's to check.</summary>
    public bool IsOf(EvmLog log) => log.Topics.Count > 0 && log.Topics[0] == Topic;

    /// <summary>The values in the order of <see cref="Parameters"/>.</summary>
    /// <exception cref="DecodeException">The log is none of this event, or not as Solidity writes it.</exception>
    public AbiValue Decode(EvmLog log)
    {
        if (!IsOf(log)) DecodeException.Throw(DecodeRejection.UnknownValue, $"no log of {Signature}");
        if (log.Topics.Count != TopicCount) DecodeException.Throw(DecodeRejection.Malformed, $"{log.Topics.Count} topics in a log of {Signature}");
        AbiValue content = AbiCodec.Decode(_content, log.Content.Span);
        var values = new AbiValue[_parameters.Length];
        int topic = 1, place = 0;
        for (int i = 0; i < values.Length; i++)
            values[i] = _parameters[i].IsIndexed ? ReadTopic(_parameters[i].Type, log.Topics[topic++]) : content[place++];
        return AbiValue.Tuple(values);
    }

    public override string ToString() => Signature;

    private static AbiValue ReadTopic(AbiType type, Hash32 topic)
    {
        bool isHashed = type.IsDynamic || type.Kind is AbiKind.Tuple or AbiKind.FixedList;
        return AbiCodec.Decode(isHashed ? Word : type, topic.ToArray());
    }
}
