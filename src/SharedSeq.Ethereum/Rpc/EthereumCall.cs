using System.Text.Json;
using System.Text.Json.Nodes;

namespace SharedSeq.Ethereum;

/// <summary>A method with its parameters.</summary>
public sealed class EthereumCall
{
    private readonly JsonNode?[]? _parameters;
    private readonly JsonElement _raw;

    public EthereumCall(string method, params JsonNode?[] parameters)
    {
        Method = method;
        _parameters = parameters;
    }

    /// <summary>A call with parameters as they came from elsewhere; a JSON array, or undefined for none.</summary>
    public EthereumCall(string method, JsonElement parameters)
    {
        Method = method;
        _raw = parameters;
    }

    public string Method { get; }

    /// <summary>
    /// Time for the exchange that this call is part of; null for the client's. In a batch the longest one counts.
    /// </summary>
    public TimeSpan? Timeout { get; init; }

    internal void Write(Utf8JsonWriter writer, int id)
    {
        writer.WriteStartObject();
        writer.WriteString("jsonrpc", "2.0");
        writer.WriteNumber("id", id);
        writer.WriteString("method", Method);
        writer.WritePropertyName("params");
        if (_parameters is null && _raw.ValueKind != JsonValueKind.Undefined)
        {
            _raw.WriteTo(writer);
        }
        else
        {
            writer.WriteStartArray();
            foreach (JsonNode? parameter in _parameters ?? [])
            {
                if (parameter is null) writer.WriteNullValue();
                else parameter.WriteTo(writer);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }
}

/// <summary>What one call of a batch gave: a result, or the execution client's refusal.</summary>
public readonly record struct EthereumAnswer(string Method, JsonElement Result, EthereumRpcError? Error)
{
    /// <summary>The result.</summary>
    /// <exception cref="EthereumRpcException">The client refused this call.</exception>
    public JsonElement Value => Error is null ? Result : throw new EthereumRpcException(Method, Error);
}
