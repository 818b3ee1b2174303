using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using SharedSeq.Core.Tests.Vectors;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Ordering;

/// <summary>Which policies are usable, and which changes wait, is said three times: here, in the contract and in the documents. They say the same.</summary>
public sealed partial class PolicyRuleTests
{
    private static readonly Field[] Fields = ReadContract();

    /// <summary>A field as the contract has it.</summary>
    private sealed record Field(string Name, int Width, ulong Least, ulong Most, string Change);

    [Fact]
    public void The_contract_has_the_fields_of_this_code_in_their_order()
    {
        using JsonDocument document = JsonDocument.Parse(GenesisJson.Write(new TestOperators().Bench.Genesis));
        Assert.Equal(document.RootElement.GetProperty("policy").EnumerateObject().Select(item => item.Name), Fields.Select(field => field.Name));
        Assert.Equal(Encode(new Policy()).Length, Fields.Sum(field => field.Width));
    }

    [Fact]
    public void The_contract_has_the_ranges_of_this_code()
    {
        foreach (Field field in Fields.Skip(1))
        {
            Assert.Empty(With(field, field.Least).Faults());
            Assert.Empty(With(field, field.Most).Faults());
            Assert.Equal(field.Name, Assert.Single(With(field, field.Most + 1).Faults()).Field);
            if (field.Least > 0) Assert.Equal(field.Name, Assert.Single(With(field, field.Least - 1).Faults()).Field);
        }
    }

    [Fact]
    public void The_documents_have_the_contracts_table()
    {
        string page = File.ReadAllText(Path.Combine(VectorFile.RepositoryRoot, "docs", "protocol", "l1-operators.md"));
        string[] rows = [.. Fields.Skip(1).Select(field => string.Create(
            CultureInfo.InvariantCulture, $"| `{field.Name}` | {field.Least:N0} to {field.Most:N0} | {Word(field.Change)} |"))];
        foreach (string row in rows) Assert.Contains(row, page, StringComparison.Ordinal);
    }

    [Fact]
    public void Policies_that_are_usable_or_not_are_as_pinned()
    {
        VectorFile pins = new("l1-policies");
        pins.Pin("default", Encode(new Policy()));
        pins.Pin("default, hash", new Policy().Hash);
        foreach (Field field in Fields.Skip(1))
        {
            Pin(pins, $"usable, least {field.Name}", With(field, field.Least));
            Pin(pins, $"usable, most {field.Name}", With(field, field.Most));
            if (field.Least > 0) Pin(pins, $"refused, below {field.Name}", With(field, field.Least - 1));
            Pin(pins, $"refused, above {field.Name}", With(field, field.Most + 1));
        }

        Policy epochs = new() { EpochSeconds = 60, BoundaryLead = 2_000 };
        Pin(pins, "usable, epochs", epochs);
        Pin(pins, "usable, epochs of few checkpoints", epochs with { CheckpointInterval = 1, BoundaryLead = 2, ReceiptDeadlineHeights = 252 });
        Pin(pins, "refused, a boundary too near", epochs with { BoundaryLead = 1_999 });
        Pin(pins, "refused, version 0", new Policy { Version = 0 });
        Pin(pins, "refused, version 2", new Policy { Version = 2 });
        pins.Check();
    }

    private static void Pin(VectorFile pins, string name, Policy policy)
    {
        Assert.True(name.StartsWith("usable", StringComparison.Ordinal) == (policy.Faults().Count == 0), name);
        pins.Pin(name, Encode(policy));
    }

    private static string Word(string change) => change switch
    {
        "MoreRaises" => "more",
        "LessRaises" => "less",
        _ => "neither",
    };

    /// <summary>The default policy with another value in one field.</summary>
    private static Policy With(Field field, ulong value)
    {
        byte[] bytes = Encode(new Policy());
        int at = Fields.TakeWhile(other => other != field).Sum(other => other.Width);
        for (int i = 0; i < field.Width; i++) bytes[at + i] = (byte)(value >> (8 * (field.Width - 1 - i)));
        var reader = new CanonicalReader(bytes);
        Policy policy = Policy.Read(ref reader);
        reader.End("policy");
        return policy;
    }

    private static byte[] Encode(Policy policy)
    {
        var writer = new CanonicalWriter();
        policy.Write(writer);
        return writer.ToArray();
    }

    private static Field[] ReadContract()
    {
        string source = File.ReadAllText(Path.Combine(VectorFile.RepositoryRoot, "src", "contracts", "src", "governance", "PolicyRules.sol"));
        return [.. FieldLine().Matches(source).Select(match => new Field(
            match.Groups[1].Value, int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture), Number(match.Groups[3].Value),
            Number(match.Groups[4].Value), match.Groups[5].Value))];
    }

    private static ulong Number(string text) =>
        text == "type(uint32).max" ? uint.MaxValue : ulong.Parse(text.Replace("_", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);

    [GeneratedRegex(@"= Field\(""(\w+)"", (\d+), ([\d_]+), ([\d_]+|type\(uint32\)\.max), Change\.(\w+)\);")]
    private static partial Regex FieldLine();
}
